from __future__ import annotations

import math

import numpy as np
import pytest
from tests import reference
from tests.corpus.arbitrary import random_circuit

from ketway.circuits.circuit import Builder
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import core
from ketway.engines.lowered_noise import core_sites
from ketway.engines.lowering import lower, read
from ketway.engines.noise import noise_sites

NOISE = NoiseModel("test", one_qubit=0.25, two_qubit=0.5)


def test_measurements_that_end_a_qubit_are_not_events() -> None:
    b = Builder(3, bits=3)
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 2])
    b.add(Kind.H, [1])
    b.add(Kind.NOP, [0])
    b.add(Kind.MEASURE, [1, 0])
    found = read(b.circuit().structure)
    assert found.events.tolist() == []
    assert found.slot_bits == (0, 2)
    assert found.qubits == (1, 0), "by the weight of the bit"
    assert found.slots == ((0,), (1,))


def test_a_measurement_before_a_gate_on_its_qubit_is_an_event() -> None:
    b = Builder(1, bits=2)
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 1])
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    found = read(b.circuit().structure)
    assert found.events.tolist() == [1]
    assert found.event_slots.tolist() == [1]
    assert found.slots == ((0,),)


def test_a_bit_keeps_what_was_written_last() -> None:
    b = Builder(2, bits=1)
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.H, [1])
    b.add(Kind.MEASURE, [1, 0])
    found = read(b.circuit().structure)
    assert found.qubits == (1,)
    assert found.events.tolist() == []


def test_an_overwritten_measurement_in_the_middle_still_collapses() -> None:
    b = Builder(1, bits=1)
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    found = read(b.circuit().structure)
    assert found.events.tolist() == [1]
    assert found.event_slots.tolist() == [-1]


def test_one_qubit_may_be_read_into_many_bits() -> None:
    b = Builder(2, bits=3)
    b.add(Kind.X, [0])
    for bit in (0, 2):
        b.add(Kind.MEASURE, [0, bit])
    b.add(Kind.MEASURE, [1, 1])
    found = read(b.circuit().structure)
    assert found.qubits == (1, 0)
    assert found.slots == ((1,), (0, 2))


def test_resets_that_change_nothing_are_dropped() -> None:
    b = Builder(2, bits=1)
    b.add(Kind.RESET, [0])
    b.add(Kind.H, [0])
    b.add(Kind.H, [1])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.RESET, [1])
    assert read(b.circuit().structure).events.tolist() == []


def test_a_reset_after_a_measurement_alone_is_an_event() -> None:
    b = Builder(1, bits=1)
    b.add(Kind.H, [0])
    b.add(Kind.RESET, [0])
    b.add(Kind.MEASURE, [0, 0])
    assert read(b.circuit().structure).events.tolist() == [1]


def test_commuting_exponentials_become_rotations_and_others_a_sum() -> None:
    b = Builder(2)
    b.add_pauliexp([0, 1], ["XX", "YY"], [0.3, 0.4])
    b.add_pauliexp([0, 1], ["XI", "ZI"], [0.3, 0.4])
    circuit = b.circuit()
    lowered = lower(circuit.structure)
    assert lowered.code.codes.tolist() == [core.ROTATION, core.ROTATION, core.PAULI_SUM]
    rows = lowered.rows(circuit.params[None])
    expected = [math.cos(0.3), math.sin(0.3), math.cos(0.4), math.sin(0.4), 0.3, 0.4]
    assert rows[0].tolist() == pytest.approx(expected)


def test_errors_follow_the_operations_of_their_gate() -> None:
    b = Builder(3)
    b.add(Kind.NOP, [0])
    b.add(Kind.H, [0])
    b.add_pauliexp([0, 1], ["XX", "YY"], [0.3, 0.4])
    b.add(Kind.SWAP, [1, 2])
    structure = b.circuit().structure
    lowered = lower(structure, NOISE)
    found = core_sites(lowered, noise_sites(structure, NOISE))
    assert found.ops.tolist() == [0, 2, 2, 2, 2, 3]
    assert found.first.tolist() == [0, 0, 0, 0, 0, 1]
    assert found.second.tolist() == [-1, 1, 1, 1, 1, 2]
    assert found.odds.tolist() == pytest.approx([0.25 * 3 / 4] + [0.5 * 15 / 16] * 5)
    assert lowered.code.codes[3] == core.MATRIX, "errors after a swap need a gate to follow"


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_a_batch_are_lowered_like_circuits_alone(seed: int) -> None:
    circuit = random_circuit(5, 60, seed)
    lowered = lower(circuit.structure)
    params = np.stack([circuit.params, circuit.params * 0.5, -circuit.params])
    together = lowered.rows(params)
    for i in range(3):
        alone = lower(circuit.structure).rows(params[i : i + 1])
        np.testing.assert_array_equal(together[i : i + 1], alone)


def test_a_global_phase_with_controls_is_a_phase_on_the_last() -> None:
    b = Builder(2)
    for q in range(2):
        b.add(Kind.H, [q])
    b.add(Kind.GLOBAL_PHASE, [], [0.7], controls=[0, 1])
    b.add(Kind.GLOBAL_PHASE, [], [0.1])
    circuit = b.circuit()
    lowered = lower(circuit.structure)
    found = core.state(lowered.code, lowered.rows(circuit.params[None]))
    expected = reference.state_of(circuit)
    assert abs(np.vdot(found, expected)) == pytest.approx(1)
