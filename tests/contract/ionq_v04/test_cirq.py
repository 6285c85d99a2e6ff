"""cirq-ionq, as a user of Cirq has it."""

from __future__ import annotations

import datetime
import time
import uuid
from typing import Any

import cirq
import cirq_ionq
import pytest
from as_cirq import built, exact, measured, native_built, turned
from cirq_ionq.ionq_exceptions import IonQException, IonQNotFoundException

import circuits
import reference

SDK = "cirq-ionq"
POLL = 0.02
ARIA_1 = (0.0005, 0.0133)
FORTE_1 = (0.0002666666666666667, 0.004949333333333333)


def until(job: cirq_ionq.Job, *states: str) -> None:
    deadline = time.monotonic() + 30
    while job.status() not in states:
        assert time.monotonic() < deadline, f"still {job.status()}"
        time.sleep(POLL)


@pytest.fixture(scope="module")
def service(api: str, key: str) -> cirq_ionq.Service:
    return cirq_ionq.Service(
        remote_host=api, api_key=key, default_target="simulator", max_retry_seconds=1
    )


def test_single_circuit(service: cirq_ionq.Service) -> None:
    a, b = cirq.LineQubit.range(2)
    bell = cirq.Circuit(cirq.H(a), cirq.CNOT(a, b), cirq.measure(a, b, key="x"))
    result = service.run(bell, repetitions=200, name="bell", seed=3)
    counts = result.histogram(key="x")
    assert set(counts) == {0, 3}
    assert sum(counts.values()) == 200


def test_asymmetric_circuit_is_exact(service: cirq_ionq.Service) -> None:
    circuit = built(circuits.asymmetric())
    job = service.create_job(measured(circuit), repetitions=100, name="asymmetric")
    assert uuid.UUID(job.job_id())
    result = job.results(polling_seconds=POLL)
    reference.assert_same(result.probabilities(), exact(circuit))
    by_formulas = reference.probabilities(circuits.asymmetric(), circuits.QUBITS)
    reference.assert_same(turned(result.probabilities(), circuits.QUBITS), by_formulas)
    assert job.name() == "asymmetric"
    assert job.target() == "simulator"
    assert job.num_qubits() == circuits.QUBITS
    assert job.repetitions() == 100
    assert job.status() == "completed"


def test_marginals_by_key(service: cirq_ionq.Service) -> None:
    """Long keys in any order: they travel in pieces of 40 characters with control characters."""
    circuit = built(circuits.asymmetric())
    qubits = cirq.LineQubit.range(circuits.QUBITS)
    names = ["an-alphabetical-key-that-is-long", "another-key-that-is-just-as-long"]
    full = circuit + cirq.Circuit(
        cirq.measure(qubits[3], qubits[0], key=names[0]),
        cirq.measure(qubits[2], key=names[1]),
    )
    job = service.create_job(full, repetitions=50)
    result = job.results(polling_seconds=POLL)
    assert result.measurement_dict() == {names[0]: [3, 0], names[1]: [2]}
    expected: dict[int, float] = {}
    for key, p in exact(circuit).items():
        bits = f"{key:04b}"
        value = int(bits[3] + bits[0], 2)
        expected[value] = expected.get(value, 0.0) + p
    reference.assert_same(result.probabilities(names[0]), expected)


def test_batch_keeps_order(service: cirq_ionq.Service) -> None:
    family = [built(gates) for gates in circuits.family(6)]
    family.insert(3, cirq.Circuit(cirq.X(cirq.LineQubit(0)), cirq.rx(0.4).on(cirq.LineQubit(1))))
    job = service.create_batch_job([measured(c) for c in family], repetitions=10)
    results = job.results(polling_seconds=POLL)
    assert len(results) == len(family)
    for circuit, result in zip(family, results, strict=True):
        reference.assert_same(result.probabilities(), exact(circuit))


def test_batch_of_one(service: cirq_ionq.Service) -> None:
    circuit = built(circuits.asymmetric())
    job = service.create_batch_job([measured(circuit)], repetitions=10)
    result = job.results(polling_seconds=POLL)
    reference.assert_same(result.probabilities(), exact(circuit))


def test_run_batch(service: cirq_ionq.Service) -> None:
    up, down = cirq.LineQubit.range(2)
    circuits_ = [
        cirq.Circuit(cirq.X(up), cirq.measure(up, down, key="m")),
        cirq.Circuit(cirq.X(down), cirq.measure(up, down, key="m")),
    ]
    first, second = service.run_batch(circuits_, repetitions=5)
    assert first.histogram(key="m") == {2: 5}
    assert second.histogram(key="m") == {1: 5}


def test_sampler(service: cirq_ionq.Service) -> None:
    qubit = cirq.LineQubit(0)
    circuit = cirq.Circuit(cirq.X(qubit), cirq.measure(qubit, key="m"))
    result = service.sampler(target="simulator").run(circuit, repetitions=7)
    assert result.histogram(key="m") == {1: 7}


def test_native_gates_on_the_ideal_simulator(service: cirq_ionq.Service) -> None:
    """Among them zz, which cirq-ionq sends with `phase`."""
    circuit = native_built(circuits.native())
    result = service.create_job(measured(circuit), repetitions=10).results(polling_seconds=POLL)
    reference.assert_same(result.probabilities(), exact(circuit))
    by_formulas = reference.probabilities(circuits.native(), 3, native=True)
    reference.assert_same(turned(result.probabilities(), 3), by_formulas)


def test_native_batch(service: cirq_ionq.Service) -> None:
    family = [native_built(circuits.of_family(gate)) for gate in ("ms", "zz")]
    job = service.create_batch_job([measured(c) for c in family], repetitions=10)
    for circuit, result in zip(family, job.results(polling_seconds=POLL), strict=True):
        reference.assert_same(result.probabilities(), exact(circuit))


def test_native_gates_on_a_qpu(service: cirq_ionq.Service) -> None:
    circuit = native_built(circuits.of_family("zz"))
    job = service.create_job(measured(circuit), repetitions=500, target="qpu.forte-1")
    result = job.results(polling_seconds=POLL)
    assert sum(result.counts().values()) == 500
    ideal = exact(circuit)
    assert sum(abs(result.counts()[k] / 500 - p) for k, p in ideal.items()) < 0.4


@pytest.mark.parametrize(("sign", "negative", "positive"), [(1, 0.37, 0.0), (-1, 0.1, 0.37)])
def test_pauli_string_phasor(
    service: cirq_ionq.Service, sign: int, negative: float, positive: float
) -> None:
    q = cirq.LineQubit.range(4)
    phasor = cirq.PauliStringPhasorGate(
        cirq.DensePauliString("XZY", coefficient=sign),
        exponent_neg=negative,
        exponent_pos=positive,
    )
    circuit = cirq.Circuit(
        cirq.ry(0.7)(q[1]), cirq.rx(0.4)(q[0]), phasor(q[3], q[0], q[1]), cirq.H(q[2])
    )
    result = service.create_job(measured(circuit), repetitions=10).results(polling_seconds=POLL)
    reference.assert_same(result.probabilities(), exact(circuit))


def test_pauli_sum_exponential(service: cirq_ionq.Service) -> None:
    q = cirq.LineQubit.range(3)
    total = 0.6 * cirq.X(q[2]) * cirq.X(q[0]) + 0.3 * cirq.Z(q[1]) * cirq.Z(q[0]) * cirq.Z(q[2])
    circuit = cirq.Circuit(cirq.ry(0.9)(q[0]), cirq.ry(0.5)(q[1]), cirq.rx(0.3)(q[2]))
    circuit.append(cirq.PauliSumExponential(total, exponent=-0.8))
    job = service.create_job(measured(circuit), repetitions=10)
    result = job.results(polling_seconds=POLL)
    reference.assert_same(result.probabilities(), exact(circuit))
    gates: list[dict[str, Any]] = [
        {"gate": "ry", "target": 0, "rotation": 0.9},
        {"gate": "ry", "target": 1, "rotation": 0.5},
        {"gate": "rx", "target": 2, "rotation": 0.3},
        {
            "gate": "pauliexp",
            "targets": [0, 1, 2],
            "terms": ["XIX", "ZZZ"],
            "coefficients": [0.6, 0.3],
            "time": 0.8,
        },
    ]
    by_formulas = reference.probabilities(gates, 3)
    reference.assert_same(turned(result.probabilities(), 3), by_formulas)


@pytest.mark.parametrize(("model", "rates"), [("aria-1", ARIA_1), ("forte-1", FORTE_1)])
def test_noise_model_is_the_published_one(
    service: cirq_ionq.Service, model: str, rates: tuple[float, float]
) -> None:
    gates = circuits.deep(60, 3)
    shots = 20_000

    def counts(seed: int) -> dict[int, int]:
        job = service.create_job(
            measured(built(gates)), repetitions=shots, noise={"model": model, "seed": seed}
        )
        shares = job.results(polling_seconds=POLL).probabilities()
        whole = {k: round(p * shots) for k, p in turned(shares, 3).items()}
        reference.assert_same(whole, {k: p * shots for k, p in turned(shares, 3).items()}, 1e-6)
        return whole

    first = counts(99)
    assert sum(first.values()) == shots
    assert counts(99) == first
    assert counts(100) != first
    assert reference.p_value(first, reference.noisy_probabilities(gates, 3, *rates)) > 1e-6
    assert reference.p_value(first, reference.probabilities(gates, 3)) < 1e-12, "no noise at all?"


@pytest.mark.parametrize("target", ["qpu.forte-1", "qpu.aria-1"])
def test_qpu_counts_sum_to_shots(service: cirq_ionq.Service, target: str) -> None:
    circuit = built(circuits.asymmetric())
    job = service.create_job(measured(circuit), repetitions=333, target=target)
    result = job.results(polling_seconds=POLL)
    assert isinstance(result, cirq_ionq.QPUResult)
    assert sum(result.counts().values()) == 333
    assert job.target() == target


def test_qpu_batch(service: cirq_ionq.Service) -> None:
    family = [measured(built(gates)) for gates in circuits.family(3)]
    job = service.create_batch_job(family, repetitions=120, target="qpu.aria-1")
    results = job.results(polling_seconds=POLL)
    assert [sum(result.counts().values()) for result in results] == [120] * 3


def test_metadata_comes_back(service: cirq_ionq.Service) -> None:
    job = service.create_job(
        measured(built(circuits.asymmetric())), repetitions=10, metadata={"team": "blue"}
    )
    job.results(polling_seconds=POLL)
    (listed,) = [j for j in service.list_jobs() if j.job_id() == job.job_id()]
    assert listed.repetitions() == 10
    assert listed.measurement_dict() == {"m": [0, 1, 2, 3]}


def test_job_by_id_later(service: cirq_ionq.Service, api: str, key: str) -> None:
    circuit = built(circuits.asymmetric())
    job = service.create_job(measured(circuit), repetitions=10)
    job.results(polling_seconds=POLL)
    fresh = cirq_ionq.Service(remote_host=api, api_key=key, max_retry_seconds=1)
    again = fresh.get_job(job.job_id()).results(polling_seconds=POLL)
    reference.assert_same(again.probabilities(), exact(circuit))


def test_list_jobs_has_each_once(service: cirq_ionq.Service) -> None:
    circuit = cirq.Circuit(cirq.H(cirq.LineQubit(0)), cirq.measure(cirq.LineQubit(0), key="m"))
    jobs = [service.create_job(circuit, repetitions=1) for _ in range(5)]
    for job in jobs:
        job.results(polling_seconds=POLL)
    mine = {job.job_id() for job in jobs}
    for arguments in ({}, {"batch_size": 2}, {"status": "completed"}, {"limit": 1000}):
        listed = [job.job_id() for job in service.list_jobs(**arguments)]
        assert len(listed) == len(set(listed)), arguments
        assert mine <= set(listed), arguments
    assert len(service.list_jobs(limit=3)) == 3
    assert all(job.status() == "completed" for job in service.list_jobs(status="completed"))


def test_list_jobs_ends_when_there_are_none(service: cirq_ionq.Service) -> None:
    """With `next: null` cirq-ionq would ask again for ever."""
    canceled = service.create_job(measured(built(circuits.endless())), repetitions=1)
    canceled.cancel()
    until(service.get_job(canceled.job_id()), "canceled")
    for job in service.list_jobs(status="canceled", limit=1000):
        service.get_job(job.job_id()).delete()
    assert service.list_jobs(status="canceled") == ()


def test_cancel(service: cirq_ionq.Service) -> None:
    job = service.create_job(measured(built(circuits.endless())), repetitions=10)
    assert job.status() in ("submitted", "ready", "started")
    job.cancel()
    assert job.status() == "canceled"
    again = service.get_job(job.job_id())
    until(again, "canceled")
    with pytest.raises(RuntimeError, match="canceled"):
        again.results(polling_seconds=POLL)
    with pytest.raises(IonQException, match="was canceled"):
        again.num_qubits()


def test_failure_says_why(service: cirq_ionq.Service) -> None:
    job = service.create_job(measured(built(circuits.too_wide())), repetitions=10)
    with pytest.raises(RuntimeError, match=r"Job failed\. Error message: .*40"):
        job.results(polling_seconds=POLL)
    assert job.status() == "failed"


def test_delete(service: cirq_ionq.Service) -> None:
    job = service.create_job(measured(built(circuits.asymmetric())), repetitions=10)
    job.results(polling_seconds=POLL)
    job.delete()
    assert job.status() == "deleted"
    with pytest.raises(IonQNotFoundException):
        service.get_job(job.job_id())


def test_refused_request_says_why(service: cirq_ionq.Service) -> None:
    with pytest.raises(IonQException, match="Status: 400") as caught:
        service.create_job(
            measured(built(circuits.asymmetric())), repetitions=10, target="qpu.nowhere"
        )
    assert caught.value.status_code == 400
    assert "qpu.nowhere" in str(caught.value)


def test_calibrations(service: cirq_ionq.Service) -> None:
    current = service.get_current_calibration()
    assert current.num_qubits() == max(q.x for pair in current.connectivity() for q in pair) + 1
    assert current.target().startswith("qpu")
    assert current.calibration_time(datetime.UTC) <= datetime.datetime.now(datetime.UTC)
    assert all(0 < figure <= 1 for figure in current.fidelities()["spam"].values() if figure)
    assert current.timings()["readout"] > 0
    listed = service.list_calibrations(
        start=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), limit=2, batch_size=1
    )
    assert len(listed) == 2
    assert listed[0].num_qubits() > 0


def test_calibrations_of_months(service: cirq_ionq.Service) -> None:
    """A new one every day, and cirq-ionq asks page after page for them."""
    first = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    listed = service.list_calibrations(start=first, end=first + datetime.timedelta(days=61))
    times = [found.calibration_time(datetime.UTC) for found in listed]
    assert times == [first + datetime.timedelta(days=k) for k in range(61, -1, -1)]
    assert len({str(found.fidelities()) for found in listed}) == 62


def test_api_key_in_the_environment(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIRQ_IONQ_REMOTE_HOST", api)
    monkeypatch.setenv("IONQ_API_KEY", "any-key-on-loopback")
    service = cirq_ionq.Service(default_target="simulator", max_retry_seconds=1)
    circuit = cirq.Circuit(cirq.X(cirq.LineQubit(2)), cirq.measure(cirq.LineQubit(2), key="m"))
    result = service.create_job(circuit, repetitions=3).results(polling_seconds=POLL)
    assert result.probabilities() == {1: 1.0}


def test_debiased_on_a_qpu_and_sharpened(service: cirq_ionq.Service) -> None:
    a, b = cirq.LineQubit.range(2)
    bell = cirq.Circuit(cirq.H(a), cirq.CNOT(a, b), cirq.measure(a, b, key="x"))
    job = service.create_job(
        bell, repetitions=1000, target="qpu.forte-1", error_mitigation={"debiasing": True}
    )
    plain = job.results(polling_seconds=POLL)
    assert sum(plain.counts().values()) == 1000
    sharp = job.results(polling_seconds=POLL, sharpen=True).counts()
    assert sum(sharp.values()) == 1000
    assert sharp[0] + sharp[3] >= 950
