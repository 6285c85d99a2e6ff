"""Backends, as a user of qiskit-ibm-runtime has them."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import PermutationGate, get_standard_gate_name_mapping
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.quantum_info import Operator
from qiskit.transpiler import generate_preset_pass_manager

QUBITS = {
    "ibmq_qasm_simulator": 32,
    "simulator_statevector": 32,
    "simulator_mps": 100,
    "simulator_stabilizer": 5000,
    "simulator_extended_stabilizer": 63,
}
EXACT = sorted(set(QUBITS) - {"simulator_stabilizer"})


def clifford() -> QuantumCircuit:
    """Tells the qubits apart."""
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.s(2)
    circuit.cz(1, 2)
    circuit.swap(0, 2)
    circuit.sdg(1)
    return circuit


def general() -> QuantumCircuit:
    circuit = clifford()
    circuit.rx(0.3, 1)
    circuit.u(0.1, 0.2, 0.3, 2)
    circuit.rzz(0.7, 0, 2)
    circuit.ccx(0, 1, 2)
    return circuit


@pytest.mark.parametrize("name", QUBITS)
def test_a_backend(service: Any, name: str) -> None:
    backend = service.backend(name)
    configuration, status = backend.configuration(), backend.status()
    assert backend.num_qubits == configuration.n_qubits == QUBITS[name]
    assert backend.target.num_qubits == QUBITS[name]
    assert backend.simulator is True
    assert configuration.coupling_map is None
    assert configuration.online_date is not None
    assert configuration.max_experiments == 300
    assert status.operational
    assert (status.status_msg, status.pending_jobs) == ("active", 0)
    assert backend.properties() is None
    assert {"measure", "reset", "delay", "cx", "h"} <= set(backend.target.operation_names)
    assert ("if_else" in backend.target.operation_names) is (
        name in ("ibmq_qasm_simulator", "simulator_statevector")
    )


@pytest.mark.parametrize("name", QUBITS)
def test_every_gate_is_one_of_qiskits(service: Any, name: str) -> None:
    """Of which the client would otherwise make a gate without qubits, or leave it out."""
    backend = service.backend(name, use_fractional_gates=None)
    known = get_standard_gate_name_mapping()
    configuration = backend.configuration()
    assert set(configuration.basis_gates) <= set(backend.target.operation_names)
    for gate in configuration.gates:
        assert len(gate.parameters) == len(known[gate.name].params), gate.name


@pytest.mark.parametrize("name", QUBITS)
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_clifford_circuit_transpiles(service: Any, name: str, level: int) -> None:
    backend = service.backend(name)
    # 5,000 qubits would be too many to compare: the circuit's own are all that it acts on.
    made = transpile(
        clifford(), backend, optimization_level=level, initial_layout=[0, 1, 2], seed_transpiler=1
    )
    assert set(made.count_ops()) <= set(backend.target.operation_names)
    assert same(made, clifford())
    assert not same(made, general())


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("fractional", [False, None])
def test_any_circuit_transpiles(service: Any, name: str, fractional: bool | None) -> None:
    backend = service.backend(name, use_fractional_gates=fractional)
    manager = generate_preset_pass_manager(
        optimization_level=1, backend=backend, initial_layout=[0, 1, 2]
    )
    made = manager.run(general())
    assert set(made.count_ops()) <= set(backend.target.operation_names)
    assert same(made, general())


def same(made: QuantumCircuit, wanted: QuantumCircuit) -> bool:
    """On the circuit's own qubits, in the order that it has them, up to a phase."""
    small = QuantumCircuit(wanted.num_qubits, global_phase=made.global_phase)
    for instruction in made.data:
        small.append(instruction.operation, [made.find_bit(q).index for q in instruction.qubits])
    order = range(wanted.num_qubits)
    if made.layout is not None:  # swaps may have become a new order of the qubits
        order = made.layout.final_index_layout()[: wanted.num_qubits]
    permuted = wanted.copy()
    permuted.append(PermutationGate([list(order).index(q) for q in range(len(order))]), order)
    return bool(Operator(small).equiv(Operator(permuted)))


def test_filters_and_the_least_busy(service: Any) -> None:
    large = service.backends(min_num_qubits=64, simulator=True)
    assert {backend.name for backend in large} == {"simulator_mps", "simulator_stabilizer"}
    assert {b.name for b in service.backends(simulator=True)} == {*QUBITS, "simulator"}
    assert len(service.backends(simulator=False)) > 58
    assert service.backends(dynamic_circuits=True)
    assert service.least_busy(min_num_qubits=1000).name == "simulator_stabilizer"


@pytest.mark.parametrize("name", ["ibm_nowhere", "mock_nowhere", "qpu.forte-9", "../jobs"])
def test_what_is_no_backend_here(service: Any, name: str) -> None:
    with pytest.raises(QiskitBackendNotFoundError):
        service.backend(name)
