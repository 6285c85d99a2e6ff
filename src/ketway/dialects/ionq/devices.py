"""IonQ's view of devices, as every version of the API has it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

from ketway.devices.device import Device
from ketway.service.errors import NotFoundError, RefusedError

CALIBRATED = "qpu.forte-1"
"""The device whose figures cirq-ionq gets where it does not name one."""

_NAMESPACE = uuid.UUID("0c1f7a3e-37c6-5d0b-9f43-646576696365")


def characterization_id(device: Device) -> str | None:
    if device.fidelity is None or device.timing is None:
        return None
    return str(uuid.uuid5(_NAMESPACE, f"{device.name}/{device.characterized}"))


def fidelities(device: Device) -> dict[str, float]:
    """Medians; of a device that has been characterized."""
    assert device.fidelity is not None
    found = device.fidelity
    return {"spam": found.spam, "1q": found.one_qubit, "2q": found.two_qubit}


def timings(device: Device) -> dict[str, float]:
    """In seconds; of a device that has been characterized."""
    assert device.timing is not None
    found = device.timing
    return {
        "readout": found.readout,
        "reset": found.reset,
        "1q": found.one_qubit,
        "2q": found.two_qubit,
        "t1": found.t1,
        "t2": found.t2,
    }


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def listed(device: Device, *, page: int, limit: int, start: date | None, end: date | None) -> bool:
    """Whether its characterization, of which there is one, is on the page that was asked for."""
    if not 1 <= limit <= 10:
        raise RefusedError(f"limit must be from 1 to 10, not {limit}", "limit")
    if page < 1:
        raise RefusedError(f"page must be 1 or more, not {page}", "page")
    day = device.characterized
    return (
        characterization_id(device) is not None
        and page == 1
        and (start is None or day >= start)
        and (end is None or day <= end)
    )


def calibration(device: Device) -> dict[str, Any]:
    """The figures in the shape of v0.1, which cirq-ionq up to 1.7 asks every later version for
    (cirq_ionq/calibration.py): times with fractional seconds, `mean` where v0.4 says `median`."""
    id_ = characterization_id(device)
    if id_ is None:
        raise NotFoundError(f"There is no calibration of {device.name}.")
    return {
        "id": id_,
        "target": device.name,
        "date": f"{midnight(device.characterized):%Y-%m-%dT%H:%M:%S}.000Z",
        "qubits": device.qubits,
        "connectivity": device.connections,
        "fidelity": {name: {"mean": value} for name, value in fidelities(device).items()},
        "timing": timings(device),
    }
