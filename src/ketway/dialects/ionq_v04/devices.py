"""IonQ's view of devices: backends, and the characterizations that belong to them."""

from __future__ import annotations

from datetime import UTC, datetime

from ketway.devices.characterization import Characterization
from ketway.devices.device import Device
from ketway.dialects.ionq.devices import (
    characterization_id,
    listed,
    medians,
    midnight,
    timings,
)
from ketway.dialects.ionq_v04.wire import (
    BackendObject,
    CharacterizationObject,
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
        status=backend.status,
        qubits=device.qubits,
        average_queue_time=backend.queue_micros // 1000,
        last_updated=iso(now) or "",
        degraded=False,
        has_access=True,
        characterization_id=characterization_id(device, now),
        location=device.location,
        supported_gates=list(device.qis_gates),
        supported_native_gates=list(device.native_gates),
        supported_error_mitigations=list(device.error_mitigations),
        noise_models=list(device.noise_models) or None,
    )


def characterization(figures: Characterization) -> CharacterizationObject:
    """Medians, as IonQ gives them; of SPAM, which alone may have one, the standard error too."""
    device = figures.device
    fidelity: dict[str, dict[str, float]]
    fidelity = {kind: {"median": value} for kind, value in medians(figures).items()}
    fidelity["spam"]["stderr"] = figures.spread("spam").stderr
    return CharacterizationObject(
        id=figures.id,
        backend=device.name,
        date=iso(int(midnight(figures.day).timestamp()) * 1_000_000) or "",
        qubits=device.qubits,
        connectivity=device.connections,
        fidelity=fidelity,
        timing=timings(figures),
    )


def characterizations(
    device: Device, query: CharacterizationsQuery, now: int
) -> CharacterizationsResponse:
    found, pages = listed(
        device,
        now,
        page=query.page,
        limit=query.limit,
        start=_moment(query.start, "start"),
        end=_moment(query.end, "end"),
    )
    return CharacterizationsResponse([characterization(figures) for figures in found], pages)


def _moment(text: str | None, name: str) -> datetime | None:
    """A date is its midnight; a time without a zone is in UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RefusedError(f"{name} must be a date such as 2025-12-31", name) from None
