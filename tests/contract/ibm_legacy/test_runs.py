"""`backend.run`, which clients had before 0.35: counts as Qiskit's `Result`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import expected
import numpy as np
import pytest
import qiskit_ibm_runtime
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm3, transpile
from qiskit.circuit import Parameter
from qiskit_ibm_runtime.exceptions import RuntimeJobFailureError

SHOTS = 4000

if tuple(map(int, qiskit_ibm_runtime.__version__.split(".")[:2])) >= (0, 35):
    pytest.skip("this client has no backend.run", allow_module_level=True)


def test_counts(backend: Any) -> None:
    circuit = transpile(
        expected.measured(expected.three()), backend, optimization_level=3, seed_transpiler=1
    )
    job = backend.run(circuit, shots=SHOTS)
    result = job.result()
    assert job.program_id == "circuit-runner" if hasattr(job, "program_id") else True
    assert (result.success, result.status) == (True, "COMPLETED")
    assert (result.backend_name, result.job_id) == (backend.name, job.job_id())
    assert result.backend_version == backend.configuration().backend_version
    assert sum(result.get_counts().values()) == SHOTS
    expected.agree(result.get_counts(), expected.three(), 0.0 if backend.simulator else 0.15)


def test_registers_memory_and_notes(legacy: Any) -> None:
    """An asymmetric outcome, over two registers, each shot by itself."""
    circuit = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(2, "a"), ClassicalRegister(1, "b"), name="mine"
    )
    circuit.metadata = {"xval": 0.5, "experiment": "T1"}
    circuit.x(0)
    circuit.h(1)
    circuit.cx(1, 2)
    circuit.measure([0, 1, 2], [0, 1, 2])
    backend = legacy.backend("ibmq_qasm_simulator")
    jobs = [
        backend.run(circuit, shots=200, memory=True, seed_simulator=5, header={"mine": 1})
        for _ in range(2)
    ]
    first, second = (job.result() for job in jobs)
    counts = first.get_counts("mine")
    assert set(counts) == {"0 01", "1 11"}
    assert Counter(first.get_memory()) == counts
    assert first.get_memory() == second.get_memory()
    assert first.results[0].header.metadata == circuit.metadata
    assert first.results[0].seed == 5
    assert first.header.to_dict() == {"mine": 1}


def test_circuits_that_differ_in_angles(legacy: Any) -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(1)
    circuit.ry(angle, 0)
    circuit.measure_all()
    angles = np.linspace(0, np.pi, 5)
    circuits = [circuit.assign_parameters({angle: a}) for a in angles]
    result = legacy.backend("simulator_statevector").run(circuits, shots=SHOTS).result()
    for k, a in enumerate(angles):
        ones = result.get_counts(k).get("1", 0) / SHOTS
        assert abs(ones - np.sin(a / 2) ** 2) < expected.chance(SHOTS, 2)


@pytest.mark.parametrize("text", [False, True])
def test_dynamic_circuits(legacy: Any, text: bool) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    backend = legacy.backend("ibmq_qasm_simulator")
    try:
        job = backend.run(qasm3.dumps(circuit) if text else circuit, dynamic=True, shots=SHOTS)
    except (AttributeError, TypeError):
        assert text, "a circuit is what every client takes"
        pytest.skip("this client takes no text")
    counts = job.result().get_counts()
    assert set(counts) == {"00", "11"}
    assert abs(counts["00"] / SHOTS - 0.5) < expected.chance(SHOTS, 2)


def test_what_cannot_be_run(legacy: Any, machine: Any) -> None:
    bare = QuantumCircuit(2)
    with pytest.raises(RuntimeJobFailureError, match=r"1002.*measure it"):
        legacy.backend("ibmq_qasm_simulator").run(bare).result()
    bare.h(0)
    bare.measure_all()
    with pytest.raises(RuntimeJobFailureError, match=r"7000.*Circuit 0: Gate 0 \(h on \[0\]\)"):
        machine.run(bare).result()
