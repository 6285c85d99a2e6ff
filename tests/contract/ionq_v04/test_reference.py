"""The reference itself: right by two other simulators, and able to tell bit orders apart."""

from __future__ import annotations

import itertools
from typing import Any

import cirq
import numpy as np
import pytest
from qiskit.quantum_info import Operator, Statevector

import circuits
import reference

SAMPLES = [
    {"gate": name, "target": 0} for name in ("x", "y", "z", "h", "s", "si", "t", "ti", "v", "vi")
]


def permuted(distribution: dict[int, float], order: tuple[int, ...]) -> dict[int, float]:
    return {
        sum((key >> q & 1) << place for q, place in enumerate(order)): value
        for key, value in distribution.items()
    }


@pytest.mark.parametrize("twist", [0.0, 0.07, 0.35])
def test_every_wrong_bit_order_changes_the_answer(twist: float) -> None:
    exact = reference.probabilities(circuits.asymmetric(twist), circuits.QUBITS)
    orders = itertools.permutations(range(circuits.QUBITS))
    next(orders)  # the identity
    for order in orders:
        wrong = permuted(exact, order)
        assert sum(abs(exact[k] - wrong.get(k, 0.0)) for k in exact) > 0.01, order


def test_members_of_the_family_differ() -> None:
    answers = [reference.probabilities(c, circuits.QUBITS) for c in circuits.family(6)]
    for a, b in itertools.combinations(answers, 2):
        assert sum(abs(a[k] - b.get(k, 0.0)) for k in a) > 0.01


@pytest.mark.parametrize("gate", SAMPLES, ids=lambda gate: gate["gate"])
def test_a_gate_is_what_cirq_says(gate: dict[str, Any]) -> None:
    theirs = {
        "x": cirq.X,
        "y": cirq.Y,
        "z": cirq.Z,
        "h": cirq.H,
        "s": cirq.S,
        "si": cirq.S**-1,
        "t": cirq.T,
        "ti": cirq.T**-1,
        "v": cirq.X**0.5,
        "vi": cirq.X**-0.5,
    }
    ((matrix, _, _),) = reference.operations(gate, native=False)
    assert np.allclose(matrix, cirq.unitary(theirs[gate["gate"]]), atol=1e-12)


def test_the_asymmetric_circuit_by_qiskit() -> None:
    from test_qiskit import built  # the translation that the contract test sends

    theirs = Statevector(built(circuits.asymmetric(), circuits.QUBITS)).probabilities_dict()
    expected = {int(k, 2): float(v) for k, v in theirs.items()}
    reference.assert_same(
        reference.probabilities(circuits.asymmetric(), circuits.QUBITS), expected, 1e-12
    )


def test_the_native_circuit_by_qiskit() -> None:
    from test_qiskit import built

    state = Statevector.from_label("000").evolve(Operator(built(circuits.native(), 3, native=True)))
    expected = {int(k, 2): float(v) for k, v in state.probabilities_dict().items()}
    reference.assert_same(
        reference.probabilities(circuits.native(), 3, native=True), expected, 1e-12
    )


def test_no_noise_is_no_noise() -> None:
    noisy = reference.noisy_probabilities(circuits.asymmetric(), circuits.QUBITS, 0.0, 0.0)
    reference.assert_same(noisy, reference.probabilities(circuits.asymmetric(), circuits.QUBITS))


def test_all_noise_is_no_information() -> None:
    noisy = reference.noisy_probabilities(circuits.asymmetric(), circuits.QUBITS, 1.0, 1.0)
    reference.assert_same(noisy, dict.fromkeys(range(16), 1 / 16))


def test_depolarising_by_cirq() -> None:
    """Cirq's depolarising channel of p on n qubits is ours of rate p d^2 / (d^2 - 1)."""
    one, two = 0.03, 0.11
    qubits = cirq.LineQubit.range(2)
    circuit = cirq.Circuit(
        cirq.ry(0.7)(qubits[0]),
        cirq.depolarize(one * 3 / 4)(qubits[0]),
        cirq.CNOT(*qubits),
        cirq.depolarize(two * 15 / 16, n_qubits=2)(*qubits),
    )
    rho = cirq.DensityMatrixSimulator(dtype=np.complex128).simulate(circuit).final_density_matrix
    theirs = {int(f"{k:02b}"[::-1], 2): float(p) for k, p in enumerate(np.diagonal(rho).real)}
    ours = reference.noisy_probabilities(
        [
            {"gate": "ry", "target": 0, "rotation": 0.7},
            {"gate": "cnot", "control": 0, "target": 1},
        ],
        2,
        one,
        two,
    )
    reference.assert_same(ours, theirs, 1e-9)
