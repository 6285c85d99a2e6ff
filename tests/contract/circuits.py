"""Circuits that every SDK of IonQ's can write, as JSON gates, from which tests build their own."""

from __future__ import annotations

from typing import Any

Gate = dict[str, Any]

QUBITS = 4


def asymmetric(twist: float = 0.0) -> list[Gate]:
    """Four entangled qubits, no two alike: any wrong bit order changes the distribution.

    `test_reference.py` proves that, for every permutation of the qubits. `twist` makes family
    members whose answers differ from each other.
    """
    gates: list[Gate] = [{"gate": "x", "target": 0}]
    gates += [{"gate": "ry", "target": q, "rotation": 0.31 + 0.43 * q + twist} for q in range(4)]
    gates += [
        {"gate": "cnot", "control": 0, "target": 2},
        {"gate": "rx", "target": 1, "rotation": 0.9},
        {"gate": "cnot", "control": 3, "target": 1},
        {"gate": "rz", "target": 2, "rotation": -0.57},
        {"gate": "xx", "targets": [0, 3], "rotation": 0.7 + twist},
        {"gate": "h", "target": 2},
        {"gate": "zz", "targets": [1, 2], "rotation": 0.45},
        {"gate": "ry", "target": 3, "rotation": 1.13},
        {"gate": "t", "target": 1},
        {"gate": "cnot", "control": 1, "target": 0},
        {"gate": "swap", "targets": [2, 3]},
        {"gate": "s", "target": 0},
        {"gate": "yy", "targets": [0, 1], "rotation": -0.38},
        {"gate": "v", "target": 2},
        {"gate": "ry", "target": 1, "rotation": 0.62 - twist},
    ]
    return gates


def family(count: int) -> list[list[Gate]]:
    """Circuits with different answers, so that a wrong order in a batch shows."""
    return [asymmetric(0.07 * k) for k in range(count)]


def native() -> list[Gate]:
    """Every native gate of both machine families on three qubits; the ideal simulator has all."""
    return [
        {"gate": "gpi2", "target": 0, "phase": 0.13},
        {"gate": "gpi", "target": 1, "phase": 0.37},
        {"gate": "gpi2", "target": 1, "phase": -0.21},
        {"gate": "ms", "targets": [0, 1], "phases": [0.11, 0.29], "angle": 0.17},
        {"gate": "gpi2", "target": 2, "phase": 0.41},
        {"gate": "zz", "targets": [2, 0], "angle": 0.19},
        {"gate": "gpi2", "target": 0, "phase": 0.05},
        {"gate": "ms", "targets": [2, 1], "phases": [0.23, -0.31], "angle": 0.25},
        {"gate": "gpi2", "target": 2, "phase": 0.33},
        {"gate": "gpi", "target": 0, "phase": 0.5},
    ]


def of_family(two_qubit: str) -> list[Gate]:
    """The native circuit with one machine family's two-qubit gate only."""
    other = {"ms": "zz", "zz": "ms"}[two_qubit]
    return [gate for gate in native() if gate["gate"] != other]


def deep(layers: int, qubits: int) -> list[Gate]:
    """Many two-qubit gates, so that noise shows."""
    gates: list[Gate] = [
        {"gate": "ry", "target": q, "rotation": 0.4 * (q + 1)} for q in range(qubits)
    ]
    for layer in range(layers):
        gates.append({"gate": "cnot", "control": layer % qubits, "target": (layer + 1) % qubits})
        gates.append({"gate": "rx", "target": layer % qubits, "rotation": 0.2 + 0.01 * layer})
    return gates


def endless(qubits: int = 26, layers: int = 120) -> list[Gate]:
    """More work than any test waits for: a wide state, thousands of gates, nothing Clifford."""
    gates: list[Gate] = []
    for layer in range(layers):
        for q in range(qubits):
            gates.append({"gate": "rx", "target": q, "rotation": 0.1 + 0.01 * q + 0.001 * layer})
            gates.append({"gate": "cnot", "control": q, "target": (q + 1) % qubits})
    return gates


def too_wide(qubits: int = 40) -> list[Gate]:
    """More qubits than the simulator has, entangled and not Clifford."""
    gates: list[Gate] = [{"gate": "rx", "target": q, "rotation": 0.3} for q in range(qubits)]
    gates += [{"gate": "cnot", "control": q, "target": q + 1} for q in range(qubits - 1)]
    return gates
