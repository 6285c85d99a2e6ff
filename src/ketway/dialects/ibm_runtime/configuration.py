"""From a device to what IBM's API says of a backend."""

from __future__ import annotations

from datetime import date
from typing import Any

from ketway.devices.device import Device
from ketway.dialects.ibm_runtime.wire import (
    BackendObject,
    BackendStatus,
    GateObject,
    StatusName,
)
from ketway.service.backends import Backend
from ketway.version import VERSION

PARAMETERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("rx", "ry", "rz", "rxx", "ryy", "rzz", "rzx"), ("theta",)),
    **dict.fromkeys(("p", "u1", "crx", "cry", "crz", "cp", "cu1"), ("theta",)),
    "r": ("theta", "phi"),
    "u2": ("phi", "lam"),
    **dict.fromkeys(("u", "u3", "cu3"), ("theta", "phi", "lam")),
    "cu": ("theta", "phi", "lam", "gamma"),
}
"""The gates of Qiskit's library that have parameters, and their names there."""

MEASURED = ("measure", "reset", "delay")


def backend_object(backend: Backend) -> BackendObject:
    """A line of the list. Every backend is online: that IBM has retired its own does not matter."""
    device = backend.device
    return BackendObject(
        name=device.name,
        status=StatusName("online", "available"),
        is_simulator=device.kind == "simulator",
        qubits=device.qubits,
        queue_length=backend.waiting + backend.running,
    )


def status(backend: Backend) -> BackendStatus:
    # The client warns at every run where a backend is operational and not `active`.
    return BackendStatus(True, "active", "", backend.waiting + backend.running, VERSION)


def configuration(device: Device) -> dict[str, Any]:
    """All that qiskit-ibm-runtime needs to make a Target (utils/backend_decoder.py and
    utils/backend_converter.py); where `coupling_map` is null, every gate acts everywhere."""
    shown: dict[str, Any] = {
        "backend_name": device.name,
        "backend_version": VERSION,
        "description": device.description,
        "n_qubits": device.qubits,
        "basis_gates": device.native_gates,
        "gates": [gate(name) for name in device.native_gates],
        "supported_instructions": [*MEASURED, *device.control_flow, *device.native_gates],
        "supported_features": ["qasm3", "dynamic_circuits"] if device.control_flow else [],
        "local": False,
        "simulator": device.kind == "simulator",
        "conditional": bool(device.control_flow),
        "open_pulse": False,
        "memory": True,
        "coupling_map": None,
        "coords": [],
        "u_channel_lo": [],
        "online_date": midnight(device.checked),
    }
    if device.max_shots is not None:
        shown["max_shots"] = device.max_shots
    if device.max_circuits is not None:
        shown["max_experiments"] = device.max_circuits
    return shown


def gate(name: str) -> GateObject:
    return GateObject(name, list(PARAMETERS.get(name, ())))


def midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
