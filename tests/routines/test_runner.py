from __future__ import annotations

import numpy as np
import pytest
from tests import channels
from tests.chance import fits
from tests.routines.making import PAULI, RELAXING, ladder, runner

from ketway.circuits.circuit import Batch, Builder, Circuit, Program
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel, QubitNoise
from ketway.engines.planner import Machine, plan
from ketway.engines.running import run_program, take_shots
from ketway.jobs.results import Result
from ketway.routines.placing import on_qubits, used_qubits
from ketway.routines.runner import Runner


def spread_out(angle: float = 0.3) -> Circuit:
    """Three qubits of a machine of 30, read crosswise."""
    builder = Builder(30, 3)
    builder.add(Kind.RX, [7], [angle])
    builder.add(Kind.X, [20], [], [7])
    builder.add(Kind.RY, [11], [angle])
    for qubit, bit in ((20, 0), (7, 2), (11, 1)):
        builder.add(Kind.MEASURE, [qubit, bit])
    return builder.circuit()


def batch_of(circuit: Circuit) -> Batch:
    return Batch(circuit.structure, circuit.params[None])


def counted(rows: np.ndarray) -> dict[int, int]:
    numbers, counts = np.unique(rows[..., 0].ravel(), return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def test_noise_of_single_qubits_goes_with_them() -> None:
    noise = NoiseModel(
        "n",
        one_qubit=0.05,
        two_qubit=0.1,
        qubits=(
            QubitNoise(20, p01=0.2, p10=0.0),
            QubitNoise(11, p01=0.0, p10=0.3),
            QubitNoise(5, p01=0.9, p10=0.9),
        ),
    )
    circuit = spread_out()
    found = runner(noise).sample(batch_of(circuit), 20_000, 1)
    used = used_qubits(circuit.structure)
    assert used.tolist() == [7, 11, 20]
    small = Circuit(on_qubits(circuit.structure, used), circuit.params)
    near = noise.on(used.tolist())
    assert [entry.qubit for entry in near.qubits] == [2, 1]
    assert fits(counted(found), channels.distribution(small, near))


def test_qubits_keep_their_noise_where_the_prepass_would_renumber_them() -> None:
    builder = Builder(6, 6)
    for q in range(6):
        builder.add(Kind.RX, [q], [0.4 + q / 10])
    builder.add(Kind.X, [1], [], [0])
    builder.add(Kind.X, [5], [], [4])
    for q in range(6):
        builder.add(Kind.MEASURE, [q, 5 - q])
    circuit = builder.circuit()
    noise = NoiseModel("n", qubits=(QubitNoise(4, p01=0.5, p10=0.1),))
    found = runner(noise).sample(batch_of(circuit), 20_000, 1)
    assert fits(counted(found), channels.distribution(circuit, noise))


@pytest.mark.parametrize("noise", [None, PAULI, RELAXING], ids=["ideal", "pauli", "relaxing"])
def test_distributions_are_exact(noise: NoiseModel | None) -> None:
    circuit = spread_out()
    (result,) = runner(noise).distributions(batch_of(circuit))
    used = used_qubits(circuit.structure)
    small = Circuit(on_qubits(circuit.structure, used), circuit.params)
    truth = channels.distribution(
        small, NoiseModel("none") if noise is None else noise.on(used.tolist())
    )
    found = dict(zip(result.integers(), result.weights().tolist(), strict=True))
    for outcome, p in truth.items():
        assert found.get(outcome, 0.0) == pytest.approx(p, abs=1e-9)


def measured_ladder(points: int) -> Batch:
    batch = ladder(points)
    builder = Builder(5, 5)
    structure = batch.structure
    for gate, kind in enumerate(structure.kinds.tolist()):
        operands, held = structure.operands_of(gate), int(structure.controls[gate])
        count = int(structure.param_starts[gate + 1] - structure.param_starts[gate])
        builder.add(Kind(kind), operands[held:], [0.0] * count, operands[:held])
    for q in range(5):
        builder.add(Kind.MEASURE, [q, 4 - q])
    return Batch(builder.circuit().structure, batch.params)


@pytest.mark.parametrize("noise", [None, RELAXING], ids=["ideal", "relaxing"])
@pytest.mark.parametrize("threads", [1, 2])
def test_shots_in_the_order_taken_are_those_of_the_results(
    noise: NoiseModel | None, threads: int
) -> None:
    batch = measured_ladder(3)
    program = Program((batch,), tuple((0, row) for row in range(3)), ((),) * 3)
    plans = [plan(batch, 100, False, noise, Machine(1 << 30))]
    seeds = [5, 6, 7]
    results = dict(run_program(program, plans, seeds, 100, False, noise, threads))
    for row, taken in take_shots(program, plans, seeds, 100, noise, threads):
        result = results[row]
        assert isinstance(result, Result)
        assert result.shots is not None
        assert not hasattr(taken, "message")
        assert (taken.outcomes == result.outcomes[result.shots]).all()  # type: ignore[union-attr]
        assert taken.provenance == result.provenance  # type: ignore[union-attr]


def test_keys_tell_draws_apart_and_parts_make_the_whole() -> None:
    batch = measured_ladder(4)
    machine = runner()
    whole = machine.sample(batch, 50, 3)
    assert (whole == machine.sample(batch, 50, 3)).all()
    assert (whole != machine.sample(batch, 50, 4)).any()
    tail = Batch(batch.structure, batch.params[2:])
    assert (machine.sample_seeded(tail, 50, machine.seeds_of(3, 2, 2)) == whole[2:]).all()


def test_what_is_learned_is_learned_once() -> None:
    machine = Runner(noise=None, machine=Machine(1 << 30), seed=1)
    calls: list[int] = []
    assert [machine.once("a", lambda: calls.append(1) or len(calls)) for _ in range(3)] == [1, 1, 1]  # type: ignore[func-returns-value]
