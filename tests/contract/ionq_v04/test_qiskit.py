"""qiskit-ionq, as a user of Qiskit has it."""

from __future__ import annotations

import datetime
import time
import uuid
from collections import Counter
from typing import Any

import pytest
from as_qiskit import built, exact, integers, measured
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit.library import PauliEvolutionGate
from qiskit.providers import JobStatus
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit_ionq import ErrorMitigation, IonQProvider
from qiskit_ionq.exceptions import IonQAPIError, IonQJobFailureError, IonQJobStateError
from qiskit_ionq.ionq_session import Session

import circuits
import reference

SDK = "qiskit-ionq"
WAIT = 0.02
ARIA_1 = (0.0005, 0.0133)


def distribution(job: Any) -> dict[int, float]:
    """The probabilities of a single circuit, from a run with so many shots that none is dropped."""
    return integers(job.result(wait=WAIT).get_probabilities())


def until(job: Any, *states: JobStatus) -> None:
    deadline = time.monotonic() + 30
    while job.status() not in states:
        assert time.monotonic() < deadline, f"still {job.status()}"
        time.sleep(WAIT)


@pytest.fixture(scope="module")
def provider(api: str, key: str) -> IonQProvider:
    return IonQProvider(token=key, url=api)


@pytest.fixture
def simulator(provider: IonQProvider) -> Any:
    return provider.get_backend("ionq_simulator")


@pytest.fixture
def native_simulator(provider: IonQProvider) -> Any:
    return provider.get_backend("ionq_simulator", gateset="native")


# qiskit-ionq drops from a simulator's result the outcomes that its own sampling did not draw, so
# exact comparisons take so many shots that every outcome is drawn.
MANY = 1_000_000


def test_backends_say_their_size(provider: IonQProvider) -> None:
    assert provider.get_backend("ionq_simulator").num_qubits == 29
    assert provider.get_backend("ionq_qpu.forte-1").num_qubits == 36
    assert provider.get_backend("ionq_qpu.aria-1").num_qubits == 25
    assert provider.get_backend("ionq_qpu.forte-1").status() is True


def test_single_circuit(simulator: Any) -> None:
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    job = simulator.run(measured(bell), shots=1000)
    assert uuid.UUID(job.job_id())
    counts = job.result(wait=WAIT).get_counts()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000
    assert job.status() is JobStatus.DONE


def test_asymmetric_circuit_is_exact(simulator: Any) -> None:
    circuit = built(circuits.asymmetric(), circuits.QUBITS)
    found = distribution(simulator.run(measured(circuit), shots=MANY))
    reference.assert_same(found, exact(circuit))
    reference.assert_same(found, reference.probabilities(circuits.asymmetric(), circuits.QUBITS))


def test_every_gate_with_controls_is_exact(simulator: Any) -> None:
    """The 19 spellings of qiskit-ionq, among them the phase gates that it sends as z."""
    circuit = QuantumCircuit(5)
    for q in range(5):
        circuit.ry(0.4 + 0.3 * q, q)
        circuit.rz(0.2 + 0.1 * q, q)
    circuit.p(0.7, 0)
    circuit.cp(0.9, 0, 3)
    circuit.mcp(1.1, [0, 1, 2], 4)
    circuit.ccx(0, 4, 2)
    circuit.mcx([0, 1, 3], 4)
    circuit.cy(2, 1)
    circuit.cz(3, 2)
    circuit.ch(1, 3)
    circuit.crx(0.3, 0, 2)
    circuit.cry(0.5, 4, 1)
    circuit.crz(0.8, 3, 0)
    circuit.csx(2, 4)
    circuit.sdg(1)
    circuit.tdg(2)
    circuit.sxdg(3)
    circuit.y(0)
    circuit.z(4)
    circuit.id(1)
    circuit.barrier()
    for q in range(5):
        circuit.h(q)
    found = distribution(simulator.run(measured(circuit), shots=MANY))
    reference.assert_same(found, exact(circuit))


def test_measured_into_other_bits(simulator: Any) -> None:
    """Two of three qubits, crosswise: the map travels in the metadata, and must come back."""
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "c"))
    circuit.x(0)
    circuit.ry(0.8, 2)
    circuit.measure([0, 2], [1, 0])
    counts = simulator.run(circuit, shots=4000, sampler_seed=11).result(wait=WAIT).get_counts()
    assert set(counts) == {"10", "11"}
    assert counts["10"] > counts["11"] > 0


def test_transpiled_for_the_backend(simulator: Any) -> None:
    circuit = QuantumCircuit(4)
    circuit.u(0.4, 0.9, 1.3, 0)
    circuit.cswap(0, 1, 2)
    circuit.iswap(1, 3)
    circuit.u(0.8, 0.2, 0.1, 2)
    circuit.ecr(0, 2)
    mapped = transpile(measured(circuit), simulator, optimization_level=1)
    found = distribution(simulator.run(mapped, shots=MANY))
    reference.assert_same(found, exact(circuit))


def test_batch_keeps_order(simulator: Any) -> None:
    family = [built(gates, circuits.QUBITS) for gates in circuits.family(6)]
    small = QuantumCircuit(2)
    small.x(1)
    family.insert(2, small)
    job = simulator.run([measured(c) for c in family], shots=MANY)
    result = job.result(wait=WAIT)
    for circuit, found in zip(family, result.get_probabilities(), strict=True):
        reference.assert_same(integers(found), exact(circuit))
    detail = job.status(detailed=True)
    assert detail["total"] == detail["completed"] == len(family)


def test_sampler_seed_repeats(simulator: Any) -> None:
    circuit = measured(built(circuits.asymmetric(), circuits.QUBITS))
    first, second = (
        simulator.run(circuit, shots=500, sampler_seed=7).result(wait=WAIT).get_counts()
        for _ in range(2)
    )
    assert first == second


def test_native_gates_on_the_ideal_simulator(native_simulator: Any) -> None:
    circuit = built(circuits.native(), 3, native=True)
    found = distribution(native_simulator.run(measured(circuit), shots=MANY))
    state = Statevector.from_label("000").evolve(Operator(circuit))
    theirs = {int(k, 2): float(v) for k, v in state.probabilities_dict().items()}
    reference.assert_same(found, theirs)
    reference.assert_same(found, reference.probabilities(circuits.native(), 3, native=True))


@pytest.mark.parametrize(("name", "gate"), [("aria-1", "ms"), ("forte-1", "zz")])
def test_native_gates_on_a_qpu(provider: IonQProvider, name: str, gate: str) -> None:
    backend = provider.get_backend(f"ionq_qpu.{name}", gateset="native")
    gates = circuits.of_family(gate)
    job = backend.run(measured(built(gates, 3, native=True)), shots=1000)
    counts = integers(job.result(wait=WAIT).get_counts())
    assert sum(counts.values()) == 1000
    ideal = reference.probabilities(gates, 3, native=True)
    assert sum(abs(counts.get(k, 0) / 1000 - p) for k, p in ideal.items()) < 0.4


def test_transpiled_to_native_gates(native_simulator: Any) -> None:
    circuit = built(circuits.asymmetric(), circuits.QUBITS)
    mapped = transpile(measured(circuit), native_simulator, optimization_level=1)
    found = distribution(native_simulator.run(mapped, shots=MANY))
    reference.assert_same(found, exact(circuit), 1e-7)  # Qiskit's own synthesis rounds


def test_pauli_evolution(simulator: Any) -> None:
    operator = SparsePauliOp(["XXI", "IZZ", "YIX"], coeffs=[0.5, -0.3, 0.8])
    commuting = SparsePauliOp(["XXI", "ZZI"], coeffs=[0.5, -0.3])
    circuit = QuantumCircuit(4)
    circuit.ry(0.7, 1)
    circuit.ry(1.1, 3)
    circuit.append(PauliEvolutionGate(commuting, time=0.6), [2, 0, 3])
    circuit.append(PauliEvolutionGate(operator, time=0.4), [3, 0, 1])
    circuit.h(2)
    job = simulator.run(
        measured(circuit), shots=MANY, extra_metadata={"ionq_compiler_synthesis": "yes"}
    )
    gates: list[dict[str, Any]] = [
        {"gate": "ry", "target": 1, "rotation": 0.7},
        {"gate": "ry", "target": 3, "rotation": 1.1},
        {
            "gate": "pauliexp",
            "targets": [2, 0, 3],
            "terms": ["XXI", "ZZI"],
            "coefficients": [0.5, -0.3],
            "time": 0.6,
        },
        {
            "gate": "pauliexp",
            "targets": [3, 0, 1],
            "terms": ["XXI", "IZZ", "YIX"],
            "coefficients": [0.5, -0.3, 0.8],
            "time": 0.4,
        },
        {"gate": "h", "target": 2},
    ]
    found = distribution(job)
    reference.assert_same(found, reference.probabilities(gates, 4))
    theirs = QuantumCircuit(4)
    theirs.ry(0.7, 1)
    theirs.ry(1.1, 3)
    theirs.unitary(PauliEvolutionGate(commuting, time=0.6).to_matrix(), [2, 0, 3])
    theirs.unitary(PauliEvolutionGate(operator, time=0.4).to_matrix(), [3, 0, 1])
    theirs.h(2)
    reference.assert_same(found, exact(theirs))


def test_noise_model_is_the_published_one(simulator: Any) -> None:
    gates = circuits.deep(60, 3)
    shots = 20_000
    simulator.set_options(sampler_seed=1234, noise_model="aria-1")
    first, second = (
        integers(
            simulator.run(measured(built(gates, 3)), shots=shots).result(wait=WAIT).get_counts()
        )
        for _ in range(2)
    )
    assert first == second, "the same seed must give the same counts"
    assert sum(first.values()) == shots
    noisy = reference.noisy_probabilities(gates, 3, *ARIA_1)
    assert reference.p_value(first, noisy) > 1e-6
    assert reference.p_value(first, reference.probabilities(gates, 3)) < 1e-12, "no noise at all?"
    simulator.set_options(sampler_seed=4321)
    other = simulator.run(measured(built(gates, 3)), shots=shots).result(wait=WAIT).get_counts()
    assert integers(other) != first


@pytest.mark.parametrize("name", ["forte-1", "aria-1"])
def test_qpu_counts_sum_to_shots(provider: IonQProvider, name: str) -> None:
    backend = provider.get_backend(f"ionq_qpu.{name}")
    job = backend.run(measured(built(circuits.asymmetric(), circuits.QUBITS)), shots=777)
    counts = job.result(wait=WAIT).get_counts()
    assert sum(counts.values()) == 777


def test_memory_of_one_circuit(provider: IonQProvider) -> None:
    backend = provider.get_backend("ionq_qpu.aria-1")
    circuit = built(circuits.asymmetric(), circuits.QUBITS)
    job = backend.run(measured(circuit), shots=300, memory=True)
    result = job.result(wait=WAIT)
    assert len(result.get_memory()) == 300
    assert Counter(result.get_memory()) == result.get_counts()


def test_memory_of_a_batch(simulator: Any) -> None:
    simulator.set_options(noise_model="aria-1", sampler_seed=5)
    family = [measured(built(gates, circuits.QUBITS)) for gates in circuits.family(3)]
    result = simulator.run(family, shots=200, memory=True).result(wait=WAIT)
    for k in range(3):
        assert len(result.get_memory(k)) == 200
        assert Counter(result.get_memory(k)) == result.get_counts(k)


def test_mid_circuit_measurement(simulator: Any) -> None:
    """Sent as OpenQASM 3; the registers come back by name, each bit in its place."""
    simulator.set_options(noise_model="aria-1", sampler_seed=9)
    qubits, early, late = (
        QuantumRegister(3, "q"),
        ClassicalRegister(2, "a"),
        ClassicalRegister(3, "b"),
    )
    circuit = QuantumCircuit(qubits, early, late)
    circuit.x(0)
    circuit.measure(0, early[1])
    circuit.reset(0)
    circuit.x(2)
    circuit.measure(0, late[0])
    circuit.measure(1, late[1])
    circuit.measure(2, late[2])
    job = simulator.run(circuit, shots=500, memory=True)
    result = job.result(wait=WAIT)
    counts = result.get_counts()
    assert sum(counts.values()) == 500
    assert counts["100 10"] > 450, counts
    assert Counter(result.get_memory()) == counts


def test_measured_twice_is_the_same_twice(simulator: Any) -> None:
    simulator.set_options(noise_model="aria-1", sampler_seed=10)
    circuit = QuantumCircuit(QuantumRegister(1, "q"), ClassicalRegister(2, "c"))
    circuit.ry(1.0, 0)
    circuit.measure(0, 0)
    circuit.measure(0, 1)
    circuit.reset(0)
    counts = simulator.run(circuit, shots=2000).result(wait=WAIT).get_counts()
    assert sum(counts.values()) == 2000
    assert set(counts) == {"00", "11"}
    assert 350 < counts["11"] < 570, counts  # sin^2(1/2) = 0.2298


def test_job_by_id_later(simulator: Any, provider: IonQProvider) -> None:
    circuit = built(circuits.asymmetric(), circuits.QUBITS)
    job = simulator.run(measured(circuit), shots=MANY, extra_metadata={"note": "kept"})
    job.result(wait=WAIT)
    again = provider.get_backend("ionq_simulator").retrieve_job(job.job_id())
    assert again.status() is JobStatus.DONE
    reference.assert_same(distribution(again), exact(circuit))
    assert simulator.client.retrieve_job(job.job_id())["metadata"]["note"] == "kept"
    both = simulator.retrieve_jobs([job.job_id(), job.job_id()])
    assert [one.job_id() for one in both] == [job.job_id()] * 2


def test_cancel(simulator: Any) -> None:
    job = simulator.run(measured(built_endless()), shots=10)
    assert job.status() is not JobStatus.DONE
    job.cancel()
    until(job, JobStatus.CANCELLED)
    with pytest.raises(IonQJobStateError):
        job.result(wait=WAIT)


def built_endless() -> QuantumCircuit:
    return built(circuits.endless(), 26)


def test_cancel_many(simulator: Any) -> None:
    jobs = [simulator.run(measured(built_endless()), shots=10) for _ in range(2)]
    answers = simulator.cancel_jobs([job.job_id() for job in jobs])
    assert [answer["status"] for answer in answers] == ["canceled"] * 2
    assert [answer["id"] for answer in answers] == [job.job_id() for job in jobs]
    for job in jobs:
        until(job, JobStatus.CANCELLED)


def test_failure_says_why(simulator: Any) -> None:
    job = simulator.run(measured(built(circuits.too_wide(), 40)), shots=10)
    with pytest.raises(IonQJobFailureError, match=r"NotEnoughQubits: .*40"):
        job.result(wait=WAIT)


def test_delete(simulator: Any) -> None:
    job = simulator.run(measured(built(circuits.asymmetric(), 4)), shots=10)
    job.result(wait=WAIT)
    assert simulator.client.delete_job(job.job_id())["status"] == "deleted"
    with pytest.raises(IonQAPIError) as caught:
        simulator.retrieve_job(job.job_id())
    assert caught.value.status_code == 404


def test_refused_request_says_why(simulator: Any) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(float("nan"), 0)
    with pytest.raises(IonQAPIError) as caught:
        simulator.run(measured(circuit), shots=10)
    assert caught.value.status_code == 400
    assert caught.value.error_type == "Bad Request"


def test_calibration(provider: IonQProvider) -> None:
    calibration = provider.get_backend("ionq_qpu.forte-1").calibration()
    assert calibration is not None
    assert calibration.qubits == 36
    assert calibration.backend == "qpu.forte-1"
    assert 0.9 < calibration.median_spam_fidelity <= 1
    assert len(calibration.connectivity) == 36 * 35 // 2
    assert calibration.date.tzinfo is not None
    assert uuid.UUID(calibration.id)
    age = datetime.datetime.now(datetime.UTC) - calibration.date
    assert datetime.timedelta() <= age < datetime.timedelta(days=1, minutes=5)
    assert provider.get_backend("ionq_simulator").calibration() is None


def test_calibrations_of_days(provider: IonQProvider) -> None:
    backend = provider.get_backend("ionq_qpu.aria-1")
    found = backend.client.get_calibration_data("qpu.aria-1", limit=7)
    days = [calibration.date for calibration in found]
    assert days == [days[0] - datetime.timedelta(days=k) for k in range(7)]
    assert len({calibration.median_spam_fidelity for calibration in found}) > 1
    assert backend.calibration().id == found[0].id


def test_dry_run_on_a_qpu_completes_without_results(provider: IonQProvider) -> None:
    backend = provider.get_backend("ionq_qpu.forte-1")
    job = backend.run(measured(built(circuits.asymmetric(), 4)), shots=10, dry_run=True)
    until(job, JobStatus.DONE)
    assert job.dry_run is True
    assert backend.client.retrieve_job(job.job_id())["results"] is None


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize(("name", "gate"), [("aria-1", "ms"), ("forte-1", "zz")])
def test_the_compiled_circuit_is_the_circuit(
    provider: IonQProvider, name: str, gate: str, dry_run: bool
) -> None:
    """Put together from qiskit-ionq's own matrices of the native gates."""
    backend = provider.get_backend(f"ionq_qpu.{name}")
    circuit = built(circuits.asymmetric(), circuits.QUBITS)
    circuit.ccx(0, 3, 1)
    job = backend.run(measured(circuit), shots=10, dry_run=dry_run)
    until(job, JobStatus.DONE)
    compiled = job.compiled_circuit("native")
    assert {row["gate"] for row in compiled["circuit"]} - {"gpi"} == {"gpi2", gate}
    native = built(compiled["circuit"], compiled["qubits"], native=True)
    reference.assert_same(exact(native), exact(circuit))
    theirs = transpile(
        circuit, provider.get_backend(f"ionq_qpu.{name}", gateset="native"), optimization_level=3
    )
    ours = sum(row["gate"] == gate for row in compiled["circuit"])
    assert ours <= theirs.num_nonlocal_gates()


@pytest.mark.parametrize("name", ["ionq_simulator", "ionq_qpu.forte-1"])
def test_a_session(provider: IonQProvider, name: str) -> None:
    backend = provider.get_backend(name)
    circuit = measured(built(circuits.asymmetric(), circuits.QUBITS))
    with Session(backend, max_jobs=5, max_time=10, max_cost=100) as session:
        assert session.status() == "created"
        job = session.run(circuit, shots=100)
        assert sum(job.result(wait=WAIT).get_counts().values()) == 100
        assert session.status() == "started"
        assert session.details()["settings"]["job_count_limit"] == 5
        assert session.usage() >= 0
        again = Session.from_id(session.session_id, backend=backend)
        again.cancel()  # what waits of it, and there is nothing
        assert again.details()["active"]
    assert session.status() == "ended"
    with pytest.raises(IonQAPIError, match="takes no more jobs"):
        session.run(circuit, shots=100)


def test_an_estimate(provider: IonQProvider) -> None:
    backend = provider.get_backend("ionq_qpu.forte-1")
    found = backend.client.estimate_job(
        backend=backend.name, oneq_gates=10, twoq_gates=30, qubits=4, shots=1000
    )
    # IonQ's price list on Azure: 0.000220 and 0.000975 USD.
    assert found.cost == pytest.approx(1000 * (10 * 0.000220 + 30 * 0.000975))
    assert (found.cost_unit, found.backend, found.shots) == ("usd", "qpu.forte-1", 1000)
    assert found.exec_time > 0
    assert found.queue_time == 0


def test_debiased_on_a_qpu_and_sharpened(provider: IonQProvider) -> None:
    backend = provider.get_backend("ionq_qpu.aria-1")
    ghz = QuantumCircuit(4)
    ghz.h(0)
    for k in range(3):
        ghz.cx(k, k + 1)
    job = backend.run(measured(ghz), shots=1000, error_mitigation=ErrorMitigation.DEBIASING)
    counts = job.result(wait=WAIT, sharpen=False).get_counts()
    assert sum(counts.values()) == 1000
    assert counts["0000"] + counts["1111"] > 800
    again = backend.retrieve_job(job.job_id())
    sharp = again.result(wait=WAIT, sharpen=True).get_probabilities()
    assert sharp["0000"] + sharp["1111"] >= (counts["0000"] + counts["1111"]) / 1000
    assert sum(sharp.values()) == pytest.approx(1, abs=0.01)  # it rounds to counts
    plain = backend.run(measured(ghz), shots=1000, error_mitigation=ErrorMitigation.NO_DEBIASING)
    assert sum(plain.result(wait=WAIT).get_counts().values()) == 1000
