"""pytket-ionq 0.23.0, which never left v0.1 and v0.2.

Its addresses are written in its module, so a user has to write others there; nothing else is
changed here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytket import Circuit, OpType
from pytket.backends.status import StatusEnum
from pytket.extensions.ionq.backends import ionq as backends

import reference

SDK = "pytket-ionq"
VENDOR = "https://api.ionq.co"


@pytest.fixture(scope="module", autouse=True)
def pointed(server: Any) -> Iterator[None]:
    """The one constant, and the one address that is written where it is used."""
    with pytest.MonkeyPatch.context() as patch:
        theirs = backends.get
        patch.setattr(backends, "IONQ_JOBS_URL", f"{server.url}/v0.1/jobs/")
        patch.setattr(
            backends, "get", lambda url, **given: theirs(url.replace(VENDOR, server.url), **given)
        )
        yield


@pytest.fixture
def simulator(key: str) -> backends.IonQBackend:
    return backends.IonQBackend("simulator", api_key=key)


def counted(backend: backends.IonQBackend, circuit: Circuit, shots: int) -> dict[Any, int]:
    (handle,) = backend.process_circuits([backend.get_compiled_circuit(circuit)], n_shots=shots)
    found: dict[Any, int] = backend.get_result(handle, timeout=30, wait=0.05).get_counts()
    return found


def test_the_devices(key: str) -> None:
    sizes = {
        found.device_name: found.n_nodes
        for found in backends.IonQBackend.available_devices(api_key=key)
    }
    assert sizes["simulator"] == 29
    assert sizes["qpu.harmony"] == 11
    assert backends.IonQBackend(api_key=key).backend_info.device_name == "qpu.harmony"


def test_a_bell_pair(simulator: backends.IonQBackend) -> None:
    counts = counted(simulator, Circuit(2).H(0).CX(0, 1).measure_all(), 400)
    assert set(counts) == {(0, 0), (1, 1)}
    assert sum(counts.values()) == 400


def asymmetric() -> Circuit:
    circuit = Circuit(3)
    circuit.Ry(0.3, 0).Rx(0.7, 1).H(2).CX(0, 2).Rz(0.2, 2).V(1).S(0).T(2)
    circuit.XXPhase(0.4, 0, 1).YYPhase(0.3, 1, 2).ZZPhase(0.6, 0, 2).SWAP(0, 1).Ry(0.45, 1)
    circuit.add_gate(OpType.ZZMax, [1, 2])
    return circuit.H(0)


def test_an_asymmetric_circuit(simulator: backends.IonQBackend) -> None:
    """The client draws its shots from our probabilities, so that they are compared by chance."""
    circuit = asymmetric()
    wanted = {k: abs(a) ** 2 for k, a in enumerate(circuit.get_statevector())}
    counts = counted(simulator, circuit.copy().measure_all(), 20_000)
    # pytket's state vector has qubit 0 in the highest bit, as its bit strings are read.
    found = {int("".join(map(str, bits)), 2): count for bits, count in counts.items()}
    assert reference.p_value(found, wanted) > 1e-6


def test_measured_in_part_and_in_another_order(simulator: backends.IonQBackend) -> None:
    # Nothing by chance: of two outcomes that are alike in what is measured, it forgets one.
    circuit = Circuit(3, 2).X(0).X(1).Measure(2, 0).Measure(0, 1)
    assert counted(simulator, circuit, 50) == {(0, 1): 50}


def test_several_circuits_keep_their_order(simulator: backends.IonQBackend) -> None:
    family = [Circuit(2).Rx(angle, 0).measure_all() for angle in (0.0, 1.0, 0.5)]
    handles = simulator.process_circuits(
        simulator.get_compiled_circuits(family), n_shots=[10, 20, 1000]
    )
    none, one, half = (
        simulator.get_result(handle, timeout=30, wait=0.05).get_counts() for handle in handles
    )
    assert none == {(0, 0): 10}
    assert one == {(1, 0): 20}
    assert abs(half[1, 0] - 500) < 6 * math.sqrt(250)


def test_a_machine_with_its_noise(key: str) -> None:
    machine = backends.IonQBackend("qpu.aria-1", api_key=key)
    counts = counted(machine, Circuit(2).H(0).CX(0, 1).measure_all(), 500)
    assert sum(counts.values()) == 500


def test_cancel(simulator: backends.IonQBackend) -> None:
    circuit = Circuit(26)
    for layer in range(60):
        for qubit in range(26):
            circuit.Rx(0.1 + 0.01 * qubit, qubit).CX(qubit, (qubit + 1 + layer % 20) % 26)
    (handle,) = simulator.process_circuits([circuit.measure_all()], n_shots=10)
    simulator.cancel(handle)
    deadline = time.monotonic() + 30
    while simulator.circuit_status(handle).status is not StatusEnum.CANCELLED:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_is_refused_is_said(simulator: backends.IonQBackend, key: str) -> None:
    with pytest.raises(RuntimeError, match="Bad Request"):
        simulator.process_circuits([Circuit(2).H(0).measure_all()], n_shots=2_000_000)


def test_the_later_versions_see_the_job(simulator: backends.IonQBackend, wire: Any) -> None:
    circuit = Circuit(2, name="mine").X(1).measure_all()
    (handle,) = simulator.process_circuits([circuit], n_shots=10)
    simulator.get_result(handle, timeout=30, wait=0.05)
    assert wire.get(f"/v0.3/jobs/{handle[0]}")["name"] == "mine"
    assert wire.get(f"/v0.4/jobs/{handle[0]}/results/probabilities") == {"2": 1.0}
