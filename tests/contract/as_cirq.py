"""IonQ's JSON gates as circuits of Cirq, and what Cirq itself says of them."""

from __future__ import annotations

from typing import Any

import cirq
import cirq_ionq
import numpy as np

GATES = {
    "x": cirq.X,
    "h": cirq.H,
    "s": cirq.S,
    "t": cirq.T,
    "v": cirq.X**0.5,
    "swap": cirq.SWAP,
    "cnot": cirq.CNOT,
}


def built(gates: list[dict[str, Any]]) -> cirq.Circuit:
    circuit = cirq.Circuit()
    for gate in gates:
        where = gate.get("targets", [gate.get("target")])
        if "control" in gate:
            where = [gate["control"], *where]
        circuit.append(theirs(gate).on(*(cirq.LineQubit(q) for q in where)))
    return circuit


def theirs(gate: dict[str, Any]) -> cirq.Gate:
    powers = {"xx": cirq.XXPowGate, "yy": cirq.YYPowGate, "zz": cirq.ZZPowGate}
    turns = {"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}
    name = gate["gate"]
    if name in powers:
        return powers[name](exponent=gate["rotation"] / np.pi)
    if name in turns:
        return turns[name](gate["rotation"])
    return GATES[name]


def native_built(gates: list[dict[str, Any]]) -> cirq.Circuit:
    circuit = cirq.Circuit()
    for gate in gates:
        qubits = [cirq.LineQubit(q) for q in gate.get("targets", [gate.get("target")])]
        if gate["gate"] == "gpi":
            made: cirq.Gate = cirq_ionq.GPIGate(phi=gate["phase"])
        elif gate["gate"] == "gpi2":
            made = cirq_ionq.GPI2Gate(phi=gate["phase"])
        elif gate["gate"] == "ms":
            first, second = gate["phases"]
            made = cirq_ionq.MSGate(phi0=first, phi1=second, theta=gate["angle"])
        else:
            made = cirq_ionq.ZZGate(theta=gate["angle"])
        circuit.append(made.on(*qubits))
    return circuit


def measured(circuit: cirq.Circuit, key: str = "m") -> cirq.Circuit:
    return circuit + cirq.measure(*sorted(circuit.all_qubits()), key=key)


def exact(circuit: cirq.Circuit) -> dict[int, float]:
    """By Cirq's own simulator, big-endian as Cirq has it."""
    state = cirq.Simulator(dtype=np.complex128).simulate(circuit).final_state_vector
    return {k: float(p) for k, p in enumerate(np.abs(state) ** 2) if p > 1e-14}


def turned(distribution: dict[int, Any], qubits: int) -> dict[int, Any]:
    """From one byte order to the other."""
    return {int(f"{k:0{qubits}b}"[::-1], 2): v for k, v in distribution.items()}
