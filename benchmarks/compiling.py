"""The compiler for trapped ions: a large circuit, and a batch of one structure."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.report import Goal, Row
from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.compile import LEVELS, compile_batch

QUBITS, GATES = 29, 2000
ROWS = 500


def compiling(*, quick: bool) -> list[Row]:
    """In this process, on one core."""
    repeats = 2 if quick else 7
    large = _batch(_arbitrary(QUBITS, GATES))
    rows = [
        Row(
            "compile",
            f"{GATES} gates on {QUBITS} qubits, level {level}",
            "ms",
            [_ms(lambda level=level: compile_batch(large, "zz", level)) for _ in range(repeats)],
            goal=Goal(1000),
            notes={"interactions": _interactions(compile_batch(large, "zz", level).batch)},
        )
        for level in LEVELS
    ]
    small = _arbitrary(8, 100)
    values = np.random.default_rng(1).uniform(0, 3, (ROWS, len(small.params)))
    batch = Batch(small.structure, values)
    ours, theirs = [], []
    for _ in range(repeats):
        ours.append(_ms(lambda: compile_batch(batch, "zz", 2)))
        theirs.append(_ms(lambda: _one_by_one(batch)))
    rows.append(
        Row(
            "compile",
            f"{ROWS} circuits of one structure, level 2",
            "ms",
            ours,
            peer="one by one",
            peer_figures=theirs,
            goal=Goal(0.5, ratio=True),
        )
    )
    return rows


def _one_by_one(batch: Batch) -> None:
    for params in batch.params:
        compile_batch(Batch(batch.structure, params[None, :]), "zz", 2)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _interactions(batch: Batch) -> int:
    return int((batch.structure.kinds == Kind.ZZ).sum())


def _batch(circuit: Circuit) -> Batch:
    return Batch(circuit.structure, circuit.params[None, :])


def _arbitrary(qubits: int, gates: int) -> Circuit:
    """Turns, interactions, CNOTs and exchanges in equal parts, anywhere."""
    chance = np.random.default_rng(2)
    builder = Builder(qubits)
    for _ in range(gates):
        a, b = chance.choice(qubits, 2, replace=False).tolist()
        angle = float(chance.uniform(0, 3))
        match int(chance.integers(4)):
            case 0:
                builder.add(Kind.U, (a,), (angle, 0.3, 0.7))
            case 1:
                builder.add(Kind.RXX, (a, b), (angle,))
            case 2:
                builder.add(Kind.X, (b,), (), (a,))
            case _:
                builder.add(Kind.SWAP, (a, b))
    return builder.circuit()
