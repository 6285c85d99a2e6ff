"""pennylane-ionq, pointed at Ketway by the one means it has: a class attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from as_pennylane import applied, by_bits, theirs
from pennylane_ionq.api_client import APIClient, Job, JobExecutionError

import circuits
import reference

SDK = "pennylane-ionq"
ARIA_1 = (0.0005, 0.0133)


@pytest.fixture(scope="module", autouse=True)
def pointed(api: str) -> Iterator[None]:
    before = APIClient.BASE_URL
    APIClient.BASE_URL = api
    yield
    APIClient.BASE_URL = before


def tape(gates: list[dict[str, Any]], shots: int = 100) -> Any:
    with qml.queuing.AnnotatedQueue() as queue:
        applied(gates)
        qml.expval(qml.PauliZ(0))
    return qml.tape.QuantumScript.from_queue(queue, shots=shots)


def device(key: str, name: str = "ionq.simulator", wires: int = 4, **options: Any) -> Any:
    made = qml.device(name, wires=wires, api_key=key, **options)
    return getattr(made, "target_device", made)


def test_single_circuit(key: str) -> None:
    made = qml.device("ionq.simulator", wires=2, api_key=key)

    @qml.set_shots(500)
    @qml.qnode(made)
    def bell() -> Any:
        qml.Hadamard(wires=0)
        qml.CNOT(wires=[0, 1])
        return qml.counts()

    counts = bell()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500


def test_expectation_values(key: str) -> None:
    made = qml.device("ionq.simulator", wires=3, api_key=key)

    @qml.set_shots(20_000)
    @qml.qnode(made)
    def values() -> Any:
        qml.PauliX(wires=0)
        qml.RY(0.8, wires=1)
        qml.CNOT(wires=[1, 2])
        return (
            qml.expval(qml.PauliZ(0)),
            qml.expval(qml.PauliZ(1) @ qml.PauliZ(2)),
            qml.expval(qml.PauliZ(2)),
        )

    first, pair, last = values()
    assert first == -1
    assert pair == 1
    assert abs(last - np.cos(0.8)) < 0.05


def test_asymmetric_circuit_is_exact(key: str) -> None:
    made = device(key)
    made.batch_execute([tape(circuits.asymmetric())])
    (histogram,) = made.histograms
    reference.assert_same(by_bits(histogram), theirs(circuits.asymmetric()))
    by_formulas = reference.probabilities(circuits.asymmetric(), circuits.QUBITS)
    reference.assert_same(by_bits(histogram), by_formulas)
    big_endian = {int(f"{k:04b}"[::-1], 2): float(p) for k, p in enumerate(made.prob)}
    reference.assert_same(big_endian, by_formulas)


def test_batch_keeps_order(key: str) -> None:
    family = circuits.family(6)
    made = device(key)
    made.batch_execute([tape(gates) for gates in family])
    assert len(made.histograms) == len(family)
    for gates, histogram in zip(family, made.histograms, strict=True):
        reference.assert_same(by_bits(histogram), theirs(gates))


def test_gradient_is_one_batch(key: str) -> None:
    made = qml.device("ionq.simulator", wires=2, api_key=key)

    @qml.set_shots(40_000)
    @qml.qnode(made, diff_method="parameter-shift")
    def cost(angles: Any) -> Any:
        qml.RY(angles[0], wires=0)
        qml.CNOT(wires=[0, 1])
        qml.RX(angles[1], wires=1)
        return qml.expval(qml.PauliZ(1))

    angles = qml.numpy.array([0.6, 0.9], requires_grad=True)
    gradient = qml.grad(cost)(angles)
    exact = [-np.sin(0.6) * np.cos(0.9), -np.cos(0.6) * np.sin(0.9)]
    assert np.allclose(gradient, exact, atol=0.05)


@pytest.mark.parametrize("count", [1, 3])
def test_native_gates_on_the_ideal_simulator(key: str, count: int) -> None:
    """PennyLane's plug-in has no zz, and its MS gate's own matrix is wrong: only formulas here."""
    gates = circuits.of_family("ms")
    made = device(key, wires=3, gateset="native")
    scripts = []
    for _ in range(count):
        with qml.queuing.AnnotatedQueue() as queue:
            applied(gates)
            qml.expval(qml.PauliZ(0))
        scripts.append(qml.tape.QuantumScript.from_queue(queue, shots=100))
    made.batch_execute(scripts)
    assert len(made.histograms) == count
    for histogram in made.histograms:
        expected = reference.probabilities(gates, 3, native=True)
        reference.assert_same(by_bits(histogram), expected)


def test_native_gates_on_a_qpu(key: str) -> None:
    gates = circuits.of_family("ms")
    made = device(key, "ionq.qpu", wires=3, backend="aria-1", gateset="native")
    made.batch_execute([tape(gates, shots=400)])
    counts = {k: p * 400 for k, p in by_bits(made.histograms[0]).items()}
    assert abs(sum(counts.values()) - 400) < 1e-6
    assert all(abs(c - round(c)) < 1e-6 for c in counts.values())


@pytest.mark.parametrize("time", [0.7, -0.7])
def test_evolution(key: str, time: float) -> None:
    """exp(-i t H) of terms that do not commute, on wires out of order; sign and order matter."""
    hamiltonian = 0.5 * qml.PauliX(2) @ qml.PauliZ(0) + 0.3 * qml.PauliY(0) @ qml.PauliY(2)
    other = 0.4 * qml.PauliZ(0) - 0.9 * qml.PauliX(1) @ qml.PauliY(0)

    def body() -> None:
        qml.RY(0.7, wires=0)
        qml.RY(1.1, wires=2)
        qml.RX(0.3, wires=1)
        qml.evolve(hamiltonian, time)
        qml.evolve(other, time / 2)

    with qml.queuing.AnnotatedQueue() as queue:
        body()
        qml.expval(qml.PauliZ(0))
    made = device(key, wires=3)
    with pytest.warns(UserWarning, match="num_steps"):
        made.batch_execute([qml.tape.QuantumScript.from_queue(queue, shots=100)])

    @qml.qnode(qml.device("default.qubit", wires=3))
    def local() -> Any:
        body()
        return qml.probs(wires=range(3))

    expected = {int(f"{k:03b}"[::-1], 2): float(p) for k, p in enumerate(local())}
    reference.assert_same(by_bits(made.histograms[0]), expected)


def test_noise_model_is_the_published_one(key: str) -> None:
    gates = circuits.deep(60, 3)
    shots = 20_000

    def counts(seed: int) -> dict[int, int]:
        made = device(key, wires=3, noise_model="aria-1", noise_seed=seed)
        made.batch_execute([tape(gates, shots)])
        return {k: round(p * shots) for k, p in by_bits(made.histograms[0]).items()}

    first = counts(17)
    assert sum(first.values()) == shots
    assert counts(17) == first
    assert counts(18) != first
    assert reference.p_value(first, reference.noisy_probabilities(gates, 3, *ARIA_1)) > 1e-6


@pytest.mark.parametrize("backend", ["forte-1", "aria-1"])
def test_qpu_counts_sum_to_shots(key: str, backend: str) -> None:
    made = qml.device("ionq.qpu", wires=4, api_key=key, backend=backend, sharpen=True)

    @qml.set_shots(321)
    @qml.qnode(made)
    def answer() -> Any:
        applied(circuits.asymmetric())
        return qml.counts()

    assert sum(answer().values()) == 321


def test_metadata_name_and_settings(key: str) -> None:
    made = device(
        key,
        job_name="named",
        metadata={"team": "blue"},
        compilation={"opt": 0, "precision": "1E-3"},
    )
    made.batch_execute([tape(circuits.asymmetric())])
    listing = Job(api_key=key)
    listing.manager.get(params={"limit": 1})
    (newest,) = listing.manager.http_response_data["jobs"]
    assert newest["name"] == "named"
    assert newest["metadata"] == {"team": "blue"}


def test_listing_and_job_by_id_later(key: str) -> None:
    """The plug-in has no call that lists; its resource manager asks for what it is told to."""
    made = device(key)
    made.batch_execute([tape(circuits.asymmetric())])
    listing = Job(api_key=key)
    listing.manager.get(params={"limit": 5, "status": "completed"})
    listed = listing.manager.http_response_data["jobs"]
    assert 1 <= len(listed) <= 5
    again = Job(api_key=key)
    again.manager.get(listed[0]["id"])
    assert again.is_complete
    by_formulas = reference.probabilities(circuits.asymmetric(), circuits.QUBITS)
    reference.assert_same(by_bits(again.data.value), by_formulas)


def test_failure_is_told(key: str) -> None:
    made = device(key, wires=40)
    with pytest.raises(JobExecutionError):
        made.batch_execute([tape(circuits.too_wide())])


def test_refused_request_says_why(key: str) -> None:
    made = device(key, "ionq.qpu", wires=4, backend="nowhere")
    with pytest.raises(Exception, match=r"qpu\.nowhere"):
        made.batch_execute([tape(circuits.asymmetric())])


def test_dry_run_is_accepted(key: str) -> None:
    made = device(key, "ionq.qpu", wires=4, backend="forte-1", dry_run=True)
    assert made.batch_execute([tape(circuits.asymmetric())]) == [[]]


def test_debiased_and_sharpened_on_a_qpu(key: str) -> None:
    made = device(
        key, "ionq.qpu", wires=4, backend="aria-1", shots=1000,
        error_mitigation={"debiasing": True}, sharpen=True,
    )  # fmt: skip
    with qml.queuing.AnnotatedQueue() as queue:
        applied(circuits.asymmetric())
        qml.probs(wires=range(4))
    (found,) = made.batch_execute([qml.tape.QuantumScript.from_queue(queue, shots=1000)])
    assert found.shape == (16,)
    assert sum(found) == pytest.approx(1)
