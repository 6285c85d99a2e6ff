"""ionq-core: circuits and their answers."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import numpy as np
import pytest
from ionq_core import (
    IonQClient,
    JobFailedError,
    gpi2_matrix,
    gpi_matrix,
    ms_matrix,
    wait_for_job,
    zz_matrix,
)
from ionq_core.api.default import get_job, get_jobs
from ionq_core.models.single_circuit_job import SingleCircuitJob
from ionq_core_jobs import (
    POLL,
    QASM,
    artifact,
    completed,
    distribution,
    multi,
    native,
    qasm,
    single,
    submitted,
)

import circuits
import reference

SDK = "ionq-core"
ARIA_1 = (0.0005, 0.0133)


@pytest.fixture(scope="module")
def client(api: str, key: str) -> Any:
    return IonQClient(api_key=key, base_url=api, max_retries=0)


def test_single_circuit(client: Any) -> None:
    bell = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]
    job = completed(client, single(bell, 2, name="bell"))
    assert isinstance(job, SingleCircuitJob)
    assert job.name == "bell"
    assert job.type_ == "ionq.circuit.v1"
    assert job.backend == "simulator"
    assert job.dry_run is False
    assert job.failure is None
    assert job.parent_job_id is None
    assert not job.child_job_ids
    assert job.stats.qubits == 2
    assert job.stats.circuits == 1
    assert job.stats.gate_counts.additional_properties == {"1q": 1, "2q": 1}
    assert job.execution_duration_ms >= 0
    assert uuid.UUID(job.project_id)
    moments = [
        datetime.datetime.fromisoformat(t)
        for t in (job.submitted_at, job.started_at, job.completed_at)
    ]
    assert moments == sorted(moments)
    assert all(moment.utcoffset() == datetime.timedelta(0) for moment in moments)
    reference.assert_same(distribution(client, job.id), {0: 0.5, 3: 0.5})


def test_job_ids_are_ordered_by_time(client: Any) -> None:
    ids = [submitted(client, single(circuits.asymmetric())) for _ in range(3)]
    assert ids == sorted(ids)
    assert all(uuid.UUID(one).version == 7 for one in ids)


def test_results_are_models_not_dictionaries(client: Any) -> None:
    """Each entry of `results` has id, format and media type, or ionq-core gives up on its model."""
    job = completed(client, single(circuits.asymmetric()))
    descriptor = job.results["ionq.result.probabilities.json.v1"]
    assert descriptor.format_ == "ionq.result.probabilities.json.v1"
    assert descriptor.media_type == "application/json"
    assert artifact(client, job.id, descriptor.id) == {
        str(k): v for k, v in distribution(client, job.id).items()
    }


def test_asymmetric_circuit_is_exact(client: Any) -> None:
    job = completed(client, single(circuits.asymmetric()))
    expected = reference.probabilities(circuits.asymmetric(), circuits.QUBITS)
    reference.assert_same(distribution(client, job.id), expected)
    reference.assert_same(distribution(client, job.id, sharpen=True), expected)


def test_batch_keeps_order(client: Any) -> None:
    family = circuits.family(7)
    job = completed(client, multi(family))
    assert job.type_ == "ionq.multi-circuit.v1"
    assert job.stats.circuits == len(family)
    assert len(job.child_job_ids) == len(family)
    descriptor = job.results["ionq.result.probabilities-aggregate.json.v1"]
    aggregate = artifact(client, job.id, descriptor.id)
    assert list(aggregate) == job.child_job_ids
    for position, (child_id, gates) in enumerate(zip(job.child_job_ids, family, strict=True)):
        expected = reference.probabilities(gates, circuits.QUBITS)
        reference.assert_same({int(k): v for k, v in aggregate[child_id].items()}, expected)
        child = get_job.sync(uuid=child_id, client=client)
        assert child.parent_job_id == job.id
        assert child.name == f"c{position}"
        assert child.status == "completed"
        reference.assert_same(distribution(client, child_id), expected)
    children = get_jobs.sync(client=client, parent_job_id=job.id, limit=25)
    assert {child.id for child in children.jobs} == set(job.child_job_ids)


def test_batch_of_mixed_gatesets(client: Any) -> None:
    """The example of IonQ's own document: the parent is native, one circuit overrides it."""
    job = completed(
        client,
        multi(
            [],
            input={
                "gateset": "native",
                "qubits": 2,
                "circuits": [
                    {
                        "gateset": "qis",
                        "circuit": [
                            {"gate": "h", "target": 0},
                            {"gate": "cnot", "target": 0, "control": 1},
                        ],
                    },
                    {
                        "circuit": [
                            {"gate": "ms", "targets": [0, 1], "phases": [0, 0.25]},
                            {"gate": "gpi2", "target": 0, "phase": 0.75},
                        ]
                    },
                ],
            },
        ),
    )
    first, second = (distribution(client, child) for child in job.child_job_ids)
    reference.assert_same(first, {0: 0.5, 1: 0.5})
    gates = [
        {"gate": "ms", "targets": [0, 1], "phases": [0, 0.25]},
        {"gate": "gpi2", "target": 0, "phase": 0.75},
    ]
    reference.assert_same(second, reference.probabilities(gates, 2, native=True))


def test_native_gates_by_its_own_matrices(client: Any) -> None:
    job = completed(client, native(circuits.native()))
    found = distribution(client, job.id)
    reference.assert_same(found, reference.probabilities(circuits.native(), 3, native=True))
    state = np.zeros(8, dtype=complex)
    state[0] = 1
    for gate in circuits.native():  # ionq-core's matrices have the first qubit as the high bit
        if gate["gate"] in ("gpi", "gpi2"):
            made = {"gpi": gpi_matrix, "gpi2": gpi2_matrix}[gate["gate"]](gate["phase"])
            state = reference.applied(
                state.reshape(2, 2, 2), np.array(made), [gate["target"]], []
            ).reshape(-1)
            continue
        if gate["gate"] == "ms":
            made = ms_matrix(*gate["phases"], gate["angle"])
        else:
            made = zz_matrix(gate["angle"])
        state = reference.applied(
            state.reshape(2, 2, 2), np.array(made), list(reversed(gate["targets"])), []
        ).reshape(-1)
    reference.assert_same(found, {k: float(p) for k, p in enumerate(np.abs(state) ** 2)})


@pytest.mark.parametrize(("backend", "gate"), [("qpu.forte-1", "zz"), ("qpu.aria-1", "ms")])
def test_native_gates_on_a_qpu(client: Any, backend: str, gate: str) -> None:
    job = completed(client, native(circuits.of_family(gate), backend=backend, shots=250))
    counts = [p * 250 for p in distribution(client, job.id).values()]
    assert sum(round(c) for c in counts) == 250
    assert all(abs(c - round(c)) < 1e-6 for c in counts)


def test_openqasm(client: Any) -> None:
    job = completed(client, qasm(QASM))
    assert job.type_ == "ionq.qasm3.v1"
    gates = [
        {"gate": "x", "target": 0},
        {"gate": "ry", "target": 2, "rotation": 0.8},
        {"gate": "cnot", "control": 2, "target": 1},
    ]
    reference.assert_same(distribution(client, job.id), reference.probabilities(gates, 3))


def test_openqasm_shots_by_register(client: Any) -> None:
    job = completed(client, qasm(QASM, shots=200, noise={"model": "aria-1", "seed": 3}))
    shots = artifact(client, job.id, job.results["ionq.result.shots.json.v2"].id)["shots"]
    assert len(shots) == 200
    for shot in shots:
        assert {"low", "high"} <= set(shot["registers"])
        assert len(shot["registers"]["low"]) == 2
        assert len(shot["registers"]["high"]) == 1
    agree = sum(s["registers"]["low"] == [1, s["registers"]["high"][0]] for s in shots)
    assert agree > 170


def test_openqasm_that_cannot_be_read_fails(client: Any) -> None:
    """Programs are read after they are accepted, as IonQ's preflight does it."""
    job_id = submitted(client, qasm("OPENQASM 3.0;\nqubit[2] q;\nnonsense q[0];\n"))
    with pytest.raises(JobFailedError) as caught:
        wait_for_job(client, job_id, poll_interval=POLL, timeout=30)
    assert caught.value.failure.code == "PreflightError"
    assert "nonsense" in caught.value.failure.message


def test_noise_model_is_the_published_one(client: Any) -> None:
    gates = circuits.deep(60, 3)
    shots = 20_000

    def counts(seed: int) -> dict[int, int]:
        body = single(gates, 3, shots=shots, noise={"model": "aria-1", "seed": seed})
        job = completed(client, body)
        assert job.shots == shots
        assert job.noise.model == "aria-1"
        assert job.noise.seed == seed
        return {k: round(p * shots) for k, p in distribution(client, job.id).items()}

    first = counts(41)
    assert sum(first.values()) == shots
    assert counts(41) == first
    assert counts(42) != first
    assert reference.p_value(first, reference.noisy_probabilities(gates, 3, *ARIA_1)) > 1e-6


@pytest.mark.parametrize("backend", ["qpu.forte-1", "qpu.aria-1"])
def test_qpu_counts_sum_to_shots(client: Any, backend: str) -> None:
    job = completed(client, single(circuits.asymmetric(), backend=backend, shots=250))
    assert job.shots == 250
    counts = [p * 250 for p in distribution(client, job.id).values()]
    assert sum(round(c) for c in counts) == 250
    assert all(abs(c - round(c)) < 1e-6 for c in counts)


def test_every_result_format_of_a_sampled_job(client: Any) -> None:
    """They must tell the same story: one set of shots, in every form."""
    job = completed(client, single(circuits.asymmetric(), backend="qpu.forte-1", shots=64))
    got = {
        name: artifact(client, job.id, job.results[name].id)
        for name in job.results.additional_keys
        if name.startswith("ionq.result.")
    }
    assert set(got) == {
        f"ionq.result.{kind}.json.{version}"
        for kind in ("probabilities", "histogram", "shots")
        for version in ("v1", "v2")
    }
    shots = [int(s) for s in got["ionq.result.shots.json.v1"]]
    assert len(shots) == 64
    counts = {str(k): shots.count(k) for k in set(shots)}
    assert got["ionq.result.histogram.json.v1"] == counts
    assert got["ionq.result.probabilities.json.v1"] == {k: v / 64 for k, v in counts.items()}
    bits = [shot["registers"]["output_all"] for shot in got["ionq.result.shots.json.v2"]["shots"]]
    assert [sum(bit << k for k, bit in enumerate(shot)) for shot in bits] == shots
    for kind in ("histogram", "probabilities"):
        wide = got[f"ionq.result.{kind}.json.v2"][kind]["registers"]["output_all"]
        assert all(len(k) == circuits.QUBITS and set(k) <= {"0", "1"} for k in wide)
        flat = got[f"ionq.result.{kind}.json.v1"]
        assert sorted(wide.values()) == sorted(flat.values())


def test_metadata_comes_back(client: Any) -> None:
    metadata = {"plain": "yes", "control": "a\x1eb\x1fc", "umlaut": "\u00fc\u2713\U0001f600"}
    job = completed(client, single(circuits.asymmetric(), metadata=metadata))
    assert job.metadata.to_dict() == metadata
    (listed,) = get_jobs.sync(client=client, ids=[job.id]).jobs
    assert listed.metadata.to_dict() == metadata
