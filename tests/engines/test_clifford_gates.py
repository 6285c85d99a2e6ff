from __future__ import annotations

import math

import numpy as np
import pytest
from tests import reference
from tests.corpus import random_circuit, random_clifford, vqe

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.engines.clifford_gates import clifford_rows


def is_clifford(kind: Kind, targets: int, params: list[float], controls: int = 0) -> bool:
    b = Builder(targets + controls)
    b.add(kind, range(controls, controls + targets), params, controls=range(controls))
    circuit = b.circuit()
    return bool(clifford_rows(Batch(circuit.structure, circuit.params[None, :]))[0])


def truly_clifford(unitary: np.ndarray) -> bool:
    """By the definition: each X and Z becomes a Pauli, that is, a matrix with one entry per row of
    modulus 1 that has the shape of a Pauli, tried against all of them."""
    n = len(unitary).bit_length() - 1
    paulis = [np.ones((1, 1))]
    for _ in range(n):
        paulis = [np.kron(a, b) for a in paulis for b in reference.PAULIS]
    for pauli in paulis[1:]:
        image = unitary @ pauli @ unitary.conj().T
        if not any(
            abs(abs(np.trace(other @ image).real) / len(unitary) - 1) < 1e-9 for other in paulis
        ):
            return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_one_gate_is_clifford_exactly_if_the_definition_says_so(seed: int) -> None:
    rng = np.random.default_rng(seed)
    if seed % 2:
        circuit = random_circuit(3, 1, seed, kinds=[list(Kind)[int(rng.integers(26))]])
    else:
        circuit = random_clifford(3, 1, seed)
    found = bool(clifford_rows(Batch(circuit.structure, circuit.params[None, :]))[0])
    assert found == truly_clifford(reference.unitary_of(circuit))


@pytest.mark.parametrize("kind", [Kind.RX, Kind.RY, Kind.RZ, Kind.PHASE])
@pytest.mark.parametrize("off", [0.0, 5e-13, -5e-13])
def test_quarter_turns_count_to_within_the_tolerance(kind: Kind, off: float) -> None:
    for quarter in range(-9, 10):
        assert is_clifford(kind, 1, [quarter * math.pi / 2 + off])
        assert not is_clifford(kind, 1, [quarter * math.pi / 2 + off + 3e-12])


@pytest.mark.parametrize(
    ("kind", "targets", "params", "controls", "wanted"),
    [
        (Kind.PHASE, 1, [math.pi], 1, True),
        (Kind.PHASE, 1, [math.pi / 2], 1, False),
        (Kind.PHASE, 1, [2 * math.pi], 3, True),
        (Kind.RZ, 1, [2 * math.pi], 1, True),
        (Kind.RZ, 1, [math.pi], 1, True),
        (Kind.RX, 1, [math.pi / 2], 1, False),
        (Kind.H, 1, [], 1, False),
        (Kind.S, 1, [], 1, False),
        (Kind.X, 1, [], 2, False),
        (Kind.NOP, 1, [], 5, True),
        (Kind.SWAP, 2, [], 1, False),
        (Kind.T, 1, [], 0, False),
        (Kind.GPI, 1, [0.125], 0, True),
        (Kind.GPI, 1, [0.1], 0, False),
        (Kind.GPI2, 1, [0.25], 0, True),
        (Kind.GPI2, 1, [0.125], 0, False),
        (Kind.MS, 2, [0, 0, 0.25], 0, True),
        (Kind.MS, 2, [0.25, 0.5, 0.25], 0, True),
        (Kind.MS, 2, [0.1, 0, 0.25], 0, False),
        (Kind.MS, 2, [0, 0, 0.2], 0, False),
        (Kind.MS, 2, [0.1, 0.7, 0], 0, True),
        (Kind.ZZ, 2, [0.25], 0, True),
        (Kind.ZZ, 2, [0.2], 0, False),
        (Kind.U, 1, [math.pi / 2, 0, math.pi], 0, True),
        (Kind.U, 1, [0, 0.3, -0.3], 0, True),
        (Kind.U, 1, [0, 0.3, 0.3], 0, False),
        (Kind.RXX, 2, [math.pi / 2], 0, True),
        (Kind.RXX, 2, [2 * math.pi], 1, True),
        (Kind.GLOBAL_PHASE, 0, [0.3], 0, True),
        (Kind.GLOBAL_PHASE, 0, [0.3], 1, False),
        (Kind.GLOBAL_PHASE, 0, [math.pi / 2], 1, True),
        (Kind.GLOBAL_PHASE, 0, [math.pi], 2, True),
    ],
)
def test_known_gates(
    kind: Kind, targets: int, params: list[float], controls: int, wanted: bool
) -> None:
    assert is_clifford(kind, targets, params, controls) == wanted


@pytest.mark.parametrize(
    ("terms", "coefficients", "wanted"),
    [
        (["XX", "YY"], [math.pi / 4, -math.pi / 4], True),
        (["XX", "YY"], [math.pi / 4, 0.3], False),
        (["XI", "ZI"], [math.pi / 4, math.pi / 4], False),
        (["XI", "ZI"], [math.pi, math.pi], False),
        (["XI", "ZI"], [math.pi / 4, 0.0], True),
        (["XZ", "ZX"], [math.pi / 4, math.pi / 2], True),
        (["II"], [math.pi / 4], True),
    ],
)
def test_exponentials(terms: list[str], coefficients: list[float], wanted: bool) -> None:
    b = Builder(2)
    b.add_pauliexp([0, 1], terms, coefficients)
    circuit = b.circuit()
    assert clifford_rows(Batch(circuit.structure, circuit.params[None, :]))[0] == wanted


def test_rows_of_a_batch_are_judged_one_by_one() -> None:
    circuit = vqe(3, seed=0)
    params = np.tile(np.zeros_like(circuit.params), (4, 1))
    params[1, -1] = math.pi / 2
    params[2, 0] = 0.3
    params[3, 5] = 1e-9
    rows = clifford_rows(Batch(circuit.structure, params))
    assert rows.tolist() == [True, True, False, False]


def test_measurement_and_reset_are_clifford() -> None:
    b = Builder(1, bits=1)
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.RESET, [0])
    circuit = b.circuit()
    assert clifford_rows(Batch(circuit.structure, circuit.params[None, :])).all()
