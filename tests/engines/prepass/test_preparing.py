from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import reference
from tests.chance import fits
from tests.corpus import ghz, qft, vqe
from tests.engines.prepass.circuits import circuits, product, same, spread_out, with_params

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Task
from ketway.engines.prepass import Prepared, prepare, preparing
from ketway.engines.seeds import derive
from ketway.jobs.results import Result

LOUD = NoiseModel("loud", 0.1, 0.2, readout=0.1)
WIDE = preparing.SMALL + 1


def prepared(circuit: Circuit, noise: NoiseModel | None = None) -> Prepared:
    found = prepare(circuit.structure, noise)
    assert found is not None
    return found


def answer(circuit: Circuit, shots: int = 0, exact: bool = True, kept: int = 1 << 20) -> Result:
    """Run in pieces by the dense engine."""
    found = prepared(circuit)
    task = Task(Batch(circuit.structure, circuit.params[None]), (5,), shots, exact, kept=kept)
    results = [next(DenseEngine().run(found.task(task, k))) for k in range(len(found.pieces))]
    return found.merge(results, 5, kept)


def check(circuit: Circuit, noise: NoiseModel | None) -> None:
    """What the pieces answer, by the formulas, is what the circuit does."""

    def chances(one: Circuit) -> dict[int, float]:
        if noise is None:
            return reference.distribution(one)
        return reference.noisy_distribution(one, noise.one_qubit, noise.two_qubit, noise.readout)

    found = preparing.reduced(circuit.structure, noise)
    if found is not None:
        assert found.bits == circuit.structure.outcome_bits
        parts = [(chances(with_params(p, circuit)), p.bits.tolist()) for p in found.pieces]
        same(product(parts), chances(circuit))


@settings(max_examples=60, deadline=None)
@given(circuits(gates=18))
def test_all_passes_together_change_no_answer(circuit: Circuit) -> None:
    check(circuit, None)


@settings(max_examples=15, deadline=None)
@given(circuits(qubits=3, gates=8), st.sampled_from([0.0, 0.1]))
def test_nor_under_noise(circuit: Circuit, readout: float) -> None:
    check(circuit, NoiseModel("loud", 0.1, 0.2, readout))


def test_small_circuits_are_not_looked_at() -> None:
    assert prepare(spread_out(preparing.SMALL, 1).structure) is None
    assert prepare(ghz(2).structure, LOUD) is None


def test_circuits_with_nothing_to_gain_are_run_as_they_are() -> None:
    assert prepare(ghz(WIDE).structure) is None
    assert prepare(vqe(WIDE).structure, LOUD) is None
    assert prepare(ghz(WIDE).structure, NoiseModel("silent", 0, 0)) is None


def test_a_fourier_transform_is_read_straight() -> None:
    circuit = qft(WIDE, 5)
    (piece,) = prepared(circuit).pieces
    assert Kind.SWAP not in piece.structure.kinds
    assert piece.structure.qubits == WIDE
    found = answer(circuit)
    assert found.weights() == pytest.approx(np.full(1 << WIDE, 0.5**WIDE))


def test_exact_answers_of_pieces_agree_with_the_whole() -> None:
    circuit = spread_out(14, 3)
    found = answer(circuit, exact=True)
    assert len(prepared(circuit).pieces) == 2
    chances = np.abs(reference.state_of(circuit)) ** 2
    held = np.zeros(1 << 14)
    held[found.integers()] = found.weights()
    np.testing.assert_allclose(held, chances, atol=1e-13)
    assert found.provenance.kept == 1


def test_shots_of_pieces_are_drawn_apart_with_seeds_of_their_own() -> None:
    circuit = spread_out(14, 3)
    task = Task(Batch(circuit.structure, circuit.params[None]), (5,), 10, False)
    assert [prepared(circuit).task(task, k).seeds for k in (0, 1)] == [
        (derive(5, 0),),
        (derive(5, 1),),
    ]
    found = answer(circuit, 30_000, exact=False)
    assert found.counts is not None
    # Two qubits of each piece are enough to see whether pieces depend on each other.
    counts: dict[int, int] = {}
    expected: dict[int, float] = {}
    chances = np.abs(reference.state_of(circuit)) ** 2
    for outcome, count in zip(found.integers(), found.counts.tolist(), strict=True):
        counts[outcome & 0x3003] = counts.get(outcome & 0x3003, 0) + count
    for outcome, p in enumerate(chances.tolist()):
        expected[outcome & 0x3003] = expected.get(outcome & 0x3003, 0.0) + p
    assert fits(counts, expected)


def test_a_single_piece_keeps_the_seed_of_its_circuit() -> None:
    b = Builder(WIDE)
    b.add(Kind.H, [WIDE - 1])
    b.add(Kind.X, [2], controls=[WIDE - 1])
    circuit = b.circuit()
    task = Task(Batch(circuit.structure, circuit.params[None]), (5,), 10, False)
    assert prepared(circuit).task(task, 0).seeds == (5,)
    found = answer(circuit, 100)
    assert found.bits == WIDE
    same(
        dict(zip(found.integers(), found.weights().tolist(), strict=True)),
        {0: 0.5, (1 << WIDE - 1) + 4: 0.5},
    )


def test_rows_of_a_batch_are_prepared_alike() -> None:
    first, second = spread_out(14, 1), spread_out(14, 2)
    batch = Batch(first.structure, np.stack([first.params, second.params]))
    found = prepared(first)
    task = Task(batch, (1, 2), 0, True)
    parts = [list(DenseEngine().run(found.task(task, k))) for k in range(len(found.pieces))]
    for row, circuit in enumerate((first, second)):
        merged = found.merge([results[row] for results in parts], row, 1 << 20)
        chances = np.abs(reference.state_of(circuit)) ** 2
        assert merged.weights() == pytest.approx(chances[merged.integers()], abs=1e-13)
        assert math.fsum(merged.weights()) == pytest.approx(1, abs=1e-14)
