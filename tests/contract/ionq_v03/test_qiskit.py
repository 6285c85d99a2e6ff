"""qiskit-ionq 0.5.13, as a user of Qiskit had it."""

from __future__ import annotations

import datetime
import time
import warnings
from typing import Any

import pytest
from as_qiskit import built, exact, integers, measured
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.providers import JobStatus
from qiskit_ionq import ErrorMitigation, IonQProvider
from qiskit_ionq.exceptions import IonQAPIError, IonQJobFailureError, IonQJobStateError
from qiskit_ionq.helpers import decompress_metadata_string

import circuits
import reference

SDK = "qiskit-ionq"
WAIT = 0.02
MANY = 1_000_000
"""So many shots that none of the outcomes is missing from the client's own sampling."""
ARIA_1 = (0.0005, 0.0133)


@pytest.fixture(scope="module")
def provider(api: str, key: str) -> IonQProvider:
    return IonQProvider(token=key, url=api)


@pytest.fixture
def simulator(provider: IonQProvider) -> Any:
    return provider.get_backend("ionq_simulator")


def distribution(job: Any) -> dict[int, float]:
    return integers(job.result(wait=WAIT).get_probabilities())


def bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    return measured(circuit)


def until(job: Any, *states: JobStatus) -> None:
    deadline = time.monotonic() + 30
    while job.status() not in states:
        assert time.monotonic() < deadline, f"still {job.status()}"
        time.sleep(WAIT)


def test_by_the_variables_alone(told: None) -> None:
    job = IonQProvider().get_backend("ionq_simulator").run(bell(), shots=200)
    assert set(job.result(wait=WAIT).get_counts()) == {"00", "11"}


def test_a_bell_pair(simulator: Any) -> None:
    job = simulator.run(bell(), shots=1000)
    counts = job.result(wait=WAIT).get_counts()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 1000
    assert job.get_probabilities() == {"00": 0.5, "11": 0.5}
    assert job.status() is JobStatus.DONE
    assert job.result().time_taken >= 0


def test_an_asymmetric_circuit_is_exact(simulator: Any) -> None:
    circuit = built(circuits.asymmetric(), circuits.QUBITS)
    found = distribution(simulator.run(measured(circuit), shots=MANY))
    reference.assert_same(found, exact(circuit))
    reference.assert_same(found, reference.probabilities(circuits.asymmetric(), circuits.QUBITS))


def test_every_gate_with_controls_is_exact(simulator: Any) -> None:
    """Phase gates among them, which it sends as z with a rotation."""
    circuit = QuantumCircuit(5)
    for q in range(5):
        circuit.ry(0.4 + 0.3 * q, q)
    circuit.p(0.7, 0)
    circuit.cp(0.9, 0, 3)
    circuit.mcp(1.1, [0, 1, 2], 4)
    circuit.ccx(0, 4, 2)
    circuit.cy(2, 1)
    circuit.cz(3, 2)
    circuit.ch(1, 3)
    circuit.crx(0.3, 0, 2)
    circuit.csx(2, 4)
    circuit.sdg(1)
    circuit.tdg(2)
    circuit.sxdg(3)
    circuit.rzz(0.6, 0, 4)
    circuit.barrier()
    for q in range(5):
        circuit.h(q)
    reference.assert_same(
        distribution(simulator.run(measured(circuit), shots=MANY)), exact(circuit)
    )


def test_measured_into_other_bits(simulator: Any, wire: Any) -> None:
    """Two of three qubits, crosswise: which is in `registers`, and counts are made by it."""
    circuit = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "c"))
    circuit.x(0)
    circuit.ry(0.8, 2)
    circuit.measure([0, 2], [1, 0])
    job = simulator.run(circuit, shots=4000, sampler_seed=11)
    counts = job.result(wait=WAIT).get_counts()
    assert set(counts) == {"10", "11"}
    assert counts["10"] > counts["11"] > 0
    assert wire.get(f"/v0.3/jobs/{job.job_id()}")["registers"] == {"meas_mapped": [2, 0]}


def test_several_circuits_keep_their_order_names_and_registers(simulator: Any, wire: Any) -> None:
    family = [built(gates, circuits.QUBITS) for gates in circuits.family(5)]
    for index, circuit in enumerate(family):
        circuit.name = f"member {index}"
    small = QuantumCircuit(4, 1, name="small")
    small.x(3)
    small.measure(3, 0)
    batch = [measured(circuit) for circuit in family]
    batch.insert(2, small)
    job = simulator.run(batch, shots=MANY)
    result = job.result(wait=WAIT)
    found = result.get_probabilities()
    assert integers(found.pop(2)) == {1: 1.0}
    for circuit, one in zip(family, found, strict=True):
        reference.assert_same(integers(one), exact(circuit))
    parent = wire.get(f"/v0.3/jobs/{job.job_id()}")
    assert (parent["circuits"], len(parent["children"])) == (6, 6)
    child = wire.get(f"/v0.3/jobs/{parent['children'][2]}")
    assert child["name"] == "small"
    assert child["registers"] == {"meas_mapped": [3]}
    detail = job.status(detailed=True)
    assert detail["total"] == detail["completed"] == 6


def test_native_gates(provider: IonQProvider) -> None:
    native = provider.get_backend("ionq_simulator", gateset="native")
    gates = circuits.of_family("ms")
    job = native.run(measured(built(gates, 3, native=True)), shots=MANY)
    reference.assert_same(distribution(job), reference.probabilities(gates, 3, native=True))


def test_transpiled_for_the_backend(simulator: Any) -> None:
    circuit = QuantumCircuit(4)
    circuit.u(0.4, 0.9, 1.3, 0)
    circuit.cswap(0, 1, 2)
    circuit.iswap(1, 3)
    circuit.ecr(0, 2)
    mapped = transpile(measured(circuit), simulator, optimization_level=1)
    reference.assert_same(distribution(simulator.run(mapped, shots=MANY)), exact(circuit))


def test_a_noise_model_with_a_seed_repeats(simulator: Any, wire: Any) -> None:
    gates = circuits.deep(20, 3)
    circuit = measured(built(gates, 3))
    simulator.set_options(sampler_seed=7)
    jobs = [simulator.run(circuit, shots=4000, noise_model="aria-1") for _ in range(2)]
    for job in jobs:
        job.result(wait=WAIT)
    first, second = (wire.get(f"/v0.3/jobs/{job.job_id()}/results") for job in jobs)
    assert first == second
    counts = {int(outcome): round(4000 * share) for outcome, share in first.items()}
    assert sum(counts.values()) == 4000
    assert reference.p_value(counts, reference.noisy_probabilities(gates, 3, *ARIA_1)) > 1e-6


def test_a_machine_with_its_noise_counts_every_shot(provider: IonQProvider) -> None:
    machine = provider.get_backend("ionq_qpu.aria-1")
    gates = circuits.deep(20, 3)
    counts = machine.run(measured(built(gates, 3)), shots=2000).result(wait=WAIT).get_counts()
    assert sum(counts.values()) == 2000
    wanted = reference.noisy_probabilities(gates, 3, *ARIA_1)
    assert reference.p_value(integers(counts), wanted) > 1e-6


@pytest.mark.parametrize("sharpen", [True, False])
def test_sharpened_results_are_plain_where_nothing_was_debiased(
    simulator: Any, sharpen: bool
) -> None:
    job = simulator.run(bell(), shots=1000)
    assert job.result(sharpen=sharpen, wait=WAIT).get_probabilities() == {"00": 0.5, "11": 0.5}


def test_mitigation_on_the_simulator_is_said_to_have_no_effect(simulator: Any) -> None:
    job = simulator.run(bell(), shots=1000, error_mitigation=ErrorMitigation.DEBIASING)
    with pytest.warns(UserWarning, match="no effect on the simulator"):
        job.result(wait=WAIT)


def test_debiased_on_a_machine_and_sharpened(provider: IonQProvider) -> None:
    machine = provider.get_backend("ionq_qpu.aria-1")
    job = machine.run(bell(), shots=1000, error_mitigation=ErrorMitigation.DEBIASING)
    plain = job.result(sharpen=False, wait=WAIT).get_counts()
    assert sum(plain.values()) == 1000
    again = machine.retrieve_job(job.job_id())
    sharp = again.result(sharpen=True, wait=WAIT).get_probabilities()
    assert sharp["00"] + sharp["11"] >= (plain["00"] + plain["11"]) / 1000


def test_metadata_comes_back_byte_for_byte(simulator: Any, wire: Any) -> None:
    """The header of a wide circuit is a long text of base64, and what the user adds may have any
    character."""
    circuit = bell()
    circuit.metadata = {"note": "x" * 3000 + "é\u001f"}
    job = simulator.run(circuit, shots=10, extra_metadata={"mine": 'a "b" \\ \u001e ü'})
    job.result(wait=WAIT)
    kept = wire.get(f"/v0.3/jobs/{job.job_id()}")["metadata"]
    assert kept["mine"] == 'a "b" \\ \u001e ü'
    assert decompress_metadata_string(kept["qiskit_header"])["metadata"] == circuit.metadata
    assert wire.get(f"/v0.4/jobs/{job.job_id()}")["metadata"] == kept


def test_a_job_is_had_again_by_its_id(simulator: Any, provider: IonQProvider) -> None:
    job = simulator.run(bell(), shots=100, sampler_seed=5)
    counts = job.result(wait=WAIT).get_counts()
    again = provider.get_backend("ionq_simulator").retrieve_job(job.job_id())
    assert again.result(wait=WAIT).get_counts().keys() == counts.keys()


def test_cancel_and_delete(simulator: Any, provider: IonQProvider) -> None:
    job = simulator.run(measured(built(circuits.endless(), 26)), shots=10)
    job.cancel()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        until(job, JobStatus.CANCELLED)
        with pytest.raises(IonQJobStateError, match="canceled job"):
            job.result(wait=WAIT)
    assert simulator.client.delete_job(job.job_id()) == {"id": job.job_id(), "status": "deleted"}
    with pytest.raises(IonQAPIError) as caught:
        simulator.retrieve_job(job.job_id())
    assert caught.value.status_code == 404


def test_several_jobs_are_canceled(simulator: Any) -> None:
    jobs = [simulator.run(measured(built(circuits.endless(), 26)), shots=10) for _ in range(2)]
    answers = simulator.cancel_jobs([job.job_id() for job in jobs])
    assert [answer["status"] for answer in answers] == ["canceled", "canceled"]


def test_a_job_that_cannot_run_says_why(simulator: Any) -> None:
    job = simulator.run(measured(built(circuits.too_wide(), 40)), shots=10)
    with pytest.raises(IonQJobFailureError, match=r"NotEnoughQubits: .*40"):
        until(job, JobStatus.ERROR)


def test_a_backend_that_is_not_there(provider: IonQProvider) -> None:
    machine = provider.get_backend("ionq_qpu.nowhere-9")
    with pytest.raises(IonQAPIError, match=r"unknown backend 'qpu\.nowhere-9'"):
        machine.run(bell())


def test_calibration(provider: IonQProvider) -> None:
    found = provider.get_backend("ionq_qpu.aria-1").calibration()
    assert found.num_qubits == 25
    assert found.target == "qpu.aria-1"
    assert isinstance(found.calibration_time, datetime.datetime)
    assert 0.98 < found.fidelities["2q"]["mean"] < 1
    assert found.timings["t1"] > found.timings["1q"] > 0
    assert len(found.connectivity) == 25 * 24 // 2


def test_the_later_version_and_ketway_see_the_job(simulator: Any, wire: Any) -> None:
    job = simulator.run(bell(), shots=100)
    job.result(wait=WAIT)
    seen = wire.get(f"/v0.4/jobs/{job.job_id()}")
    assert (seen["type"], seen["status"]) == ("ionq.circuit.v1", "completed")
    assert wire.get(seen["results"]["probabilities"]["url"]) == {"0": 0.5, "3": 0.5}
    (listed,) = [one for one in wire.listed() if one["id"] == job.job_id()]
    assert listed["dialect"] == "ionq_v03"
