"""ionq-core: every other function of its `api` package, and the helpers above them."""

from __future__ import annotations

import asyncio
import datetime
import time
import uuid
from typing import Any

import networkx
import numpy as np
import pytest
from ionq_core import (
    APIError,
    BadRequestError,
    IonQClient,
    JobFailedError,
    NotFoundError,
    SessionManager,
    aiter_jobs,
    async_wait_for_job,
    iter_jobs,
    iter_session_jobs,
    wait_for_job,
)
from ionq_core.api.backends import get_backend, get_backends
from ionq_core.api.characterizations import get_characterization, get_characterizations_for_backend
from ionq_core.api.default import (
    cancel_job,
    cancel_jobs,
    clone_job,
    create_job,
    create_session,
    delete_job,
    delete_jobs,
    end_session,
    estimate_job_cost,
    get_job,
    get_job_artifact,
    get_job_cost,
    get_job_probabilities,
    get_jobs,
    get_session,
    get_session_jobs,
    get_sessions,
    move_job,
)
from ionq_core.api.schemas import get_format_schema
from ionq_core.api.usage import get_usages
from ionq_core.api.whoami import get_whoami
from ionq_core.models import (
    Ansatz,
    CloneJobPayload,
    CreateSessionRequest,
    HamiltonianEnergyData,
    HamiltonianEnergyInput,
    HamiltonianEnergyInputData,
    HamiltonianPauliTerm,
    JobsBulkOperationRequest,
    LinearConstraint,
    QctrlQaoaJobCreationPayload,
    QuantumFunctionJobCreationPayload,
)
from ionq_core.models.formats import FORMATS_VALUES
from ionq_core_jobs import (
    POLL,
    artifact,
    assert_refused,
    canceled,
    completed,
    distribution,
    multi,
    single,
    submitted,
)

import circuits

SDK = "ionq-core"


@pytest.fixture(scope="module")
def client(api: str, key: str) -> Any:
    return IonQClient(api_key=key, base_url=api, max_retries=0)


def test_whoami(client: Any) -> None:
    me = get_whoami.sync(client=client)
    assert isinstance(me.key_id, uuid.UUID)
    assert me.key_name
    assert isinstance(me.project_id, uuid.UUID)


def test_backends(client: Any) -> None:
    listed = {backend.backend: backend for backend in get_backends.sync(client=client)}
    assert listed["simulator"].qubits == 29
    assert listed["simulator"].status == "available"
    assert {"qpu.forte-1", "qpu.forte-enterprise-1"} <= set(listed)
    for name in ("qpu.forte-1", "qpu.forte-enterprise-1"):
        one = get_backend.sync(backend=name, client=client)
        assert one.backend == name
        assert one.qubits == 36
        assert one.status in ("available", "unavailable", "retired")
        assert one.average_queue_time >= 0
        datetime.datetime.fromisoformat(one.last_updated)
        assert "zz" in one.supported_native_gates
        assert uuid.UUID(one.characterization_id)


def test_backend_that_is_not_there(client: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        get_backend.sync(backend="qpu.nowhere", client=client)
    assert_refused(caught.value, (404,))


def test_characterizations(client: Any) -> None:
    found = get_characterizations_for_backend.sync(backend="qpu.forte-1", client=client, limit=1)
    (newest,) = found.characterizations
    assert newest.backend == "qpu.forte-1"
    assert newest.qubits == 36
    assert len(newest.connectivity) == 36 * 35 // 2
    assert 0.9 < newest.fidelity.spam.median <= 1
    assert newest.timing.readout > 0
    again = get_characterization.sync(backend="qpu.forte-1", uuid=newest.id, client=client)
    assert again.to_dict() == newest.to_dict()
    none = get_characterizations_for_backend.sync(
        backend="qpu.forte-1", client=client, start="2001-01-01", end="2001-01-02"
    )
    assert none.characterizations == []
    with pytest.raises(NotFoundError):
        get_characterization.sync(backend="qpu.forte-1", uuid=uuid.uuid4(), client=client)


def test_characterizations_of_months(client: Any) -> None:
    """A new one every day; `pages` says how many remain, and any day is found by its id."""
    found: list[Any] = []
    page = 1
    while True:
        answer = get_characterizations_for_backend.sync(
            backend="qpu.forte-1", client=client, start="2026-02-01", end="2026-04-30", page=page
        )
        found += answer.characterizations
        if not answer.pages:
            break
        page += 1
    assert page == 9
    last = datetime.date(2026, 4, 30)
    days = [str(last - datetime.timedelta(days=k)) for k in range(89)]
    assert [one.date[:10] for one in found] == days
    assert len({one.id for one in found}) == 89
    assert len({one.fidelity.spam.median for one in found}) > 60
    assert all(one.fidelity.spam.stderr > 0 for one in found)
    old = get_characterization.sync(backend="qpu.forte-1", uuid=found[-1].id, client=client)
    assert old.to_dict() == found[-1].to_dict()
    current = get_backend.sync(backend="qpu.forte-1", client=client).characterization_id
    assert get_characterization.sync(backend="qpu.forte-1", uuid=current, client=client)


def test_listing_pages(client: Any) -> None:
    """More jobs than a page holds; each once, on the last page no cursor."""
    mine = [
        submitted(client, single(circuits.asymmetric(), backend="qpu.aria-2")) for _ in range(7)
    ]
    listed = [job.id for job in iter_jobs(client, target="qpu.aria-2", limit=3)]
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(mine)
    first = get_jobs.sync(client=client, target="qpu.aria-2", limit=3)
    assert len(first.jobs) == 3
    assert first.next_ is not None
    whole = [job.id for job in iter_jobs(client, target="qpu.aria-2")]
    assert sorted(whole) == sorted(mine)
    assert get_jobs.sync(client=client, target="qpu.aria-2", limit=25).next_ is None
    for job_id in mine:
        wait_for_job(client, job_id, poll_interval=POLL)


def test_listing_pages_by_default(client: Any) -> None:
    """More than 25, which is what a page holds when nothing is said."""
    mine = {submitted(client, single([{"gate": "h", "target": 0}], 1)) for _ in range(30)}
    listed = [job.id for job in iter_jobs(client)]
    assert len(listed) == len(set(listed))
    assert mine <= set(listed)


def test_listing_filters(client: Any) -> None:
    done = completed(client, single(circuits.asymmetric())).id
    other = submitted(client, single(circuits.asymmetric(), backend="qpu.forte-1"))
    wait_for_job(client, other, poll_interval=POLL)
    by_ids = get_jobs.sync(client=client, ids=[done, other])
    assert {job.id for job in by_ids.jobs} == {done, other}
    only = get_jobs.sync(client=client, ids=[done, other], target="simulator")
    assert [job.id for job in only.jobs] == [done]
    two = get_jobs.sync(client=client, ids=[done, other], target="simulator,qpu.forte-1")
    assert {job.id for job in two.jobs} == {done, other}
    assert get_jobs.sync(client=client, ids=[done], status="failed").jobs == []
    assert get_jobs.sync(client=client, session_id=str(uuid.uuid4())).jobs == []


def test_listing_and_waiting_asynchronously(client: Any) -> None:
    async def walk() -> tuple[str, list[str]]:
        created = await create_job.asyncio(client=client, body=single(circuits.asymmetric()))
        job = await async_wait_for_job(client, created.id, poll_interval=POLL, timeout=30)
        return job.id, [one.id async for one in aiter_jobs(client, status="completed", limit=20)]

    job_id, listed = asyncio.run(walk())
    assert job_id in listed


def test_failure_says_why(client: Any) -> None:
    job_id = submitted(client, single(circuits.too_wide(), 40))
    with pytest.raises(JobFailedError) as caught:
        wait_for_job(client, job_id, poll_interval=POLL, timeout=30)
    assert caught.value.failure.code == "NotEnoughQubits"
    assert "40" in caught.value.failure.message
    job = get_job.sync(uuid=job_id, client=client)
    assert job.results is None
    with pytest.raises(NotFoundError):
        get_job_probabilities.sync(uuid=job_id, client=client)


def test_batch_with_one_bad_circuit_fails(client: Any) -> None:
    """Which circuit it was is said; what is undocumented is only what becomes of the others."""
    family = [*circuits.family(2), [{"gate": "h", "target": 0}]]
    body = {
        "gateset": "qis",
        "qubits": 4,
        "circuits": [{"circuit": gates} for gates in family],
    }
    body["circuits"][1] = {"qubits": 40, "circuit": circuits.too_wide()}  # type: ignore[index]
    job_id = submitted(client, multi([], input=body))
    with pytest.raises(JobFailedError) as caught:
        wait_for_job(client, job_id, poll_interval=POLL, timeout=30)
    assert caught.value.failure.code == "NotEnoughQubits"


def test_cancel(client: Any) -> None:
    job_id = submitted(client, single(circuits.endless(), 26))
    deadline = time.monotonic() + 30
    while get_job.sync(uuid=job_id, client=client).status != "started":
        assert time.monotonic() < deadline
        time.sleep(POLL)
    answer = cancel_job.sync(uuid=job_id, client=client)
    assert answer.to_dict() == {"id": job_id, "status": "canceled"}
    job = canceled(client, job_id)
    assert job.status == "canceled"
    assert job.results is None
    with pytest.raises(NotFoundError):
        get_job_probabilities.sync(uuid=job_id, client=client)


def test_cancel_in_bulk(client: Any) -> None:
    ids = [submitted(client, single(circuits.endless(), 26)) for _ in range(3)]
    answer = cancel_jobs.sync(client=client, body=JobsBulkOperationRequest(ids=ids))
    assert answer.status == "canceled"
    assert answer.ids == ids
    assert [canceled(client, one).status for one in ids] == ["canceled"] * 3


def test_cancel_of_a_batch(client: Any) -> None:
    job_id = submitted(
        client,
        multi(
            [],
            input={
                "gateset": "qis",
                "qubits": 26,
                "circuits": [{"circuit": circuits.endless(layers=60)} for _ in range(2)],
            },
        ),
    )
    cancel_job.sync(uuid=job_id, client=client)
    job = canceled(client, job_id)
    assert job.status == "canceled"
    for child in job.child_job_ids:
        assert canceled(client, child).status == "canceled"


def test_delete(client: Any) -> None:
    job_id = completed(client, single(circuits.asymmetric())).id
    assert delete_job.sync(uuid=job_id, client=client).to_dict() == {
        "id": job_id,
        "status": "deleted",
    }
    with pytest.raises(NotFoundError) as caught:
        get_job.sync(uuid=job_id, client=client)
    assert_refused(caught.value, (404,))
    assert job_id not in {job.id for job in iter_jobs(client)}


def test_delete_in_bulk(client: Any) -> None:
    ids = [completed(client, single(circuits.asymmetric())).id for _ in range(3)]
    answer = delete_jobs.sync(client=client, body=JobsBulkOperationRequest(ids=ids))
    assert answer.to_dict() == {"ids": ids, "status": "deleted"}
    for job_id in ids:
        with pytest.raises(NotFoundError):
            get_job.sync(uuid=job_id, client=client)


def test_clone(client: Any) -> None:
    original = completed(
        client, single(circuits.asymmetric(), name="first", metadata={"a": "b"}, shots=321)
    )
    created = clone_job.sync(
        uuid=original.id,
        client=client,
        body=CloneJobPayload.from_dict({"name": "second", "backend": "qpu.forte-1", "shots": 50}),
    )
    assert created.status == "submitted"
    assert created.id != original.id
    job = wait_for_job(client, created.id, poll_interval=POLL)
    assert (job.name, job.backend, job.shots) == ("second", "qpu.forte-1", 50)
    assert job.metadata.to_dict() == {"a": "b"}
    again = clone_job.sync(uuid=original.id, client=client, body=CloneJobPayload.from_dict({}))
    same = wait_for_job(client, again.id, poll_interval=POLL)
    assert (same.name, same.backend) == ("first", "simulator")
    assert distribution(client, same.id) == distribution(client, original.id)


def test_move(client: Any) -> None:
    """A job that has not run yet goes to another backend, which has its answer."""
    first = submitted(client, single(circuits.asymmetric(), name="mover"))
    created = move_job.sync(
        uuid=first, client=client, body=CloneJobPayload.from_dict({"backend": "qpu.forte-1"})
    )
    job = wait_for_job(client, created.id, poll_interval=POLL)
    assert job.status == "completed"
    assert job.backend == "qpu.forte-1"


@pytest.mark.parametrize("name", sorted(FORMATS_VALUES))
def test_format_schema(client: Any, name: Any) -> None:
    document = get_format_schema.sync(name, client=client)
    assert document.id == name
    assert document.schema.startswith("http")
    assert document.type_ in ("object", "array", "string")


def test_format_schema_that_is_not_there(client: Any) -> None:
    with pytest.raises(NotFoundError) as caught:
        get_format_schema.sync("ionq.nothing.v9", client=client)  # type: ignore[arg-type]
    assert_refused(caught.value, (404,))


def test_artifact_that_is_not_there(client: Any) -> None:
    job_id = completed(client, single(circuits.asymmetric())).id
    with pytest.raises(NotFoundError) as caught:
        get_job_artifact.sync_detailed(uuid=job_id, artifact_id="nothing", client=client)
    assert_refused(caught.value, (404,))


def test_job_that_is_not_there(client: Any) -> None:
    stranger = str(uuid.uuid4())
    payload = CloneJobPayload.from_dict({})
    calls = (
        lambda: get_job.sync(uuid=stranger, client=client),
        lambda: delete_job.sync(uuid=stranger, client=client),
        lambda: cancel_job.sync(uuid=stranger, client=client),
        lambda: get_job_probabilities.sync(uuid=stranger, client=client),
        lambda: clone_job.sync(uuid=stranger, client=client, body=payload),
        lambda: move_job.sync(uuid=stranger, client=client, body=payload),
    )
    for call in calls:
        with pytest.raises(NotFoundError) as caught:
            call()
        assert_refused(caught.value, (404,))


def test_unknown_gate_is_refused(client: Any) -> None:
    body = single(circuits.asymmetric())
    body.input_.circuit[3].gate = "frobnicate"
    with pytest.raises(BadRequestError) as caught:
        create_job.sync(client=client, body=body)
    assert_refused(caught.value, (400,))
    assert "frobnicate" in caught.value.body["message"]
    assert caught.value.body["validation"]["keys"]


def test_dry_run_on_a_qpu(client: Any) -> None:
    job = completed(client, single(circuits.asymmetric(), backend="qpu.forte-1", dry_run=True))
    assert job.dry_run is True
    assert job.results is None


def on_aria(shots: int = 100, **options: Any) -> Any:
    return single(circuits.asymmetric(), backend="qpu.aria-1", shots=shots, **options)


def test_a_session_from_its_beginning_to_its_end(client: Any) -> None:
    with SessionManager(client, "qpu.aria-1", max_jobs=3, max_time=30, max_cost=100) as session:
        made = get_session.sync(session_id=session.session_id, client=client)
        assert (made.status, made.active, made.backend) == ("created", True, "qpu.aria-1")
        assert made.settings.job_count_limit == 3
        assert made.settings.cost_limit.value == 100
        created = create_job.sync(client=client, body=on_aria(session_id=session.session_id))
        assert created.session_id == session.session_id
        job = wait_for_job(client, created.id, poll_interval=POLL, timeout=60)
        assert (job.status, job.session_id) == ("completed", session.session_id)
        assert session.status() == "started"
        listed = list(iter_session_jobs(client, session.session_id))
        assert [one.id for one in listed] == [job.id]
        page = get_session_jobs.sync(session.session_id, client=client)
        assert [one.id for one in page.jobs] == [job.id]
        active = {one.id for one in get_sessions.sync(client=client, active=True).sessions}
        assert session.session_id in active
    assert SessionManager.from_id(client, session.session_id).status() == "ended"
    ended = end_session.sync(session_id=session.session_id, client=client)
    assert not ended.active
    assert ended.ended_at is not None
    with pytest.raises(BadRequestError, match="takes no more jobs"):
        create_job.sync(client=client, body=on_aria(session_id=session.session_id))


def test_a_session_of_nobody(client: Any) -> None:
    stranger = str(uuid.uuid4())
    for call in (
        lambda: get_session.sync(session_id=stranger, client=client),
        lambda: end_session.sync(session_id=stranger, client=client),
        lambda: get_session_jobs.sync(stranger, client=client),
    ):
        with pytest.raises(NotFoundError):
            call()
    with pytest.raises(BadRequestError, match="no session"):
        create_job.sync(client=client, body=on_aria(session_id=stranger))


def test_a_session_made_by_hand(client: Any) -> None:
    made = create_session.sync(client=client, body=CreateSessionRequest(backend="qpu.forte-1"))
    assert isinstance(made.created_at, datetime.datetime)
    assert end_session.sync(session_id=made.id, client=client).status == "ended"


def test_an_estimate_is_the_cost_and_the_usage(client: Any) -> None:
    today = datetime.datetime.now(datetime.UTC).date()

    def used() -> Any:
        return get_usages.sync(
            "org.example",
            client=client,
            start_date=today - datetime.timedelta(days=1),
            end_date=today + datetime.timedelta(days=1),
            group_by="job",
            modality="daily",
        )

    before = used()
    job = completed(client, on_aria(400, settings={"error_mitigation": {"debiasing": False}}))
    counts = job.stats.gate_counts.additional_properties
    found = estimate_job_cost.sync(
        client=client,
        backend="qpu.aria-1",
        qubits=job.stats.qubits,
        shots=400,
        field_1q_gates=int(counts["1q"]),
        field_2q_gates=int(counts["2q"]),
    )
    cost = get_job_cost.sync(uuid=job.id, client=client)
    assert cost.cost.value == cost.estimated_cost.value == found.estimated_total_cost > 0
    assert found.estimated_execution_time == job.execution_duration_ms
    (rate,) = found.rate_card.rates
    assert (rate.unit, rate.job_cost_minimum) == ("gates", 12.4166)
    assert job.cost_model == "2QGE_operations"
    after = used()
    assert after.amount_total - before.amount_total == pytest.approx(cost.cost.value)
    assert after.time_us_total - before.time_us_total == job.stats.billed_quantum_compute_time_us
    free = completed(client, single(circuits.asymmetric()))
    assert get_job_cost.sync(uuid=free.id, client=client).cost.value == 0


def test_variants_and_aggregations_of_a_debiased_job(client: Any) -> None:
    job = completed(client, on_aria(1000))
    mitigation = job.output.error_mitigation
    variants = mitigation.debiasing.variants
    assert sum(variant.shots for variant in variants) == 1000
    assert all(len(variant.qubit_map) == circuits.QUBITS for variant in variants)
    plain = distribution(client, job.id)
    sharp = distribution(client, job.id, sharpen=True)
    assert sum(plain.values()) == pytest.approx(1)
    assert sum(sharp.values()) == pytest.approx(1)
    assert set(sharp) <= set(plain)
    voted = mitigation.aggregations.voting
    ((_, votes),) = artifact(client, job.id, voted.id)["histogram"]["registers"].items()
    assert sum(votes.values()) == 1000


def test_verified_symmetries(client: Any) -> None:
    chain = [{"gate": "h", "target": 0}]
    chain += [{"gate": "cnot", "control": k, "target": k + 1} for k in range(circuits.QUBITS - 1)]
    asked = {"error_mitigation": {"debiasing": False, "symmetry_verification": True}}
    job = completed(client, single(chain, backend="qpu.aria-1", shots=2000, settings=asked))
    told = job.output.error_mitigation.symmetry_verification
    assert (told.num_allowed_states, told.applied) == (2, True)
    assert job.settings.error_mitigation.symmetry_verification is True
    found = distribution(client, job.id)
    assert set(found) == {0, (1 << circuits.QUBITS) - 1}
    assert sum(found.values()) == pytest.approx(1)


ANSATZ = """OPENQASM 3.0;
input float theta;
qubit[1] q;
ry(theta) q[0];
"""


def hamiltonian_energy(theta: float, **more: Any) -> QuantumFunctionJobCreationPayload:
    """As in ionq-core's own example (examples/hamiltonian_energy_optimization.py)."""
    return QuantumFunctionJobCreationPayload(
        backend="simulator",
        type_="quantum-function",
        input_=HamiltonianEnergyInput(
            data=HamiltonianEnergyInputData(
                type_="hamiltonian-energy",
                data=HamiltonianEnergyData(
                    hamiltonian=[HamiltonianPauliTerm(pauli_string="Z", coefficient=-1.0)],
                    ansatz=Ansatz(data=ANSATZ),
                    **more,
                ),
            ),
            params=[theta],
        ),
        shots=200,
    )


def test_an_energy(client: Any) -> None:
    job = completed(client, hamiltonian_energy(1.2))
    assert job.type_ == "quantum-function"
    assert job.results.value == pytest.approx(-np.cos(1.2))
    assert job.results.variance == pytest.approx(np.sin(1.2) ** 2)
    assert job.output.to_dict()["value"] == job.results.value  # where the example looks


def test_an_energy_with_constraints_and_a_tail(client: Any) -> None:
    """x <= 0 is broken by the outcome 1, whose energy grows from 1 by the penalty."""
    broken = LinearConstraint(coeffs=[1.0], rhs=0.0)
    odds = np.sin(0.6) ** 2
    job = completed(client, hamiltonian_energy(1.2, linear_constraints=[broken], penalty=3.0))
    assert job.results.value == pytest.approx(4 * odds - (1 - odds))
    job = completed(client, hamiltonian_energy(1.2, cvar_alpha=0.75))
    assert job.results.value == pytest.approx((-(1 - odds) + (0.75 - (1 - odds))) / 0.75)


def test_a_largest_cut(client: Any) -> None:
    graph = networkx.petersen_graph()
    body = QctrlQaoaJobCreationPayload.from_dict(
        {
            "type": "qctrl.qaoa.v1",
            "backend": "simulator",
            "input": {"problem_type": "maxcut", "problem": networkx.adjacency_data(graph)},
            "external_settings": {"api_credentials": "none"},
        }
    )
    job = completed(client, body)
    found = job.results.qaoa_results
    side = dict(zip(graph.nodes, reversed(found.optimal_bitstring), strict=True))
    cut = sum(side[u] != side[v] for u, v in graph.edges)
    assert cut == 12  # which is the largest
    assert found.optimal_cost == -12
    assert found.processing_status in ("complete", "max_iteration")
    child = get_job.sync(job.child_job_ids[0], client=client)
    assert child.type_ == "qctrl.qaoa-circuit.v1"
    assert child.parent_job_id == job.id
    measured = distribution(client, child.id)
    assert sum(measured.values()) == pytest.approx(1)


def test_hybrid_jobs_that_mean_nothing_are_refused(client: Any) -> None:
    body = QctrlQaoaJobCreationPayload.from_dict(
        {
            "type": "qctrl.qaoa.v1",
            "backend": "simulator",
            "input": {"problem_type": "maxcut", "problem": {"nodes": 3}},
            "external_settings": {"api_credentials": "none"},
        }
    )
    with pytest.raises(APIError) as caught:
        create_job.sync(client=client, body=body)
    assert_refused(caught.value)
