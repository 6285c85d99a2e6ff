"""pennylane-ionq 0.39.0, pointed at Ketway by the one means it has: a class attribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from as_pennylane import applied, by_bits, theirs
from pennylane_ionq import XX, YY, ZZ
from pennylane_ionq.api_client import APIClient, Job, JobExecutionError

import circuits
import reference

SDK = "pennylane-ionq"
ARIA_1 = (0.0005, 0.0133)
PAIRS = {"xx": XX, "yy": YY, "zz": ZZ}
"""Its own; later it took PennyLane's."""


@pytest.fixture(scope="module", autouse=True)
def pointed(api: str) -> Iterator[None]:
    before = APIClient.BASE_URL
    APIClient.BASE_URL = api
    yield
    APIClient.BASE_URL = before


def device(key: str, name: str = "ionq.simulator", wires: int = 4, **options: Any) -> Any:
    made = qml.device(name, wires=wires, api_key=key, **options)
    return getattr(made, "target_device", made)


def tape(gates: list[dict[str, Any]], shots: int = 1000) -> Any:
    with qml.queuing.AnnotatedQueue() as queue:
        applied(gates, PAIRS)
        qml.expval(qml.PauliZ(0))
    return qml.tape.QuantumScript.from_queue(queue, shots=shots)


def run(made: Any, *tapes: Any) -> list[dict[int, float]]:
    made.batch_execute(list(tapes))
    return [by_bits(histogram) for histogram in made.histograms]


def test_a_bell_pair(key: str) -> None:
    made = qml.device("ionq.simulator", wires=2, shots=500, api_key=key)

    @qml.qnode(made)
    def bell() -> Any:
        qml.Hadamard(wires=0)
        qml.CNOT(wires=[0, 1])
        return qml.counts()

    counts = bell()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500


def test_an_asymmetric_circuit_is_exact(key: str) -> None:
    (found,) = run(device(key), tape(circuits.asymmetric()))
    reference.assert_same(found, theirs(circuits.asymmetric()))
    reference.assert_same(found, reference.probabilities(circuits.asymmetric(), circuits.QUBITS))


def test_expectation_values_have_their_wires(key: str) -> None:
    made = qml.device("ionq.simulator", wires=3, shots=1000, api_key=key)

    @qml.qnode(made)
    def values() -> Any:
        qml.PauliX(wires=0)
        qml.Hadamard(wires=2)
        return qml.expval(qml.PauliZ(0)), qml.expval(qml.PauliZ(1)), qml.expval(qml.PauliX(2))

    assert np.allclose(values(), [-1, 1, 1])


def test_several_circuits_keep_their_order(key: str, wire: Any) -> None:
    family = circuits.family(5)
    found = run(device(key), *(tape(gates) for gates in family))
    for gates, one in zip(family, found, strict=True):
        reference.assert_same(one, reference.probabilities(gates, circuits.QUBITS))
    (newest, *_) = wire.get("/v0.3/jobs?limit=1")["jobs"]
    assert (newest["circuits"], len(newest["children"])) == (5, 5)


def test_native_gates(key: str) -> None:
    gates = circuits.of_family("ms")
    (found,) = run(device(key, wires=3, gateset="native"), tape(gates))
    reference.assert_same(found, reference.probabilities(gates, 3, native=True))


@pytest.mark.parametrize("sharpen", [True, False, None])
def test_a_machine_with_and_without_sharpening(key: str, sharpen: bool | None) -> None:
    gates = circuits.deep(20, 3)
    made = device(key, "ionq.qpu", wires=3, backend="aria-1", shots=2000, sharpen=sharpen)
    (found,) = run(made, tape(gates))
    counts = {outcome: round(2000 * share) for outcome, share in found.items()}
    assert sum(counts.values()) == 2000
    assert reference.p_value(counts, reference.noisy_probabilities(gates, 3, *ARIA_1)) > 1e-6


def test_a_gradient_is_one_job(key: str) -> None:
    made = qml.device("ionq.simulator", wires=1, shots=100_000, api_key=key)

    @qml.qnode(made, diff_method="parameter-shift")
    def energy(angle: Any) -> Any:
        qml.RX(angle, wires=0)
        return qml.expval(qml.PauliZ(0))

    slope = qml.grad(energy)(qml.numpy.array(0.6, requires_grad=True))
    assert abs(slope + np.sin(0.6)) < 0.02


def test_a_job_that_cannot_run_fails_there(key: str) -> None:
    made = device(key, wires=40)
    with pytest.raises(JobExecutionError, match="Job failed"):
        run(made, tape(circuits.too_wide()))


def test_what_is_refused_is_said(key: str) -> None:
    made = device(key, "ionq.qpu", wires=2, backend="aria-1", error_mitigation={"debias": "much"})
    with pytest.raises(Exception, match=r"error_mitigation\.debias"):
        run(made, tape([{"gate": "h", "target": 0}]))


def test_debiased_on_a_machine(key: str) -> None:
    made = device(
        key, "ionq.qpu", wires=2, backend="aria-1", shots=1000, error_mitigation={"debias": True}
    )
    (found,) = run(made, tape([{"gate": "x", "target": 0}]))
    assert max(found.values()) > 0.9
    assert sum(found.values()) == pytest.approx(1)


def test_a_job_by_its_client(key: str, wire: Any) -> None:
    job = Job(api_key=key)
    gates = [{"gate": "x", "target": 1}]
    job.manager.create(
        input={"format": "ionq.circuit.v0", "qubits": 2, "circuit": gates}, target="simulator"
    )
    while not job.is_complete:
        job.reload()
    assert job.data.value == {"2": 1.0}
    assert wire.get(f"/v0.4/jobs/{job.id.value}")["status"] == "completed"
