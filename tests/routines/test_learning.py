from __future__ import annotations

import numpy as np
import pytest
from tests.routines.making import ladder, runner

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.jobs.failures import FailedError
from ketway.routines.learning import (
    Instruction,
    LayerError,
    learn,
    learn_instructions,
    plan_learn,
    plan_learn_instructions,
)
from ketway.routines.mitigation.lindblad import anticommuting
from ketway.routines.mitigation.twirling import conjugations
from ketway.routines.options import NoiseLearnerOptions

OPTIONS = NoiseLearnerOptions(layer_pair_depths=(0, 1, 4, 16), shots_per_randomization=256)


def paired(noise: NoiseModel, pauli: dict[str, float], table: np.ndarray) -> np.ndarray:
    """The true fidelities f(P) f(Q) of the Paulis 1 to 15 of a gate with this channel after it."""
    odds = np.zeros(16)
    for name, p in pauli.items():
        odds["IXYZ".index(name[0]) + 4 * "IXYZ".index(name[1])] = p
    odds[0] = 1 - odds.sum()
    fidelities = np.concatenate(([1.0], odds[0] + (1 - 2 * anticommuting()) @ odds[1:]))
    return (fidelities * fidelities[table])[1:]


def learned_pairs(error: LayerError, qubits: tuple[int, int], table: np.ndarray) -> np.ndarray:
    rates = np.zeros(16)
    for (letters, places), rate in zip(error.generators, error.rates, strict=True):
        held = {error.qubits[k]: "IXYZ".index(p) for k, p in zip(places, letters, strict=True)}
        if set(held) <= set(qubits):
            rates[held.get(qubits[0], 0) + 4 * held.get(qubits[1], 0)] += rate
    fidelities = np.concatenate(([1.0], np.exp(-2 * anticommuting() @ rates[1:])))
    return (fidelities * fidelities[table])[1:]


PAULIS = {
    (0, 1): {"ZI": 0.01, "IX": 0.004, "XY": 0.003, "ZZ": 0.006},
    (2, 3): {"ZZ": 0.015},
}
UNEVEN = NoiseModel(
    "uneven",
    gates=tuple(GateNoise(("cz",), pair, pauli=odds) for pair, odds in PAULIS.items()),
    qubits=(QubitNoise(None, p01=0.01, p10=0.06),),
)


def test_learned_rates_are_those_of_the_noise() -> None:
    batch = ladder(1, layers=1)
    table = next(iter(conjugations(batch).values()))
    errors = learn([batch], OPTIONS, runner(UNEVEN))
    assert [error.qubits for error in errors] == [(0, 1, 2, 3), (0, 1, 2, 3, 4)]
    assert errors[0].circuit.structure.qubits == 4
    for pair, odds in PAULIS.items():
        truth = paired(UNEVEN, odds, table)
        found = learned_pairs(errors[0], pair, table)
        assert found == pytest.approx(truth, abs=0.004)
    # Nothing is wrong with the gates of the other layer.
    assert max(errors[1].rates) < 0.002


def test_rates_of_even_noise_are_found_one_by_one() -> None:
    noise = NoiseModel("even", two_qubit=0.02, readout=0.03)
    (error, _) = learn([ladder(1, layers=1)], OPTIONS, runner(noise))
    assert len(error.rates) == 2 * 15
    truth = -np.log(1 - 0.02) / 16
    assert np.array(error.rates) == pytest.approx(truth, abs=6e-4)
    spread = np.abs(np.array(error.rates) - truth) / np.array(error.errors)
    assert np.sqrt(np.mean(spread**2)) < 2


def test_gates_that_bring_paulis_back_with_another_sign() -> None:
    builder = Builder(2)
    builder.add(Kind.RZZ, [0, 1], [np.pi / 2])  # its square is ZZ
    made = builder.circuit()
    noise = NoiseModel("n", two_qubit=0.03)
    (error,) = learn([Batch(made.structure, made.params[None])], OPTIONS, runner(noise))
    assert np.array(error.rates) == pytest.approx(-np.log(0.97) / 16, abs=8e-4)


def test_the_most_frequent_layers_are_learned_first() -> None:
    noise = NoiseModel("n", two_qubit=0.02)
    builder = Builder(4)
    for _ in range(3):
        builder.add(Kind.X, [2], [], [1])
    builder.add(Kind.X, [1], [], [0])
    made = builder.circuit()
    one = NoiseLearnerOptions(1, 64, 4, (0, 2))
    errors = learn(
        [ladder(1, layers=1), Batch(made.structure, made.params[None])], one, runner(noise)
    )
    assert [[e.circuit.structure.gates, e.qubits] for e in errors] == [[1, (1, 2)]]
    assert len(plan_learn([ladder(1, layers=1)], one, runner(noise))) == 2


def test_an_ideal_machine_has_nothing_to_learn() -> None:
    errors = learn([ladder(1, layers=1)], OPTIONS, runner())
    assert len(errors) == 2
    assert not any(errors[0].rates)


def test_readings_are_learned_of_measurements() -> None:
    builder = Builder(4, 2)
    builder.add(Kind.MEASURE, [1, 0])
    builder.add(Kind.MEASURE, [3, 1])
    made = builder.circuit()
    box = Instruction(Batch(made.structure, made.params[None]), (1, 3))
    options = NoiseLearnerOptions(shots_per_randomization=1024)
    (error,) = learn_instructions([box], options, runner(UNEVEN))
    assert error.qubits == (1, 3)
    assert error.generators == (("X", (0,)), ("X", (1,)))
    truth = -np.log(1 - 0.01 - 0.06) / 2
    assert np.abs(np.array(error.rates) - truth).max() < 4 * max(error.errors)
    assert error.metadata == {"learning_protocol": "trex"}
    assert len(plan_learn_instructions([box], options, runner(UNEVEN))) == 1


def test_single_layers_are_learned_in_their_order() -> None:
    builder = Builder(4)
    builder.add(Kind.Z, [1], [], [0])
    builder.add(Kind.H, [3])
    made = builder.circuit()
    box = Instruction(Batch(made.structure, made.params[None]), (0, 1, 3))
    (error,) = learn_instructions([box], OPTIONS, runner(UNEVEN))
    assert error.qubits == (0, 1, 3)
    idle = [rate for (_, on), rate in zip(error.generators, error.rates, strict=True) if 2 in on]
    assert idle == [0.0] * 3
    assert error.metadata == {"learning_protocol": "lindblad"}
    made = _twice()
    two = Instruction(Batch(made.structure, made.params[None]), (0, 1, 2))
    with pytest.raises(FailedError, match="one layer at a time") as failed:
        learn_instructions([box, two], OPTIONS, runner(UNEVEN))
    assert failed.value.failure.circuit == 1


def test_a_layer_of_nothing_has_rates_of_nothing() -> None:
    box = Instruction(Batch(Builder(3).circuit().structure, np.zeros((1, 0))), (0, 2))
    (error,) = learn_instructions([box], OPTIONS, runner(UNEVEN))
    assert error.qubits == (0, 2)
    assert error.rates == (0.0,) * 6
    assert plan_learn_instructions([box], OPTIONS, runner(UNEVEN)) == []


def _twice() -> Circuit:
    builder = Builder(3)
    builder.add(Kind.Z, [1], [], [0])
    builder.add(Kind.Z, [2], [], [1])
    return builder.circuit()
