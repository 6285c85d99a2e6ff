"""What is given to engines and to their peers: circuits as values that need no library."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.circuits import BATCH, DEEP, WIDE, Gate, Size, layered

THREADS = 2


class Noise(NamedTuple):
    """Depolarising noise after each gate, as IonQ defines it."""

    one_qubit: float
    two_qubit: float


FORTE = Noise(one_qubit=0.0003, two_qubit=0.005)
"""Close to the figures of a Forte machine."""


class Term(NamedTuple):
    """A Pauli product with its coefficient; letter j is on `qubits[j]`."""

    letters: str
    qubits: tuple[int, ...]
    coefficient: float


class Task(NamedTuple):
    """Circuits, and what is wanted of each."""

    what: str
    qubits: int
    make: Callable[[], list[list[Gate]]]
    shots: int = 0
    """0: exact probabilities."""
    noise: Noise | None = None
    terms: Callable[[], list[Term]] | None = None
    """Instead of probabilities, the expectation value of their sum."""

    @property
    def circuits(self) -> list[list[Gate]]:
        return self.make()


SMALL = Size(circuits=1000, qubits=5, layers=6)
"""6 layers of 5 rotations and 2 CNOTs: 42 gates each."""
SWEEP = Size(circuits=200, qubits=12, layers=6)
SUM = Size(circuits=1, qubits=20, layers=6)
NOISY = Size(circuits=1, qubits=12, layers=13)
"""13 layers of 12 rotations and 5 or 6 CNOTs: 228 gates."""
NOISY_WIDE = Size(circuits=1, qubits=20, layers=13)
"""13 layers of 20 rotations and 9 or 10 CNOTs: 384 gates."""


SWEPT = Size(circuits=1, qubits=12, layers=6)
"""6 layers of 12 rotations and 5 CNOTs: 100 gates or so, of which a sweep sets the angles."""
POINTS, POINTS_SHOTS = 1000, 1024
TERMS_OF = Size(circuits=1, qubits=16, layers=6)
TERMS = 500


def ising() -> list[list[Gate]]:
    chance = random.Random(2)
    gates = [Gate("h", (qubit,)) for qubit in range(DEEP.qubits)]
    for _ in range(DEEP.layers):
        for qubit in range(DEEP.qubits - 1):
            gates.append(Gate("rzz", (qubit, qubit + 1), chance.uniform(0, 6)))
        for qubit in range(DEEP.qubits):
            gates.append(Gate("rx", (qubit,), chance.uniform(0, 6)))
    return [gates]


def fourier() -> list[list[Gate]]:
    """Of a state that is not a basis state, lest there be nothing to compute."""
    qubits = DEEP.qubits
    gates = [Gate("ry", (qubit,), 0.1 * qubit + 0.2) for qubit in range(qubits)]
    for qubit in range(qubits - 1, -1, -1):
        gates.append(Gate("h", (qubit,)))
        gates += [Gate("cp", (low, qubit), math.pi / 2 ** (qubit - low)) for low in range(qubit)]
    return [gates]


def sweep() -> list[list[Gate]]:
    """200 circuits of one structure."""
    (first, *_) = layered(SWEEP)
    chance = random.Random(3)
    return [
        [
            gate if gate.angle is None else gate._replace(angle=chance.uniform(0, 2 * math.pi))
            for gate in first
        ]
        for _ in range(SWEEP.circuits)
    ]


def chain() -> list[Term]:
    """Ising and XY on a chain, in a field along X and Z, with three longer bonds: 60 terms."""
    pairs = [(q, q + 1) for q in range(SWEEP.qubits - 1)]
    terms = [Term(word, pair, 0.3) for word in ("XX", "YY", "ZZ") for pair in pairs]
    terms += [Term(letter, (q,), 0.7) for letter in "XZ" for q in range(SWEEP.qubits)]
    return terms + [Term("ZZ", (q, q + 2), 0.1) for q in range(60 - len(terms))]


def scattered() -> list[Term]:
    """200 products that share nothing."""
    chance, qubits = random.Random(7), range(SUM.qubits)
    words = ["".join(chance.choices("IXYZ", k=len(qubits))) for _ in range(200)]
    return [Term(word, tuple(qubits), chance.gauss(0, 1)) for word in words]


def ghz(qubits: int) -> list[list[Gate]]:
    chain = [Gate("cx", (qubit - 1, qubit)) for qubit in range(1, qubits)]
    return [[Gate("h", (0,)), *chain]]


TASKS = {
    "batch": Task("200 x 12 qubits x 210 gates, exact", BATCH.qubits, partial(layered, BATCH)),
    "small": Task("1,000 x 5 qubits x 42 gates, exact", SMALL.qubits, partial(layered, SMALL)),
    "random": Task("25 qubits, 8 random layers", DEEP.qubits, partial(layered, DEEP), 1000),
    "ising": Task("25 qubits, 8 Ising layers", DEEP.qubits, ising, 1000),
    "fourier": Task("25 qubits, Fourier transform", DEEP.qubits, fourier, 1000),
    "noise": Task(
        "12 qubits x 228 gates, noise, 1,000 shots", 12, partial(layered, NOISY), 1000, FORTE
    ),
    "noise-wide": Task(
        "20 qubits x 384 gates, noise, 1,000 shots", 20, partial(layered, NOISY_WIDE), 1000, FORTE
    ),
    "ghz": Task("GHZ on 1,000 qubits, 100,000 noisy shots", 1000, partial(ghz, 1000), 100_000,
                FORTE),
    "shots": Task("20 qubits, 1,000,000 shots", SUM.qubits, partial(layered, SUM), 1_000_000),
    "chain": Task("200 x 12 qubits, 60 terms", SWEEP.qubits, sweep, terms=chain),
    "sum": Task("20 qubits, 200 terms", SUM.qubits, partial(layered, SUM), terms=scattered),
    "bricks": Task(
        "50 qubits x 894 gates, bonds of 64, 1,000 shots", WIDE.qubits, partial(layered, WIDE), 1000
    ),
}  # fmt: skip
