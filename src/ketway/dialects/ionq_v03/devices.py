"""Backends, and the characterizations that belong to them, as v0.3 shows them."""

from __future__ import annotations

from ketway.devices.characterization import KINDS, Characterization, Spread
from ketway.devices.device import Device
from ketway.dialects.ionq.devices import (
    characterization_id,
    listed,
    midnight,
    moment_of,
    timings,
)
from ketway.dialects.ionq_v03.wire import (
    BackendObject,
    BackendsQuery,
    CharacterizationObject,
    CharacterizationsQuery,
    CharacterizationsResponse,
    seconds,
)
from ketway.service.backends import Backend
from ketway.service.errors import RefusedError

_VERBOSE = {"available": "running"}
"""With `status=verbose`; everything else is `offline` then, and `unavailable` without."""


def backend_object(backend: Backend, now: int, query: BackendsQuery) -> BackendObject:
    device = backend.device
    id_ = characterization_id(device, now)
    if query.status not in (None, "verbose"):
        raise RefusedError("status may only be verbose", "status")
    available = backend.status == "available"
    if query.status == "verbose":
        status = _VERBOSE.get(backend.status, "offline")
    else:
        status = "available" if available else "unavailable"
    return BackendObject(
        backend=device.name,
        status=status,
        qubits=device.qubits,
        average_queue_time=backend.queue_micros // 1000,
        last_updated=seconds(now),
        degraded=False,
        has_access=True,
        characterization_url=None if id_ is None else f"/characterizations/{id_}",
        noise_models=list(device.noise_models) or None,
    )


def characterization(figures: Characterization) -> CharacterizationObject:
    device = figures.device
    return CharacterizationObject(
        id=figures.id,
        backend=device.name,
        date=int(midnight(figures.day).timestamp()),
        qubits=device.qubits,
        connectivity=device.connections,
        fidelity={kind: _fidelity(figures.spread(kind)) for kind in KINDS},
        timing=timings(figures),
    )


def _fidelity(found: Spread) -> dict[str, float]:
    return {"mean": found.mean, "median": found.median, "stderr": found.stderr}


def characterizations(
    device: Device, query: CharacterizationsQuery, now: int
) -> CharacterizationsResponse:
    found, pages = listed(
        device,
        now,
        page=query.page,
        limit=query.limit,
        start=moment_of(query.start, "start"),
        end=moment_of(query.end, "end"),
    )
    return CharacterizationsResponse([characterization(figures) for figures in found], pages)
