"""Mitigation on a noisy machine of five qubits: values come nearer to those without noise."""

from __future__ import annotations

import numpy as np
import pytest
from tests.routines.making import PAULI, RELAXING, SUMS, chance, ladder, pub_of, runner, true_values

from ketway.circuits.circuit import Floats
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.routines.estimator import EstimatorAnswer, estimate, plan_estimate
from ketway.routines.mitigation.readout import ReadoutLearning
from ketway.routines.mitigation.shots import Amount
from ketway.routines.options import (
    DynamicalDecoupling,
    EstimatorOptions,
    LayerNoise,
    LayerNoiseLearning,
    Pec,
    Resilience,
    Twirling,
    Zne,
)
from ketway.routines.placing import Index
from ketway.routines.reading import well_read

BATCH = ladder(2)
PLACES = ([[0], [1]], range(4))
TRUTH = true_values(pub_of(BATCH, SUMS, *PLACES))
FAST = LayerNoiseLearning(num_randomizations=16, layer_pair_depths=(0, 2, 8))


def found(
    noise: NoiseModel, options: EstimatorOptions, precision: float = 0.01, points: int = 2
) -> EstimatorAnswer:
    pub = pub_of(BATCH, SUMS, PLACES[0][:points], PLACES[1], precision=precision)
    assert all(plan.bytes > 0 for plan in plan_estimate(pub, options, runner(noise)))
    return estimate(pub, options, runner(noise), 11)


def mean_error(values: Floats) -> float:
    return float(np.abs(values - TRUTH[: len(values)]).mean())


def bare(noise: NoiseModel) -> float:
    return mean_error(found(noise, EstimatorOptions(resilience_level=0)).evs)


@pytest.mark.parametrize("noise", [PAULI, RELAXING], ids=lambda noise: noise.name)
def test_trex_leaves_the_noise_of_gates_alone(noise: NoiseModel) -> None:
    answer = found(noise, EstimatorOptions())
    left = well_read(noise)
    exact = estimate(pub_of(BATCH, SUMS, *PLACES), EstimatorOptions(), runner(noise), 0)
    assert exact.evs == pytest.approx(true_values(pub_of(BATCH, SUMS, *PLACES), left), abs=1e-9)
    # A tenth more: what the readings shrink values by is itself learned from shots.
    assert chance(answer.evs, exact.evs, answer.stds) < 2
    assert mean_error(answer.evs) < 0.9 * bare(noise)


def test_twirled_relaxation_is_a_pauli_channel() -> None:
    t1, t2, duration = 3e-6, 2e-6, 4e-7
    noise = NoiseModel(
        "n", gates=(GateNoise(("2q",), duration=duration),), qubits=(QubitNoise(t1=t1, t2=t2),)
    )
    kept, coherent = np.exp(-duration / t1), np.exp(-duration / t2)
    odds = np.array([1 + kept + 2 * coherent, 1 - kept, 1 - kept, 1 + kept - 2 * coherent]) / 4
    pauli = {a + b: odds[j] * odds[k] for j, a in enumerate("IXYZ") for k, b in enumerate("IXYZ")}
    del pauli["II"]
    twirled = NoiseModel("twirled", gates=(GateNoise(("2q",), pauli=pauli),))
    options = EstimatorOptions(
        resilience_level=0,
        twirling=Twirling(enable_gates=True, num_randomizations=150, shots_per_randomization=60),
    )
    one = pub_of(BATCH, SUMS, [[0]], range(4))
    wanted = true_values(one, twirled)
    answer = found(noise, options, points=1)
    assert chance(answer.evs, wanted, answer.stds) < 2
    untwirled = true_values(one, noise)
    assert chance(untwirled, wanted, answer.stds) > 3  # else it would not tell


@pytest.mark.parametrize("noise", [PAULI, RELAXING], ids=lambda noise: noise.name)
@pytest.mark.parametrize("amplifier", ["gate_folding", "gate_folding_front", "gate_folding_back"])
def test_zero_noise_extrapolation_comes_nearer(noise: NoiseModel, amplifier: str) -> None:
    zne = Zne(amplifier=amplifier, noise_factors=(1, 2, 3))  # type: ignore[arg-type]
    options = EstimatorOptions(resilience_level=2, resilience=Resilience(zne=zne))
    answer = found(noise, options)
    assert mean_error(answer.evs) < 0.5 * bare(noise)
    for values, shape in (
        (answer.evs_noise_factors, (2, 4, 3)),
        (answer.stds_noise_factors, (2, 4, 3)),
        (answer.ensemble_stds_noise_factors, (2, 4, 3)),
        (answer.evs_extrapolated, (2, 4, 2, 4)),
        (answer.stds_extrapolated, (2, 4, 2, 4)),
    ):
        assert values is not None
        assert values.shape == shape
    assert np.shape(answer.metadata["resilience"]["zne"]["extrapolators"]) == (2, 4)
    assert answer.evs_noise_factors is not None
    errors = [mean_error(answer.evs_noise_factors[..., k]) for k in range(3)]
    assert errors == sorted(errors)


def test_exact_values_are_extrapolated_exactly() -> None:
    zne = Zne(noise_factors=(1, 3, 5), extrapolator="polynomial_degree_2")
    options = EstimatorOptions(resilience_level=2, resilience=Resilience(zne=zne))
    answer = found(PAULI, options, precision=0.0)
    again = found(PAULI, options, precision=0.0)
    assert answer.evs.tobytes() == again.evs.tobytes()
    assert not answer.stds.any()
    assert mean_error(answer.evs) < 0.2 * bare(PAULI)


def test_readings_are_learned_from_as_many_shots_as_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[int] = []
    whole = ReadoutLearning.__init__

    def watched(
        self: ReadoutLearning, width: int, qubits: Index, amount: Amount, noise: NoiseModel
    ) -> None:
        seen.append(amount.total)
        whole(self, width, qubits, amount, noise)

    monkeypatch.setattr(ReadoutLearning, "__init__", watched)
    few = Twirling(num_randomizations=2500, shots_per_randomization=4)
    estimate(
        pub_of(BATCH, SUMS, 0, range(4), 0.1), EstimatorOptions(twirling=few), runner(PAULI), 0
    )
    assert min(seen) >= 10_000


def cancelling(randomizations: int, **others: object) -> EstimatorOptions:
    return EstimatorOptions(
        resilience=Resilience(pec_mitigation=True, layer_noise_learning=FAST, **others),  # type: ignore[arg-type]
        twirling=Twirling(num_randomizations=randomizations, shots_per_randomization=4),
    )


def test_cancelled_errors_leave_no_bias() -> None:
    # Without errors of one-qubit gates, which are not learned.
    noise = NoiseModel("two", two_qubit=0.02, qubits=PAULI.qubits)
    answer = found(noise, cancelling(350), points=1)
    assert mean_error(answer.evs) < 0.3 * bare(noise)
    assert chance(answer.evs, TRUTH[:1], answer.stds) < 2
    overhead = answer.metadata["resilience"]["pec"]["sampling_overhead"]
    # exp(4 sum of rates), for 16 gates of 15 rates of -log(1 - 0.02)/16.
    assert overhead == pytest.approx(np.exp(4 * 16 * 15 * -np.log(0.98) / 16), rel=0.15)
    assert answer.metadata["num_randomizations"] == np.ceil(350 * overhead)


def test_what_may_be_cancelled_is_bounded() -> None:
    some = found(PAULI, cancelling(20, pec=Pec(max_overhead=1.2)))
    assert some.metadata["num_randomizations"] <= 24
    assert 0 < some.metadata["resilience"]["pec"]["noise_gain"] < 1
    none = found(PAULI, cancelling(20, pec=Pec(noise_gain=1.0)))
    assert none.metadata["num_randomizations"] == 20


def test_noise_is_amplified_by_putting_in_what_was_learned() -> None:
    noise = NoiseModel("two", two_qubit=0.02, qubits=PAULI.qubits)
    zne = Zne(amplifier="pea", noise_factors=(1, 2, 3))
    options = EstimatorOptions(
        resilience=Resilience(zne_mitigation=True, zne=zne, layer_noise_learning=FAST),
        twirling=Twirling(num_randomizations=100, shots_per_randomization=20),
    )
    answer = found(noise, options, points=1)
    assert answer.evs_noise_factors is not None
    assert answer.stds_noise_factors is not None
    for k, factor in enumerate((1, 2, 3)):
        # Depolarising once more by the same rates: 1 - p becomes (1 - p)**factor.
        louder = NoiseModel("louder", two_qubit=1 - 0.98**factor)
        wanted = true_values(pub_of(BATCH, SUMS, [[0]], range(4)), louder)
        values = answer.evs_noise_factors[..., k]
        assert chance(values, wanted, np.maximum(answer.stds_noise_factors[..., k], 0.01)) < 2
    assert mean_error(answer.evs) < 0.5 * bare(noise)


def test_given_layer_noise_is_used_and_not_learned() -> None:
    noise = NoiseModel("two", two_qubit=0.02)
    rate = -np.log(0.98) / 16
    letters = [a + b for a in "IXYZ" for b in "IXYZ"][1:]
    models = tuple(
        LayerNoise(
            tuple(("cz", pair) for pair in pairs),
            tuple((name, pair) for pair in pairs for name in letters),
            (rate,) * 15 * len(pairs),
        )
        for pairs in (((0, 1), (2, 3)), ((1, 2), (3, 4)))
    )
    answer = found(noise, cancelling(350, layer_noise_model=models), points=1)
    assert answer.metadata["resilience"]["pec"]["sampling_overhead"] == pytest.approx(
        np.exp(4 * 16 * 15 * rate)
    )
    assert chance(answer.evs, TRUTH[:1], answer.stds) < 2
    half = found(noise, cancelling(50, layer_noise_model=models[:1]))
    assert half.metadata["resilience"]["layers_not_learned"] == 1


def test_decoupling_says_what_came_of_it() -> None:
    options = EstimatorOptions(
        resilience_level=0, dynamical_decoupling=DynamicalDecoupling(enable=True)
    )
    assert "no durations" in found(PAULI, options).metadata["dynamical_decoupling"]
    assert "pulses in each" in found(RELAXING, options).metadata["dynamical_decoupling"]
