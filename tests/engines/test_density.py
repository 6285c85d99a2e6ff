from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests import channels, reference
from tests.chance import fits
from tests.corpus.arbitrary import random_circuit

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.density import MAX_WIDTH, DensityEngine, refusal
from ketway.engines.engine import Task
from ketway.jobs.failures import FailedError
from ketway.jobs.results import Result

ENGINE = DensityEngine()


def task_of(circuit: Circuit, shots: int = 0, exact: bool = True, **more: object) -> Task:
    batch = Batch(circuit.structure, circuit.params[None])
    return replace(Task(batch, (7,), shots, exact), **more)  # type: ignore[arg-type]


def run(circuit: Circuit, shots: int = 0, exact: bool = True, **more: object) -> Result:
    (result,) = ENGINE.run(task_of(circuit, shots, exact, **more))
    return result


def chances_of(
    circuit: Circuit, noise: NoiseModel | None = None, **more: object
) -> dict[int, float]:
    result = run(circuit, noise=noise, **more)
    assert result.probabilities is not None
    assert math.fsum(result.probabilities) == pytest.approx(1, abs=1e-14)
    assert result.integers() == sorted(result.integers())
    return dict(zip(result.integers(), result.probabilities.tolist(), strict=True))


def agree(found: dict[int, float], expected: dict[int, float], within: float = 1e-10) -> None:
    for outcome in found.keys() | expected.keys():
        assert found.get(outcome, 0) == pytest.approx(expected.get(outcome, 0), abs=within)


def laboratory(t2: float) -> NoiseModel:
    """Something of everything, loud."""
    return NoiseModel(
        "laboratory",
        one_qubit=0.01,
        two_qubit=0.02,
        readout=0.01,
        gates=(
            GateNoise(("h", "x", "nop"), (), 0.02, {"Z": 0.05, "X": 0.01}, 0.05),
            GateNoise(("h",), (1,), pauli={"Y": 0.2}),
            GateNoise(("cx", "rzz", "swap"), pauli={"XI": 0.1, "ZY": 0.05}, duration=0.1),
            GateNoise(("cx",), (1, 0), pauli={"XZ": 0.2}, duration=0.15),
            GateNoise(("2q",), depolarising=0.03, duration=0.05),
            GateNoise(("2q",), (1, 2), pauli={"XI": 0.1, "IY": 0.1}),
        ),
        qubits=(
            QubitNoise(None, 1.0, t2),
            QubitNoise(1, 0.7, None, 0.1, 0.3),
            QubitNoise(0, None, 2.0),
            QubitNoise(2, p01=0.02, p10=0.2),
        ),
    )


TIMES = (0.5, 1.0, 1.5, 1.9, 2.0)


@pytest.mark.parametrize("seed", range(6))
def test_without_noise_it_gives_what_states_give(seed: int) -> None:
    circuit = random_circuit(2 + seed % 3, 20, seed, measures=seed % 3, resets=seed % 2)
    agree(chances_of(circuit), reference.distribution(circuit))


@pytest.mark.parametrize("seed", range(12))
def test_any_noise_agrees_with_the_books(seed: int) -> None:
    circuit = random_circuit(2 + seed % 3, 16, seed, measures=seed % 3, resets=seed % 2)
    noise = laboratory(TIMES[seed % 5])
    agree(chances_of(circuit, noise, threads=2), channels.distribution(circuit, noise))


def test_single_precision_is_less_precise_and_no_more() -> None:
    circuit, noise = random_circuit(4, 24, 3), laboratory(1.5)
    expected = channels.distribution(circuit, noise)
    agree(chances_of(circuit, noise, precision="single"), expected, 1e-5)


# ---------------------------------------------------------------- closed forms


@pytest.mark.parametrize("qubits", [2, 5, 8])
def test_the_parity_of_a_depolarised_ghz_state(qubits: int) -> None:
    """In the X basis the parity is +1, and each CNOT's noise keeps it with weight 1 - p.

    The stabiliser X...X is carried through every gate and stays on both of its qubits, so every
    site multiplies its mean by 1 - p: by p1 on one qubit and by p2 on two.
    """
    p1, p2 = 0.02, 0.07
    b = Builder(qubits)
    b.add(Kind.H, [0])
    for q in range(1, qubits):
        b.add(Kind.X, [q], controls=[q - 1])
    for q in range(qubits):
        b.add(Kind.H, [q])
    found = chances_of(b.circuit(), NoiseModel("n", p1, p2))
    mean = sum(p * (-1) ** outcome.bit_count() for outcome, p in found.items())
    assert mean == pytest.approx((1 - p1) ** (qubits + 1) * (1 - p2) ** (qubits - 1), abs=1e-12)


def waits(count: int, prepare: Kind, finish: Kind | None = None) -> Circuit:
    b = Builder(1)
    b.add(prepare, [0])
    for _ in range(count):
        b.add(Kind.NOP, [0])
    if finish is not None:
        b.add(finish, [0])
    return b.circuit()


def idle(t1: float | None, t2: float | None, duration: float = 0.05) -> NoiseModel:
    return NoiseModel(
        "idle", gates=(GateNoise(("nop",), duration=duration),), qubits=(QubitNoise(None, t1, t2),)
    )


@pytest.mark.parametrize("t2", [0.3, 1.0, 1.6, 2.0])
def test_an_excited_qubit_decays_with_t1_and_coherence_with_t2(t2: float) -> None:
    for count in (1, 7, 40):
        excited = chances_of(waits(count, Kind.X), idle(1.0, t2))
        assert excited[1] == pytest.approx(math.exp(-0.05 * count), abs=1e-12)
        turned = chances_of(waits(count, Kind.H, Kind.H), idle(1.0, t2))
        assert turned[0] - turned.get(1, 0) == pytest.approx(
            math.exp(-0.05 * count / t2), abs=1e-12
        )


def test_misreading_is_exact_and_differs_for_zero_and_one() -> None:
    b = Builder(2)
    b.add(Kind.X, [1])
    noise = NoiseModel("n", qubits=(QubitNoise(p01=0.1, p10=0.3),))
    agree(chances_of(b.circuit(), noise), {2: 0.9 * 0.7, 3: 0.1 * 0.7, 0: 0.9 * 0.3, 1: 0.1 * 0.3})


def test_one_qubit_read_into_two_bits_is_misread_twice() -> None:
    b = Builder(1, bits=70)
    b.add(Kind.X, [0])
    b.add(Kind.MEASURE, [0, 3])
    b.add(Kind.MEASURE, [0, 66])
    found = chances_of(b.circuit(), NoiseModel("n", readout=0.1))
    one, other = 1 << 3, 1 << 66
    agree(found, {one | other: 0.81, one: 0.09, other: 0.09, 0: 0.01})


# ---------------------------------------------------------------- shots, limits, what is said


@pytest.mark.parametrize("exact", [False, True])
def test_shots_follow_the_distribution(exact: bool) -> None:
    """False alarms: one in a million, see `tests.chance`."""
    circuit, noise = random_circuit(4, 20, 5, measures=1), laboratory(1.5)
    result = run(circuit, 20_000, exact, noise=noise)
    assert result.counts is not None
    assert result.shots is not None
    assert result.total == 20_000
    assert (result.probabilities is not None) == exact
    np.testing.assert_array_equal(np.bincount(result.shots, minlength=len(result)), result.counts)
    counts = dict(zip(result.integers(), result.counts.tolist(), strict=True))
    assert fits({k: c for k, c in counts.items() if c}, channels.distribution(circuit, noise))


def test_threads_and_batch_splits_give_the_same_bytes() -> None:
    circuit, noise = random_circuit(4, 20, 6, measures=1), laboratory(0.8)
    params = np.linspace(0.5, 1.5, 5)[:, None] * circuit.params
    task = Task(Batch(circuit.structure, params), (1, 2, 3, 4, 5), 50, True, noise)

    def bytes_of(task: Task) -> list[bytes]:
        out = []
        for r in ENGINE.run(task):
            assert r.probabilities is not None
            assert r.shots is not None
            out.append(r.outcomes.tobytes() + r.probabilities.tobytes() + r.shots.tobytes())
        return out

    expected = bytes_of(task)
    assert bytes_of(replace(task, threads=3)) == expected
    parts = [(0, 2), (2, 5)]
    split = [
        row
        for start, end in parts
        for row in bytes_of(
            replace(
                task,
                batch=Batch(circuit.structure, params[start:end]),
                seeds=task.seeds[start:end],
            )
        )
    ]
    assert split == expected


def test_the_largest_outcomes_are_kept_and_those_drawn() -> None:
    circuit, noise = random_circuit(6, 40, 8), NoiseModel("n", 0.05, 0.1)
    whole = run(circuit, noise=noise)
    kept = run(circuit, 500, noise=noise, kept=7)
    assert whole.probabilities is not None
    assert kept.probabilities is not None
    assert kept.counts is not None
    assert whole.provenance.kept == 1
    largest = np.sort(whole.probabilities)[-7:].sum()
    assert kept.provenance.kept == pytest.approx(largest)
    assert kept.total == 500
    assert len(kept) <= 7 + np.count_nonzero(kept.counts)


def test_provenance_says_what_made_a_result() -> None:
    b = Builder(2)
    b.add(Kind.H, [1])
    made = run(b.circuit(), noise=laboratory(1.0)).provenance
    assert (made.engine, made.version, made.seed) == ("density", ENGINE.version, 7)
    assert made.noise == "laboratory"
    assert made.rates == {"h[1] Y": 0.2, "readout": 0.01, "p01[1]": 0.1, "p10[1]": 0.3}


def test_what_is_too_wide_is_refused_with_the_reason() -> None:
    b = Builder(MAX_WIDTH // 2 + 1)
    with pytest.raises(
        FailedError, match="14 qubits and 0 measurements in the middle needs 2\\^28"
    ):
        ENGINE.run(task_of(b.circuit()))
    b = Builder(12, bits=12)
    for k in range(3):
        b.add(Kind.MEASURE, [k, k])
        b.add(Kind.H, [k])
        b.add(Kind.MEASURE, [k, 3 + k])
    assert "3 measurements in the middle" in refusal(b.circuit().structure, None)
    b = Builder(1, bits=40)
    for bit in range(40):
        b.add(Kind.MEASURE, [0, bit])
    assert "reads 40 bits" in refusal(b.circuit().structure, None)
    assert refusal(Builder(13).circuit().structure, None) == ""


def test_nothing_asked_is_refused() -> None:
    with pytest.raises(FailedError, match="Ask for shots"):
        ENGINE.run(task_of(Builder(1).circuit(), exact=False))


def test_estimates_grow_with_what_is_asked() -> None:
    noise = laboratory(1.0)
    small, wide = random_circuit(4, 40, 1).structure, random_circuit(11, 40, 1).structure
    size, seconds = ENGINE.estimate(wide, 1, 100, noise, "double")
    assert 16 * 2**22 <= size < 16 * 2**22 + 2**24
    assert ENGINE.estimate(wide, 1, 100, noise, "single")[0] < size
    assert ENGINE.estimate(small, 1, 100, noise, "double")[1] < seconds / 20
    assert ENGINE.estimate(wide, 9, 100, noise, "double")[1] > 8 * seconds
