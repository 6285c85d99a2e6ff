"""`ionq` 0.0.0a15 against a live Ketway: circuits, energies, quadratic programs, optimizations."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import serving

pytest.importorskip("ionq", reason="the SDK takes no Python from 3.13 on")

from ionq import Backend, Circuit, Client, HamiltonianEnergy, Optimization, Session
from ionq.ansatz.ansatz_library import BrickworkLayoutAnsatz, GenericQubitEntangler
from ionq.errors import PreflightError
from ionq.problems import QuadraticProgram
from ionq.problems.quadratic import LinearConstraint, QuadraticConstraint
from ionq.utils.ionq_qiskit import to_ansatz, to_hamiltonian
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

SDK = "ionq"
HAMILTONIAN = SparsePauliOp.from_list(
    [("ZZII", -1.0), ("IXXI", 0.5), ("IIYY", 0.3), ("ZIIZ", 0.8), ("IIIX", -0.4), ("IIII", 0.25)]
)


@pytest.fixture(scope="module")
def client(server: serving.Server) -> Iterator[Client]:
    """As after `ketway env`."""
    command = [serving.ketway_python(), "-m", "ketway", "env", "--json", "--url", server.url]
    done = subprocess.run(command, env=serving.environment(), capture_output=True, check=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in json.loads(done.stdout).items():
            patch.setenv(name, value)
        yield Client()


@pytest.fixture
def backend(client: Client) -> Any:
    return Backend("simulator", client)


def energy(ansatz: QuantumCircuit, hamiltonian: SparsePauliOp = HAMILTONIAN) -> HamiltonianEnergy:
    return HamiltonianEnergy(to_ansatz(ansatz), to_hamiltonian(hamiltonian))


def exact(ansatz: QuantumCircuit, point: Any, hamiltonian: SparsePauliOp = HAMILTONIAN) -> float:
    bound = ansatz.assign_parameters(point)
    return float(Statevector(bound).expectation_value(hamiltonian).real)


def test_circuits(backend: Any) -> None:
    gates = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]
    job = backend.run(Circuit([{"circuit": gates}], qubits=2), name="bell", shots=200)
    (found,) = job.results()
    assert set(found.counts) == {"0", "3"}
    assert sum(found.counts.values()) == 200


@pytest.mark.parametrize("qubits", [4])
@pytest.mark.parametrize("layout", [BrickworkLayoutAnsatz, GenericQubitEntangler])
def test_an_energy_is_qiskits(backend: Any, layout: Any, qubits: int) -> None:
    """Parameters are in the order of Qiskit's circuit, elements of a vector among them."""
    ansatz = layout(qubits)
    point = np.random.default_rng(4).uniform(-2, 2, ansatz.num_parameters).tolist()
    found = backend.run(energy(ansatz), params=point).results()
    assert found.value == pytest.approx(exact(ansatz, point), abs=1e-10)
    assert found.variance > 0


def test_a_vector_of_more_than_ten_is_in_qiskits_order(backend: Any) -> None:
    ansatz = GenericQubitEntangler(6)
    assert ansatz.num_parameters == 15
    hamiltonian = SparsePauliOp.from_list([("ZIZIZI", 1.0), ("IXIXIX", 0.7)])
    point = np.linspace(-1, 2, 15).tolist()
    found = backend.run(energy(ansatz, hamiltonian), params=point).results()
    assert found.value == pytest.approx(exact(ansatz, point, hamiltonian), abs=1e-10)


def test_names_are_in_qiskits_order(backend: Any) -> None:
    ansatz = QuantumCircuit(2)
    for qubit, name in ((0, "zeta"), (1, "alpha")):
        ansatz.ry(Parameter(name), qubit)
    hamiltonian = SparsePauliOp.from_list([("IZ", 1.0), ("ZI", 10.0)])
    found = backend.run(energy(ansatz, hamiltonian), params=[0.3, 1.4]).results()
    assert found.value == pytest.approx(exact(ansatz, [0.3, 1.4], hamiltonian), abs=1e-10)


def test_a_noisy_energy_is_measured(backend: Any) -> None:
    ansatz = BrickworkLayoutAnsatz(4)
    point = [0.3] * ansatz.num_parameters
    job = backend.run(energy(ansatz), params=point, shots=20_000, noise="aria-1")
    found = job.results()
    assert found.value != exact(ansatz, point)
    assert found.value == pytest.approx(exact(ansatz, point), abs=0.15)


PROGRAM = QuadraticProgram(
    np.array([[-1.0, 0.5, 0.0], [0.5, 2.0, -0.75], [0.0, -0.75, -0.5]]),
    [LinearConstraint(coeffs=[1, 0, 2], rhs=1)],
    [QuadraticConstraint(quadratic_coeff=[[0, 1, 0], [1, 0, 0], [0, 0, 1]],
                         linear_coeff=[0, 1, 0], rhs=1.5)],
)  # fmt: skip


def test_a_quadratic_program_counts_violations_as_the_sdk_does(backend: Any) -> None:
    """Of every outcome, prepared by itself: the SDK's own objective and violations."""
    for bits in itertools.product((0, 1), repeat=3):
        ansatz = QuantumCircuit(3)
        ansatz.id(0)
        for qubit, bit in enumerate(bits):
            if bit:
                ansatz.x(qubit)
        objective = PROGRAM.quantum_function_objective(ansatz, penalty=10)
        x = np.array(bits)
        violations = float(np.sum(PROGRAM.compute_violations(x)))
        wanted = PROGRAM.evaluate_qp_objective(x) + 10 * violations
        found = backend.run(objective, params=[]).results()
        assert found.value == pytest.approx(wanted, abs=1e-10), bits
        assert found.variance == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize("method", ["COBYLA", "SPSA", "L-BFGS-B"])
def test_an_optimization(backend: Any, method: str) -> None:
    ansatz = QuantumCircuit(2)
    first, second = Parameter("a"), Parameter("b")
    ansatz.ry(first, 0)
    ansatz.ry(second, 1)
    hamiltonian = SparsePauliOp.from_list([("ZZ", 1.0), ("IZ", 0.5)])
    job = backend.run(
        Optimization(energy(ansatz, hamiltonian), method, initial_params=[2.0, 0.5], maxiter=150)
    )
    found = job.results()
    assert found.minimum_value == pytest.approx(-1.5, abs=1e-2)
    assert exact(ansatz, found.optimal_parameters, hamiltonian) == pytest.approx(
        found.minimum_value, abs=1e-9
    )
    # As its `plot_results` looks for the minimum.
    values = [item.value for item in found.progress]
    assert found.minimum_value in values
    assert [item.iteration for item in found.progress] == sorted(
        item.iteration for item in found.progress
    )
    (again,) = [backend.get_optimization_job(job.id).results()]
    assert again.minimum_value == found.minimum_value


def test_in_a_session(backend: Any) -> None:
    with Session(backend, max_jobs=5) as session:
        found = session.run(energy(BrickworkLayoutAnsatz(4)), params=[0.1] * 3).results()
        assert found.value is not None
        assert session.details()["active"] is True


def test_a_program_that_cannot_be_read_is_a_failure_in_its_words(backend: Any) -> None:
    """The SDK parses what it sends, and does not ask what gates there are."""
    workload = energy(QuantumCircuit(4))
    workload.ansatz.data = "OPENQASM 3.0; qubit[4] q; unheard_of q[0];"
    job = backend.run(workload, params=[])
    with pytest.raises(PreflightError) as caught:
        job.results()
    assert "no gate `unheard_of`" in str(caught.value)
