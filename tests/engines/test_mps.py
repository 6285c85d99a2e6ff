from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests import reference
from tests.chance import binomial_fits, fits
from tests.corpus import (
    adder,
    bernstein_vazirani,
    ghz,
    grover,
    qaoa,
    qft,
    random_circuit,
    random_clifford,
    repetition_code,
    teleportation,
    vqe,
    w_state,
)

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import mps_reading
from ketway.engines.clifford import CliffordEngine
from ketway.engines.engine import Task
from ketway.engines.mps import MpsEngine, bond_dimension
from ketway.jobs.encoding import Results, encode_result, encode_results
from ketway.jobs.failures import Code, FailedError
from ketway.jobs.results import Result

ENGINE = MpsEngine()
NOISY = NoiseModel("test", one_qubit=0.02, two_qubit=0.05, readout=0.01)


def task_of(circuit: Circuit, shots: int = 0, exact: bool = False, **more: object) -> Task:
    batch = Batch(circuit.structure, circuit.params[None])
    return replace(Task(batch, (7,), shots, exact), **more)  # type: ignore[arg-type]


def run(circuit: Circuit, shots: int = 0, exact: bool = False, **more: object) -> Result:
    return run_by(ENGINE, circuit, shots, exact, **more)


def run_by(
    engine: MpsEngine, circuit: Circuit, shots: int = 0, exact: bool = False, **more: object
) -> Result:
    (result,) = engine.run(task_of(circuit, shots, exact, **more))
    return result


def counts_of(result: Result) -> dict[int, int]:
    assert result.counts is not None
    return dict(zip(result.integers(), result.counts.tolist(), strict=True))


def exact_of(result: Result) -> dict[int, float]:
    assert result.probabilities is not None
    return dict(zip(result.integers(), result.probabilities.tolist(), strict=True))


def differs(result: Result, expected: dict[int, float]) -> float:
    """The largest difference of a probability."""
    found = exact_of(result)
    return max(abs(found.get(o, 0) - expected.get(o, 0)) for o in found.keys() | expected.keys())


def brickwork(qubits: int, layers: int, seed: int = 1) -> Circuit:
    rng = np.random.default_rng(seed)
    b = Builder(qubits)
    for layer in range(layers):
        for q in range(qubits):
            b.add(Kind.U, [q], rng.uniform(0, 6, 3))
        for q in range(layer % 2, qubits - 1, 2):
            b.add(Kind.X, [q + 1], controls=[q])
    return b.circuit()


# ---------------------------------------------------------------- exact distributions


@pytest.mark.parametrize("seed", range(12))
def test_exact_distributions_agree_with_the_formulas(seed: int) -> None:
    """Every kind of gate, with up to four controls."""
    circuit = random_circuit(2 + seed % 6, 60, seed, controls=seed % 5)
    result = run(circuit, exact=True)
    assert differs(result, reference.distribution(circuit)) < 1e-10
    assert result.provenance.truncation < 1e-7
    assert result.integers() == sorted(result.integers())
    assert math.fsum(exact_of(result).values()) == pytest.approx(1, abs=1e-14)


CORPUS: dict[str, Circuit] = {
    "adder": adder(3, 5, 6),
    "bernstein_vazirani": bernstein_vazirani(0b101101, 6),
    "ghz": ghz(8),
    "grover": grover(5, 19),
    "qaoa": qaoa(8),
    "qft": qft(7, 37),
    "clifford": random_clifford(6, 60, 3),
    "vqe": vqe(8),
    "w": w_state(9),
}


@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_agrees_with_the_formulas(name: str) -> None:
    circuit = CORPUS[name]
    result = run(circuit, exact=True, shots=2000)
    expected = reference.distribution(circuit)
    assert differs(result, expected) < 1e-10
    assert fits(counts_of(result), expected)


def wide_controls(b: Builder) -> None:
    b.add(Kind.RY, [3], [1.1], controls=[8, 0, 5, 7, 1, 2])


def wide_phase(b: Builder) -> None:
    b.add(Kind.GLOBAL_PHASE, [], [0.7], controls=[8, 0, 5, 7, 1, 2, 3])


def wide_swap(b: Builder) -> None:
    b.add(Kind.SWAP, [6, 2], controls=[8, 0, 5, 7, 1])


def wide_rxx(b: Builder) -> None:
    b.add(Kind.RXX, [6, 2], [0.9], controls=[8, 0, 5, 7, 1])


def wide_product(b: Builder) -> None:
    b.add_pauliexp([4, 8, 0, 2, 6, 1, 3], ["XYZIXXY"], [0.6])


def wide_held_products(b: Builder) -> None:
    b.add_pauliexp([4, 8, 0, 2, 6, 1], ["XYZIXX", "XYIZYY"], [0.6, -0.8], controls=[3, 7])


def wide_sum(b: Builder) -> None:
    """Two parts that commute with each other, and do not commute within."""
    b.add_pauliexp(range(8), ["XXIIIIIZ", "ZIIIIIII", "IIIYXIII", "IIIZIIII"], [0.6, 0.4, -0.8, 1])


@pytest.mark.parametrize(
    "gate",
    [wide_controls, wide_phase, wide_swap, wide_rxx, wide_product, wide_held_products, wide_sum],
)
def test_wide_gates_agree_with_the_formulas(gate: Callable[[Builder], None]) -> None:
    b = Builder(9)
    for q in range(9):
        b.add(Kind.RY, [q], [1.7 + 0.2 * q])
    gate(b)
    for q in range(9):
        b.add(Kind.RX, [q], [0.4 + 0.3 * q])
    circuit = b.circuit()
    assert differs(run(circuit, exact=True), reference.distribution(circuit)) < 1e-12


def test_measured_qubits_go_to_their_bits_and_others_are_summed_over() -> None:
    b = Builder(5, bits=11)
    for q in range(5):
        b.add(Kind.RY, [q], [0.5 + q])
    b.add(Kind.X, [2], controls=[0])
    b.add(Kind.SWAP, [1, 3])
    b.add(Kind.RXX, [4, 1], [0.4])
    for qubit, bit in ((0, 9), (3, 4), (1, 10)):
        b.add(Kind.MEASURE, [qubit, bit])
    b.add(Kind.MEASURE, [0, 2])
    circuit = b.circuit()
    result = run(circuit, exact=True, shots=3000)
    assert result.bits == 11
    expected = reference.distribution(circuit)
    assert differs(result, expected) < 1e-13
    assert fits(counts_of(result), expected)


def test_a_circuit_without_qubits_has_one_outcome() -> None:
    result = run(Builder(0).circuit(), shots=3, exact=True)
    assert counts_of(result) == {0: 3}
    assert exact_of(result) == {0: 1.0}


def test_wide_distributions_keep_their_largest_and_say_what_mass() -> None:
    circuit = vqe(10)
    whole, kept = run(circuit, exact=True), run(circuit, exact=True, kept=100)
    assert whole.provenance.kept == 1
    largest = sorted(exact_of(whole).values(), reverse=True)[:100]
    assert len(kept) == 100
    assert kept.provenance.kept == pytest.approx(math.fsum(largest))
    scaled = np.sort(list(exact_of(kept).values()))[::-1] * kept.provenance.kept
    np.testing.assert_allclose(scaled, largest, atol=1e-14)


def test_of_equal_probabilities_the_smallest_outcomes_are_kept() -> None:
    b = Builder(10)
    for q in range(10):
        b.add(Kind.H, [q])
    result = run(b.circuit(), exact=True, kept=300)
    assert result.integers() == list(range(300))
    assert result.provenance.kept == pytest.approx(300 / 1024)


def test_shots_beside_a_cut_distribution_come_from_all_of_it() -> None:
    circuit = vqe(8)
    result = run(circuit, shots=3000, exact=True, kept=10)
    assert len(result) > 10, "outcomes that were drawn are listed too"
    assert result.shots is not None
    assert result.counts is not None
    np.testing.assert_array_equal(np.bincount(result.shots, minlength=len(result)), result.counts)
    expected = reference.distribution(circuit)
    assert fits(counts_of(result), expected)
    mass = math.fsum(expected[o] for o in result.integers())
    assert result.provenance.kept == pytest.approx(mass)


# ---------------------------------------------------------------- wide circuits


def test_a_wide_ghz_state_has_two_outcomes() -> None:
    circuit = ghz(200)
    result = run(circuit, exact=True, shots=1000)
    assert result.integers() == [0, (1 << 200) - 1]
    assert exact_of(result)[0] == pytest.approx(0.5, abs=1e-13)
    assert binomial_fits(counts_of(result)[0], 1000, 0.5)
    assert result.provenance.truncation == 0
    assert bond_dimension(circuit.structure) == 2


def test_a_wide_w_state_has_one_1() -> None:
    result = run(w_state(60), exact=True, shots=3000)
    found = exact_of(result)
    assert sorted(found) == [1 << q for q in range(60)]
    assert max(abs(p - 1 / 60) for p in found.values()) < 1e-12
    assert fits(counts_of(result), found)


def test_a_wide_clifford_circuit_has_the_outcomes_of_its_tableau() -> None:
    b = Builder(40)
    rng = np.random.default_rng(5)
    for layer in range(4):
        for q in range(0, 40, 7):
            b.add((Kind.H, Kind.S, Kind.SX)[rng.integers(3)], [q])
        for q in range(layer % 2, 39, 2):
            b.add(Kind.X, [q + 1], controls=[q])
    b.add(Kind.X, [35], controls=[2])
    circuit = b.circuit()
    (expected,) = CliffordEngine().run(task_of(circuit, exact=True))
    assert differs(run(circuit, exact=True), exact_of(expected)) < 1e-12


def test_a_brickwork_undone_leaves_nothing() -> None:
    """The bonds grow to 16 and go back to 1; 40 qubits are all found as they began."""
    there = brickwork(40, 8)
    b = Builder(40)
    for step in reference.steps_of(there):
        b.add(
            step.kind, step.operands[step.controls :], step.params, step.operands[: step.controls]
        )
    for step in reversed(list(reference.steps_of(there))):
        params = step.params
        if step.kind == Kind.U:
            theta, phi, lam = params
            params = [-theta, -lam, -phi]
        b.add(step.kind, step.operands[step.controls :], params, step.operands[: step.controls])
    result = run(b.circuit(), exact=True, shots=50)
    assert counts_of(result)[0] == 50
    assert exact_of(result)[0] == pytest.approx(1, abs=1e-7)


def test_a_part_of_a_wide_brickwork_has_the_distribution_of_its_light_cone() -> None:
    """Three qubits in the middle of 40 know nothing of those farther than the gates reach."""
    layers, middle = 4, (18, 19, 20)
    wide = brickwork(40, layers)
    b, cone = Builder(40, bits=3), Builder(11, bits=3)
    for step in reference.steps_of(wide):
        targets, held = step.operands[step.controls :], step.operands[: step.controls]
        b.add(step.kind, targets, step.params, held)
        if all(14 <= q < 25 for q in step.operands):
            near = [q - 14 for q in targets]
            cone.add(step.kind, near, step.params, [q - 14 for q in held])
    for bit, q in enumerate(middle):
        b.add(Kind.MEASURE, [q, bit])
    chances = np.abs(reference.state_of(cone.circuit())) ** 2
    index = np.arange(1 << 11) >> 4 & 7
    expected = dict(enumerate(np.bincount(index, weights=chances).tolist()))
    assert fits(counts_of(run(b.circuit(), shots=20000)), expected)


def test_a_distribution_too_wide_to_list_asks_for_shots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mps_reading, "MOST_OUTCOMES", 5000)
    with pytest.raises(FailedError, match="ask for shots"):
        run(brickwork(40, 2), exact=True)


# ---------------------------------------------------------------- truncation


@pytest.mark.parametrize("most", [2, 4, 8, 16])
def test_the_truncation_bounds_the_true_error(most: int) -> None:
    """The total variation distance is at most what the result states, and not much less."""
    circuit = brickwork(10, 12, seed=most)
    truth = run(circuit, exact=True)
    cut = run_by(MpsEngine(most=most), circuit, exact=True)
    expected, found = exact_of(truth), exact_of(cut)
    distance = sum(abs(found.get(o, 0) - p) for o, p in expected.items()) / 2
    assert truth.provenance.truncation < 1e-9
    assert distance <= cut.provenance.truncation <= 1
    assert distance > 1e-3, "otherwise the test shows nothing"


def test_weights_below_the_threshold_are_dropped_and_stated() -> None:
    b = Builder(30)
    for step in range(6):
        for q in range(30):
            b.add(Kind.RX, [q], [0.02])
        for q in range(step % 2, 29, 2):
            b.add(Kind.RZZ, [q, q + 1], [0.02])
    circuit = b.circuit()
    fine, rough = (run_by(MpsEngine(discarded=d), circuit, shots=10) for d in (0.0, 1e-4))
    assert fine.provenance.truncation < 1e-12
    assert run(circuit, shots=10).provenance.truncation < 1e-5
    assert rough.provenance.truncation < 1


def test_truncation_is_stored_with_the_result() -> None:
    result = run_by(MpsEngine(most=2), brickwork(8, 8), 10)
    stored = Results(encode_results([encode_result(result)])).get(0)
    assert stored is not None
    assert stored.provenance.truncation == result.provenance.truncation > 0


# ---------------------------------------------------------------- bounds of bonds


def test_the_bound_counts_ranks_and_ends() -> None:
    for layers, most in ((1, 2), (2, 2), (4, 4), (12, 64)):
        assert bond_dimension(brickwork(50, layers).structure) == most
    assert bond_dimension(brickwork(6, 50).structure) == 8
    assert bond_dimension(Builder(0).circuit().structure) == 1
    assert bond_dimension(Builder(1).circuit().structure) == 1


def test_swaps_and_repeated_gates_cost_nothing() -> None:
    b = Builder(30)
    for q in range(29):
        b.add(Kind.SWAP, [0, q + 1])
    assert bond_dimension(b.circuit().structure) == 1
    for _ in range(50):
        b.add(Kind.RXX, [3, 20], [0.1])
        b.add(Kind.RX, [3], [0.1])
    assert bond_dimension(b.circuit().structure) == 2, "a qubit is entangled with 1 other"


def test_neighbours_in_the_circuit_become_neighbours_in_the_chain() -> None:
    """A line of qubits in a random order has bonds of 2 all the same."""
    order = np.random.default_rng(3).permutation(60).tolist()
    b = Builder(60)
    b.add(Kind.H, [order[0]])
    for one, other in pairwise(order):
        b.add(Kind.X, [other], controls=[one])
    circuit = b.circuit()
    assert bond_dimension(circuit.structure) == 2
    assert run(circuit, exact=True).integers() == [0, (1 << 60) - 1]


@pytest.mark.parametrize("seed", range(6))
def test_no_state_has_a_larger_schmidt_rank_than_the_bound(seed: int) -> None:
    """Of circuits on neighbours, whose order in the chain is their own."""
    b, rng = Builder(7), np.random.default_rng(seed)
    kinds = (Kind.RXX, Kind.MS, Kind.ZZ)
    for _ in range(8):
        q = int(rng.integers(6))
        for side in (q, q + 1):
            b.add(Kind.RY, [side], [rng.uniform(0, 6)])
        kind = kinds[rng.integers(3)]
        b.add(kind, [q, q + 1], rng.uniform(0, 1, 3 if kind == Kind.MS else 1))
    circuit = b.circuit()
    state = reference.state_of(circuit)
    ranks = [np.linalg.matrix_rank(state.reshape(1 << (7 - c), 1 << c), 1e-9) for c in range(1, 7)]
    assert max(ranks) <= bond_dimension(circuit.structure) <= 8


# ---------------------------------------------------------------- shots


@pytest.mark.parametrize("qubits", [1, 4, 12])
def test_shots_follow_the_distribution(qubits: int) -> None:
    circuit = vqe(qubits)
    result = run(circuit, shots=20000)
    assert result.probabilities is None
    assert fits(counts_of(result), reference.distribution(circuit))


def test_shots_stand_in_the_order_taken() -> None:
    result = run(ghz(30), shots=10000)
    assert result.shots is not None
    first = int((result.outcomes[result.shots[:5000], 0] == 255).sum())
    assert binomial_fits(first, 5000, 0.5)


def test_many_shots_are_read_in_parts() -> None:
    """More than are read together: 70,000 shots of a fair coin and its copy."""
    result = run(ghz(70), shots=70000)
    assert result.integers() == [0, (1 << 70) - 1]
    assert result.total == 70000
    assert binomial_fits(counts_of(result)[0], 70000, 0.5)


# ---------------------------------------------------------------- the same bytes


def bytes_of(results: list[Result]) -> list[bytes]:
    out = []
    for r in results:
        parts = (r.outcomes, r.probabilities, r.counts, r.shots)
        out.append(b"|".join(b"-" if p is None else p.tobytes() for p in parts))
    return out


EVENTFUL = random_circuit(4, 20, 5, measures=3, resets=2)


@pytest.mark.parametrize(
    ("circuit", "exact", "noise"),
    [
        (random_circuit(6, 40, 2), True, None),
        (brickwork(30, 6), False, None),
        (random_circuit(4, 20, 2), False, NOISY),
        (EVENTFUL, False, NOISY),
    ],
)
def test_batches_and_singles_give_the_same_bytes(
    circuit: Circuit, exact: bool, noise: NoiseModel | None
) -> None:
    params = circuit.params * np.linspace(0.5, 1.5, 3)[:, None]
    seeds = tuple(range(100, 103))
    task = Task(Batch(circuit.structure, params), seeds, 25, exact, noise)
    expected = bytes_of(list(ENGINE.run(task)))
    assert bytes_of(list(ENGINE.run(replace(task, threads=3)))) == expected
    singles = []
    for row in range(3):
        batch = Batch(circuit.structure, params[row : row + 1])
        singles += list(ENGINE.run(replace(task, batch=batch, seeds=seeds[row : row + 1])))
    assert bytes_of(singles) == expected


def test_threads_of_the_machine_give_the_same_bytes() -> None:
    """Bonds of 128 in a process whose library may use one thread, and in one where it may use four:
    without a limit of our own these differ."""
    program = (
        "import hashlib\n"
        "from tests.engines.test_mps import brickwork, bytes_of, run_by\n"
        "from ketway.engines.mps import MpsEngine\n"
        "result = run_by(MpsEngine(most=100), brickwork(18, 15), 300, exact=True)\n"
        "print(hashlib.sha256(bytes_of([result])[0]).hexdigest(), result.provenance.truncation)\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": "src:."},
            check=True,
            capture_output=True,
        ).stdout
        for threads in ("1", "4")
    }
    assert len(found) == 1


def test_other_seeds_give_other_shots() -> None:
    one, other = run(vqe(20), shots=100), run(vqe(20), shots=100, seeds=(8,))
    assert bytes_of([one]) != bytes_of([other])


# ---------------------------------------------------------------- noise and events


@pytest.mark.parametrize(("seed", "readout"), [(0, 0.0), (1, 0.05), (2, 0.05)])
def test_noise_agrees_with_density_matrices(seed: int, readout: float) -> None:
    circuit = random_circuit(3, 10, seed)
    model = NoiseModel("test", one_qubit=0.05, two_qubit=0.1, readout=readout)
    expected = reference.noisy_distribution(circuit, 0.05, 0.1, readout)
    result = run(circuit, 700, noise=model)
    assert result.probabilities is None
    assert result.total == 700
    assert fits(counts_of(result), expected)


def test_noise_and_measurements_in_the_middle_agree_with_density_matrices() -> None:
    circuit = random_circuit(3, 10, 1, measures=2, resets=1)
    model = NoiseModel("test", one_qubit=0.05, two_qubit=0.1, readout=0.02)
    expected = reference.noisy_distribution(circuit, 0.05, 0.1, 0.02)
    assert fits(counts_of(run(circuit, 700, noise=model)), expected)


@pytest.mark.parametrize("seed", range(6))
def test_measurements_in_the_middle_agree_with_every_branch(seed: int) -> None:
    circuit = random_circuit(2 + seed % 4, 25, seed, measures=3, resets=2)
    assert fits(counts_of(run(circuit, 10000)), reference.distribution(circuit))


def test_small_programs_with_events_agree_with_every_branch() -> None:
    for circuit in (teleportation(), repetition_code(3, 2)):
        assert fits(counts_of(run(circuit, 2000)), reference.distribution(circuit))


def test_noise_on_a_wide_chain_comes_at_its_rate() -> None:
    """The odds that all bits of a noisy GHZ chain are still equal follow from a 2 by 2 matrix,
    as in the dense engine's test."""
    qubits, rate = 40, 0.01
    result = run(ghz(qubits), 300, noise=NoiseModel("test", 0.0, rate))
    step = np.array([[1 - rate, 0], [0, 0]]) + rate / 4
    equal = float((np.linalg.matrix_power(step, qubits - 1) @ np.ones(2))[0])
    counts = counts_of(result)
    assert binomial_fits(counts.get(0, 0) + counts.get((1 << qubits) - 1, 0), 300, equal)


def test_swaps_are_followed_by_errors_too() -> None:
    b = Builder(2)
    b.add(Kind.X, [0])
    b.add(Kind.SWAP, [0, 1])
    expected = reference.noisy_distribution(b.circuit(), 0.0, 0.4)
    assert fits(counts_of(run(b.circuit(), 5000, noise=NoiseModel("t", 0.0, 0.4))), expected)


# ---------------------------------------------------------------- what is refused, what is said


@pytest.mark.parametrize("noise", [None, NOISY])
def test_what_must_be_sampled_asks_for_shots(noise: NoiseModel | None) -> None:
    circuit = EVENTFUL if noise is None else ghz(3)
    with pytest.raises(FailedError, match="ask for shots"):
        ENGINE.run(task_of(circuit, 0, True, noise=noise))
    with pytest.raises(FailedError, match="ask for shots"):
        ENGINE.run(task_of(ghz(3), 0, False))


def test_wide_exponentials_that_do_not_commute_are_refused_by_name() -> None:
    b = Builder(12)
    b.add(Kind.H, [0])
    b.add_pauliexp(range(12), ["X" * 12, "Z" + "I" * 11], [0.1, 0.2])
    with pytest.raises(FailedError, match="Gate 1 is the exponential") as caught:
        ENGINE.run(task_of(b.circuit(), 10))
    assert caught.value.failure.gate == 1


def test_provenance_says_what_made_a_result() -> None:
    provenance = run(ghz(2), 10, noise=NOISY).provenance
    assert (provenance.engine, provenance.version, provenance.seed) == ("mps", "1", 7)
    assert provenance.noise == "test"
    assert provenance.rates == {"1q": 0.02, "2q": 0.05, "readout": 0.01}


def test_estimates_grow_with_what_is_asked() -> None:
    def of(circuit: Circuit, rows: int = 1, shots: int = 1000, **more: object) -> tuple[int, float]:
        noise = more.get("noise")
        assert noise is None or isinstance(noise, NoiseModel)
        return ENGINE.estimate(circuit.structure, rows, shots, noise, False, 1 << 20)

    size, seconds = of(brickwork(50, 12))
    assert 50 * 32 * 64 * 64 < size < 1 << 30
    deeper = of(brickwork(50, 16))
    assert deeper[0] > size
    assert deeper[1] > 4 * seconds
    assert of(brickwork(50, 12), rows=10)[1] == pytest.approx(10 * seconds)
    assert of(brickwork(50, 12), shots=100000)[1] > 5 * seconds
    assert of(brickwork(50, 12), noise=NOISY)[1] > 50 * seconds
    assert of(brickwork(100, 80))[0] > 1 << 50


def test_an_exact_distribution_too_wide_to_list_gives_its_shots() -> None:
    circuit = vqe(24, layers=1)
    task = Task(Batch(circuit.structure, circuit.params[None]), (1,), 200, True)
    (result,) = MpsEngine().run(task)
    assert result.probabilities is None
    assert result.total == 200
    with pytest.raises(FailedError, match="ask for shots"):
        list(MpsEngine().run(replace(task, shots=0)))


def test_a_planned_run_whose_bonds_are_too_small_fails() -> None:
    circuit = random_circuit(12, 120, seed=3)
    task = Task(Batch(circuit.structure, circuit.params[None]), (1,), 10, False, bonds=4)
    with pytest.raises(FailedError, match="bonds of 4") as failed:
        list(MpsEngine().run(task))
    assert failed.value.failure.code is Code.CIRCUIT_TOO_COMPLEX
    (fine,) = MpsEngine().run(replace(task, bonds=64))
    assert fine.total == 10
    assert fine.provenance.truncation < 1e-6
