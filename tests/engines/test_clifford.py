from __future__ import annotations

import math
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import channels, reference
from tests.chance import binomial_fits, fits
from tests.corpus import ghz, random_clifford, repetition_code, teleportation, w_state

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.clifford import CliffordEngine, spread_of
from ketway.engines.engine import Task
from ketway.jobs.failures import FailedError
from ketway.jobs.results import Result

ENGINE = CliffordEngine()


def task_of(
    circuit: Circuit,
    shots: int = 0,
    exact: bool = False,
    noise: NoiseModel | None = None,
    seed: int = 11,
) -> Task:
    batch = Batch(circuit.structure, circuit.params[None, :])
    return Task(batch, (seed,), shots, exact, noise)


def run(task: Task) -> Result:
    (result,) = ENGINE.run(task)
    return result


def exact(circuit: Circuit) -> dict[int, float]:
    result = run(task_of(circuit, exact=True))
    assert result.probabilities is not None
    return dict(zip(result.integers(), result.probabilities.tolist(), strict=True))


def counts(circuit: Circuit, shots: int, noise: NoiseModel | None = None) -> dict[int, int]:
    result = run(task_of(circuit, shots, noise=noise))
    check_shape(result, shots)
    assert result.counts is not None
    return dict(zip(result.integers(), result.counts.tolist(), strict=True))


def taken(task: Task) -> list[int]:
    """The outcomes in the order in which they were taken."""
    result = run(task)
    assert result.shots is not None
    integers = result.integers()
    return [integers[row] for row in result.shots.tolist()]


def check_shape(result: Result, shots: int) -> None:
    """What every result promises."""
    integers = result.integers()
    assert integers == sorted(set(integers))
    if shots:
        assert result.counts is not None
        assert result.shots is not None
        assert result.shots.dtype == np.uint32
        assert result.total == shots == len(result.shots)
        assert (np.bincount(result.shots, minlength=len(result)) == result.counts).all()
        if result.probabilities is None:
            assert result.counts.min() > 0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    qubits=st.integers(1, 6),
    measures=st.integers(0, 3),
    resets=st.integers(0, 2),
)
def test_exact_distribution_is_that_of_the_formulas(
    seed: int, qubits: int, measures: int, resets: int
) -> None:
    circuit = random_clifford(qubits, 20, seed, measures, resets)
    wanted = reference.distribution(circuit)
    found = exact(circuit)
    assert found.keys() == wanted.keys()
    assert all(abs(found[outcome] - p) < 1e-9 for outcome, p in wanted.items())
    assert math.fsum(found.values()) == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shots", [40, 4000])
def test_shots_follow_the_exact_distribution(seed: int, shots: int) -> None:
    # 40 shots are fewer than the random choices of some circuits, so they are drawn with frames.
    circuit = random_clifford(5, 40, seed, measures=seed % 3, resets=seed % 2)
    assert fits(counts(circuit, shots), exact(circuit))


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_that_of_the_density_matrix(seed: int) -> None:
    noise = NoiseModel("loud", 0.05, 0.12, 0.03)
    circuit = random_clifford(4, 14, seed, measures=seed % 3, resets=seed % 2)
    wanted = reference.noisy_distribution(circuit, 0.05, 0.12, 0.03)
    assert fits(counts(circuit, 40_000, noise), wanted)


def test_noise_of_wide_gates_is_charged_site_by_site() -> None:
    b = Builder(4)
    b.add_pauliexp([0, 1, 2, 3], ["XIYZ"], [math.pi / 4])
    b.add(Kind.RX, [3], [2 * math.pi], controls=[])
    b.add(Kind.NOP, [2])
    b.add(Kind.X, [0])
    b.add(Kind.PHASE, [2], [0.0], controls=[0, 1])
    b.add(Kind.H, [1])
    circuit = b.circuit()
    wanted = reference.noisy_distribution(circuit, 0.03, 0.1)
    assert fits(counts(circuit, 60_000, NoiseModel("loud", 0.03, 0.1)), wanted)


@pytest.mark.parametrize("readout", [0.0, 0.2, 1.0])
def test_readout_errors_flip_each_bit_on_its_own(readout: float) -> None:
    b = Builder(3)
    b.add(Kind.X, [1])
    wanted = reference.noisy_distribution(b.circuit(), 0, 0, readout)
    wanted = {outcome: p for outcome, p in wanted.items() if p > 0}
    noise = NoiseModel("blind", 0, 0, readout)
    assert fits(counts(b.circuit(), 20_000, noise), wanted)


def test_bell_pairs_under_forte_noise_have_the_published_error() -> None:
    rate = 0.004949333333333333
    seen = counts(ghz(2), 100_000, NoiseModel("forte-1", 0.0, rate))
    # Of 15 Pauli pairs, 8 anticommute with ZZ.
    assert binomial_fits(seen.get(1, 0) + seen.get(2, 0), 100_000, rate * 8 / 16)


@pytest.mark.parametrize("seed", range(4))
def test_channels_and_misreading_of_each_qubit_agree_with_density_matrices(seed: int) -> None:
    circuit = random_clifford(3, 14, seed, measures=seed % 2, resets=seed % 2)
    model = NoiseModel(
        "laboratory",
        one_qubit=0.02,
        gates=(
            GateNoise(("cx",), (0, 1), pauli={"XZ": 0.2, "IY": 0.1}),
            GateNoise(("2q",), depolarising=0.1, pauli={"ZX": 0.1}),
            GateNoise(("h", "s"), pauli={"Z": 0.1}, duration=0.3),
        ),
        qubits=(QubitNoise(t2=1.0), QubitNoise(1, p01=0.1, p10=0.3)),
    )
    assert fits(counts(circuit, 40_000, model), channels.distribution(circuit, model))


def test_relaxation_is_refused_by_name() -> None:
    model = NoiseModel(
        "warm", gates=(GateNoise(("1q",), duration=1.0),), qubits=(QubitNoise(t1=1.0),)
    )
    with pytest.raises(
        FailedError, match=r"the noise model warm is no mixture of Paulis \(relaxation"
    ):
        run(task_of(ghz(2), 10, noise=model))


def test_a_seed_gives_the_same_bytes_forever() -> None:
    noise = NoiseModel("loud", 0.01, 0.05, 0.01)
    noisy = taken(task_of(ghz(5), 12, noise=noise, seed=3))
    assert noisy == [0, 31, 31, 30, 0, 4, 31, 0, 31, 0, 1, 31]
    assert taken(task_of(ghz(5), 12, seed=3)) == [31, 31, 31, 0, 31, 31, 31, 31, 0, 31, 0, 0]
    # With fewer shots than qubits, frames are the cheaper way; they are fixed as well.
    assert taken(task_of(ghz(5), 4, seed=3)) == [0, 31, 31, 0]


def test_another_seed_gives_other_shots() -> None:
    first, second = (run(task_of(ghz(4), 200, seed=seed)) for seed in (1, 2))
    assert first.shots is not None
    assert second.shots is not None
    assert (first.shots != second.shots).any()


def test_a_batch_gives_what_its_rows_give_alone() -> None:
    b = Builder(3)
    b.add(Kind.RX, [0], [0.0])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.RZZ, [1, 2], [0.0])
    structure = b.circuit().structure
    params = np.array([[k * math.pi / 2, j * math.pi / 2] for k in range(4) for j in range(2)])
    seeds = tuple(range(50, 58))
    noise = NoiseModel("loud", 0.1, 0.1)
    together = list(ENGINE.run(Task(Batch(structure, params), seeds, 50, False, noise)))
    for row, result in enumerate(together):
        one = Batch(structure, params[row : row + 1])
        alone = run(Task(one, seeds[row : row + 1], 50, False, noise))
        assert (alone.outcomes == result.outcomes).all()
        assert (alone.shots == result.shots).all()  # type: ignore[attr-defined]


def test_exact_probabilities_and_shots_share_one_list_of_outcomes() -> None:
    result = run(task_of(ghz(70), 1000, exact=True))
    check_shape(result, 1000)
    assert result.integers() == [0, 2**70 - 1]
    assert result.probabilities is not None
    assert result.probabilities.tolist() == [0.5, 0.5]
    assert binomial_fits(int(result.counts[0]), 1000, 0.5)  # type: ignore[index]


def plus(qubits: int) -> Circuit:
    b = Builder(qubits)
    for q in range(qubits):
        b.add(Kind.H, [q])
    return b.circuit()


def test_a_distribution_too_wide_keeps_its_lowest_outcomes_and_says_so() -> None:
    result = run(replace(task_of(plus(12), exact=True), kept=1000))
    assert result.integers() == list(range(512))
    assert result.probabilities is not None
    assert set(result.probabilities.tolist()) == {2.0**-12}
    assert result.provenance.kept == 512 / 4096


def test_shots_beyond_the_kept_outcomes_are_listed_too() -> None:
    result = run(replace(task_of(plus(26), 300, exact=True), kept=4))
    check_shape(result, 300)
    assert result.integers()[:4] == [0, 1, 2, 3]
    assert result.counts is not None
    assert len(result) == 4 + int((result.counts[4:] > 0).sum())
    assert result.provenance.kept == len(result) / 2**26


@pytest.mark.parametrize(("qubits", "shots"), [(30, 500), (70, 100), (70, 3000), (200, 50)])
def test_wide_uniform_outcomes_are_fair_in_every_bit(qubits: int, shots: int) -> None:
    result = run(task_of(plus(qubits), shots))
    check_shape(result, shots)
    assert result.counts is not None
    bits = np.unpackbits(result.outcomes, axis=1, bitorder="little")[:, :qubits]
    ones = (bits * result.counts[:, None]).sum(axis=0)
    # One alarm in 1e-6 per bit: 3.4e-4 over all of these.
    assert all(binomial_fits(int(seen), shots, 0.5) for seen in ones)
    assert (np.unpackbits(result.outcomes, axis=1, bitorder="little")[:, qubits:] == 0).all()


def test_thousands_of_qubits() -> None:
    circuit = ghz(3000)
    result = run(task_of(circuit, 2000, exact=True))
    assert result.integers() == [0, 2**3000 - 1]
    assert binomial_fits(int(result.counts[0]), 2000, 0.5)  # type: ignore[index]
    noisy = run(task_of(circuit, 70, noise=NoiseModel("quiet", 0.0, 1e-3)))
    check_shape(noisy, 70)


def test_many_shots_take_many_walks() -> None:
    # 3,000 qubits fit about 45,000 shots in a walk.
    circuit = ghz(3000)
    result = run(task_of(circuit, 100_000, noise=NoiseModel("deaf", 0.0, 0.0, 1e-13)))
    check_shape(result, 100_000)
    assert len(result) == 2
    assert result.shots is not None
    for part in np.split(result.shots, [30_000, 60_000]):
        assert binomial_fits(int(part.sum()), len(part), 0.5)


def test_teleportation_brings_the_state_across() -> None:
    for quarter in range(4):
        assert exact(teleportation(quarter)) == dict.fromkeys(range(4), 0.25)


def test_repetition_code_is_silent_without_noise_and_not_with_it() -> None:
    circuit = repetition_code(5, 4)
    assert exact(circuit) == {0: 1.0}
    assert len(counts(circuit, 500, NoiseModel("loud", 0.01, 0.05))) > 10


def test_the_last_write_to_a_bit_wins_and_unwritten_bits_are_zero() -> None:
    b = Builder(2, bits=5)
    b.add(Kind.X, [0])
    b.add(Kind.MEASURE, [0, 3])
    b.add(Kind.MEASURE, [0, 4])
    b.add(Kind.MEASURE, [1, 3])
    assert exact(b.circuit()) == {16: 1.0}
    assert counts(b.circuit(), 9) == {16: 9}
    assert counts(b.circuit(), 9, NoiseModel("none", 0, 0, 1.0)) == {8: 9}


def test_a_circuit_without_qubits_has_one_outcome() -> None:
    assert exact(Builder(0).circuit()) == {0: 1.0}
    assert counts(Builder(0).circuit(), 5) == {0: 5}


def test_what_is_not_clifford_is_refused() -> None:
    with pytest.raises(FailedError, match="not all Clifford"):
        run(task_of(w_state(3), 10))


def test_noise_without_shots_is_refused_and_with_shots_is_sampled() -> None:
    noise = NoiseModel("loud", 0.1, 0.1)
    with pytest.raises(FailedError, match="ask for shots"):
        run(task_of(ghz(2), exact=True, noise=noise))
    result = run(task_of(ghz(2), 30, exact=True, noise=noise))
    check_shape(result, 30)
    assert result.probabilities is None


def test_asking_for_nothing_is_refused() -> None:
    with pytest.raises(FailedError, match="ask for shots"):
        run(task_of(ghz(2)))


def test_provenance_says_what_made_the_result() -> None:
    noise = NoiseModel("loud", 0.1, 0.2, 0.3)
    provenance = run(task_of(ghz(2), 5, noise=noise, seed=99)).provenance
    assert provenance.engine == "clifford"
    assert provenance.seed == 99
    assert provenance.noise == "loud"
    assert provenance.rates == {"1q": 0.1, "2q": 0.2, "readout": 0.3}
    assert run(task_of(ghz(2), 5)).provenance.noise is None


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), gates=st.integers(0, 12), measures=st.integers(0, 3))
def test_the_estimate_never_lists_too_few_outcomes(seed: int, gates: int, measures: int) -> None:
    circuit = random_clifford(4, gates, seed, measures, resets=measures % 2)
    assert len(exact(circuit)) <= 1 << spread_of(circuit.structure)


@pytest.mark.parametrize(
    ("circuit", "shots", "noise"),
    [
        (ghz(300), 20_000, None),
        (ghz(300), 20_000, NoiseModel("loud", 0.01, 0.02)),
        (random_clifford(200, 2000, 1), 20_000, None),
        (repetition_code(20, 20), 20_000, NoiseModel("loud", 0.01, 0.02)),
        (plus(18), 0, None),
    ],
)
def test_the_estimate_of_memory_is_enough(
    circuit: Circuit, shots: int, noise: NoiseModel | None
) -> None:
    ideal = not shots
    size, seconds = ENGINE.estimate(circuit.structure, 1, shots, noise, ideal, 1 << 20)
    run(task_of(circuit, shots, ideal, noise))  # what is made once per process is not counted
    tracemalloc.start()
    run(task_of(circuit, shots, ideal, noise))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= size <= 40 * peak + (16 << 20)
    assert seconds > 0
