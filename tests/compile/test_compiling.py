"""What each level brings, batches, and how near an approximation stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import reference
from tests.circuits.formats import writers
from tests.circuits.formats.circuits import CIRCUITS
from tests.corpus import UNITARY_KINDS, adder, grover, qaoa, qft, random_circuit

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.circuits.qasm import read_qasm
from ketway.compile import LEVELS, Entangler, compile_batch, to_native

KINDS = [k for k in UNITARY_KINDS if k not in (Kind.PAULIEXP, Kind.ECR)]


def interactions(circuit: Circuit) -> int:
    return sum(kind in (Kind.MS, Kind.ZZ) for kind in circuit.structure.kinds)


def shortest(circuit: Circuit, entangler: Entangler = "zz") -> int:
    return interactions(to_native(circuit, entangler, 2))


def rows_of(batch: Batch) -> list[Circuit]:
    return [Circuit(batch.structure, params) for params in batch.params]


# -- level 2 --------------------------------------------------------------------------------------


def test_exchanges_of_qubits_cost_nothing() -> None:
    b = Builder(4)
    b.add(Kind.H, (0,))
    b.add(Kind.X, (1,), (), (0,))
    for a, c in ((0, 3), (1, 2), (0, 1), (2, 3)):
        b.add(Kind.SWAP, (a, c))
    b.add(Kind.RXX, (0, 2), (0.3,))
    circuit = b.circuit()
    assert shortest(circuit) == 2
    for level in LEVELS:
        found = reference.distribution(to_native(circuit, "ms", level))
        assert found == pytest.approx(reference.distribution(circuit))
    assert shortest(qft(8)) == 8 * 7 // 2


def test_two_qubits_take_three_interactions_at_most() -> None:
    for seed in range(10):
        assert shortest(random_circuit(2, 40, seed, KINDS, controls=1)) <= 3


def test_interactions_that_commute_meet() -> None:
    b = Builder(3)
    for _ in range(2):
        for a, c in ((0, 1), (1, 2), (0, 2)):
            b.add(Kind.RZZ, (a, c), (0.2,))
        b.add(Kind.X, (1,))
    for qubit in range(3):
        b.add(Kind.H, (qubit,))
    assert interactions(to_native(b.circuit(), "zz", 1)) == 1  # X turned the others back


def test_what_is_read_in_the_basis_of_z_is_not_turned_about_it() -> None:
    b = Builder(2)
    b.add(Kind.H, (0,))
    b.add(Kind.Z, (1,), (), (0,))
    b.add(Kind.X, (0,))
    assert shortest(b.circuit()) == 0
    assert interactions(to_native(b.circuit(), "zz", 1)) == 1


def test_gates_with_two_controls_meet_their_neighbours() -> None:
    """An adder of two bits: 13 interactions if each gate is taken as it comes."""
    circuit = read_qasm(writers.qasm3(CIRCUITS["adder"]).rpartition("bit[")[0])
    assert interactions(to_native(circuit, "zz", 1)) == 13
    assert shortest(circuit) == 7


@pytest.mark.parametrize("circuit", [qft(5), qaoa(5), grover(4, 6), adder(2, 1, 2)])
def test_outcomes_are_the_same(circuit: Circuit) -> None:
    wanted = reference.distribution(circuit)
    for level in LEVELS:
        native = reference.distribution(to_native(circuit, "ms", level))
        if circuit.structure.measured:  # those bits are named otherwise
            assert sorted(native.values())[-1] == pytest.approx(max(wanted.values()))
        else:
            for outcome in {*wanted, *native}:
                assert native.get(outcome, 0) == pytest.approx(wanted.get(outcome, 0), abs=1e-9)


# -- batches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("entangler", ["ms", "zz"])
@pytest.mark.parametrize("seed", range(4))
def test_rows_of_a_batch(seed: int, entangler: Entangler, level: int) -> None:
    first = random_circuit(4, 30, seed, KINDS, controls=2)
    rng = np.random.default_rng(seed)
    params = np.stack([first.params, *rng.uniform(-7, 7, (5, len(first.params)))])
    params[2] = 0.0  # every angle special
    params[3] = np.pi * np.round(params[3])
    params[:, ::3] = first.params[::3]  # and some the same in every row
    batch, _ = compile_batch(Batch(first.structure, params), entangler, level)
    assert len(batch) == len(params)
    for native, row in zip(rows_of(batch), params, strict=True):
        wanted = reference.state_of(Circuit(first.structure, row))
        assert np.allclose(np.abs(reference.state_of(native)), np.abs(wanted), atol=1e-9)


def test_a_structure_is_compiled_once() -> None:
    """With as many interactions as one row needs: the numbers in the others are different ones."""
    first = qaoa(6, layers=2)
    rng = np.random.default_rng(1)
    params = rng.uniform(0.1, 1.0, (500, len(first.params)))
    batch, _ = compile_batch(Batch(first.structure, params), "zz", 2)
    one, _ = compile_batch(Batch(first.structure, params[:1]), "zz", 2)
    assert len(batch) == 500
    assert np.array_equal(batch.structure.kinds, one.structure.kinds)
    assert np.allclose(batch.params[0], one.params[0])


# -- approximations -------------------------------------------------------------------------------


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1000), st.floats(1e-6, 0.1), st.sampled_from(LEVELS))
def test_an_approximation_stays_as_near_as_it_must(seed: int, precision: float, level: int) -> None:
    rng = np.random.default_rng(seed)
    b = Builder(3)
    for _ in range(20):
        a, c = rng.choice(3, 2, replace=False).tolist()
        b.add(Kind.RX, (a,), (rng.uniform(0, 3),))
        b.add(Kind.RZZ, (a, c), (10 ** rng.uniform(-6, 0),))
    circuit = b.circuit()
    near = to_native(circuit, "zz", level, precision)
    assert interactions(near) <= interactions(to_native(circuit, "zz", level))
    found, wanted = (np.abs(reference.state_of(each)) for each in (near, circuit))
    assert np.linalg.norm(found - wanted) <= precision + 1e-9


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_left_out_counts_for_the_whole_circuit(level: int) -> None:
    """Of twenty that are each as far from nothing as all together may be, one may go."""
    b = Builder(3)
    for k in range(20):
        b.add(Kind.RX, (k % 2,), (0.3 + k,))
        b.add(Kind.RX, (k % 2 + 1,), (1.3 + k,))
        b.add(Kind.RZZ, (k % 2, k % 2 + 1), (0.02,))
    circuit = b.circuit()
    exact = interactions(to_native(circuit, "zz", level))
    assert 0 <= exact - interactions(to_native(circuit, "zz", level, 0.01)) <= 1


def test_an_approximation_leaves_out_the_smallest() -> None:
    circuit = qft(12)
    counts = [interactions(to_native(circuit, "zz", 1, p)) for p in (0, 1e-3, 1e-2, 0.1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] > 0
