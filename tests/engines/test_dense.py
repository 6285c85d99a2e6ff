from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests import channels, reference
from tests.chance import binomial_fits, fits
from tests.corpus.arbitrary import random_circuit

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.dense import DenseEngine
from ketway.engines.density import DensityEngine
from ketway.engines.engine import Task
from ketway.jobs.failures import FailedError
from ketway.jobs.results import Result

ENGINE = DenseEngine()


def task_of(circuit: Circuit, shots: int = 0, exact: bool = False, **more: object) -> Task:
    batch = Batch(circuit.structure, circuit.params[None])
    return replace(Task(batch, (7,), shots, exact), **more)  # type: ignore[arg-type]


def run(circuit: Circuit, shots: int = 0, exact: bool = False, **more: object) -> Result:
    (result,) = ENGINE.run(task_of(circuit, shots, exact, **more))
    return result


def counts_of(result: Result) -> dict[int, int]:
    assert result.counts is not None
    return dict(zip(result.integers(), result.counts.tolist(), strict=True))


def ghz(qubits: int) -> Circuit:
    b = Builder(qubits)
    b.add(Kind.H, [0])
    for q in range(1, qubits):
        b.add(Kind.X, [q], controls=[q - 1])
    return b.circuit()


def uniform(qubits: int) -> Circuit:
    b = Builder(qubits)
    for q in range(qubits):
        b.add(Kind.RY, [q], [math.pi / 2 + 0.1 * (q + 1)])
    return b.circuit()


# ---------------------------------------------------------------- exact distributions


@pytest.mark.parametrize("seed", range(8))
def test_exact_distributions_agree_with_the_formulas(seed: int) -> None:
    circuit = random_circuit(2 + seed % 6, 40, seed)
    result = run(circuit, exact=True)
    assert result.probabilities is not None
    assert result.counts is None
    assert result.shots is None
    assert result.integers() == sorted(result.integers())
    assert math.fsum(result.probabilities) == pytest.approx(1, abs=1e-14)
    found = dict(zip(result.integers(), result.probabilities, strict=True))
    expected = reference.distribution(circuit)
    for outcome in found.keys() | expected.keys():
        assert found.get(outcome, 0) == pytest.approx(expected.get(outcome, 0), abs=1e-12)


def test_measured_qubits_go_to_their_bits_and_others_are_summed_over() -> None:
    b = Builder(4, bits=11)
    for q in range(4):
        b.add(Kind.RY, [q], [0.5 + q])
    b.add(Kind.X, [2], controls=[0])
    b.add(Kind.SWAP, [1, 3])
    for qubit, bit in ((0, 9), (3, 4), (1, 10)):
        b.add(Kind.MEASURE, [qubit, bit])
    b.add(Kind.MEASURE, [0, 2])
    circuit = b.circuit()
    result = run(circuit, exact=True)
    assert result.bits == 11
    assert result.outcomes.shape[1] == 2
    assert result.probabilities is not None
    found = dict(zip(result.integers(), result.probabilities, strict=True))
    expected = reference.distribution(circuit)
    assert found.keys() == expected.keys()
    for outcome, p in expected.items():
        assert found[outcome] == pytest.approx(p, abs=1e-12)
    assert result.integers() == sorted(result.integers())


@pytest.mark.parametrize("qubits", [13, 14])
def test_wide_readings_in_any_order_agree_with_marginals(qubits: int) -> None:
    b = Builder(qubits, bits=qubits)
    for q in range(qubits):
        b.add(Kind.RY, [q], [0.3 + 0.11 * q])
        if q:
            b.add(Kind.X, [q], controls=[q - 1])
    chances = np.abs(reference.state_of(b.circuit())) ** 2
    order = np.random.default_rng(2).permutation(qubits)
    read = order[: qubits - 1]
    for bit, qubit in enumerate(read.tolist()):
        b.add(Kind.MEASURE, [qubit, bit])
    result = run(b.circuit(), exact=True, threads=2)
    index = np.arange(1 << qubits)
    outcome = sum((index >> q & 1) << bit for bit, q in enumerate(read.tolist()))
    expected = np.bincount(outcome, weights=chances, minlength=1 << (qubits - 1))
    assert result.probabilities is not None
    found = np.zeros(1 << (qubits - 1))
    found[result.integers()] = result.probabilities
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_outcomes_without_probability_are_left_out() -> None:
    result = run(ghz(10), exact=True)
    assert result.integers() == [0, 1023]
    assert result.probabilities is not None
    assert result.probabilities.tolist() == [0.5, 0.5]


def test_a_circuit_without_qubits_has_one_outcome() -> None:
    result = run(Builder(0).circuit(), shots=3, exact=True)
    assert result.integers() == [0]
    assert result.outcomes.shape == (1, 1)
    assert counts_of(result) == {0: 3}


def test_wide_distributions_keep_their_largest_and_say_what_mass() -> None:
    circuit = uniform(10)
    whole = run(circuit, exact=True)
    kept = run(circuit, exact=True, kept=100)
    assert whole.probabilities is not None
    assert kept.probabilities is not None
    assert whole.provenance.kept == 1
    largest = sorted(whole.probabilities, reverse=True)[:100]
    assert len(kept) == 100
    assert kept.provenance.kept == pytest.approx(math.fsum(largest))
    assert math.fsum(kept.probabilities) == pytest.approx(1, abs=1e-14)
    scaled = np.sort(kept.probabilities)[::-1] * kept.provenance.kept
    np.testing.assert_allclose(scaled, largest, atol=1e-15)
    assert kept.integers() == sorted(kept.integers())


def test_of_equal_probabilities_the_smallest_outcomes_are_kept() -> None:
    b = Builder(13)
    for q in range(13):
        b.add(Kind.H, [q])
    result = run(b.circuit(), exact=True, kept=5000, threads=2)
    assert len(result) == 5000
    assert result.provenance.kept == pytest.approx(5000 / 8192)


def test_shots_beside_a_cut_distribution_come_from_all_of_it() -> None:
    circuit = uniform(10)
    result = run(circuit, shots=2000, exact=True, kept=10)
    assert result.probabilities is not None
    assert result.counts is not None
    assert result.total == 2000
    assert len(result) > 10, "outcomes that were drawn are listed too"
    assert fits(counts_of(result), reference.distribution(circuit))
    unseen = result.counts == 0
    assert unseen.sum() <= 10


# ---------------------------------------------------------------- shots


@pytest.mark.parametrize("qubits", [1, 4, 14])
def test_shots_follow_the_distribution(qubits: int) -> None:
    """False alarms: one in a million, see `tests.chance`."""
    circuit = uniform(qubits)
    result = run(circuit, shots=20000)
    assert result.probabilities is None
    assert fits(counts_of(result), reference.distribution(circuit))


def test_counts_are_the_counts_of_the_shots() -> None:
    result = run(uniform(6), shots=5000, exact=True)
    assert result.shots is not None
    assert result.counts is not None
    np.testing.assert_array_equal(np.bincount(result.shots, minlength=len(result)), result.counts)


def test_shots_stand_in_the_order_taken() -> None:
    """Not sorted: the first half of many shots has the same distribution as the second."""
    result = run(ghz(3), shots=10000)
    assert result.shots is not None
    first = int((result.outcomes[result.shots[:5000], 0] == 7).sum())
    assert binomial_fits(first, 5000, 0.5)


def test_other_seeds_give_other_shots() -> None:
    one, other = run(uniform(8), shots=100), run(uniform(8), shots=100, seeds=(8,))
    assert one.shots is not None
    assert other.shots is not None
    assert one.outcomes[one.shots].tobytes() != other.outcomes[other.shots].tobytes()


# ---------------------------------------------------------------- the same bytes


def bytes_of(results: list[Result]) -> list[bytes]:
    out = []
    for r in results:
        parts = (r.outcomes, r.probabilities, r.counts, r.shots)
        out.append(b"|".join(b"-" if p is None else p.tobytes() for p in parts))
    return out


def many(circuit: Circuit, rows: int) -> tuple[Batch, tuple[int, ...]]:
    scale = np.linspace(0.5, 1.5, rows)[:, None]
    return Batch(circuit.structure, circuit.params * scale), tuple(range(100, 100 + rows))


NOISY = NoiseModel("test", one_qubit=0.02, two_qubit=0.05, readout=0.01)
RELAXING = NoiseModel(
    "relaxing",
    gates=(GateNoise(("1q",), duration=0.05), GateNoise(("2q",), depolarising=0.05, duration=0.1)),
    qubits=(QubitNoise(None, 3.0, 3.0), QubitNoise(1, 2.0, 4.0), QubitNoise(2, 3.0, 4.0)),
)
EVENTFUL = random_circuit(7, 40, 5, measures=3, resets=2)


@pytest.mark.parametrize(
    ("circuit", "exact", "noise"),
    [
        (random_circuit(6, 40, 2), True, None),
        (random_circuit(6, 40, 2), False, NOISY),
        (EVENTFUL, False, None),
        (EVENTFUL, False, NOISY),
        (EVENTFUL, False, RELAXING),
    ],
)
def test_threads_and_batch_splits_give_the_same_bytes(
    circuit: Circuit, exact: bool, noise: NoiseModel | None
) -> None:
    batch, seeds = many(circuit, 5)
    task = Task(batch, seeds, 300, exact, noise)
    expected = bytes_of(list(ENGINE.run(task)))
    for threads in (2, 3):
        assert bytes_of(list(ENGINE.run(replace(task, threads=threads)))) == expected
    split = []
    for start, end in ((0, 2), (2, 5)):
        part = Batch(batch.structure, batch.params[start:end])
        split += list(ENGINE.run(replace(task, batch=part, seeds=seeds[start:end])))
    assert bytes_of(split) == expected


@pytest.mark.parametrize("precision", ["double", "single"])
def test_threads_sharing_a_wide_register_give_the_same_bytes(precision: str) -> None:
    circuit = random_circuit(18, 30, 6)
    tasks = [
        task_of(circuit, 50, False, noise=NOISY, threads=t, precision=precision) for t in (1, 2)
    ]
    one, two = (bytes_of(list(ENGINE.run(task))) for task in tasks)
    assert one == two
    exact = [task_of(circuit, 500, True, threads=t, precision=precision) for t in (1, 2)]
    one, two = (bytes_of(list(ENGINE.run(task))) for task in exact)
    assert one == two


# ---------------------------------------------------------------- noise


def noisy(circuit: Circuit, noise: NoiseModel, shots: int = 20000, **more: object) -> Result:
    return run(circuit, shots, noise=noise, **more)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("readout", [0.0, 0.05])
def test_noise_agrees_with_density_matrices(seed: int, readout: float) -> None:
    circuit = random_circuit(3 + seed % 2, 14, seed)
    model = NoiseModel("test", one_qubit=0.03, two_qubit=0.08, readout=readout)
    expected = reference.noisy_distribution(circuit, 0.03, 0.08, readout)
    result = noisy(circuit, model, threads=2)
    assert result.probabilities is None
    assert result.total == 20000
    assert fits(counts_of(result), expected)


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_measurements_in_the_middle_agree_with_density_matrices(seed: int) -> None:
    circuit = random_circuit(3, 12, seed, measures=2, resets=1)
    model = NoiseModel("test", one_qubit=0.05, two_qubit=0.1)
    expected = reference.noisy_distribution(circuit, 0.05, 0.1)
    assert fits(counts_of(noisy(circuit, model)), expected)


def test_one_gate_depolarises_by_the_formula() -> None:
    b = Builder(1)
    b.add(Kind.X, [0])
    counts = counts_of(noisy(b.circuit(), NoiseModel("test", 0.2, 0.0)))
    assert binomial_fits(counts[0], 20000, 0.2 / 2)


def test_phases_are_not_fused_past_errors_that_they_do_not_commute_with() -> None:
    """On a register so wide that fusion is worth it; the formulas look at the qubits in use."""
    half = math.pi / 2
    b = Builder(4)
    for q, tilt in enumerate((0.6, half, 0.4, 1.4)):
        b.add(Kind.U, [q], [tilt, 0.2 if q == 3 else 0.0, 0.1])
    b.add(Kind.RXX, [0, 1], [0.0])
    b.add(Kind.RXX, [2, 3], [0.8])
    b.add(Kind.RZZ, [0, 2], [0.9])
    b.add(Kind.RZZ, [0, 1], [half])  # would fit the first matrix, but for errors on qubit 0
    b.add(Kind.RX, [1], [half])
    circuit = b.circuit()
    wide = Circuit(replace(circuit.structure, qubits=11), circuit.params)
    result = run(wide, 20_000, noise=NoiseModel("loud", 0.0, 0.4))
    assert fits(counts_of(result), reference.noisy_distribution(circuit, 0.0, 0.4))


def test_certain_noise_leaves_nothing() -> None:
    circuit = ghz(2)
    counts = counts_of(noisy(circuit, NoiseModel("test", 1.0, 1.0)))
    assert fits(counts, dict.fromkeys(range(4), 0.25))


def test_many_sites_do_not_underflow() -> None:
    """The odds of no error over all sites are far below the smallest number."""
    b = Builder(1)
    for _ in range(4000):
        b.add(Kind.X, [0])
    counts = counts_of(noisy(b.circuit(), NoiseModel("test", 0.5, 0.0), shots=2000))
    assert binomial_fits(counts[0], 2000, 0.5)


def test_rare_errors_come_at_their_rate() -> None:
    """After n identity-like gates each flips with r/2: the odds of an odd number of flips."""
    b = Builder(1)
    for _ in range(300):
        b.add(Kind.RZ, [0], [0.1])
    rate = 0.001
    odd = (1 - (1 - rate) ** 300) / 2
    counts = counts_of(noisy(b.circuit(), NoiseModel("test", rate, 0.0), shots=100000))
    assert binomial_fits(counts[1], 100000, odd)


def test_readout_errors_flip_each_bit_alone() -> None:
    b = Builder(2)
    b.add(Kind.X, [1])
    counts = counts_of(noisy(b.circuit(), NoiseModel("test", 0.0, 0.0, readout=0.1)))
    assert fits(counts, {2: 0.81, 3: 0.09, 0: 0.09, 1: 0.01})


def test_noise_in_single_precision_draws_from_the_same_distribution() -> None:
    circuit = random_circuit(4, 20, 9)
    model = NoiseModel("test", one_qubit=0.03, two_qubit=0.08)
    expected = reference.noisy_distribution(circuit, 0.03, 0.08)
    assert fits(counts_of(noisy(circuit, model, precision="single")), expected)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_noise_on_more_qubits_than_a_tile_has(precision: str) -> None:
    """A GHZ chain: the odds that all bits are still equal follow from a 2 by 2 matrix.

    Let gate q flip its target by u and its control by v, each pair uniform with odds `rate`. The
    flip of a target goes on down the chain, so bits q - 1 and q stay equal if u_q + v_q + v_(q+1)
    is even.
    """
    n, rate = 16, 0.02
    result = noisy(
        ghz(n), NoiseModel("test", 0.0, rate), shots=3000, threads=2, precision=precision
    )
    step = np.array([[1 - rate, 0], [0, 0]]) + rate / 4
    equal = (np.linalg.matrix_power(step, n - 1) @ np.ones(2))[0]
    counts = counts_of(result)
    assert binomial_fits(counts[0] + counts[(1 << n) - 1], 3000, float(equal))


# ---------------------------------------------------------------- noise of every kind


TIMES = (0.5, 1.0, 1.5, 1.9, 2.0)
"""t2 where t1 is 1: a reset that may happen, a damping that may, one that always does."""


def laboratory(t2: float) -> NoiseModel:
    """Something of everything, loud."""
    return NoiseModel(
        "laboratory",
        one_qubit=0.01,
        two_qubit=0.02,
        readout=0.01,
        gates=(
            GateNoise(("h", "x", "nop"), (), 0.02, {"Z": 0.05, "X": 0.01}, 0.05),
            GateNoise(("cx", "rzz", "swap"), pauli={"XI": 0.1, "ZY": 0.05}, duration=0.1),
            GateNoise(("cx",), (1, 0), pauli={"XZ": 0.2}, duration=0.15),
            GateNoise(("2q",), depolarising=0.03, duration=0.05),
        ),
        qubits=(
            QubitNoise(None, 1.0, t2),
            QubitNoise(1, 0.7, None, 0.1, 0.3),
            QubitNoise(2, p01=0.02, p10=0.2),
        ),
    )


@pytest.mark.parametrize("seed", range(10))
def test_any_noise_agrees_with_density_matrices(seed: int) -> None:
    circuit = random_circuit(2 + seed % 3, 16, seed, measures=seed % 3, resets=seed % 2)
    model = laboratory(TIMES[seed % 5])
    precision = "single" if seed % 2 else "double"
    result = noisy(circuit, model, threads=2, precision=precision)
    assert fits(counts_of(result), channels.distribution(circuit, model))


@pytest.mark.parametrize("t2", TIMES)
def test_trajectories_agree_with_the_density_engine(t2: float) -> None:
    """On more qubits than a fused matrix has, where dampings cut groups in parts."""
    circuit, model = random_circuit(7, 60, 11, controls=1), laboratory(t2)
    (exact,) = DensityEngine().run(task_of(circuit, 0, True, noise=model))
    assert exact.probabilities is not None
    expected = dict(zip(exact.integers(), exact.probabilities.tolist(), strict=True))
    assert fits(counts_of(noisy(circuit, model, 10000)), expected)


def idle(count: int, t1: float, t2: float, prepare: Kind, finish: Kind) -> Result:
    b = Builder(1)
    b.add(prepare, [0])
    for _ in range(count):
        b.add(Kind.NOP, [0])
    b.add(finish, [0])
    waiting = GateNoise(("nop",), duration=0.05)
    return noisy(
        b.circuit(), NoiseModel("idle", gates=(waiting,), qubits=(QubitNoise(None, t1, t2),))
    )


@pytest.mark.parametrize("t2", TIMES)
def test_an_excited_qubit_decays_with_t1_and_coherence_with_t2(t2: float) -> None:
    for count in (1, 20):
        time = 0.05 * count
        excited = counts_of(idle(count, 1.0, t2, Kind.X, Kind.NOP))
        assert binomial_fits(excited.get(1, 0), 20000, math.exp(-time - 0.05))
        turned = counts_of(idle(count, 1.0, t2, Kind.H, Kind.H))
        assert binomial_fits(turned.get(0, 0), 20000, (1 + math.exp(-time / t2)) / 2)


def test_misreading_differs_by_qubit_and_by_what_is_read() -> None:
    b = Builder(2)
    b.add(Kind.X, [1])
    model = NoiseModel("n", qubits=(QubitNoise(0, p01=0.1, p10=0.9), QubitNoise(p01=0.8, p10=0.3)))
    counts = counts_of(noisy(b.circuit(), model))
    assert fits(counts, {2: 0.9 * 0.7, 3: 0.1 * 0.7, 0: 0.9 * 0.3, 1: 0.1 * 0.3})


def test_a_measurement_before_noise_that_waits_is_not_the_last() -> None:
    b = Builder(1, bits=2)
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.NOP, [0])
    b.add(Kind.MEASURE, [0, 1])
    counts = counts_of(
        noisy(b.circuit(), NoiseModel("n", gates=(GateNoise(("nop",), pauli={"X": 1.0}),)))
    )
    assert counts == {2: 20000}


@pytest.mark.parametrize("precision", ["double", "single"])
def test_decay_on_more_qubits_than_a_tile_has(precision: str) -> None:
    """The excitation of the first of a chain of swaps is at the end, or lost on the way."""
    n, t2 = 17, 1.0
    b = Builder(n)
    b.add(Kind.X, [0])
    for q in range(1, n):
        b.add(Kind.SWAP, [q - 1, q])
        b.add(Kind.RZ, [q], [0.3])
    model = NoiseModel(
        "n", gates=(GateNoise(("swap",), duration=0.05),), qubits=(QubitNoise(None, 1.0, t2),)
    )
    counts = counts_of(noisy(b.circuit(), model, 1500, threads=2, precision=precision))
    assert counts.keys() == {0, 1 << (n - 1)}
    assert binomial_fits(counts[1 << (n - 1)], 1500, math.exp(-0.05 * (n - 1)))


# ---------------------------------------------------------------- events


@pytest.mark.parametrize("seed", range(8))
def test_measurements_in_the_middle_agree_with_every_branch(seed: int) -> None:
    circuit = random_circuit(2 + seed % 4, 25, seed, measures=3, resets=2)
    assert fits(counts_of(run(circuit, 20000, threads=2)), reference.distribution(circuit))


def test_a_repeated_measurement_gives_the_same_answer() -> None:
    b = Builder(2, bits=3)
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.MEASURE, [0, 1])
    b.add(Kind.MEASURE, [1, 2])
    counts = counts_of(run(b.circuit(), 1000))
    assert counts.keys() == {0, 7}
    assert binomial_fits(counts[0], 1000, 0.5)


def test_a_reset_gives_zero_and_spares_the_rest() -> None:
    result = run(_reset_half_of_a_pair(), 2000)
    assert counts_of(result).keys() == {0, 2}


def _reset_half_of_a_pair() -> Circuit:
    b = Builder(2)
    b.add(Kind.H, [0])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.RESET, [0])
    return b.circuit()


def test_more_bits_than_a_word() -> None:
    """A coin tossed a hundred times by one qubit."""
    b = Builder(1, bits=100)
    for bit in range(100):
        b.add(Kind.H, [0])
        b.add(Kind.MEASURE, [0, bit])
    result = run(b.circuit(), 200)
    assert result.outcomes.shape[1] == 13
    assert result.integers() == sorted(result.integers())
    ones = sum(value.bit_count() * count for value, count in counts_of(result).items())
    assert binomial_fits(ones, 20000, 0.5)


# ---------------------------------------------------------------- what is refused, what is said


@pytest.mark.parametrize("noise", [None, NOISY])
def test_what_must_be_sampled_asks_for_shots(noise: NoiseModel | None) -> None:
    circuit = EVENTFUL if noise is None else ghz(3)
    exact = noise is not None
    with pytest.raises(FailedError, match="ask for shots"):
        list(ENGINE.run(task_of(circuit, 0, exact, noise=noise)))


def test_too_many_qubits_are_refused_by_name() -> None:
    with pytest.raises(FailedError, match="at most 40 qubits"):
        list(ENGINE.run(task_of(Builder(41).circuit(), 1)))


def test_provenance_says_what_made_a_result() -> None:
    result = run(ghz(2), 10, noise=NOISY)
    assert result.provenance.engine == "dense"
    assert result.provenance.version == ENGINE.version
    assert result.provenance.seed == 7
    assert result.provenance.noise == "test"
    assert result.provenance.rates == {"1q": 0.02, "2q": 0.05, "readout": 0.01}


def test_an_ideal_model_is_no_noise() -> None:
    result = run(ghz(2), exact=True, noise=NoiseModel("ideal", 0, 0))
    assert result.provenance.noise is None
    assert result.probabilities is not None


def test_estimates_grow_with_what_is_asked() -> None:
    small, wide = ghz(10).structure, ghz(28).structure
    size, seconds = ENGINE.estimate(wide, 1, 1000, None, "single")
    assert 8 * 2**28 <= size < 8 * 2**28 + 2**30
    assert ENGINE.estimate(wide, 1, 1000, None, "double")[0] > 16 * 2**28
    assert ENGINE.estimate(small, 10, 1000, None, "double")[1] < seconds
    noisy_size, noisy_seconds = ENGINE.estimate(wide, 1, 1000, NOISY, "single")
    assert noisy_size > size
    assert noisy_seconds > 10 * seconds
