from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.control import Op
from ketway.circuits.gates import Kind
from ketway.devices.isa import check_isa, places_of
from ketway.devices.loading import load
from ketway.jobs.failures import Code, FailedError, Failure

BRISBANE = load().device("ibm_brisbane")  # ecr, in one direction of each pair
TORINO = load().device("ibm_torino")  # cz, in both
KINGSTON = load().device("ibm_kingston")  # cz and rzz
MIAMI = load().device("ibm_miami")  # neither resets nor decides


def refused(builder: Builder, device: Any, params: Any = None) -> Failure:
    circuit = builder.circuit()
    with pytest.raises(FailedError) as caught:
        check_isa(circuit.structure, circuit.params if params is None else params, device)
    return caught.value.failure


def passes(circuit: Circuit, device: Any) -> None:
    check_isa(circuit.structure, circuit.params, device)


def built(*gates: tuple[Any, ...], qubits: int = 5, bits: int = 2) -> Builder:
    builder = Builder(qubits, bits)
    for gate in gates:
        builder.add(*gate)
    return builder


def test_what_is_made_of_the_machines_gates_passes() -> None:
    mine = built(
        (Kind.SX, [0]), (Kind.RZ, [1], [0.3]), (Kind.X, [4]), (Kind.NOP, [2]),
        (Kind.Z, [1], (), [0]), (Kind.Z, [0], (), [1]), (Kind.RESET, [3]), (Kind.MEASURE, [0, 1]),
        (Kind.GLOBAL_PHASE, [], [0.1]),
    )  # fmt: skip
    passes(mine.circuit(), TORINO)
    passes(built((Kind.ECR, [1, 0])).circuit(), BRISBANE)
    passes(Builder(133).circuit(), TORINO)


def test_a_gate_of_another_machine() -> None:
    failure = refused(built((Kind.SX, [0]), (Kind.H, [2]), (Kind.T, [1])), TORINO)
    assert (failure.code, failure.gate) == (Code.UNSUPPORTED_GATE, 1)
    assert "Gate 1 (h on [2]) is no gate of ibm_torino, which has cz, id, rz" in failure.message
    assert "generate_preset_pass_manager" in failure.message
    assert "(cx on [0, 1])" in refused(built((Kind.X, [1], (), [0])), TORINO).message
    assert "(ecr on [1, 0])" in refused(built((Kind.ECR, [1, 0])), TORINO).message
    assert "(ccx on [0, 1, 2])" in refused(built((Kind.X, [2], (), [0, 1])), TORINO).message


def test_a_pair_that_is_not_coupled_or_in_the_other_direction() -> None:
    failure = refused(built((Kind.Z, [1], (), [0]), (Kind.Z, [3], (), [0])), TORINO)
    assert failure.gate == 1
    assert "(cz on [0, 3]) cannot be run on ibm_torino: these qubits are not" in failure.message
    failure = refused(built((Kind.ECR, [0, 1])), BRISBANE)
    assert "there, ecr acts on [1, 0] only" in failure.message


def test_more_qubits_than_there_are() -> None:
    failure = refused(Builder(134), TORINO)
    assert failure.code == Code.NOT_ENOUGH_QUBITS
    assert "134 qubits, and ibm_torino has 133" in failure.message


@pytest.mark.parametrize("angle", [-0.1, math.pi / 2 + 1e-6, 3.0, math.nan])
def test_angles_of_rzz(angle: float) -> None:
    builder = built((Kind.RZZ, [0, 1], [0.0]))
    rows = np.array([[0.3], [math.pi / 2], [angle], [0.1]])
    failure = refused(builder, KINGSTON, rows)
    assert (failure.circuit, failure.gate) == (2, 0)
    assert "angles from 0 to pi/2" in failure.message
    check_isa(builder.circuit().structure, rows[:2], KINGSTON)


def test_the_first_wrong_gate_is_named() -> None:
    builder = built((Kind.SX, [0]), (Kind.Z, [3], (), [0]), (Kind.H, [0]), (Kind.Y, [0]))
    assert refused(builder, TORINO).gate == 1


def looping(back: bool) -> Builder:
    builder = built((Kind.MEASURE, [0, 0]))
    jump = builder.jump([Op.BIT, 0], 0 if back else -1)
    if not back:
        builder.add(Kind.X, [1])
        builder.land(jump)
    return builder


def test_control_flow() -> None:
    passes(looping(False).circuit(), TORINO)
    assert "no loops that bits end" in refused(looping(True), TORINO).message
    passes(looping(True).circuit(), load().device("fake_fractional"))
    assert "cannot decide by classical bits" in refused(looping(False), MIAMI).message
    assert "(reset on [3]) is no gate" in refused(built((Kind.RESET, [3])), MIAMI).message


def test_what_is_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert TORINO.snapshot is not None
    figures = list(TORINO.snapshot.figures)
    at = next(i for i, group in enumerate(figures) if "cz" in group.gates)
    figures[at] = msgspec.structs.replace(figures[at], faulty=(0,))
    broken = msgspec.structs.replace(TORINO.snapshot, figures=tuple(figures), faulty=(7,))
    assert broken.couplings[0] == (0, 1)
    monkeypatch.setattr("ketway.devices.isa._places_of", lambda _: places_of(broken))
    assert "out of order" in refused(built((Kind.Z, [1], (), [0])), TORINO).message
    passes(built((Kind.Z, [0], (), [1])).circuit(), TORINO)
    for gate in ((Kind.SX, [7]), (Kind.MEASURE, [7, 0]), (Kind.Z, [7], (), [8])):
        assert "out of order" in refused(built(gate, qubits=9), TORINO).message


def test_others_take_what_they_can_compute() -> None:
    for name in ("simulator", "simulator_mps", "qpu.forte-1"):
        passes(built((Kind.H, [0]), (Kind.ECR, [1, 0])).circuit(), load().device(name))
