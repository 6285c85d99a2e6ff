"""Circuits as Ketway compiles them, against qiskit-ionq's own transpiler at its highest level."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from as_qiskit import built, exact, measured
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.library import (
    CDKMRippleCarryAdder,
    QFTGate,
    efficient_su2,
    grover_operator,
    real_amplitudes,
)
from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping
from qiskit.circuit.random import random_circuit
from qiskit.providers import JobStatus
from qiskit_ionq import IonQProvider

import reference

SDK = "qiskit-ionq"


@pytest.fixture(scope="module")
def provider(api: str, key: str) -> IonQProvider:
    return IonQProvider(token=key, url=api)


@pytest.fixture(scope="module", autouse=True)
def pointed(api: str, key: str) -> Any:
    """Its transpiler asks for the width of a backend wherever the environment says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QISKIT_IONQ_API_URL", api)
        patch.setenv("QISKIT_IONQ_API_TOKEN", key)
        yield


def ghz(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    circuit.h(0)
    for k in range(qubits - 1):
        circuit.cx(k, k + 1)
    return circuit


def fourier(qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    circuit.x(0)
    circuit.append(QFTGate(qubits), range(qubits))
    return circuit.decompose(reps=1)


def qaoa(qubits: int, layers: int) -> QuantumCircuit:
    """On the complete graph."""
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    for layer in range(layers):
        for a in range(qubits):
            for b in range(a):
                circuit.rzz(0.3 + 0.1 * layer, a, b)
        circuit.rx(0.8, range(qubits))
    return circuit


def heisenberg(qubits: int, steps: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    circuit.x(range(0, qubits, 2))
    for _ in range(steps):
        for start in (0, 1):
            for a in range(start, qubits - 1, 2):
                circuit.rxx(0.2, a, a + 1)
                circuit.ryy(0.2, a, a + 1)
                circuit.rzz(0.2, a, a + 1)
    return circuit


def grover(qubits: int) -> QuantumCircuit:
    oracle = QuantumCircuit(qubits)
    oracle.h(qubits - 1)
    oracle.mcx(list(range(qubits - 1)), qubits - 1)
    oracle.h(qubits - 1)
    circuit = QuantumCircuit(qubits)
    circuit.h(range(qubits))
    return circuit.compose(grover_operator(oracle).decompose(reps=2))


def ansatz(made: QuantumCircuit, seed: int) -> QuantumCircuit:
    values = np.random.default_rng(seed).uniform(0, 3, made.num_parameters)
    return made.assign_parameters(values)


def adder(bits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(2 * bits + 2)
    circuit.h(range(1, bits + 1))
    circuit.x(bits + 1)
    return circuit.compose(CDKMRippleCarryAdder(bits).decompose(reps=2))


CORPUS = {
    "ghz": ghz(8),
    "fourier": fourier(7),
    "qaoa": qaoa(6, 3),
    "heisenberg": heisenberg(7, 3),
    "grover": grover(4),
    "efficient su2": ansatz(efficient_su2(6, reps=2), 1),
    "real amplitudes": ansatz(real_amplitudes(6, entanglement="full"), 2),
    "adder": adder(2),
    **{f"random {seed}": random_circuit(5, 12, max_operands=3, seed=seed) for seed in range(6)},
}


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize(("system", "gate"), [("aria-1", "ms"), ("forte-1", "zz")])
def test_it_takes_no_more_interactions(
    provider: IonQProvider, name: str, system: str, gate: str
) -> None:
    backend = provider.get_backend(f"ionq_qpu.{system}")
    # Not for the backend: that would lay the circuit out on all its qubits.
    names = sorted({*backend.target.operation_names} & {*get_standard_gate_name_mapping()})
    circuit = transpile(CORPUS[name], basis_gates=names, optimization_level=0)
    job = backend.run(
        measured(circuit), shots=10, dry_run=True, job_settings={"compilation": {"opt": 2}}
    )
    deadline = time.monotonic() + 30
    while job.status() is not JobStatus.DONE:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    compiled = job.compiled_circuit("native")
    native = built(compiled["circuit"], compiled["qubits"], native=True)
    reference.assert_same(exact(native), exact(CORPUS[name]))
    ours = sum(row["gate"] == gate for row in compiled["circuit"])
    target = provider.get_backend(f"ionq_qpu.{system}", gateset="native")
    theirs = transpile(CORPUS[name], target, optimization_level=3, seed_transpiler=1)
    assert ours <= theirs.num_nonlocal_gates()
