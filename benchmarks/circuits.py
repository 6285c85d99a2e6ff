"""The circuits that are measured, as values that need no library: the peers build theirs from them.

One family: layers of a random rotation on every qubit, then a brickwork of CNOTs. It entangles
everything, so that no engine can cut it short, and is what variational circuits look like.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

ROTATIONS = ("rx", "ry", "rz")


class Gate(NamedTuple):
    name: str
    qubits: tuple[int, ...]
    angle: float | None = None


class Size(NamedTuple):
    """A batch of circuits, and how each is made."""

    circuits: int
    qubits: int
    layers: int


BATCH = Size(circuits=200, qubits=12, layers=12)
"""12 layers of 12 rotations and 5 or 6 CNOTs: 210 gates each."""
DEEP = Size(circuits=1, qubits=25, layers=8)
"""8 layers of 25 rotations and 12 CNOTs: 296 gates."""
WIDE = Size(circuits=1, qubits=50, layers=12)
"""12 layers of 50 rotations and 24 or 25 CNOTs: 894 gates. Six CNOTs cross each cut of the row, so
that its halves are entangled by bonds of 2**6."""


def layered(size: Size, seed: int = 1) -> list[list[Gate]]:
    chance = random.Random(seed)
    return [_layered(size.qubits, size.layers, chance) for _ in range(size.circuits)]


def _layered(qubits: int, layers: int, chance: random.Random) -> list[Gate]:
    gates = []
    for layer in range(layers):
        for qubit in range(qubits):
            name = chance.choice(ROTATIONS)
            gates.append(Gate(name, (qubit,), chance.uniform(0, 2 * math.pi)))
        for qubit in range(layer % 2, qubits - 1, 2):
            gates.append(Gate("cx", (qubit, qubit + 1)))
    return gates


BELL = [
    {"gate": "h", "target": 0},
    {"gate": "cnot", "control": 0, "target": 1},
]


def bell_job() -> bytes:
    """The smallest job that people send: two qubits, two gates."""
    return _body("ionq.circuit.v1", {"qubits": 2, "gateset": "qis", "circuit": BELL}, shots=100)


def single_job(size: Size, gates: Sequence[Gate], shots: int) -> bytes:
    input_ = {"qubits": size.qubits, "gateset": "qis", "circuit": _ionq(gates)}
    return _body("ionq.circuit.v1", input_, shots)


def batch_job(size: Size, circuits: Sequence[Sequence[Gate]]) -> bytes:
    input_ = {
        "qubits": size.qubits,
        "gateset": "qis",
        "circuits": [{"circuit": _ionq(gates)} for gates in circuits],
    }
    return _body("ionq.multi-circuit.v1", input_, shots=1000)


def _ionq(gates: Sequence[Gate]) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    for gate in gates:
        if gate.name == "h":
            written.append({"gate": "h", "target": gate.qubits[0]})
        elif gate.angle is None:
            control, target = gate.qubits
            written.append({"gate": "cnot", "control": control, "target": target})
        else:
            written.append({"gate": gate.name, "target": gate.qubits[0], "rotation": gate.angle})
    return written


def _body(type_: str, input_: dict[str, Any], shots: int) -> bytes:
    body = {"type": type_, "backend": "simulator", "shots": shots, "input": input_}
    return json.dumps(body).encode()
