"""Parities against the states themselves: what is found holds, and of Clifford circuits none that
holds is missed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import reference
from tests.corpus import UNITARY_KINDS, random_circuit

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import GATES, Kind
from ketway.compile.symmetries import MOST_GATES, Parity, parities

CLIFFORD = [k for k in UNITARY_KINDS if GATES[k].clifford and not GATES[k].params]


def outcomes(circuit: Circuit) -> list[int]:
    """Those that have a chance."""
    return [o for o, odds in reference.distribution(circuit).items() if odds > 1e-10]


def assert_hold(circuit: Circuit, found: list[Parity]) -> None:
    for mask, odd in found:
        assert {(outcome & mask).bit_count() & 1 for outcome in outcomes(circuit)} == {int(odd)}
    spanned = {0}
    for mask, _ in found:
        assert mask not in spanned, "they are not independent"
        spanned |= {one ^ mask for one in spanned}


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 40))
def test_what_is_found_holds(seed: int, qubits: int, gates: int) -> None:
    circuit = random_circuit(qubits, gates, seed)
    assert_hold(circuit, parities(circuit))


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 40))
def test_of_clifford_circuits_nothing_is_missed(seed: int, qubits: int, gates: int) -> None:
    """Their outcomes are all those that obey the parities."""
    circuit = random_circuit(qubits, gates, seed, CLIFFORD, controls=0)
    found = parities(circuit)
    assert_hold(circuit, found)
    assert len(outcomes(circuit)) == 1 << qubits - len(found)


def test_a_chain_of_equal_bits() -> None:
    builder = Builder(36)
    builder.add(Kind.H, [0])
    for k in range(35):
        builder.add(Kind.X, [k + 1], controls=[k])
    found = parities(builder.circuit())
    assert len(found) == 35
    assert not any(odd for _, odd in found)


@pytest.mark.parametrize("angle", [0.3, 1.7])
def test_the_number_of_ones_modulo_two(angle: float) -> None:
    """What exchanges excitations keeps their parity, at every angle."""
    builder = Builder(4)
    builder.add(Kind.X, [0])
    for a, b in ((0, 1), (1, 2), (2, 3), (0, 3)):
        builder.add(Kind.RXX, [a, b], [angle])
        builder.add(Kind.RYY, [a, b], [angle])
        builder.add(Kind.RZ, [a], [angle])
    circuit = builder.circuit()
    assert parities(circuit) == [Parity(0b1111, odd=True)]
    assert_hold(circuit, parities(circuit))


def test_exponentials_of_several_terms() -> None:
    builder = Builder(3)
    builder.add(Kind.X, [2])
    builder.add_pauliexp([0, 1, 2], ["XYI", "YXI", "ZZZ"], [0.3, 0.4, 0.5])
    builder.add_pauliexp([1, 2], ["XX"], [0.2], controls=[0])
    circuit = builder.circuit()
    found = parities(circuit)
    assert_hold(circuit, found)
    assert found == [Parity(0b111, odd=True)]


def test_gates_with_many_controls_keep_what_is_on_their_controls() -> None:
    builder = Builder(6)
    builder.add(Kind.X, [0])
    builder.add(Kind.RY, [5], [0.4])
    builder.add(Kind.RX, [5], [0.7], controls=[0, 1, 2, 3, 4])
    circuit = builder.circuit()
    assert sorted(parities(circuit)) == [
        Parity(1, odd=True), *(Parity(1 << k, odd=False) for k in range(1, 5))
    ]  # fmt: skip
    assert_hold(circuit, parities(circuit))


def test_what_measures_or_is_very_long_has_none() -> None:
    builder = Builder(1, bits=1)
    builder.add(Kind.MEASURE, [0, 0])
    assert parities(builder.circuit()) == []
    builder = Builder(1)
    for _ in range(MOST_GATES + 1):
        builder.add(Kind.X, [0])
    assert parities(builder.circuit()) == []
