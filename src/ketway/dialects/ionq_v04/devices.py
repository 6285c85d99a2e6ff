"""IonQ's view of devices: backends, and the characterizations that belong to them."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time
from typing import Any

from ketway.devices.device import Device
from ketway.dialects.ionq_v04.wire import (
    BackendObject,
    Characterization,
    CharacterizationsQuery,
    CharacterizationsResponse,
    iso,
)
from ketway.service.backends import Backend
from ketway.service.errors import NotFoundError, RefusedError

_NAMESPACE = uuid.UUID("0c1f7a3e-37c6-5d0b-9f43-646576696365")


def backend_object(backend: Backend, now: int) -> BackendObject:
    device = backend.device
    return BackendObject(
        backend=device.name,
        status=device.status,
        qubits=device.qubits,
        average_queue_time=0,
        last_updated=iso(now) or "",
        degraded=False,
        has_access=True,
        characterization_id=characterization_id(device),
        location=device.location,
        supported_gates=list(device.qis_gates),
        supported_native_gates=list(device.native_gates),
        # None is emulated yet, so none is claimed, whatever the real device has.
        supported_error_mitigations=[],
        noise_models=list(device.noise_models) or None,
    )


def characterization_id(device: Device) -> str | None:
    if device.fidelity is None or device.timing is None:
        return None
    return str(uuid.uuid5(_NAMESPACE, f"{device.name}/{device.characterized}"))


def characterization(device: Device) -> Characterization | None:
    """The figures of the catalogue, as measured on the day that their source gives."""
    id_ = characterization_id(device)
    if id_ is None or device.fidelity is None or device.timing is None:
        return None
    fidelity, timing = device.fidelity, device.timing
    return Characterization(
        id=id_,
        backend=device.name,
        date=_midnight(device.characterized),
        qubits=device.qubits,
        connectivity=device.connections,
        fidelity={
            "spam": {"median": fidelity.spam},
            "1q": {"median": fidelity.one_qubit},
            "2q": {"median": fidelity.two_qubit},
        },
        timing={
            "readout": timing.readout,
            "reset": timing.reset,
            "1q": timing.one_qubit,
            "2q": timing.two_qubit,
            "t1": timing.t1,
            "t2": timing.t2,
        },
    )


def _midnight(day: date) -> str:
    moment = datetime.combine(day, time(), UTC)
    return iso(int(moment.timestamp() * 1e6)) or ""


def characterizations(device: Device, query: CharacterizationsQuery) -> CharacterizationsResponse:
    if not 1 <= query.limit <= 10:
        raise RefusedError(f"limit must be from 1 to 10, not {query.limit}", "limit")
    if query.page < 1:
        raise RefusedError(f"page must be 1 or more, not {query.page}", "page")
    start, end = _day(query.start, "start"), _day(query.end, "end")
    found = characterization(device)
    day = device.characterized
    if (
        found is None
        or query.page > 1
        or (start is not None and day < start)
        or (end is not None and day > end)
    ):
        return CharacterizationsResponse([], 0)
    return CharacterizationsResponse([found], 0)


def _day(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise RefusedError(f"{name} must be a date such as 2025-12-31", name) from None


def calibration(device: Device) -> dict[str, Any]:
    """The same figures in the shape of v0.1, which cirq-ionq 1.7 still asks v0.4 for
    (cirq_ionq/calibration.py): times with fractional seconds, `mean` where v0.4 says `median`."""
    found = characterization(device)
    if found is None:
        raise NotFoundError(f"There is no calibration of {device.name}.")
    return {
        "id": found.id,
        "target": device.name,
        "date": found.date,
        "qubits": found.qubits,
        "connectivity": found.connectivity,
        "fidelity": {name: {"mean": values["median"]} for name, values in found.fidelity.items()},
        "timing": found.timing,
    }
