"""Backends, as a client before 0.41 has them."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import expected
import pytest
import serving
from qiskit import transpile
from qiskit.providers.exceptions import QiskitBackendNotFoundError
from qiskit.quantum_info import Operator, Statevector

SIZES = {"ibmq_qasm_simulator": 32, "simulator": 29, "qpu.forte-1": 36, "ibm_torino": 133}


def test_every_backend_can_be_made(
    server: serving.Server, legacy: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A client logs a warning for one that it cannot make, and leaves it out."""
    request = urllib.request.Request(f"{server.url}/runtime/backends")
    request.add_header("X-Access-Token", "mine")
    with urllib.request.urlopen(request) as answer:
        names = json.load(answer)["devices"]
    found = legacy.backends()
    assert [record.message for record in caplog.records] == []
    assert {backend.name for backend in found} == set(names)
    assert len(names) > 60


@pytest.mark.parametrize("name", SIZES)
def test_a_backend(legacy: Any, name: str) -> None:
    backend = legacy.backend(name)
    configuration, status = backend.configuration(), backend.status()
    assert backend.num_qubits == configuration.n_qubits == SIZES[name]
    assert backend.simulator is ("simulator" in name)
    assert configuration.max_shots >= 100_000
    assert (status.operational, status.status_msg, status.pending_jobs) == (True, "active", 0)
    assert (backend.properties() is None) is (name != "ibm_torino")
    assert {"measure", "delay"} <= set(backend.target.operation_names)


@pytest.mark.parametrize("name", SIZES)
def test_a_circuit_transpiles(legacy: Any, name: str) -> None:
    backend = legacy.backend(name)
    wanted = expected.three()
    made = transpile(wanted, backend, optimization_level=1, initial_layout=[0, 1, 2])
    assert set(made.count_ops()) <= set(backend.target.operation_names)
    if backend.coupling_map is None:  # else swaps and 133 qubits, which the jobs' tests run
        order = list(range(SIZES[name]))[3:]
        assert not any(made.find_bit(q).index in order for i in made.data for q in i.qubits)
        small = expected.three().copy_empty_like()
        small.global_phase = made.global_phase
        for step in made.data:
            small.append(step.operation, [made.find_bit(q).index for q in step.qubits])
        assert Operator(small).equiv(Operator(wanted))
        assert Statevector(small).equiv(Statevector(wanted))


def test_properties(legacy: Any) -> None:
    properties = legacy.backend("ibm_torino").properties()
    assert 0 < properties.readout_error(0) < 0.5
    assert properties.t1(0) > 0
    assert legacy.backend("ibm_torino").defaults() is None


def test_filters_and_the_least_busy(legacy: Any) -> None:
    simulators = {backend.name for backend in legacy.backends(simulator=True)}
    assert {"ibmq_qasm_simulator", "simulator"} <= simulators
    assert not [name for name in simulators if "simulator" not in name]
    large = legacy.backends(min_num_qubits=100, simulator=True)
    assert {backend.name for backend in large} == {"simulator_mps", "simulator_stabilizer"}
    assert legacy.least_busy(simulator=False, min_num_qubits=150).num_qubits == 156


def test_what_is_no_backend_here(legacy: Any) -> None:
    with pytest.raises(QiskitBackendNotFoundError):
        legacy.backend("ibm_nowhere")
