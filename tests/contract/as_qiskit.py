"""IonQ's JSON gates as circuits of Qiskit, and what Qiskit itself says of them."""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from qiskit_ionq import GPI2Gate, GPIGate, MSGate, ZZGate

METHODS = {"x": "x", "h": "h", "s": "s", "t": "t", "v": "sx", "cnot": "cx", "swap": "swap"}
ROTATIONS = {"rx": "rx", "ry": "ry", "rz": "rz", "xx": "rxx", "yy": "ryy", "zz": "rzz"}


def built(gates: list[dict[str, Any]], qubits: int, *, native: bool = False) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    for gate in gates:
        name = gate["gate"]
        where = gate.get("targets", [gate.get("target")])
        if native:
            circuit.append(native_gate(gate), where)
        elif name in ROTATIONS:
            getattr(circuit, ROTATIONS[name])(gate["rotation"], *where)
        else:
            control = [gate["control"]] if "control" in gate else []
            getattr(circuit, METHODS[name])(*control, *where)
    return circuit


def native_gate(gate: dict[str, Any]) -> Any:
    if gate["gate"] == "gpi":
        return GPIGate(gate["phase"])
    if gate["gate"] == "gpi2":
        return GPI2Gate(gate["phase"])
    if gate["gate"] == "ms":
        return MSGate(*gate["phases"], gate.get("angle", 0.25))
    return ZZGate(gate["angle"])


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    copy = circuit.copy()
    copy.measure_all()
    return copy


def integers(counts: dict[str, Any]) -> dict[int, Any]:
    return {int(key.replace(" ", ""), 2): value for key, value in counts.items()}


def exact(circuit: QuantumCircuit) -> dict[int, float]:
    return {int(k, 2): float(v) for k, v in Statevector(circuit).probabilities_dict().items()}
