"""IonQ's view of devices, as every version of the API has it."""

from __future__ import annotations

import datetime
from typing import Any

from ketway.devices.characterization import (
    KINDS,
    Characterization,
    NoCharacterizationError,
    characterization,
)
from ketway.devices.device import Device
from ketway.devices.history import current, days, find
from ketway.dialects.ionq.wire import CalibrationsQuery
from ketway.service.errors import NotFoundError, RefusedError

CALIBRATED = "qpu.forte-1"
"""The device whose figures cirq-ionq gets where it does not name one."""


def characterization_id(device: Device, now: int) -> str | None:
    figures = current(device, now)
    return None if figures is None else figures.id


def newest(device: Device, now: int) -> Characterization:
    figures = current(device, now)
    if figures is None:
        raise NotFoundError(f"There is no characterization of {device.name}.")
    return figures


def named(device: Device, id_: str, now: int) -> Characterization:
    try:
        return find(device, id_, now)
    except NoCharacterizationError as error:
        raise NotFoundError(f"{error}.") from None


def medians(figures: Characterization) -> dict[str, float]:
    return {"spam": figures.spam, "1q": figures.one_qubit, "2q": figures.two_qubit}


def timings(figures: Characterization) -> dict[str, float]:
    """In seconds."""
    found = figures.timing
    return {
        "readout": found.readout,
        "reset": found.reset,
        "1q": found.one_qubit,
        "2q": found.two_qubit,
        "t1": found.t1,
        "t2": found.t2,
    }


def midnight(day: datetime.date) -> datetime.datetime:
    """When the figures of a day are said to have been measured, as IonQ says it."""
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


def listed(
    device: Device,
    now: int,
    *,
    page: int,
    limit: int,
    start: datetime.datetime | None,
    end: datetime.datetime | None,
) -> tuple[list[Characterization], int]:
    """A page of those measured from `start` to `end`, newest first, and how many pages remain."""
    if not 1 <= limit <= 10:
        raise RefusedError(f"limit must be from 1 to 10, not {limit}", "limit")
    if page < 1:
        raise RefusedError(f"page must be 1 or more, not {page}", "page")
    first = None if start is None else _from(start)
    found = days(device, now, first, None if end is None else end.date())
    before = (page - 1) * limit
    left = max(0, len(found) - before - limit)
    some = [characterization(device, day) for day in found[before : before + limit]]
    return some, -(-left // limit)


def _from(start: datetime.datetime) -> datetime.date:
    """The first day whose midnight is not before that."""
    if start == midnight(start.date()) or start.date() == datetime.date.max:
        return start.date()
    return start.date() + datetime.timedelta(days=1)


def moment_of(millis: int | None, name: str) -> datetime.datetime | None:
    """As v0.3 and cirq-ionq give a time."""
    if millis is None:
        return None
    try:
        return datetime.datetime.fromtimestamp(millis / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        raise RefusedError(
            f"{name} must be a time in milliseconds since 1970, such as 1585713600000", name
        ) from None


def calibration(figures: Characterization) -> dict[str, Any]:
    """The figures in the shape of v0.1, which cirq-ionq up to 1.7 asks every later version for
    (cirq_ionq/calibration.py): times with fractional seconds, `mean` where v0.4 says `median`."""
    device = figures.device
    return {
        "id": figures.id,
        "target": device.name,
        "date": f"{midnight(figures.day):%Y-%m-%dT%H:%M:%S}.000Z",
        "qubits": device.qubits,
        "connectivity": device.connections,
        "fidelity": {kind: {"mean": figures.spread(kind).mean} for kind in KINDS},
        "timing": timings(figures),
    }


def calibrations(device: Device, query: CalibrationsQuery, now: int) -> dict[str, Any]:
    """A page of them; cirq-ionq asks for the next one until it has enough, or `next` is absent."""
    page = 1 if query.next is None else _page(query.next)
    found, left = listed(
        device,
        now,
        page=page,
        limit=10,
        start=moment_of(query.start, "start"),
        end=moment_of(query.end, "end"),
    )
    shown: dict[str, Any] = {"calibrations": [calibration(figures) for figures in found]}
    return shown | ({"next": str(page + 1)} if left else {})


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise RefusedError("next must be what the page before gave as `next`", "next")
    return int(text)
