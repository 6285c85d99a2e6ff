"""From a device to the configuration of an IBM backend: its gates, its pairs, its limits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from ketway.devices.device import Device
from ketway.devices.snapshot import Snapshot
from ketway.dialects.ibm_runtime.wire import GateObject, SignatureObject
from ketway.routines.ibm.checking import MOST_EXECUTIONS
from ketway.service.submission import MAX_CIRCUITS
from ketway.version import VERSION

PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("rx", "ry", "rz", "rxx", "ryy", "rzz", "rzx"), ("theta",)),
    **dict.fromkeys(("p", "u1", "crx", "cry", "crz", "cp", "cu1"), ("theta",)),
    "r": ("theta", "phi"),
    "u2": ("phi", "lam"),
    **dict.fromkeys(("u", "u3", "cu3"), ("theta", "phi", "lam")),
    "cu": ("theta", "phi", "lam", "gamma"),
}
"""The gates of Qiskit's library that have parameters, and their names there."""

MEASURED: Final = ("measure", "reset", "delay")

QISKIT: Final = {
    "x": "x", "y": "y", "z": "z", "h": "h", "s": "s", "si": "sdg", "t": "t", "ti": "tdg", "v": "sx",
    "vi": "sxdg", "rx": "rx", "ry": "ry", "rz": "rz", "cnot": "cx", "swap": "swap", "xx": "rxx",
    "yy": "ryy", "zz": "rzz",
}  # fmt: skip
"""Qiskit's names of the gates of IonQ's abstract set. Its native gates have none there."""


def basis(device: Device) -> tuple[str, ...]:
    """The gates that programs for a device are made of, by Qiskit's names."""
    if device.vendor == "ibm":
        return device.native_gates
    return ("id", *(QISKIT[name] for name in device.qis_gates if name in QISKIT))


def configuration(device: Device, name: str) -> dict[str, Any]:
    """All that qiskit-ibm-runtime needs to make a Target (utils/backend_decoder.py and
    utils/backend_converter.py); where `coupling_map` is null, every gate acts everywhere. `name`
    is what the device was asked for as. Clients before 0.41 know no backend without `max_shots`
    and `max_experiments`, and pytket-qiskit none without `multi_meas_enabled`: here, every backend
    measures at any time.
    """
    gates = basis(device)
    shown: dict[str, Any] = {
        "backend_name": name,
        "backend_version": VERSION,
        "description": device.description,
        "n_qubits": device.qubits,
        "basis_gates": gates,
        "gates": [GateObject(gate, list(PARAMETERS.get(gate, ()))) for gate in gates],
        "supported_instructions": [*MEASURED, *device.control_flow, *gates],
        "supported_features": ["qasm3", "dynamic_circuits"] if device.control_flow else [],
        "local": False,
        "simulator": device.kind == "simulator",
        "conditional": bool(device.control_flow),
        "open_pulse": False,
        "memory": True,
        "multi_meas_enabled": True,
        "max_shots": MOST_EXECUTIONS if device.max_shots is None else device.max_shots,
        "max_experiments": MAX_CIRCUITS if device.max_circuits is None else device.max_circuits,
        "coupling_map": None,
        "coords": [],
        "u_channel_lo": [],
        "online_date": midnight(device.checked),
    }
    if device.snapshot is not None:
        shown |= measured(device.snapshot)
    return shown


def measured(snapshot: Snapshot) -> dict[str, Any]:
    """What a calibrated device says beside or instead."""
    names = [signature.name for signature in snapshot.signatures]
    shown = {
        "backend_version": snapshot.version,
        "online_date": utc(snapshot.online),
        "gates": _gates(snapshot),
        "supported_instructions": [*snapshot.instructions, *names, *snapshot.gates],
        "supported_features": snapshot.features,
        "instruction_signatures": [
            SignatureObject(one.name, one.qubits, one.bits, one.description)
            for one in snapshot.signatures
        ],
        "coupling_map": snapshot.couplings,
        "coords": snapshot.coordinates,
        "meas_map": [list(range(snapshot.qubits))],
        "dt": snapshot.dt,
        "dtm": snapshot.dt,
        "timing_constraints": snapshot.timing,
        "dynamic_reprate_enabled": snapshot.rep_delays is not None,
        "rep_delay_range": snapshot.rep_delays,
        "default_rep_delay": snapshot.rep_delay,
        "processor_type": snapshot.processor,
        "quantum_volume": snapshot.quantum_volume,
        "clops_h": snapshot.clops if snapshot.clops_of == "hardware" else None,
        "clops_v": snapshot.clops if snapshot.clops_of == "virtual" else None,
        "parallel_compilation": True,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _gates(snapshot: Snapshot) -> list[GateObject]:
    """Each gate with the places where it acts; a gate without figures acts everywhere."""
    places = {gate: snapshot.places_of(group) for group in snapshot.figures for gate in group.gates}
    return [
        GateObject(
            gate,
            list(PARAMETERS.get(gate, ())),
            coupling_map=None if gate == "reset" else places.get(gate),
        )
        for gate in snapshot.gates
    ]


def midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def utc(moment: datetime) -> str:
    """Always `Z`: the client takes any offset for UTC without converting it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
