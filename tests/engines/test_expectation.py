"""Expectation values against plain matrices, on both ways of computing them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests import reference
from tests.corpus.algorithms import ghz, vqe
from tests.corpus.arbitrary import random_circuit
from tests.corpus.stabiliser import random_clifford

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.expectation import expectations, moments, plan_expectations
from ketway.engines.observables import Observables
from ketway.engines.planner import Machine
from ketway.jobs.failures import Code, FailedError

Sum = list[tuple[str, float]]
FORTE = NoiseModel("forte-like", one_qubit=0.01, two_qubit=0.05, readout=0.02)
BIG = Machine(bytes=1 << 40)


def batch_of(*circuits: Circuit) -> Batch:
    return Batch(circuits[0].structure, np.stack([c.params for c in circuits]))


def random_sums(qubits: int, count: int, terms: int, seed: int) -> list[Sum]:
    """Random products; some share what they flip with the one before, and some are the identity."""
    rng = np.random.default_rng(seed)
    sums: list[Sum] = []
    label = ["I"] * qubits
    for _ in range(count):
        found: Sum = []
        for _ in range(terms):
            way = rng.integers(8)
            if way == 0:
                label = ["I"] * qubits
            elif way < 5:  # other signs on what flips the same
                pairs = {"I": "IZ", "Z": "IZ", "X": "XY", "Y": "XY"}
                label = [str(rng.choice(list(pairs[letter]))) for letter in label]
            else:
                label = [str(letter) for letter in rng.choice(list("IXYZ"), size=qubits)]
            found.append(("".join(label), float(rng.normal())))
        sums.append(found)
    return sums


def matrix_times(state: NDArray[np.complex128], sum_: Sum) -> NDArray[np.complex128]:
    """A sum of products on a state, letter by letter."""
    qubits = len(state).bit_length() - 1
    out = np.zeros_like(state)
    for label, coefficient in sum_:
        tensor = state.reshape((2,) * qubits)  # axis 0 is the highest qubit, as in the label
        for axis, letter in enumerate(label):
            matrix = reference.PAULIS["IXYZ".index(letter)]
            tensor = np.moveaxis(np.tensordot(matrix, tensor, axes=(1, axis)), 0, axis)
        out += coefficient * tensor.reshape(-1)
    return out


def expected(circuit: Circuit, sums: list[Sum]) -> tuple[list[float], list[float]]:
    state = reference.state_of(circuit)
    applied = [matrix_times(state, s) for s in sums]
    values = [float(np.vdot(state, a).real) for a in applied]
    squares = [float(np.vdot(a, a).real) for a in applied]
    return values, [s - v * v for s, v in zip(squares, values, strict=True)]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(0, 50), st.integers(0, 10**6))
def test_any_sum_on_any_circuit_agrees_with_the_matrices(
    qubits: int, gates: int, seed: int
) -> None:
    circuit = random_circuit(qubits, gates, seed)
    sums = random_sums(qubits, 3, 8, seed)
    observables = Observables.of_labels(qubits, sums)
    values, variances = expected(circuit, sums)
    found = moments(batch_of(circuit), observables)
    np.testing.assert_allclose(found.values[0], values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.variances[0], variances, rtol=0, atol=1e-11)
    single = moments(batch_of(circuit), observables, precision="single")
    np.testing.assert_allclose(single.values[0], values, rtol=0, atol=1e-5)
    np.testing.assert_allclose(single.variances[0], variances, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("qubits", [9, 10, 11, 12, 13])
def test_registers_of_one_and_of_many_tiles(qubits: int) -> None:
    circuit = random_circuit(qubits, 60, qubits)
    sums = [[term] for term in random_sums(qubits, 1, 40, qubits)[0]]
    sums += [[(label, 1.0)] for label in _flips(qubits)]
    sums.append([term for s in sums for term in s])
    observables = Observables.of_labels(qubits, sums)
    values, variances = expected(circuit, sums)
    found = moments(batch_of(circuit), observables)
    np.testing.assert_allclose(found.values[0], values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.variances[0], variances, rtol=1e-12, atol=1e-11)
    products = slice(0, -1)
    single = expectations(batch_of(circuit), observables, precision="single")
    np.testing.assert_allclose(single[0, products], values[products], rtol=0, atol=2e-6)


def _flips(qubits: int) -> list[str]:
    """Every single qubit flipped, also with a phase, and every pair of neighbours."""
    labels = []
    for q in range(qubits):
        for word in ("X", "Y", "XX", "XY", "ZX"):
            if q + len(word) <= qubits:
                labels.append("I" * q + word + "I" * (qubits - q - len(word)))
    return labels


def test_hundreds_of_products_that_flip_nothing() -> None:
    circuit = vqe(11)
    rng = np.random.default_rng(0)
    sums: list[Sum] = [[("".join(rng.choice(list("IZ"), size=11)), 1.0)] for _ in range(300)]
    found = expectations(batch_of(circuit), Observables.of_labels(11, sums))
    chances = np.abs(reference.state_of(circuit)) ** 2
    index = np.arange(1 << 11)
    for ((label, _),), value in zip(sums, found[0], strict=True):
        mask = int("".join("1" if letter == "Z" else "0" for letter in label), 2)
        signs = 1 - 2 * (np.bitwise_count(index & mask) & 1).astype(np.float64)
        assert abs(value - (signs * chances).sum()) < 1e-12


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("qubits", [3, 12, 16])
def test_threads_and_batches_do_not_change_a_byte(qubits: int, precision: str) -> None:
    circuits = [vqe(qubits, 1, seed) for seed in range(5 if qubits < 16 else 2)]
    observables = Observables.of_labels(qubits, random_sums(qubits, 3, 20, qubits))

    def run(batch: Batch, threads: int) -> bytes:
        found = moments(batch, observables, precision=precision, threads=threads)  # type: ignore[arg-type]
        return found.values.tobytes() + found.variances.tobytes()

    one = run(batch_of(*circuits), 1)
    assert run(batch_of(*circuits), 2) == run(batch_of(*circuits), 3) == one
    singles = [moments(batch_of(c), observables, precision=precision) for c in circuits]  # type: ignore[arg-type]
    parts = [s.values.tobytes() for s in singles] + [s.variances.tobytes() for s in singles]
    assert b"".join(parts) == one


def test_the_value_of_a_product_does_not_depend_on_its_company() -> None:
    batch = batch_of(vqe(12))
    sums = [[(label, 1.0)] for terms in random_sums(12, 4, 20, 8) for label, _ in terms]
    together = expectations(batch, Observables.of_labels(12, sums))[0]
    for sum_, value in zip(sums[::7], together[::7], strict=True):
        assert expectations(batch, Observables.of_labels(12, [sum_]))[0, 0] == value


def test_swaps_move_the_qubits_of_a_product() -> None:
    b = Builder(4)
    b.add(Kind.RY, [0], [0.3])
    b.add(Kind.SWAP, [0, 3])
    b.add(Kind.SWAP, [3, 2])
    sums = [[("IZII", 1.0)], [("IIIZ", 1.0)], [("IXII", 1.0)]]
    found = expectations(batch_of(b.circuit()), Observables.of_labels(4, sums))
    np.testing.assert_allclose(found[0], [np.cos(0.3), 1, np.sin(0.3)], atol=1e-15)


def test_an_offset_moves_the_value_and_not_the_variance() -> None:
    batch = batch_of(vqe(4))
    plain = moments(batch, Observables.of_labels(4, [[("XIZI", 2.0)]]))
    moved = moments(batch, Observables.of_labels(4, [[("XIZI", 2.0), ("IIII", 7.5)]]))
    assert moved.values[0, 0] == plain.values[0, 0] + 7.5
    assert moved.variances.tobytes() == plain.variances.tobytes()


def test_nothing_to_sum_and_nothing_to_run() -> None:
    constant = Observables.of_labels(3, [[("III", -2.0)], []])
    assert expectations(batch_of(vqe(3)), constant).tolist() == [[-2, 0]]
    none = Batch(vqe(3).structure, np.empty((0, vqe(3).structure.params)))
    assert expectations(none, constant).shape == (0, 2)
    assert expectations(batch_of(vqe(3)), Observables.of_labels(3, [])).shape == (1, 0)


SCRIPT = """
import json
from tests.corpus.algorithms import vqe
from tests.engines.test_expectation import batch_of, random_sums
from ketway.engines import core
from ketway.engines.expectation import moments
from ketway.engines.observables import Observables
found = moments(batch_of(vqe(11)), Observables.of_labels(11, random_sums(11, 4, 30, 2)))
print(json.dumps([core.isa(), found.values.tolist(), found.variances.tolist()]))
"""


def test_a_narrower_instruction_set_finds_the_same() -> None:
    env = {**os.environ, "KETWAY_ISA": "baseline", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
    )
    isa, values, variances = json.loads(done.stdout)
    assert isa == "baseline"
    found = moments(batch_of(vqe(11)), Observables.of_labels(11, random_sums(11, 4, 30, 2)))
    np.testing.assert_allclose(values, found.values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(variances, found.variances, rtol=0, atol=1e-11)


# ---------------------------------------------------------------- measurements


def test_measurements_at_the_end_are_left_out() -> None:
    plain, read = Builder(2), Builder(2, bits=2)
    for b in (plain, read):
        b.add(Kind.RESET, [0])  # of a fresh qubit: nothing
        b.add(Kind.RX, [0], [0.4])
        b.add(Kind.X, [1], controls=[0])
    read.add(Kind.MEASURE, [1, 0])
    observables = Observables.of_labels(2, [[("XX", 1.0)], [("IZ", 1.0)], [("YX", 1.0)]])
    found = [expectations(batch_of(b.circuit()), observables).tobytes() for b in (plain, read)]
    assert found[0] == found[1]


@pytest.mark.parametrize("qubits", [2, 40])
@pytest.mark.parametrize("middle", [Kind.MEASURE, Kind.RESET])
def test_what_happens_in_the_middle_is_refused(qubits: int, middle: Kind) -> None:
    b = Builder(qubits, bits=2)
    b.add(Kind.H, [0])
    b.add(middle, [0, 0] if middle == Kind.MEASURE else [0])
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [1, 1])
    observables = Observables.of_letters(qubits, [[("Z", [0], 1.0)]])
    for ask in (expectations, moments):
        with pytest.raises(FailedError, match="in the middle") as error:
            ask(batch_of(b.circuit()), observables)
        assert error.value.failure.code == Code.INVALID_INPUT


def test_a_reset_at_the_end_is_refused() -> None:
    b = Builder(2, bits=1)
    b.add(Kind.H, [0])
    b.add(Kind.RESET, [0])
    b.add(Kind.MEASURE, [1, 0])
    with pytest.raises(FailedError, match="resets a qubit in the middle"):
        expectations(batch_of(b.circuit()), Observables.of_labels(2, [[("IZ", 1.0)]]))


def test_observables_on_other_qubits_are_refused() -> None:
    with pytest.raises(FailedError, match="on 3 qubits and the circuit on 2"):
        expectations(batch_of(ghz(2)), Observables.of_labels(3, [[("ZZZ", 1.0)]]))


# ---------------------------------------------------------------- Clifford circuits


def padded(circuit: Circuit, qubits: int) -> Circuit:
    """The same gates with idle qubits above them, so that they are not a state vector."""
    s = circuit.structure
    b = Builder(qubits)
    letter = 0
    for step in reference.steps_of(circuit):
        if step.kind == Kind.PAULIEXP:
            terms = ["".join("IXYZ"[p] for p in term) for term in step.terms]
            targets = step.operands[step.controls :]
            b.add_pauliexp(targets, terms, step.params, step.operands[: step.controls])
            letter += len(terms)
        else:
            targets = step.operands[step.controls :]
            b.add(step.kind, targets, step.params, step.operands[: step.controls])
    assert len(b.kinds) == s.gates
    return b.circuit()


@pytest.mark.parametrize("seed", range(12))
def test_products_carried_back_agree_with_the_matrices(seed: int) -> None:
    qubits = 1 + seed % 6
    circuit = random_clifford(qubits, 30, seed)
    sums = random_sums(qubits, 4, 10, seed)
    values, variances = expected(circuit, sums)
    wide = [[("I" * (20 - qubits) + label, c) for label, c in s] for s in sums]
    found = moments(batch_of(padded(circuit, 20)), Observables.of_labels(20, wide))
    np.testing.assert_allclose(found.values[0], values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.variances[0], variances, rtol=0, atol=1e-11)
    assert (
        plan_expectations(
            batch_of(padded(circuit, 20)), Observables.of_labels(20, wide), BIG
        ).engine
        == "clifford"
    )


def test_a_thousand_qubits_in_a_cat_state() -> None:
    n = 1000
    sums = [
        [("Z" * n, [*range(n)], 1.0)],
        [("X" * n, [*range(n)], 1.0)],
        [("Z", [17], 1.0)],
        [("ZZ", [3, 998], 0.5), ("Y" * n, [*range(n)], 2.0)],
    ]
    observables = Observables.of_letters(n, sums)
    found = moments(batch_of(ghz(n)), observables)
    # Y is i X Z: a thousand of them are i**1000 = 1 times X...X Z...Z, which is worth 1.
    assert found.values.tolist() == [[1, 1, 0, 2.5]]
    assert found.variances.tolist() == [[0, 0, 1, 0]]


def test_a_circuit_is_computed_the_same_whoever_shares_its_batch() -> None:
    b = Builder(15)
    for q in range(15):
        b.add(Kind.RY, [q], [0.0])
    for q in range(14):
        b.add(Kind.X, [q + 1], controls=[q])
    structure = b.circuit().structure
    rng = np.random.default_rng(1)
    params = rng.uniform(0, 6, size=(4, 15))
    params[1] = params[2] = np.pi / 2
    observables = Observables.of_labels(15, random_sums(15, 2, 6, 3))
    together = moments(Batch(structure, params), observables)
    for row in range(4):
        alone = moments(Batch(structure, params[row : row + 1]), observables)
        assert alone.values[0].tobytes() == together.values[row].tobytes()
        assert alone.variances[0].tobytes() == together.variances[row].tobytes()


@pytest.mark.parametrize("seed", range(6))
def test_noise_damps_products_as_density_matrices_say(seed: int) -> None:
    qubits = 2 + seed % 2
    circuit = random_clifford(qubits, 12, seed)
    labels = ["".join(w) for w in np.random.default_rng(seed).choice(list("IXYZ"), (12, qubits))]
    found = expectations(
        batch_of(circuit), Observables.of_labels(qubits, [[(w, 1.0)] for w in labels]), noise=FORTE
    )
    for label, value in zip(labels, found[0], strict=True):
        assert abs(value - _noisy_value(circuit, label)) < 1e-12


def _noisy_value(circuit: Circuit, label: str) -> float:
    """The product read as a parity, after turns that are free of noise."""
    n = circuit.qubits
    rho = np.zeros((2,) * (2 * n), dtype=complex)
    rho[(0,) * (2 * n)] = 1
    for step in reference.steps_of(circuit):
        rho = reference._both_sides(rho, step.unitary(), step.operands, n)
        for site in reference.noise_sites(step):
            rate = FORTE.one_qubit if len(site) == 1 else FORTE.two_qubit
            rho = reference._depolarised(rho, site, rate, n)
    for qubit, letter in enumerate(reversed(label)):
        matrix = reference.PAULIS["IXYZ".index(letter)]
        rho = reference.apply(rho, matrix, [qubit])
    trace = np.einsum(rho, list(range(n)) * 2, [])
    weight = sum(letter != "I" for letter in label)
    return float(trace.real) * (1 - 2 * FORTE.readout) ** weight


def test_noise_on_other_circuits_asks_for_shots() -> None:
    with pytest.raises(FailedError, match="ask for shots"):
        expectations(batch_of(vqe(3)), Observables.of_labels(3, [[("ZZZ", 1.0)]]), noise=FORTE)
    with pytest.raises(FailedError, match="ask for shots"):
        plan_expectations(
            batch_of(vqe(3)), Observables.of_labels(3, [[("ZZZ", 1.0)]]), BIG, noise=FORTE
        )


# ---------------------------------------------------------------- plans


def test_plans_name_the_engine_and_grow_with_the_work() -> None:
    few = Observables.of_labels(12, random_sums(12, 1, 5, 0))
    many = Observables.of_labels(12, random_sums(12, 1, 200, 0))
    small, large = (plan_expectations(batch_of(vqe(12)), o, BIG) for o in (few, many))
    assert small.engine == large.engine == "dense"
    assert small.precision == "double"
    assert small.seconds < large.seconds
    rows = Batch(vqe(12).structure, np.zeros((500, vqe(12).structure.params)))
    assert plan_expectations(rows, few, BIG).seconds == pytest.approx(500 * small.seconds)
    wide = Observables.of_letters(22, [[("Z", [0], 1.0)]])
    assert plan_expectations(batch_of(vqe(22)), wide, BIG).precision == "single"


def test_what_does_not_fit_is_refused_with_the_numbers() -> None:
    observables = Observables.of_letters(30, [[("Z", [0], 1.0)]])
    with pytest.raises(FailedError, match=r"8\.\d GiB for 30 qubits .* use at most 26") as error:
        plan_expectations(batch_of(vqe(30)), observables, Machine(bytes=1 << 30))
    assert error.value.failure.code == Code.NOT_ENOUGH_QUBITS
    wide = Observables.of_letters(60, [[("Z", [0], 1.0)]])
    for ask in (expectations, lambda b, o: plan_expectations(b, o, BIG)):
        with pytest.raises(FailedError, match=r"(at most|more than) 40 qubits"):
            ask(batch_of(vqe(60)), wide)
    cat = Observables.of_letters(2000, [[("Z", [0], 1.0)]])
    with pytest.raises(FailedError, match="ask for fewer products"):
        plan_expectations(batch_of(ghz(2000)), cat, Machine(bytes=1 << 20))


def test_what_takes_too_long_is_refused() -> None:
    observables = Observables.of_letters(28, [[("Z", [0], 1.0)]])
    with pytest.raises(FailedError, match=r"the limit is 1 s") as error:
        plan_expectations(batch_of(vqe(28)), observables, Machine(bytes=1 << 40, seconds=1))
    assert error.value.failure.code == Code.SIMULATION_TIMEOUT
