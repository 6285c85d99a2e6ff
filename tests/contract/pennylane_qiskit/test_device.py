"""`qiskit.remote`: expectation values, gradients and samples against PennyLane's own simulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pennylane as qml
import pytest
from pennylane import numpy as pnp
from pennylane_qiskit import qiskit_session

SHOTS = 10_000
NAMES = ["ibmq_qasm_simulator", "simulator", "ibm_torino"]
NOISE = {"ibm_torino": 0.15}
WIRES = [0, 1, 2]

OBSERVABLE = qml.Hamiltonian([0.8, -0.5], [qml.Z(0) @ qml.X(1), qml.Y(2) @ qml.Z(0)])


@pytest.fixture(params=NAMES)
def device(request: pytest.FixtureRequest, service: Any) -> Any:
    return remote(service, request.param)


def remote(service: Any, name: str, **more: Any) -> Any:
    """Level 3 looks for the qubits with the least errors."""
    backend = service.backend(name)
    return qml.device(
        "qiskit.remote",
        wires=WIRES,
        backend=backend,
        optimization_level=3,
        seed_transpiler=1,
        **more,
    )


def gates(angles: Any) -> None:
    """No two wires alike."""
    qml.RY(angles[0], wires=0)
    qml.CNOT([0, 1])
    qml.RX(angles[1], wires=2)
    qml.CZ([1, 2])
    qml.Rot(0.3, 0.4, -0.2, wires=1)
    qml.PauliX(0)


ANGLES = pnp.array([0.7, 1.2], requires_grad=True)


def on(device: Any, measure: Callable[[], Any], shots: int | None = SHOTS) -> Any:
    def circuit(angles: Any) -> Any:
        gates(angles)
        return measure()

    node = qml.QNode(circuit, device, diff_method="parameter-shift")
    return qml.set_shots(node, shots) if shots else node


def exactly(measure: Callable[[], Any]) -> Any:
    return on(qml.device("default.qubit", wires=WIRES), measure, None)


def near(device: Any) -> float:
    """Seven standard errors of what has at most the value 1, and a machine's noise."""
    return 7 / np.sqrt(SHOTS) + NOISE.get(device.backend.name, 0.0)


def test_expectation_values(device: Any) -> None:
    def measure() -> Any:
        return [qml.expval(qml.Z(wire)) for wire in WIRES] + [qml.expval(qml.X(1) @ qml.Y(2))]

    found, wanted = on(device, measure)(ANGLES), exactly(measure)(ANGLES)
    assert np.abs(np.array(found) - np.array(wanted)).max() < near(device)


def test_a_hamiltonian(device: Any) -> None:
    def measure() -> Any:
        return qml.expval(OBSERVABLE)

    assert abs(on(device, measure)(ANGLES) - exactly(measure)(ANGLES)) < 1.3 * near(device)


def test_gradients(device: Any) -> None:
    def measure() -> Any:
        return qml.expval(qml.Y(2))

    found, wanted = qml.grad(on(device, measure))(ANGLES), qml.grad(exactly(measure))(ANGLES)
    assert np.abs(wanted).min() > 0.25
    assert np.abs(found - wanted).max() < near(device)


def test_variances(service: Any) -> None:
    """Which pennylane-qiskit takes from the standard error: twirls would add their own to it."""
    device = remote(service, "ibmq_qasm_simulator", resilience_level=0)

    def measure() -> Any:
        return qml.var(qml.Z(1))

    assert abs(on(device, measure)(ANGLES) - exactly(measure)(ANGLES)) < near(device)


def test_probabilities_and_counts(device: Any) -> None:
    """In the order of the wires, the first of them first."""

    def measure() -> Any:
        return qml.probs(wires=WIRES), qml.counts(), qml.sample(wires=[2, 0])

    probabilities, counts, samples = on(device, measure)(ANGLES)
    (wanted, *_) = exactly(lambda: (qml.probs(wires=WIRES),))(ANGLES)
    assert np.abs(probabilities - wanted).sum() / 2 < near(device)
    assert sum(counts.values()) == SHOTS
    by_counts = [counts.get(format(k, "03b"), 0) / SHOTS for k in range(8)]
    assert np.abs(np.array(by_counts) - wanted).sum() / 2 < near(device)
    assert samples.shape == (SHOTS, 2)
    ones = wanted.reshape(2, 2, 2)
    assert abs(samples[:, 0].mean() - ones[:, :, 1].sum()) < near(device)
    assert abs(samples[:, 1].mean() - ones[1].sum()) < near(device)


def test_a_session(service: Any) -> None:
    device = remote(service, "ibm_torino", resilience_level=0)
    node = on(device, lambda: qml.expval(qml.Z(0)), 500)
    with qiskit_session(device, max_time=600) as session:
        values = [float(node(ANGLES)), float(node(2 * ANGLES))]
        assert session.status() == "In progress, accepting new jobs"
        assert session.details()["max_time"] == 600
    assert session.status() == "Closed"
    wanted = exactly(lambda: qml.expval(qml.Z(0)))
    assert np.abs(np.array(values) - [wanted(ANGLES), wanted(2 * ANGLES)]).max() < 0.45
