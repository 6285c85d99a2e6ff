"""The programs of `benchmarks.reading`: the same for every reader."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

QUBITS = 29


def text(task: str, gates: int) -> str:
    """A program of so many gates, as a transpiler writes it. The same for every reader."""
    if task == "json":
        circuit = [_as_json(*gate) for gate in _gates(gates)]
        given = {"gateset": "qis", "qubits": QUBITS, "circuit": circuit}
        return json.dumps({"type": "ionq.circuit.v1", "backend": "simulator", "input": given})
    two = task == "qasm2"
    lines = [
        "OPENQASM 2.0;" if two else "OPENQASM 3.0;",
        f'include "{"qelib1" if two else "stdgates"}.inc";',
        f"qreg q[{QUBITS}];" if two else f"qubit[{QUBITS}] q;",
    ]
    for name, angle, qubits in _gates(gates):
        given = "" if angle is None else f"({angle!r})"
        lines.append(f"{name}{given} {', '.join(f'q[{qubit}]' for qubit in qubits)};")
    return "\n".join(lines)


def _gates(count: int) -> Iterator[tuple[str, float | None, list[int]]]:
    chance = random.Random(1)
    for _ in range(count):
        name = chance.choice(("h", "rz", "ry", "cx", "cz", "t"))
        width = 2 if name.startswith("c") else 1
        angle = chance.uniform(-3, 3) if name.startswith("r") else None
        yield name, angle, chance.sample(range(QUBITS), width)


def _as_json(name: str, angle: float | None, qubits: list[int]) -> dict[str, object]:
    row: dict[str, object] = {"gate": name.removeprefix("c"), "target": qubits[-1]}
    if len(qubits) > 1:
        row["control"] = qubits[0]
    if angle is not None:
        row["rotation"] = angle
    return row
