"""cirq-ionq 1.5.0, as a user of Cirq had it."""

from __future__ import annotations

import datetime
import time
from typing import Any

import cirq
import cirq_ionq
import pytest
from as_cirq import built, exact, measured, native_built, turned
from cirq_ionq.ionq_exceptions import (
    IonQException,
    IonQNotFoundException,
    IonQUnsuccessfulJobException,
)

import circuits
import reference

SDK = "cirq-ionq"
POLL = 0.02
ARIA_1 = (0.0005, 0.0133)


@pytest.fixture(scope="module")
def service(api: str, key: str) -> cirq_ionq.Service:
    return cirq_ionq.Service(
        remote_host=api, api_key=key, default_target="simulator", max_retry_seconds=1
    )


def bell() -> cirq.Circuit:
    a, b = cirq.LineQubit.range(2)
    return cirq.Circuit(cirq.H(a), cirq.CNOT(a, b), cirq.measure(a, b, key="x"))


def finished(job: cirq_ionq.Job) -> cirq_ionq.Job:
    deadline = time.monotonic() + 30
    while job.status() not in job.TERMINAL_STATES:
        assert time.monotonic() < deadline, f"still {job.status()}"
        time.sleep(POLL)
    return job


def distributions(job: cirq_ionq.Job) -> list[dict[int, float]]:
    return [dict(found.probabilities()) for found in job.results(polling_seconds=POLL)]


def test_by_the_variables_alone(told: None) -> None:
    service = cirq_ionq.Service(default_target="simulator")
    assert sum(service.run(bell(), repetitions=200).histogram(key="x").values()) == 200


def test_a_bell_pair(service: cirq_ionq.Service) -> None:
    counts = service.run(bell(), repetitions=200, name="bell", seed=3).histogram(key="x")
    assert set(counts) == {0, 3}
    assert sum(counts.values()) == 200


def test_an_asymmetric_circuit_is_exact(service: cirq_ionq.Service) -> None:
    circuit = built(circuits.asymmetric())
    (found,) = distributions(service.create_job(measured(circuit), repetitions=10))
    reference.assert_same(found, exact(circuit), 1e-7)  # Cirq's own simulator has that precision
    wanted = reference.probabilities(circuits.asymmetric(), circuits.QUBITS)
    reference.assert_same(turned(found, circuits.QUBITS), wanted, 1e-9)


def test_several_circuits_keep_their_order_and_their_keys(service: cirq_ionq.Service) -> None:
    family = circuits.family(4)
    batch = [measured(built(gates), key=f"key{i}") for i, gates in enumerate(family)]
    a, b, c = cirq.LineQubit.range(3)
    batch.insert(1, cirq.Circuit(cirq.X(b), cirq.X(a), cirq.measure(b, c, key="narrow")))
    job = service.create_batch_job(batch, repetitions=100)
    found = job.results(polling_seconds=POLL)
    narrow = found.pop(1)
    assert narrow.probabilities(key="narrow") == {2: 1.0}
    for index, (gates, one) in enumerate(zip(family, found, strict=True)):
        wanted = reference.probabilities(gates, circuits.QUBITS)
        reference.assert_same(turned(dict(one.probabilities(key=f"key{index}")), 4), wanted)


def test_measured_in_part_and_in_another_order(service: cirq_ionq.Service) -> None:
    a, b, c = cirq.LineQubit.range(3)
    circuit = cirq.Circuit(
        cirq.X(a), cirq.H(b), cirq.measure(c, a, key="two"), cirq.measure(b, key="one")
    )
    (found,) = service.create_job(circuit, repetitions=500).results(polling_seconds=POLL)
    result = found.to_cirq_result(seed=1)
    assert result.histogram(key="two") == {1: 500}
    assert set(result.histogram(key="one")) == {0, 1}


def test_native_gates(service: cirq_ionq.Service) -> None:
    for family in ("ms", "zz"):
        gates = circuits.of_family(family)
        job = service.create_job(measured(native_built(gates)), repetitions=10)
        (found,) = distributions(job)
        wanted = reference.probabilities(gates, 3, native=True)
        reference.assert_same(turned(found, 3), wanted)


def test_metadata_has_its_separators_again(service: cirq_ionq.Service, wire: Any) -> None:
    """U+001F and U+001E, by which it tells measurement keys apart."""
    a, b, c = cirq.LineQubit.range(3)
    keys = cirq.measure(a, key="first"), cirq.measure(c, b, key="second")
    circuit = cirq.Circuit(cirq.Moment(cirq.X(a), cirq.X(b), cirq.X(c)), cirq.Moment(*keys))
    job = finished(service.create_job(circuit, repetitions=7))
    kept = wire.get(f"/v0.3/jobs/{job.job_id()}")["metadata"]
    assert kept == {"measurement0": "first\u001f0\u001esecond\u001f2,1", "shots": "7"}
    assert job.measurement_dict() == {"first": [0], "second": [2, 1]}
    assert wire.get(f"/v0.4/jobs/{job.job_id()}")["metadata"] == kept


def test_a_noise_model_repeats_with_its_seed(service: cirq_ionq.Service) -> None:
    gates = circuits.deep(20, 3)
    noise = {"noise": {"model": "aria-1", "seed": 17}}
    first, second = (
        distributions(
            service.create_job(measured(built(gates)), repetitions=4000, extra_query_params=noise)
        )[0]
        for _ in range(2)
    )
    assert first == second
    counts = {outcome: round(4000 * share) for outcome, share in turned(first, 3).items()}
    assert sum(counts.values()) == 4000
    assert reference.p_value(counts, reference.noisy_probabilities(gates, 3, *ARIA_1)) > 1e-6


def test_a_machine_counts_every_shot(service: cirq_ionq.Service) -> None:
    gates = circuits.deep(20, 3)
    job = service.create_job(measured(built(gates)), repetitions=2000, target="qpu.aria-1")
    (found,) = job.results(polling_seconds=POLL)
    counts = turned(dict(found.counts()), 3)
    assert sum(counts.values()) == 2000
    assert reference.p_value(counts, reference.noisy_probabilities(gates, 3, *ARIA_1)) > 1e-6


@pytest.mark.parametrize("sharpen", [True, False])
def test_sharpened_results_are_plain_where_nothing_was_debiased(
    service: cirq_ionq.Service, sharpen: bool
) -> None:
    (found,) = service.create_job(bell(), repetitions=10).results(
        polling_seconds=POLL, sharpen=sharpen
    )
    assert found.probabilities(key="x") == {0: 0.5, 3: 0.5}


def test_what_a_job_says_of_itself(service: cirq_ionq.Service) -> None:
    job = service.create_job(bell(), repetitions=40, name="my bell")
    assert finished(job).status() == "completed"
    assert job.name() == "my bell"
    assert job.target() == "simulator"
    assert (job.num_qubits(), job.repetitions()) == (2, 40)
    again = service.get_job(job.job_id())
    assert distributions(again) == distributions(job)


def test_listing(service: cirq_ionq.Service) -> None:
    ids = [finished(service.create_job(bell(), repetitions=10)).job_id() for _ in range(3)]
    assert [job.job_id() for job in service.list_jobs(limit=3)] == ids[::-1]
    # Page after page, until there is no next.
    found = [job.job_id() for job in service.list_jobs(limit=10_000, batch_size=2)]
    assert len(found) == len(set(found))
    assert set(ids) <= set(found)
    assert {job.status() for job in service.list_jobs(status="completed")} == {"completed"}
    assert not service.list_jobs(status="running")


def test_cancel_and_delete(service: cirq_ionq.Service) -> None:
    job = service.create_job(measured(built(circuits.endless())), repetitions=10)
    job.cancel()
    assert job.status() == "canceled"
    with pytest.raises(IonQUnsuccessfulJobException):
        service.get_job(job.job_id()).num_qubits()
    job.delete()
    assert job.status() == "deleted"
    with pytest.raises(IonQNotFoundException):
        service.get_job(job.job_id())


def test_a_job_that_cannot_run_says_why(service: cirq_ionq.Service) -> None:
    job = service.create_job(measured(built(circuits.too_wide())), repetitions=10)
    with pytest.raises(RuntimeError, match=r"Job failed\. Error message: .*40"):
        job.results(polling_seconds=POLL)


def test_what_is_refused_is_said(service: cirq_ionq.Service) -> None:
    with pytest.raises(IonQException, match=r"unknown backend 'qpu\.nowhere-9'"):
        service.create_job(bell(), repetitions=10, target="qpu.nowhere-9")
    mitigation = {"debias": "much"}
    with pytest.raises(IonQException, match=r"error_mitigation\.debias"):
        service.create_job(
            bell(), repetitions=500, target="qpu.aria-1", error_mitigation=mitigation
        )


def test_debiased_on_a_machine_and_sharpened(service: cirq_ionq.Service) -> None:
    job = service.create_job(
        bell(), repetitions=500, target="qpu.aria-1", error_mitigation={"debias": True}
    )
    for sharpen in (False, True):
        (found,) = job.results(polling_seconds=POLL, sharpen=sharpen)
        counts = found.counts()
        assert sum(counts.values()) == 500
        assert counts[0] + counts[3] > 450


def test_calibrations(service: cirq_ionq.Service) -> None:
    current = service.get_current_calibration()
    assert current.num_qubits() == 36
    assert isinstance(current.calibration_time(), datetime.datetime)
    assert 0.98 < current.fidelities()["2q"]["mean"] < 1
    newest, *older = service.list_calibrations(limit=12)
    assert newest.fidelities() == current.fidelities()
    assert len(older) == 11
    times = [found.calibration_time() for found in (newest, *older)]
    assert times == sorted(set(times), reverse=True)
