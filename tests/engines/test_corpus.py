"""All engines that can run a circuit agree, circuit by circuit of the corpus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from tests import corpus, reference
from tests.chance import fits

from ketway.circuits.circuit import Batch, Circuit
from ketway.devices.noise import NoiseModel
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.clifford_program import eventful
from ketway.engines.density import refusal
from ketway.engines.engine import Precision, Task
from ketway.engines.planner import ENGINES
from ketway.jobs.results import Result

CIRCUITS = {
    "ghz": corpus.ghz(6),
    "w": corpus.w_state(5),
    "qft": corpus.qft(5, 3),
    "qaoa": corpus.qaoa(6),
    "vqe": corpus.vqe(6),
    "grover": corpus.grover(4, 11),
    "adder": corpus.adder(2, 1, 3),
    "bernstein-vazirani": corpus.bernstein_vazirani(0b1011, 4),
    "random": corpus.random_circuit(5, 40, seed=1),
    "random, measured": corpus.random_circuit(4, 25, seed=2, measures=2, resets=1),
    "clifford": corpus.random_clifford(5, 40, 3),
    "teleportation": corpus.teleportation(),
    "repetition code": corpus.repetition_code(3, 2),
}
NOISE = NoiseModel("corpus", 0.002, 0.01, readout=0.02)
SHOTS = 1500
CLOSE: dict[Precision, float] = {"double": 1e-10, "single": 1e-5}


def batch_of(circuit: Circuit) -> Batch:
    return Batch(circuit.structure, circuit.params[None])


def able(circuit: Circuit, noise: NoiseModel | None) -> Iterator[str]:
    """The engines that can run a circuit for shots."""
    yield from ("dense", "mps")
    if clifford_rows(batch_of(circuit)).all():
        yield "clifford"
    if not refusal(circuit.structure, noise):
        yield "density"


def ran(name: str, task: Task) -> Result:
    (result,) = ENGINES[name].run(task)
    return result


def distribution(result: Result) -> dict[int, float]:
    assert result.probabilities is not None
    return dict(zip(result.integers(), result.probabilities.tolist(), strict=True))


def exact(circuit: Circuit, noise: NoiseModel | None = None) -> dict[int, float]:
    return distribution(ran("density", Task(batch_of(circuit), (1,), 0, True, noise)))


def apart(one: dict[int, float], other: dict[int, float]) -> float:
    outcomes = one.keys() | other.keys()
    return max(abs(one.get(outcome, 0.0) - other.get(outcome, 0.0)) for outcome in outcomes)


@pytest.mark.parametrize("name", CIRCUITS)
def test_exact_distributions_agree(name: str) -> None:
    circuit = CIRCUITS[name]
    engines = set(able(circuit, None))
    if eventful(circuit.structure):
        engines -= {"dense", "mps"}  # they follow shots, not branches
    expected = reference.distribution(circuit)
    for engine in sorted(engines):
        precisions: tuple[Precision, ...] = (
            ("double", "single") if engine == "dense" else ("double",)
        )
        for precision in precisions:
            task = Task(batch_of(circuit), (1,), 0, True, None, precision)
            found = distribution(ran(engine, task))
            assert apart(found, expected) < CLOSE[precision], (engine, precision)


@pytest.mark.parametrize("noise", [None, NOISE], ids=["ideal", "noisy"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_shots_of_every_engine_are_of_one_distribution(name: str, noise: NoiseModel | None) -> None:
    circuit = CIRCUITS[name]
    expected = exact(circuit, noise)
    engines = sorted(able(circuit, noise))
    assert {"dense", "mps"} < set(engines)
    for seed, engine in enumerate(engines):
        result = ran(engine, Task(batch_of(circuit), (100 + seed,), SHOTS, False, noise))
        assert result.counts is not None
        counts = dict(zip(result.integers(), result.counts.tolist(), strict=True))
        assert fits(counts, expected), engine


def test_the_corpus_has_something_for_each_engine() -> None:
    every = {engine for circuit in CIRCUITS.values() for engine in able(circuit, NOISE)}
    assert every == set(ENGINES)
    assert any(eventful(circuit.structure) for circuit in CIRCUITS.values())
    assert not np.all([eventful(circuit.structure) for circuit in CIRCUITS.values()])
