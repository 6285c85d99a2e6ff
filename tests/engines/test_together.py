from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.corpus import random_circuit

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import together
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Precision, Task
from ketway.jobs.results import Result

ENGINE = DenseEngine()


def tasks_of(circuits: Sequence[Circuit], shots: int = 0, exact: bool = True) -> list[Task]:
    return [
        Task(Batch(circuit.structure, circuit.params[None]), (7 + i,), shots, exact)
        for i, circuit in enumerate(circuits)
    ]


def same(ours: Result, alone: Result) -> bool:
    pairs = ((getattr(ours, name), getattr(alone, name)) for name in (
        "outcomes", "probabilities", "counts", "shots"))  # fmt: skip
    arrays = all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in pairs
    )
    return arrays and (ours.bits, ours.provenance) == (alone.bits, alone.provenance)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 25)), min_size=1, max_size=12),
    st.sampled_from(["double", "single"]),
    st.sampled_from([(0, True), (50, True), (50, False)]),
    st.integers(1, 3),
    st.integers(0, 1 << 32),
)
def test_each_answers_as_it_does_alone(
    sizes: list[tuple[int, int]], precision: Precision, wanted: tuple[int, bool], threads: int,
    seed: int,
) -> None:  # fmt: skip
    circuits = [random_circuit(*size, seed + i) for i, size in enumerate(sizes)]
    tasks = [replace(task, precision=precision) for task in tasks_of(circuits, *wanted)]
    found = list(ENGINE.run_many(tasks, threads))
    assert len(found) == len(tasks)
    for ours, task in zip(found, tasks, strict=True):
        (alone,) = ENGINE.run(task)
        assert same(ours, alone)


def test_more_than_fits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = tasks_of([random_circuit(4, 10, seed) for seed in range(20)])
    whole = list(ENGINE.run_many(tasks, 1))
    monkeypatch.setattr(together, "_CHUNK_BYTES", 10_000)
    assert len(list(together._chunks(tasks))) > 3
    assert all(same(a, b) for a, b in zip(ENGINE.run_many(tasks, 1), whole, strict=True))


def test_only_the_largest_outcomes_are_kept() -> None:
    circuits = [random_circuit(5, 30, seed) for seed in range(4)]
    tasks = [replace(task, kept=5) for task in tasks_of(circuits)]
    for ours, task in zip(ENGINE.run_many(tasks, 1), tasks, strict=True):
        (alone,) = ENGINE.run(task)
        assert same(ours, alone)
        assert len(ours) <= 5


def test_what_does_not_fit() -> None:
    builder = Builder(3)
    builder.add(Kind.H, [0])
    (task,) = tasks_of([builder.circuit()])
    assert together.fits(task)
    assert not together.fits(replace(task, noise=NoiseModel("n", 0.1, 0.1)))
    assert not together.fits(replace(task, exact=False))
    two = Batch(task.batch.structure, np.zeros((2, 0)))
    assert not together.fits(replace(task, batch=two, seeds=(1, 2)))
    measured = Builder(1, 1)
    measured.add(Kind.MEASURE, [0, 0])
    assert not together.fits(tasks_of([measured.circuit()])[0])
    wide = Builder(together.QUBITS + 1)
    assert not together.fits(tasks_of([wide.circuit()])[0])
