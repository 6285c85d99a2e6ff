from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import reference
from tests.corpus.arbitrary import random_circuit

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.noise import (
    Sites,
    figures_of,
    limits_of,
    misreading,
    misreadings,
    noise_sites,
    relaxed,
)

PLAIN = NoiseModel("plain", 0.1, 0.2)


def sites_of(circuit: Circuit, noise: NoiseModel = PLAIN) -> Sites:
    return noise_sites(circuit.structure, noise)


def gate(
    kind: Kind, targets: list[int], controls: tuple[int, ...] = (), qubits: int = 4
) -> Circuit:
    b = Builder(qubits)
    b.add(kind, targets, [0.1] * {Kind.RZ: 1, Kind.RZZ: 1}.get(kind, 0), controls)
    return b.circuit()


# ---------------------------------------------------------------- where noise strikes


@pytest.mark.parametrize("seed", range(5))
def test_sites_are_where_the_second_opinion_has_them(seed: int) -> None:
    circuit = random_circuit(5, 60, seed, controls=3, measures=2, resets=2)
    found = sites_of(circuit)
    expected = [reference.noise_sites(step) for step in reference.steps_of(circuit)]
    for g, there in enumerate(expected):
        rows = found.qubits[found.starts[g] : found.starts[g + 1]].tolist()
        assert [[q for q in row if q >= 0] for row in rows] == there


def test_noise_comes_before_compilation() -> None:
    """Gates that cancel, and swaps that could be names, bring their noise all the same."""
    b = Builder(2)
    b.add(Kind.H, [0])
    b.add(Kind.H, [0])
    b.add(Kind.SWAP, [0, 1])
    assert sites_of(b.circuit()).qubits.tolist() == [[0, -1], [0, -1], [0, 1]]


def test_wide_gates_are_charged_as_what_they_compile_to() -> None:
    sites = sites_of(gate(Kind.X, [0], (3, 1)))
    assert sites.qubits.tolist() == [[3, 1], [1, 0]] * 3
    assert len(sites_of(gate(Kind.X, [0], (1, 2, 3))).qubits) == 12
    b = Builder(3)
    b.add_pauliexp([0, 1, 2], ["XIZ", "IIY", "III"], [0.1, 0.2, 0.3])
    assert sites_of(b.circuit()).qubits.tolist() == [[0, 2], [0, 2], [2, -1]]


def test_waiting_is_free_unless_it_is_named() -> None:
    circuit = gate(Kind.NOP, [1])
    assert len(sites_of(circuit).qubits) == 0
    any_gate = NoiseModel("n", gates=(GateNoise(("1q",), depolarising=0.1),))
    assert len(sites_of(circuit, any_gate).qubits) == 0
    named = NoiseModel("n", gates=(GateNoise(("nop",), pauli={"X": 0.25}),))
    found = sites_of(circuit, named)
    assert found.qubits.tolist() == [[1, -1]]
    assert found.distributions[found.tables[0], :4].tolist() == [0.75, 0.25, 0, 0]
    beside = NoiseModel("n", 0.1, gates=(GateNoise(("1q", "nop"), (2,), depolarising=0.1),))
    assert sites_of(circuit, beside).expected == 0, "it names another qubit"


# ---------------------------------------------------------------- what happens there


def entry(name: str, p: float, *qubits: int) -> GateNoise:
    letters = "X" if name in ("1q", "x", "rz") else "XI"
    return GateNoise((name,), qubits, pauli={letters: p})


LAYERED = NoiseModel(
    "layered",
    one_qubit=0.4,
    two_qubit=0.8,
    gates=(
        entry("x", 0.01),
        entry("x", 0.02, 1),
        entry("1q", 0.03, 2),
        entry("cx", 0.04),
        entry("cx", 0.05, 0, 1),
        entry("cx", 0.06, 3, 2),
        entry("cx", 0.07, 2, 3),
        entry("2q", 0.08, 0, 2),
        entry("2q", 0.09),
    ),
)


@pytest.mark.parametrize(
    ("circuit", "expected"),
    [
        (gate(Kind.X, [0]), {1: 0.01}),
        (gate(Kind.X, [1]), {1: 0.02}),
        (gate(Kind.X, [2]), {1: 0.01}),  # the gate's name is more than the qubit
        (gate(Kind.RZ, [2]), {1: 0.03}),
        (gate(Kind.RZ, [1]), dict.fromkeys((1, 2, 3), 0.1)),
        (gate(Kind.X, [3], (0,)), {1: 0.04}),  # the letter X is on the control
        (gate(Kind.X, [1], (0,)), {1: 0.05}),
        (gate(Kind.X, [0], (1,)), {4: 0.05}),  # the same pair, the other way
        (gate(Kind.X, [2], (3,)), {1: 0.06}),
        (gate(Kind.X, [3], (2,)), {1: 0.07}),
        (gate(Kind.RZZ, [2, 0]), {4: 0.08}),
        (gate(Kind.RZZ, [1, 0]), {1: 0.09}),
        (gate(Kind.X, [1], (2, 0)), {4: 0.08}),  # three qubits: by their pairs
    ],
)
def test_the_most_specific_entry_holds_alone(circuit: Circuit, expected: dict[int, float]) -> None:
    sites = sites_of(circuit, LAYERED)
    odds = sites.distributions[sites.tables[0]]
    assert {k: p for k, p in enumerate(odds.tolist()) if k and p} == pytest.approx(expected)
    assert odds.sum() == pytest.approx(1)


def test_simple_models_depolarise() -> None:
    sites = sites_of(gate(Kind.X, [0], (1,)))
    odds = sites.distributions[sites.tables[0]]
    np.testing.assert_allclose(odds, [1 - 0.2 * 15 / 16] + [0.2 / 16] * 15)
    assert sites.expected == pytest.approx(0.2 * 15 / 16)


def test_channels_follow_each_other() -> None:
    """A depolarising and then a Pauli channel, as matrices."""
    both = GateNoise(("x",), depolarising=0.2, pauli={"X": 0.1, "Z": 0.3})
    odds = noise_sites(gate(Kind.X, [0]).structure, NoiseModel("n", gates=(both,))).distributions[0]
    rho = np.array([[0.7, 0.2 - 0.1j], [0.2 + 0.1j, 0.3]])
    mixed = 0.8 * rho + 0.2 * np.eye(2) / 2
    x, z = reference.X, reference.Z
    expected = 0.6 * mixed + 0.1 * x @ mixed @ x + 0.3 * z @ mixed @ z
    found = sum(p * m @ rho @ m.conj().T for p, m in zip(odds, reference.PAULIS, strict=False))
    np.testing.assert_allclose(found, expected)


@given(
    duration=st.floats(1e-4, 10),
    t1=st.none() | st.floats(0.1, 10),
    share=st.none() | st.floats(0.01, 1),
)
def test_relaxation_is_the_mixture_it_is_written_as(
    duration: float, t1: float | None, share: float | None
) -> None:
    t2 = None if share is None else share * (2 * t1 if t1 else 5.0)
    flip, odds, damping = relaxed(duration, t1, t2)
    assert 0 <= flip <= 0.5
    assert 0 <= odds <= 1
    assert 0 <= damping <= 1
    falls = 0.0 if t1 is None else 1 - math.exp(-duration / t1)
    assert odds * damping == pytest.approx(falls, abs=1e-12)
    rate = 1 / t2 if t2 else 0.0 if t1 is None else 0.5 / t1
    coherence = (1 - 2 * flip) * (1 - odds + odds * math.sqrt(max(0.0, 1 - damping)))
    assert coherence == pytest.approx(math.exp(-duration * rate), abs=1e-7)


def test_relaxation_is_a_reset_that_may_happen_where_coherence_is_short() -> None:
    flip, odds, damping = relaxed(0.1, 1.0, 1.0)
    assert (flip, damping) == (0.0, 1.0)
    assert odds == pytest.approx(1 - math.exp(-0.1))
    assert relaxed(0.1, 1.0, 2.0).odds == 1.0
    assert relaxed(0.1, 1.0, 1.5).odds < 0.2


# ---------------------------------------------------------------- letters, readings, figures


def test_limits_give_each_pauli_its_share() -> None:
    odds = np.zeros((3, 16))
    odds[0, [0, 1, 3]] = 0.5, 0.125, 0.375
    odds[1, 0] = 1
    odds[2, 1:] = 1 / 15
    limits = limits_of(odds)
    top = 2**64 - 1
    assert limits[0].tolist() == [0, 2**62, 2**62, *[top] * 13]
    assert limits[1].tolist() == [0] + [top] * 15
    np.testing.assert_allclose(np.diff(limits[2].astype(float)), 2.0**64 / 15)


def test_misreading_is_by_qubit_or_for_all_or_plain() -> None:
    model = NoiseModel(
        "n", readout=0.3, qubits=(QubitNoise(2, p01=0.1, p10=0.2), QubitNoise(3, t1=1.0))
    )
    assert misreading(model, 2) == (0.1, 0.2)
    assert misreading(model, 3) == (0.3, 0.3)
    everyone = NoiseModel("n", qubits=(QubitNoise(p01=0.4, p10=0.5), QubitNoise(3, p01=0.0, p10=1)))
    assert misreadings(everyone, (0, 3, 3)).tolist() == [[0.4, 0.5], [0.0, 1.0], [0.0, 1.0]]


def test_figures_are_those_that_were_applied() -> None:
    model = NoiseModel(
        "n",
        one_qubit=0.1,
        gates=(
            GateNoise(("cx",), (0, 1), depolarising=0.2, pauli={"XI": 0.05}, duration=1.0),
            GateNoise(("cx",), (2, 3), depolarising=0.7),
        ),
        qubits=(QubitNoise(0, 9.0, 8.0, 0.01, 0.02), QubitNoise(3, 1.0)),
    )
    sites = sites_of(gate(Kind.X, [1], (0,)), model)
    assert figures_of(sites, model, (0, 1)) == {
        "cx[0,1] depolarising": 0.2,
        "cx[0,1] XI": 0.05,
        "cx[0,1] duration": 1.0,
        "t1[0]": 9.0,
        "t2[0]": 8.0,
        "p01[0]": 0.01,
        "p10[0]": 0.02,
    }
    assert figures_of(sites_of(gate(Kind.X, [1])), PLAIN, (0,)) == {"1q": 0.1, "2q": 0.2}
