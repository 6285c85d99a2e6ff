"""Every change of the database, one function each.

They run in the writer's thread, inside a transaction. `at` is when it happens, in microseconds
since 1970; now, unless a server has a clock of its own.

A change of state is one conditional UPDATE: it names the states it may come from, and it says
whether it took place. Circuits of a parent are rows of their own and change with the parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, tuple_, update

from ketway.jobs.failures import Failure
from ketway.jobs.ids import new_ids, now
from ketway.jobs.job import FINAL, Job, Noise, PlanPart, State, sources
from ketway.store.often import Often
from ketway.store.rows import JOB_FIELDS, job_of, row_of, to_json
from ketway.store.schema import (
    attempts,
    events,
    jobs,
    noise_models,
    payloads,
    results,
    usage_limits,
)

_OPEN = [state.value for state in State if state not in FINAL]


class Payload(msgspec.Struct, frozen=True):
    """Bytes that belong to a job: in its row, or in a blob."""

    kind: str
    data: bytes | None
    blob: str | None


class Claim(msgspec.Struct, frozen=True):
    job_id: str
    attempt: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt brought back for one job."""

    job_id: str
    project_id: str
    attempt: int
    data: bytes | None = None
    blob: str | None = None
    failure: Failure | None = None
    """Set if the job failed as a whole; results of circuits that did finish may still be there."""
    failed_circuits: dict[int, Failure] = {}
    """Failures of single circuits of a parent, by position."""
    children: int = 0
    """How many children change with the job."""
    born: Sequence[tuple[int, int, int]] = ()
    """The qubits, one-qubit gates and others of circuits that become its children only now."""


_insert_jobs = Often(insert(jobs), JOB_FIELDS)
_insert_payloads = Often(insert(payloads), ("job_id", "kind", "data", "blob"))
_insert_results = Often(insert(results), ("job_id", "data", "blob"))
_insert_attempts = Often(insert(attempts), ("job_id", "number", "state", "started_at"))
_insert_events = Often(insert(events), ("job_id", "project_id", "at", "kind", "detail"))


def _note(
    connection: Connection,
    kind: str,
    rows: Iterable[tuple[str, str]],
    at: int,
    detail: dict[str, Any] | None = None,
) -> None:
    text = to_json(detail)
    values = [
        {"job_id": job_id, "project_id": project_id, "at": at, "kind": kind, "detail": text}
        for job_id, project_id in rows
    ]
    _insert_events.each(connection, values)


def insert_job(connection: Connection, family: Sequence[Job], payload: Payload | None) -> None:
    """A new job, its children behind it, and its payload."""
    _insert_jobs.each(connection, (row_of(job) for job in family))
    job = family[0]
    if payload is not None:
        _insert_payload(connection, job.id, payload)
    _insert_events.each(connection, _history(job))


def _insert_payload(connection: Connection, job_id: str, payload: Payload) -> None:
    _insert_payloads.each(connection, [{"job_id": job_id, **msgspec.structs.asdict(payload)}])


def _history(job: Job) -> Iterator[dict[str, Any]]:
    """The events of a job up to now: one that needs no reading is ready as soon as submitted."""
    row = {"job_id": job.id, "project_id": job.project_id, "detail": None}
    yield {**row, "kind": State.SUBMITTED.value, "at": job.submitted_at}
    if job.ready_at is not None:
        yield {**row, "kind": State.READY.value, "at": job.ready_at}
    if job.final:
        detail = to_json({"failure": job.failure}) if job.failure else None
        yield {**row, "kind": job.state.value, "at": job.completed_at, "detail": detail}


def make_ready(
    connection: Connection,
    job: Job,
    plan: list[PlanPart],
    payload: Payload,
    children: Sequence[tuple[int, int, int]] = (),
    *,
    dry: bool = False,
    at: int | None = None,
) -> bool:
    """A job whose program text has been read: `job` carries what was learnt of its circuit, and
    `children` the qubits, one-qubit gates and others of each, if they are jobs of their own.

    A dry run ends here: everything was checked, and nothing is to be computed."""
    at = now() if at is None else at
    changed = connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.state == State.SUBMITTED.value)
        .values(
            state=State.READY.value,
            ready_at=at,
            plan=to_json(plan),
            qubits=job.qubits,
            gates_1q=job.gates_1q,
            gates_2q=job.gates_2q,
            busy_micros=job.busy_micros,
            cost=job.cost,
            cost_unit=job.cost_unit,
            circuits=job.circuits,
            shots=job.shots,
            seed=job.seed,
            lease_until=None,
        )
    ).rowcount
    if not changed:
        return False
    if children:
        connection.execute(
            update(jobs)
            .where(jobs.c.parent_id == job.id, jobs.c.position == bindparam("place"))
            .values(
                state=State.READY.value,
                ready_at=at,
                qubits=bindparam("wide"),
                gates_1q=bindparam("one"),
                gates_2q=bindparam("two"),
            ),
            [
                {"place": place, "wide": wide, "one": one, "two": two}
                for place, (wide, one, two) in enumerate(children)
            ],
        )
    _insert_payload(connection, job.id, payload)
    _note(connection, State.READY, [(job.id, job.project_id)], at)
    if dry:
        _finish(connection, job.id, State.COMPLETED, None, at)
    return True


_claim_families = (
    update(jobs)
    .where(jobs.c.id.in_(bindparam("ids", expanding=True)), jobs.c.state == State.READY.value)
    .values(
        state=State.STARTED.value,
        attempt=jobs.c.attempt + 1,
        lease_until=bindparam("lease"),
        started_at=bindparam("at"),
    )
    .returning(jobs.c.id, jobs.c.project_id, jobs.c.attempt, jobs.c.children)
)


def claim(
    connection: Connection, ids: Sequence[str], lease_until: int, at: int | None = None
) -> list[Claim]:
    """Take jobs that are ready; each gets a new attempt, whose number is its fence."""
    at = now() if at is None else at
    rows = connection.execute(
        _claim_families, {"ids": list(ids), "lease": lease_until, "at": at}
    ).all()
    if not rows:
        return []
    parents = [row.id for row in rows if row.children]
    if parents:
        connection.execute(
            update(jobs)
            .where(jobs.c.parent_id.in_(parents), jobs.c.state == State.READY.value)
            .values(state=State.STARTED.value, started_at=at)
        )
    _insert_attempts.each(
        connection,
        [
            {"job_id": row.id, "number": row.attempt, "state": "running", "started_at": at}
            for row in rows
        ],
    )
    _note(connection, State.STARTED, ((row.id, row.project_id) for row in rows), at)
    return [Claim(row.id, row.attempt) for row in rows]


def extend_leases(connection: Connection, claims: Sequence[Claim], lease_until: int) -> None:
    for held in claims:
        connection.execute(
            update(jobs)
            .where(
                jobs.c.id == held.job_id,
                jobs.c.attempt == held.attempt,
                jobs.c.state == State.STARTED.value,
            )
            .values(lease_until=lease_until)
        )


_publish = (
    update(jobs)
    .where(
        tuple_(jobs.c.id, jobs.c.attempt).in_(bindparam("claims", expanding=True)),
        jobs.c.state == State.STARTED.value,
    )
    .values(state=State.COMPLETED.value, completed_at=bindparam("at"), lease_until=None)
    .returning(jobs.c.id, jobs.c.attempt)
)
_explain = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"))
    .values(state=State.FAILED.value, failure=bindparam("why"))
)
_end_attempt = Often(
    update(attempts)
    .where(attempts.c.job_id == bindparam("job"), attempts.c.number == bindparam("fence"))
    .values(state=bindparam("to"), ended_at=bindparam("at"), reason=bindparam("why"))
)


def publish(connection: Connection, answers: Sequence[Answer], at: int | None = None) -> list[bool]:
    """Make answers known, each only if its attempt still holds the job. An answer that comes too
    late changes nothing: a job may be run twice, but it is answered once."""
    at = now() if at is None else at
    claims = [(answer.job_id, answer.attempt) for answer in answers]
    rows = connection.execute(_publish, {"claims": claims, "at": at})
    held = {(row.id, row.attempt) for row in rows}
    heard: list[Answer] = []
    said: list[bool] = []
    for answer in answers:
        # Taken out of `held`: a second answer of the same attempt comes too late as well.
        key = (answer.job_id, answer.attempt)
        said.append(key in held)
        if key in held:
            held.remove(key)
            heard.append(answer)
    if heard:
        _keep_results(connection, heard)
        _end_attempts(connection, heard, at)
        for answer in heard:
            if answer.failure is not None:
                connection.execute(_explain, {"job": answer.job_id, "why": to_json(answer.failure)})
            if answer.children:
                _publish_children(connection, answer, at)
            if answer.born:
                _bear(connection, answer)
    return said


def _keep_results(connection: Connection, answers: Sequence[Answer]) -> None:
    _insert_results.each(
        connection,
        [
            {"job_id": answer.job_id, "data": answer.data, "blob": answer.blob}
            for answer in answers
            if answer.data is not None or answer.blob is not None
        ],
    )


def _end_attempts(connection: Connection, answers: Sequence[Answer], at: int) -> None:
    _end_attempt.each(
        connection,
        [
            {
                "job": answer.job_id,
                "fence": answer.attempt,
                "to": "finished" if answer.failure is None else "failed",
                "at": at,
                "why": None,
            }
            for answer in answers
        ],
    )
    for answer in answers:
        if answer.failure is not None:
            row = [(answer.job_id, answer.project_id)]
            _note(connection, State.FAILED, row, at, {"failure": answer.failure})
    completed = ((a.job_id, a.project_id) for a in answers if a.failure is None)
    _note(connection, State.COMPLETED, completed, at)


def _publish_children(connection: Connection, answer: Answer, at: int) -> None:
    child = (jobs.c.parent_id == answer.job_id, jobs.c.state == State.STARTED.value)
    for position, failure in answer.failed_circuits.items():
        connection.execute(
            update(jobs)
            .where(*child, jobs.c.position == position)
            .values(state=State.FAILED.value, failure=to_json(failure), completed_at=at)
        )
    whole = answer.failure is not None and answer.data is None and answer.blob is None
    connection.execute(
        update(jobs)
        .where(*child)
        .values(
            state=(State.FAILED if whole else State.COMPLETED).value,
            failure=to_json(answer.failure) if whole else None,
            completed_at=at,
        )
    )


def _bear(connection: Connection, answer: Answer) -> None:
    """Add the circuits that a job turned out to run as its children, which ended with it."""
    connection.execute(
        update(jobs).where(jobs.c.id == answer.job_id).values(children=len(answer.born))
    )
    columns = (jobs.c[name] for name in JOB_FIELDS)
    row = connection.execute(select(*columns).where(jobs.c.id == answer.job_id)).one()
    parent = job_of(row)
    kids = (
        msgspec.structs.replace(
            parent,
            id=id_,
            parent_id=parent.id,
            position=place,
            name=None,
            metadata=None,
            settings=None,
            circuits=1,
            children=0,
            qubits=qubits,
            gates_1q=one,
            gates_2q=two,
            busy_micros=None,
            cost=None,
            cost_unit=None,
            plan=None,
        )
        for place, (id_, (qubits, one, two)) in enumerate(
            zip(new_ids(len(answer.born)), answer.born, strict=True)
        )
    )
    _insert_jobs.each(connection, (row_of(kid) for kid in kids))


def fail(connection: Connection, job_id: str, failure: Failure, at: int | None = None) -> bool:
    """Fail a job that no attempt holds any more."""
    return _finish(connection, job_id, State.FAILED, failure, at)


def cancel(connection: Connection, job_id: str, at: int | None = None) -> bool:
    """Cancel a job. A started one must have no process left: the dispatcher sees to that first."""
    return _finish(connection, job_id, State.CANCELED, None, at)


def _finish(
    connection: Connection,
    job_id: str,
    state: State,
    failure: Failure | None,
    at: int | None = None,
) -> bool:
    at = now() if at is None else at
    row = connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.in_(sources(state)))
        .values(state=state.value, failure=to_json(failure), completed_at=at, lease_until=None)
        .returning(jobs.c.project_id, jobs.c.attempt, jobs.c.children)
    ).one_or_none()
    if row is None:
        return False
    if row.children:
        connection.execute(
            update(jobs)
            .where(jobs.c.parent_id == job_id, jobs.c.state.in_(_OPEN))
            .values(state=state.value, failure=to_json(failure), completed_at=at)
        )
    connection.execute(
        update(attempts)
        .where(attempts.c.job_id == job_id, attempts.c.state == "running")
        .values(
            state="killed" if state is State.CANCELED else "failed",
            ended_at=at,
            reason=None if failure is None else failure.message,
        )
    )
    detail = None if failure is None else {"failure": failure}
    _note(connection, state, [(job_id, row.project_id)], at, detail)
    return True


def release(
    connection: Connection,
    held: Claim,
    outcome: str,
    reason: str,
    *,
    loss: bool,
    at: int | None = None,
) -> bool:
    """Put a started job back in the queue: its attempt was lost or interrupted."""
    at = now() if at is None else at
    row = connection.execute(
        update(jobs)
        .where(
            jobs.c.id == held.job_id,
            jobs.c.attempt == held.attempt,
            jobs.c.state == State.STARTED.value,
        )
        .values(
            state=State.READY.value,
            losses=jobs.c.losses + (1 if loss else 0),
            lease_until=None,
            started_at=None,
        )
        .returning(jobs.c.project_id, jobs.c.children)
    ).one_or_none()
    if row is None:
        return False
    if row.children:
        connection.execute(
            update(jobs)
            .where(jobs.c.parent_id == held.job_id, jobs.c.state == State.STARTED.value)
            .values(state=State.READY.value, started_at=None)
        )
    ended = {"job": held.job_id, "fence": held.attempt, "to": outcome, "at": at, "why": reason}
    _end_attempt.each(connection, [ended])
    _note(
        connection,
        State.READY,
        [(held.job_id, row.project_id)],
        at,
        {"attempt": held.attempt, "outcome": outcome, "reason": reason},
    )
    return True


def retag(connection: Connection, job_id: str, tags: Sequence[str]) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(tags=to_json(list(tags))))


def forget(connection: Connection, job_id: str) -> list[str] | None:
    """Remove the result and the payloads of a job, and give the blobs that nothing uses any more;
    None if its result is gone already."""
    blobs: list[str | None] = []
    for table in (results, payloads):
        gone = connection.execute(
            delete(table).where(table.c.job_id == job_id).returning(table.c.blob)
        )
        found = list(gone.scalars())
        if table is results and not found:
            return None
        blobs += found
    _note(connection, "forgotten", [(job_id, _project_of(connection, job_id))], now())
    return [name for name in blobs if name is not None and not _used(connection, name)]


def _project_of(connection: Connection, job_id: str) -> str:
    return str(
        connection.execute(select(jobs.c.project_id).where(jobs.c.id == job_id)).scalar_one()
    )


_AT_ONCE = 5_000
"""Ids in one statement; SQLite takes some 32,000 values in one."""


def remove(connection: Connection, project_id: str, ids: Sequence[str]) -> list[str]:
    """Delete final jobs with their children, payloads and results; give the blobs that nothing
    uses any more. A job that is not final stays."""
    blobs: set[str] = set()
    for start in range(0, len(ids), _AT_ONCE):
        blobs.update(_remove(connection, project_id, ids[start : start + _AT_ONCE]))
    return [name for name in sorted(blobs) if not _used(connection, name)]


def _remove(connection: Connection, project_id: str, ids: Sequence[str]) -> list[str]:
    family = (
        jobs.c.project_id == project_id,
        jobs.c.state.not_in(_OPEN),
        or_(jobs.c.id.in_(ids), jobs.c.parent_id.in_(ids)),
    )
    families = select(jobs.c.id).where(*family)
    blobs: list[str] = []
    for table in (payloads, results):
        blobs.extend(
            connection.execute(
                select(table.c.blob).where(table.c.job_id.in_(families), table.c.blob.is_not(None))
            ).scalars()
        )
    gone = set(connection.execute(delete(jobs).where(*family).returning(jobs.c.id)).scalars())
    _note(connection, "deleted", ((i, project_id) for i in ids if i in gone), now())
    return blobs


def _used(connection: Connection, blob: str) -> bool:
    return any(
        connection.execute(select(table.c.job_id).where(table.c.blob == blob).limit(1)).first()
        is not None
        for table in (payloads, results)
    )


# -- noise models -------------------------------------------------------------------------------


def insert_noise_model(connection: Connection, project_id: str, name: str, document: bytes) -> None:
    """A model that the project does not have yet."""
    connection.execute(
        insert(noise_models),
        {"project_id": project_id, "name": name, "document": document, "created_at": now()},
    )


def remove_noise_model(connection: Connection, project_id: str, name: str) -> list[str]:
    """Remove a model, unless jobs that have not ended are to run under it: these are returned."""
    waiting = _waiting_for_noise(connection, project_id, name)
    if not waiting:
        connection.execute(
            delete(noise_models).where(
                noise_models.c.project_id == project_id, noise_models.c.name == name
            )
        )
    return waiting


def _waiting_for_noise(connection: Connection, project_id: str, name: str) -> list[str]:
    rows = connection.execute(
        select(jobs.c.id, jobs.c.noise).where(
            jobs.c.project_id == project_id,
            jobs.c.noise.is_not(None),
            jobs.c.parent_id.is_(None),
            jobs.c.completed_at.is_(None),
        )
    )
    return [row.id for row in rows if msgspec.json.decode(row.noise, type=Noise).model == name]


def set_usage_limit(connection: Connection, project_id: str, seconds: int | None) -> None:
    """How long a project's jobs may run, all together, in a month; None for as long as they do."""
    connection.execute(delete(usage_limits).where(usage_limits.c.project_id == project_id))
    if seconds is not None:
        connection.execute(insert(usage_limits), {"project_id": project_id, "seconds": seconds})
