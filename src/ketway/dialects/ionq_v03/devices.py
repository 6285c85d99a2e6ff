"""Backends, and the characterizations that belong to them, as v0.3 shows them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from ketway.devices.device import Device
from ketway.dialects.ionq.devices import (
    characterization_id,
    fidelities,
    listed,
    midnight,
    timings,
)
from ketway.dialects.ionq_v03.wire import (
    BackendObject,
    BackendsQuery,
    Characterization,
    CharacterizationsQuery,
    CharacterizationsResponse,
    seconds,
)
from ketway.service.backends import Backend
from ketway.service.errors import NotFoundError, RefusedError

_VERBOSE = {"available": "running"}
"""With `status=verbose`; everything else is `offline` then, and `unavailable` without."""


def backend_object(backend: Backend, now: int, query: BackendsQuery) -> BackendObject:
    device = backend.device
    id_ = characterization_id(device)
    if query.status not in (None, "verbose"):
        raise RefusedError("status may only be verbose", "status")
    available = device.status == "available"
    if query.status == "verbose":
        status = _VERBOSE.get(device.status, "offline")
    else:
        status = "available" if available else "unavailable"
    return BackendObject(
        backend=device.name,
        status=status,
        qubits=device.qubits,
        average_queue_time=0,
        last_updated=seconds(now),
        degraded=False,
        has_access=True,
        characterization_url=None if id_ is None else f"/characterizations/{id_}",
        noise_models=list(device.noise_models) or None,
    )


def characterization(device: Device) -> Characterization:
    """The catalogue has one figure of each kind. Where v0.3 wants a mean as well, it is that."""
    id_ = characterization_id(device)
    if id_ is None:
        raise NotFoundError(f"There is no characterization of {device.name}.")
    return Characterization(
        id=id_,
        backend=device.name,
        date=int(midnight(device.characterized).timestamp()),
        qubits=device.qubits,
        connectivity=device.connections,
        fidelity={
            name: {"mean": value, "median": value} for name, value in fidelities(device).items()
        },
        timing=timings(device),
    )


def characterizations(device: Device, query: CharacterizationsQuery) -> CharacterizationsResponse:
    start, end = _day(query.start, "start"), _day(query.end, "end")
    if not listed(device, page=query.page, limit=query.limit, start=start, end=end):
        return CharacterizationsResponse([], 0)
    return CharacterizationsResponse([characterization(device)], 0)


def _day(millis: int | None, name: str) -> date | None:
    if millis is None:
        return None
    try:
        return datetime.fromtimestamp(millis / 1000, UTC).date()
    except (ValueError, OverflowError, OSError):
        raise RefusedError(
            f"{name} must be a time in milliseconds since 1970, such as 1585713600000", name
        ) from None
