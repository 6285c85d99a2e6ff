"""Version 1 of the primitives, which clients had before 0.28."""

from __future__ import annotations

from typing import Any

import expected
import numpy as np
import pytest
import qiskit_ibm_runtime
from qiskit import QuantumCircuit
from qiskit.circuit.library import RealAmplitudes
from qiskit.quantum_info import Pauli, SparsePauliOp
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit_ibm_runtime import Options, Session
from qiskit_ibm_runtime.exceptions import RuntimeJobFailureError

if not hasattr(qiskit_ibm_runtime, "SamplerV1"):
    pytest.skip("this client has no primitives of version 1", allow_module_level=True)
from qiskit_ibm_runtime import EstimatorV1, SamplerV1

SHOTS = 8000
VALUES = np.random.default_rng(1).uniform(0, 3, (3, 6))


@pytest.fixture
def simulator(legacy: Any) -> Any:
    return legacy.backend("ibmq_qasm_simulator")


@pytest.fixture
def options() -> Options:
    chosen = Options()
    chosen.execution.shots = SHOTS
    chosen.simulator.seed_simulator = 3
    return chosen


@pytest.fixture
def ansatz() -> QuantumCircuit:
    """Six parameters, whose order is not that in which they come."""
    return RealAmplitudes(3, reps=1).decompose()


def test_quasi_distributions(simulator: Any, options: Options, ansatz: QuantumCircuit) -> None:
    with Session(backend=simulator) as session:
        sampler = SamplerV1(session=session, options=options)
        result = sampler.run([expected.measured(ansatz)] * 3, VALUES.tolist()).result()
    for values, dist, metadata in zip(VALUES, result.quasi_dists, result.metadata, strict=True):
        bound = ansatz.assign_parameters(values)
        binary = dist.binary_probabilities()
        assert {len(key) for key in binary} == {3}
        assert sum(binary.values()) == pytest.approx(1, abs=1e-12)
        expected.agree({key: round(p * SHOTS) for key, p in binary.items()}, bound)
        assert metadata["shots"] == SHOTS


def test_values(simulator: Any, options: Options, ansatz: QuantumCircuit) -> None:
    observables = [
        SparsePauliOp.from_list([("XXI", 0.5), ("IZZ", 1.0), ("III", 0.25)]),
        Pauli("ZIZ"),
        SparsePauliOp.from_list([("YIY", -1.0)]),
    ]
    estimator = EstimatorV1(backend=simulator, options=options)
    result = estimator.run([ansatz] * 3, observables, VALUES.tolist()).result()
    for values, observable, found in zip(VALUES, observables, result.values, strict=True):
        bound = ansatz.assign_parameters(values)
        assert abs(found - expected.mean(bound, SparsePauliOp(observable))) < 7 / SHOTS**0.5
    assert all(0 < one["variance"] < 2 for one in result.metadata)


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_levels_of_resilience(machine: Any, level: int) -> None:
    """The parity of a Bell pair on a noisy machine: what mitigation brings."""
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    manager = generate_preset_pass_manager(optimization_level=3, backend=machine, seed_transpiler=1)
    circuit = manager.run(bell)
    chosen = Options(resilience_level=level)
    chosen.execution.shots = SHOTS
    chosen.transpilation.skip_transpilation = True
    estimator = EstimatorV1(backend=machine, options=chosen)
    observable = SparsePauliOp("ZZ").apply_layout(circuit.layout)
    (value,) = estimator.run(circuit, observable).result().values
    assert 0.8 < value < 1.2
    if level == 0:
        assert value < 0.98  # the errors of two readings at least


def test_what_is_wrong(simulator: Any) -> None:
    bell = QuantumCircuit(2)
    with pytest.raises(RuntimeJobFailureError, match=r"1002.*observables\[0\].*not a real number"):
        EstimatorV1(backend=simulator).run(bell, SparsePauliOp("ZZ", 1j)).result()


def test_a_program_by_name(legacy: Any) -> None:
    """`service.run`, which went with them."""
    circuit = expected.measured(expected.three())
    inputs = {"circuits": [circuit], "parameters": [[]], "parameter_values": [[]]}
    job = legacy.run("sampler", inputs, options={"backend": "simulator_mps"})
    (dist,) = job.result().quasi_dists
    counts = {key: round(p * 4000) for key, p in dist.binary_probabilities().items()}
    expected.agree(counts, expected.three())
