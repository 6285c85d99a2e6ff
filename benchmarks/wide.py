"""A circuit of 50 qubits on the matrix product state engine, against Qiskit Aer's.

Ours: from the circuit to numbers in Python, in this process. Theirs: the call in its own process,
from a circuit object built beforehand. Both draw 1,000 shots, and both see to it that the same
state was drawn from: how often each qubit was 1 differs by no more than chance.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Sequence

import numpy as np

from benchmarks import peers
from benchmarks.circuits import WIDE, Gate, Size, layered
from benchmarks.connection import UnexpectedAnswerError
from benchmarks.report import Goal, Row
from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.engines.engine import Task
from ketway.engines.mps import MpsEngine, bond_dimension

SHOTS = 1000
SIGMAS = 7.0
"""Further apart than this, two figures are not of the same state."""


def wide(*, quick: bool) -> list[Row]:
    """50 qubits and 894 gates; bonds of 64."""
    (gates,) = layered(WIDE)
    batch = _batch(WIDE, gates)
    ours: list[float] = []
    timings: dict[str, list[float]] = {}
    _run(batch)
    with contextlib.ExitStack() as stack:
        python = peers.python_of_peers()
        others = [
            stack.enter_context(peers.peer(python, "aer", "wide", *options))
            for options in ((), ("--lapack",))
        ]
        for _ in range(1 if quick else 5):
            seconds, ones = _run(batch)
            ours.append(seconds)
            for other in others:
                timings.setdefault(other.name, []).append(other.seconds())
                _alike(ones, other.answer)
    notes = {
        "circuit": WIDE._asdict(),
        "shots": SHOTS,
        "gates": len(gates),
        "bond": bond_dimension(batch.structure),
    }
    what = f"{WIDE.qubits} qubits x {len(gates)} gates, shots drawn"
    goals = (Goal(1.0, ratio=True), None)
    return [
        Row("wide", what, "s", ours, name, theirs, goal, notes)
        for (name, theirs), goal in zip(timings.items(), goals, strict=True)
    ]


def _run(batch: Batch) -> tuple[float, list[int]]:
    begun = time.perf_counter()
    (result,) = MpsEngine().run(Task(batch, (1,), SHOTS, exact=False))
    seconds = time.perf_counter() - begun
    assert result.counts is not None
    bits = np.unpackbits(result.outcomes, axis=1, bitorder="little", count=result.bits)
    ones: list[int] = (result.counts @ bits).tolist()
    return seconds, ones


def _batch(size: Size, gates: Sequence[Gate]) -> Batch:
    b = Builder(size.qubits)
    for gate in gates:
        if gate.angle is None:
            b.add(Kind.X, [gate.qubits[1]], controls=[gate.qubits[0]])
        else:
            b.add(Kind[gate.name.upper()], [gate.qubits[0]], [gate.angle])
    circuit = b.circuit()
    return Batch(circuit.structure, circuit.params[None])


def _alike(ours: list[int], theirs: list[int]) -> None:
    """How often each qubit was 1: two counts of one binomial distribution."""
    for qubit, (here, there) in enumerate(zip(ours, theirs, strict=True)):
        chance = (here + there + 1) / (2 * SHOTS + 2)
        deviation = math.sqrt(2 * SHOTS * chance * (1 - chance)) + 1
        if abs(here - there) > SIGMAS * deviation:
            raise UnexpectedAnswerError(
                f"qubit {qubit} was 1 in {here} of {SHOTS} shots here, in {there} there"
            )
