"""IonQ's view of devices: backends, and the characterizations that belong to them."""

from __future__ import annotations

from datetime import date, datetime

from ketway.devices.device import Device
from ketway.dialects.ionq.devices import (
    characterization_id,
    fidelities,
    listed,
    midnight,
    timings,
)
from ketway.dialects.ionq_v04.wire import (
    BackendObject,
    Characterization,
    CharacterizationsQuery,
    CharacterizationsResponse,
    iso,
)
from ketway.service.backends import Backend
from ketway.service.errors import RefusedError


def backend_object(backend: Backend, now: int) -> BackendObject:
    device = backend.device
    return BackendObject(
        backend=device.name,
        status=device.status,
        qubits=device.qubits,
        average_queue_time=backend.queue_micros // 1000,
        last_updated=iso(now) or "",
        degraded=False,
        has_access=True,
        characterization_id=characterization_id(device),
        location=device.location,
        supported_gates=list(device.qis_gates),
        supported_native_gates=list(device.native_gates),
        supported_error_mitigations=list(device.error_mitigations),
        noise_models=list(device.noise_models) or None,
    )


def characterization(device: Device) -> Characterization | None:
    """The figures of the catalogue, as measured on the day that their source gives."""
    id_ = characterization_id(device)
    if id_ is None:
        return None
    return Characterization(
        id=id_,
        backend=device.name,
        date=iso(int(midnight(device.characterized).timestamp() * 1e6)) or "",
        qubits=device.qubits,
        connectivity=device.connections,
        fidelity={name: {"median": value} for name, value in fidelities(device).items()},
        timing=timings(device),
    )


def characterizations(device: Device, query: CharacterizationsQuery) -> CharacterizationsResponse:
    start, end = _day(query.start, "start"), _day(query.end, "end")
    if not listed(device, page=query.page, limit=query.limit, start=start, end=end):
        return CharacterizationsResponse([], 0)
    found = characterization(device)
    return CharacterizationsResponse([] if found is None else [found], 0)


def _day(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise RefusedError(f"{name} must be a date such as 2025-12-31", name) from None
