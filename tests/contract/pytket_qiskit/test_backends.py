"""`IBMQBackend` and its emulator: what they know of a backend, and what they count.

The reference is pytket's own state vector, whose first qubit is the most significant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import expected
import numpy as np
import pytest
from pytket.backends import StatusEnum
from pytket.circuit import Bit, Circuit, OpType
from pytket.extensions.qiskit import IBMQBackend, IBMQEmulatorBackend
from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.fake_provider import FakeTorino

SHOTS = 4000
NAMES = ["ibm_torino", "ibmq_qasm_simulator", "simulator", "qpu.forte-1"]
NOISE = {"ibm_torino": 0.12, "ibm_fez": 0.12, "qpu.forte-1": 0.1}


def three() -> Circuit:
    """Three entangled qubits, no two alike."""
    circuit = Circuit(3, 3)
    circuit.Ry(0.22, 0).CX(0, 1).Rx(0.4, 2).CZ(1, 2).Ry(0.13, 1).X(0)
    return circuit


def wanted(circuit: Circuit) -> dict[str, float]:
    weights = np.abs(circuit.get_statevector()) ** 2
    return {format(k, f"0{circuit.n_qubits}b"): float(p) for k, p in enumerate(weights)}


def texts(counts: Mapping[Any, int]) -> dict[str, int]:
    return {"".join(map(str, outcome)): n for outcome, n in counts.items()}


def agree(counts: Mapping[Any, int], circuit: Circuit, noise: float = 0.0) -> None:
    allowed = expected.chance(sum(counts.values()), 2**circuit.n_qubits) + noise
    assert expected.distance(texts(counts), wanted(circuit)) < allowed


@pytest.mark.parametrize("name", NAMES)
def test_counts_and_their_bits(name: str) -> None:
    backend = IBMQBackend(name)
    circuit = backend.get_compiled_circuit(three().measure_all())
    assert backend.valid_circuit(circuit)
    handle = backend.process_circuit(circuit, n_shots=SHOTS)
    counts = backend.get_result(handle).get_counts()
    assert sum(counts.values()) == SHOTS
    agree(counts, three(), NOISE.get(name, 0.0))
    assert backend.circuit_status(handle).status is StatusEnum.COMPLETED


def test_what_a_machine_is() -> None:
    info = IBMQBackend("ibm_torino").backend_info
    theirs = FakeTorino()
    assert info.device_name == "ibm_torino"
    assert info.n_nodes == 133
    pairs = {(a.index[0], b.index[0]) for a, b in info.architecture.coupling}
    assert pairs == set(theirs.coupling_map)
    assert {OpType.CZ, OpType.SX, OpType.Rz, OpType.X, OpType.Measure} <= info.gate_set
    assert info.supports_midcircuit_measurement
    assert info.supports_fast_feedforward
    errors = {node.index[0]: error for node, error in info.all_readout_errors.items()}
    for qubit in (0, 7, 132):
        measured = theirs.target["measure"][qubit,].error
        assert np.mean([errors[qubit][0][1], errors[qubit][1][0]]) == pytest.approx(measured)


def test_circuits_of_one_job_keep_their_order_and_their_registers() -> None:
    backend = IBMQBackend("ibmq_qasm_simulator", service=QiskitRuntimeService())
    circuits = []
    for k in range(4):
        circuit = Circuit(2)
        first, second = circuit.add_c_register("a", 2), circuit.add_c_register("b", 1)
        if k & 1:
            circuit.X(0)
        if k & 2:
            circuit.X(1)
        circuit.Measure(circuit.qubits[0], first[1]).Measure(circuit.qubits[1], second[0])
        circuits.append(circuit)
    handles = backend.process_circuits(circuits, n_shots=10)
    assert len({handle[0] for handle in handles}) == 1
    bits = [Bit("a", 1), Bit("b", 0)]
    for k, handle in enumerate(handles):
        result = backend.get_result(handle)
        assert result.get_counts(bits) == {(k & 1, k >> 1): 10}
        assert result.get_counts() == {(0, k & 1, k >> 1): 10}


def test_different_shots_are_different_jobs() -> None:
    backend = IBMQBackend("simulator")
    circuits = [three().measure_all()] * 2
    handles = backend.process_circuits(backend.get_compiled_circuits(circuits), n_shots=[50, 70])
    counted = [backend.get_result(handle).get_counts() for handle in handles]
    assert [sum(counts.values()) for counts in counted] == [50, 70]


# A machine that no other test holds: pytket-qiskit leaves its sessions open, and they end when they
# have been idle for a minute.
@pytest.mark.parametrize("name", ["ibmq_qasm_simulator", "ibm_fez"])
def test_a_bit_decides_on_a_gate(name: str) -> None:
    circuit = Circuit(2, 2)
    circuit.H(0).Measure(0, 0).X(1, condition_bits=[0], condition_value=1).Measure(1, 1)
    backend = IBMQBackend(name)
    made = backend.get_compiled_circuit(circuit, optimisation_level=1)
    counts = texts(backend.run_circuit(made, n_shots=SHOTS).get_counts())
    allowed = expected.chance(SHOTS, 2) + NOISE.get(name, 0.0)
    assert expected.distance(counts, {"00": 0.5, "11": 0.5}) < allowed


def test_a_handle_outlives_its_backend() -> None:
    circuit = three().measure_all()
    first = IBMQBackend("ibmq_qasm_simulator")
    handle = first.process_circuit(first.get_compiled_circuit(circuit), n_shots=SHOTS)
    second = IBMQBackend("ibmq_qasm_simulator")
    agree(second.get_result(handle).get_counts(), three())


def test_cancelling() -> None:
    backend = IBMQBackend("ibmq_qasm_simulator")
    circuit = Circuit(25)
    for layer in range(40):
        for qubit in range(25):
            circuit.Ry(0.1 + layer, qubit).CX(qubit, (qubit + 1 + layer % 24) % 25)
    made = backend.get_compiled_circuit(circuit.measure_all(), optimisation_level=0)
    handle = backend.process_circuit(made, n_shots=10)
    backend.cancel(handle)
    assert backend.circuit_status(handle).status is StatusEnum.CANCELLED


def test_the_emulator_of_a_machine() -> None:
    """It computes here, by Aer, with what it is told of the machine: what the machine counts. A
    small one, for Aer takes a while to make a noise model of a large one."""
    backend, emulator = IBMQBackend("ibm_lagos"), IBMQEmulatorBackend("ibm_lagos")
    circuit = emulator.get_compiled_circuit(three().measure_all())
    theirs = texts(emulator.run_circuit(circuit, n_shots=SHOTS).get_counts())
    ours = texts(backend.run_circuit(circuit, n_shots=SHOTS).get_counts())
    share = {key: n / SHOTS for key, n in theirs.items()}
    # Two samples, and two models made of the same figures.
    assert expected.distance(ours, share) < 2 * expected.chance(SHOTS, 8) + 0.02
    assert expected.distance(theirs, wanted(three())) > 0.1
