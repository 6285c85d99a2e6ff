"""ionq-core: every other function of its `api` package, and the helpers above them."""

from __future__ import annotations

import asyncio
import datetime
import time
import uuid
from typing import Any

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
    CloneJobPayload,
    CreateSessionRequest,
    JobsBulkOperationRequest,
    QctrlQaoaJobCreationPayload,
    QuantumFunctionJobCreationPayload,
)
from ionq_core.models.formats import FORMATS_VALUES
from ionq_core_jobs import (
    POLL,
    QASM,
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


def test_sessions_are_refused_for_now(client: Any) -> None:
    stranger = str(uuid.uuid4())
    calls = (
        lambda: create_session.sync(
            client=client, body=CreateSessionRequest(backend="qpu.forte-1")
        ),
        lambda: get_sessions.sync(client=client, active=True),
        lambda: get_session.sync(session_id=stranger, client=client),
        lambda: end_session.sync(session_id=stranger, client=client),
        lambda: get_session_jobs.sync(stranger, client=client),
        lambda: list(iter_session_jobs(client, stranger)),
        lambda: SessionManager(client, "qpu.forte-1", max_jobs=3).open(),
        lambda: SessionManager.from_id(client, stranger).status(),
    )
    for call in calls:
        with pytest.raises(APIError) as caught:
            call()
        assert_refused(caught.value)


def test_prices_are_refused_for_now(client: Any) -> None:
    job_id = completed(client, single(circuits.asymmetric())).id
    calls = (
        lambda: get_job_cost.sync(uuid=job_id, client=client),
        lambda: estimate_job_cost.sync(client=client, backend="qpu.forte-1", qubits=4),
        lambda: get_usages.sync(
            "org.example",
            client=client,
            start_date=datetime.date(2026, 1, 1),
            end_date=datetime.date(2026, 1, 31),
            group_by="job",
            modality="daily",
        ),
    )
    for call in calls:
        with pytest.raises(APIError) as caught:
            call()
        assert_refused(caught.value)


def test_hybrid_jobs_are_refused_for_now(client: Any) -> None:
    function = QuantumFunctionJobCreationPayload.from_dict(
        {
            "type": "quantum-function",
            "backend": "simulator",
            "input": {
                "data": {
                    "type": "hamiltonian-energy",
                    "data": {
                        "hamiltonian": [{"pauli_string": "ZZ", "coefficient": 1.0}],
                        "ansatz": {"data": QASM},
                    },
                },
                "params": [],
            },
        }
    )
    graph = {"directed": False, "multigraph": False, "graph": [], "nodes": [], "adjacency": []}
    qaoa = QctrlQaoaJobCreationPayload.from_dict(
        {
            "type": "qctrl.qaoa.v1",
            "backend": "simulator",
            "input": {"problem_type": "maxcut", "problem": graph},
            "external_settings": {"api_credentials": "none"},
        }
    )
    for body in (function, qaoa):
        with pytest.raises(APIError) as caught:
            create_job.sync(client=client, body=body)
        assert_refused(caught.value)


def test_job_in_a_session_is_refused_for_now(client: Any) -> None:
    body = single(circuits.asymmetric(), session_id=str(uuid.uuid4()))
    with pytest.raises(APIError) as caught:
        create_job.sync(client=client, body=body)
    assert_refused(caught.value)
