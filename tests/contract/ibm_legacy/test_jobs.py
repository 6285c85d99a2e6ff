"""Programs of the time, by version 2 of the primitives, and their jobs."""

from __future__ import annotations

import warnings
from typing import Any

import expected
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit_ibm_runtime import EstimatorV2, SamplerV2
from qiskit_ibm_runtime.exceptions import (
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobNotFound,
)

SHOTS = 4000
NOISE = {"ibm_torino": 0.12}
"""So far a machine's counts may be from the ideal ones, where the best qubits were chosen."""


def compiled(circuit: QuantumCircuit, backend: Any) -> QuantumCircuit:
    """Level 3 looks for the qubits with the least errors."""
    manager = generate_preset_pass_manager(optimization_level=3, backend=backend, seed_transpiler=1)
    return manager.run(circuit)


def test_counts(backend: Any) -> None:
    job = SamplerV2(mode=backend).run(
        [compiled(expected.measured(expected.three()), backend)], shots=SHOTS
    )
    counts = job.result()[0].data.meas.get_counts()
    assert sum(counts.values()) == SHOTS
    expected.agree(counts, expected.three(), NOISE.get(backend.name, 0.0))
    assert job.status() == "DONE"


def test_expectation_values(backend: Any) -> None:
    """With all that mitigation does by default."""
    circuit = compiled(expected.three(), backend)
    observable = expected.OBSERVABLE.apply_layout(circuit.layout)
    job = EstimatorV2(mode=backend).run([(circuit, observable)], precision=0.01)
    (result,) = job.result()
    wanted = expected.mean(expected.three(), expected.OBSERVABLE)
    noise = 0.2 if backend.name in NOISE else 0.0
    assert abs(result.data.evs - wanted) < 7 * 0.01 * np.abs(observable.coeffs).sum() + noise
    assert 0 < result.data.stds < 0.05


def test_a_sweep_of_parameters(legacy: Any) -> None:
    """Seeded, as a simulator's options allow: the same bits each time."""
    angle = Parameter("a")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.measure_all()
    angles = [0.0, 0.5, 1.0, np.pi]
    sampler = SamplerV2(mode=legacy.backend("ibmq_qasm_simulator"))
    sampler.options.simulator.seed_simulator = 11
    results = [sampler.run([(circuit, angles)], shots=SHOTS).result()[0] for _ in range(2)]
    first, second = (result.data.meas for result in results)
    assert first.shape == (4,)
    assert first == second
    for k, a in enumerate(angles):
        ones = first.get_counts(k).get("01", 0) / SHOTS
        assert abs(ones - np.sin(a / 2) ** 2) < expected.chance(SHOTS, 2)


def test_a_sweep_of_observables(legacy: Any) -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.rx(angle, 0)
    estimator = EstimatorV2(mode=legacy.backend("simulator_statevector"))
    angles = np.linspace(0, 2, 5)
    observables = [[SparsePauliOp("Z")], [SparsePauliOp("Y")]]
    (result,) = estimator.run([(circuit, observables, angles)], precision=0.01).result()
    assert result.data.evs.shape == (2, 5)
    wanted = [np.cos(angles), -np.sin(angles)]
    assert np.abs(result.data.evs - wanted).max() < 0.07


def test_a_job_is_found_again(legacy: Any) -> None:
    backend = legacy.backend("ibmq_qasm_simulator")
    sampler = SamplerV2(mode=backend)
    sampler.options.environment.job_tags = ["legacy"]
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        job = sampler.run([expected.measured(expected.three())], shots=10)
        done = job.result()
    assert not [w for w in heard if issubclass(w.category, UserWarning)]
    found = legacy.job(job.job_id())
    assert (found.status(), found.tags) == ("DONE", ["legacy"])
    assert found.result()[0].data.meas == done[0].data.meas
    assert found.backend().name == backend.name
    assert found.inputs["pubs"][0][2] == 10
    assert found.metrics()["usage"]["quantum_seconds"] > 0
    if hasattr(found, "usage"):  # not yet in 0.27
        assert found.usage() > 0
    assert "completed" in found.logs()
    found.update_tags(["seen"])
    assert [one.job_id() for one in legacy.jobs(job_tags=["seen"])] == [job.job_id()]
    assert legacy.jobs(job_tags=["legacy"]) == []
    assert legacy.jobs(program_id="sampler", backend_name=backend.name, limit=1)
    assert legacy.jobs(pending=True) == []
    assert legacy.jobs(limit=None, skip=1000) == []
    with pytest.raises(RuntimeInvalidStateError):
        found.cancel()
    legacy.delete_job(job.job_id())
    with pytest.raises(RuntimeJobNotFound):
        legacy.job(job.job_id())


def test_cancelling(legacy: Any) -> None:
    job = SamplerV2(mode=legacy.backend("ibmq_qasm_simulator")).run([expected.long()])
    assert job.status() in ("QUEUED", "RUNNING")
    assert [one.job_id() for one in legacy.jobs(pending=True)] == [job.job_id()]
    job.cancel()
    assert job.status() == "CANCELLED"
    assert legacy.job(job.job_id()).cancelled()


def test_what_a_machine_cannot_do(machine: Any) -> None:
    """Refused by the client where it can see it, and by the server where it cannot."""
    with pytest.raises(Exception, match=r"target|ISA|supported"):
        SamplerV2(mode=machine).run([expected.measured(expected.three())])
    circuit = QuantumCircuit(1)
    circuit.measure_all()
    job = SamplerV2(mode=machine).run([circuit], shots=200_000)
    with pytest.raises(RuntimeJobFailureError, match="200,000 shots"):
        job.result()
    assert job.status() == "ERROR"
    assert "100,000" in job.error_message()
