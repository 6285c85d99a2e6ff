"""IonQ's JSON gates as operations of PennyLane, and what PennyLane itself says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pennylane as qml
from pennylane_ionq import GPI, GPI2, MS

FIXED = {"x": qml.PauliX, "h": qml.Hadamard, "s": qml.S, "t": qml.T, "v": qml.SX}
PAIRS = {"xx": qml.IsingXX, "yy": qml.IsingYY, "zz": qml.IsingZZ}
TURNS = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ}


def applied(gates: list[dict[str, Any]], pairs: Mapping[str, Any] = PAIRS) -> None:
    """`pairs` are the rotations of two qubits, which have had other names."""
    for gate in gates:
        name = gate["gate"]
        if name == "cnot":
            qml.CNOT(wires=[gate["control"], gate["target"]])
        elif name == "swap":
            qml.SWAP(wires=gate["targets"])
        elif name in pairs:
            pairs[name](gate["rotation"], wires=gate["targets"])
        elif name in TURNS:
            TURNS[name](gate["rotation"], wires=gate["target"])
        elif name == "gpi":
            GPI(gate["phase"], wires=gate["target"])
        elif name == "gpi2":
            GPI2(gate["phase"], wires=gate["target"])
        elif name == "ms":
            MS(*gate["phases"], gate["angle"], wires=gate["targets"])
        else:
            FIXED[name](wires=gate["target"])


def by_bits(histogram: dict[str, float]) -> dict[int, float]:
    return {int(k): v for k, v in histogram.items()}


def theirs(gates: list[dict[str, Any]], wires: int = 4) -> dict[int, float]:
    """By PennyLane's own simulator, which puts the first wire highest."""
    local = qml.device("default.qubit", wires=wires)

    @qml.qnode(local)
    def answer() -> Any:
        applied(gates)
        return qml.probs(wires=range(wires))

    return {int(f"{k:0{wires}b}"[::-1], 2): float(p) for k, p in enumerate(answer())}
