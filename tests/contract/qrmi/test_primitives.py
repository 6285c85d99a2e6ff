"""The primitives that QRMI brings for Qiskit; circuits leave as OpenQASM of a machine's qubits."""

from __future__ import annotations

import math
from typing import Any

import expected
import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.providers import JobStatus
from qiskit_ibm_runtime.fake_provider import FakeTorino
from qrmi.primitives import QRMIService
from qrmi.primitives.ibm import EstimatorV2, SamplerV2, get_backend
from resources import NAMES, made


@pytest.fixture
def target(resource: Any) -> Any:
    return get_backend(resource).target


def compiled(circuit: QuantumCircuit, target: Any) -> QuantumCircuit:
    """Level 3 looks for the qubits with the least errors."""
    return transpile(circuit, target=target, optimization_level=3, seed_transpiler=1)


def test_a_scheduler_gives_resources_by_their_names() -> None:
    service = QRMIService()
    assert sorted(resource.resource_id() for resource in service.resources()) == sorted(NAMES)
    assert service.resource("ibm_torino").resource_id() == "ibm_torino"


def test_a_backend_is_the_machine(resource: Any, target: Any) -> None:
    backend = get_backend(resource)
    assert (backend.name, backend.num_qubits) == ("ibm_torino", 133)
    theirs = FakeTorino().target
    assert set(target["cz"]) == set(theirs["cz"])
    for place, properties in theirs["cz"].items():  # QRMI reads the last digit of a number loosely
        assert target["cz"][place].error == pytest.approx(properties.error, rel=1e-15)


def test_counts(resource: Any, target: Any) -> None:
    circuit = compiled(expected.measured(expected.three()), target)
    job = SamplerV2(resource).run([circuit], shots=4000)
    counts = job.result()[0].data.meas.get_counts()
    expected.agree(counts, expected.three(), noise=0.1)
    assert job.status() == JobStatus.DONE
    assert "completed" in job.logs()


def test_a_sweep() -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.measure_all()
    angles = [0.0, 1.0, math.pi]
    job = SamplerV2(made("ibmq_qasm_simulator")).run([(circuit, [[a] for a in angles])], shots=4000)
    found = job.result()[0].data.meas
    assert found.shape == (3,)
    for k, a in enumerate(angles):
        ones = found.get_counts(k).get("01", 0) / 4000
        assert abs(ones - math.sin(a / 2) ** 2) < expected.chance(4000, 2)


def test_expectation_values(resource: Any, target: Any) -> None:
    circuit = compiled(expected.three(), target)
    observable = expected.OBSERVABLE.apply_layout(circuit.layout)
    job = EstimatorV2(resource).run([(circuit, [observable, -observable])], precision=0.01)
    values = job.result()[0].data.evs
    wanted = expected.mean(expected.three(), expected.OBSERVABLE)
    assert values.shape == (2,)
    assert np.abs(values - [wanted, -wanted]).max() < 0.3
