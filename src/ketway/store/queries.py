"""Every question to the database, one function each. They change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, bindparam, func, select, true

from ketway.jobs.job import Attempt, Event, Job, State
from ketway.store.changes import Claim, Payload
from ketway.store.often import Often
from ketway.store.rows import JOB_FIELDS, attempt_of, event_of, job_of, to_json
from ketway.store.schema import attempts, events, jobs, noise_models, payloads, results

_job_columns = [jobs.c[name] for name in JOB_FIELDS]
_job_by_id = Often(
    select(*_job_columns).where(
        jobs.c.id == bindparam("id"), jobs.c.project_id == bindparam("project")
    )
)
_job_anyhow = select(*_job_columns).where(jobs.c.id == bindparam("id"))


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs to list. Newest first; `before` is the id of the last job of the page before."""

    ids: Sequence[str] | None = None
    parent_id: str | None = None
    states: Sequence[State] | None = None
    backends: Sequence[str] | None = None
    session_id: str | None = None
    user_id: str | None = None
    dialect: str | None = None
    routines: Sequence[str] | None = None
    tags: Sequence[str] = ()
    """A job must have them all."""
    submitted_from: int | None = None
    submitted_to: int | None = None
    oldest_first: bool = False
    before: str | None = None
    offset: int = 0
    """For the vendors whose pages have numbers: the database walks over what it skips."""
    limit: int = 25


def job(connection: Connection, project_id: str, job_id: str) -> Job | None:
    row = _job_by_id.one(connection, id=job_id, project=project_id)
    return None if row is None else job_of(row)


def job_of_any_project(connection: Connection, job_id: str) -> Job | None:
    """For the dispatcher, which serves all projects."""
    row = connection.execute(_job_anyhow, {"id": job_id}).one_or_none()
    return None if row is None else job_of(row)


def listing(connection: Connection, project_id: str, wanted: Filter) -> list[Job]:
    query = _narrowed(select(*_job_columns).where(jobs.c.project_id == project_id), wanted).limit(
        wanted.limit
    )
    if wanted.offset:
        query = query.offset(wanted.offset)
    if wanted.parent_id is None and not wanted.oldest_first:
        query = query.order_by(jobs.c.id.desc())
    elif wanted.parent_id is None:
        query = query.order_by(jobs.c.id)
    else:
        query = query.order_by(jobs.c.position)
    return [job_of(row) for row in connection.execute(query)]


def count(connection: Connection, project_id: str, wanted: Filter) -> int:
    """How many jobs `listing` would give if it gave them all."""
    query = select(func.count()).select_from(jobs).where(jobs.c.project_id == project_id)
    return int(connection.execute(_narrowed(query, wanted)).scalar_one())


def _narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    if wanted.ids is not None:
        query = query.where(jobs.c.id.in_(wanted.ids))
    elif wanted.parent_id is None:
        query = query.where(jobs.c.parent_id.is_(None))
    if wanted.parent_id is not None:
        query = query.where(jobs.c.parent_id == wanted.parent_id)
        if wanted.before is not None:  # children are listed in the order of their circuits
            query = query.where(jobs.c.id > wanted.before)
    elif wanted.before is not None:
        query = query.where(jobs.c.id < wanted.before)
    if wanted.states is not None:
        query = query.where(jobs.c.state.in_([state.value for state in wanted.states]))
    if wanted.backends is not None:
        query = query.where(jobs.c.backend.in_(wanted.backends))
    if wanted.session_id is not None:
        query = query.where(jobs.c.session_id == wanted.session_id)
    if wanted.user_id is not None:
        query = query.where(jobs.c.user_id == wanted.user_id)
    if wanted.dialect is not None:
        query = query.where(jobs.c.dialect == wanted.dialect)
    if wanted.routines is not None:
        query = query.where(jobs.c.routine.in_(wanted.routines))
    for tag in wanted.tags:
        # Tags are a list in JSON, where a text in quotes is found nowhere but as a whole.
        query = query.where(func.instr(jobs.c.tags, to_json(tag)) > 0)
    if wanted.submitted_from is not None:
        query = query.where(jobs.c.submitted_at >= wanted.submitted_from)
    if wanted.submitted_to is not None:
        query = query.where(jobs.c.submitted_at <= wanted.submitted_to)
    return query


def tags(connection: Connection, project_id: str, dialect: str, search: str) -> list[str]:
    """The tags of jobs that contain a text, each once, in their order."""
    tag = func.json_each(jobs.c.tags).table_valued("value")
    query = (
        select(tag.c.value)
        .select_from(jobs)
        .join(tag, true())
        .where(
            jobs.c.project_id == project_id,
            jobs.c.dialect == dialect,
            func.instr(tag.c.value, search) > 0,
        )
        .distinct()
        .order_by(tag.c.value)
    )
    return list(connection.execute(query).scalars())


def ids_with_prefix(connection: Connection, project_id: str, prefix: str, limit: int) -> list[str]:
    """Ids that begin with `prefix`: what a person types."""
    query = (
        select(jobs.c.id)
        # A range, not LIKE: the index serves it. No id has a character beyond `~`.
        .where(jobs.c.project_id == project_id, jobs.c.id >= prefix, jobs.c.id < f"{prefix}~")
        .order_by(jobs.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def child_ids(connection: Connection, parent_id: str) -> list[str]:
    """In the order of the circuits."""
    query = select(jobs.c.id).where(jobs.c.parent_id == parent_id).order_by(jobs.c.position)
    return list(connection.execute(query).scalars())


def children(connection: Connection, parent_id: str) -> list[Job]:
    query = select(*_job_columns).where(jobs.c.parent_id == parent_id).order_by(jobs.c.position)
    return [job_of(row) for row in connection.execute(query)]


_payload = select(payloads.c.kind, payloads.c.data, payloads.c.blob).where(
    payloads.c.job_id == bindparam("id"), payloads.c.kind == bindparam("kind")
)


def payload(connection: Connection, job_id: str, kind: str) -> Payload | None:
    row = connection.execute(_payload, {"id": job_id, "kind": kind}).one_or_none()
    return None if row is None else Payload(*row)


_result = Often(select(results.c.data, results.c.blob).where(results.c.job_id == bindparam("id")))


def result(connection: Connection, job_id: str) -> tuple[bytes | None, str | None] | None:
    row = _result.one(connection, id=job_id)
    return None if row is None else (row[0], row[1])


def blobs_in_use(connection: Connection) -> set[str]:
    found: set[str] = set()
    for table in (payloads, results):
        found.update(
            connection.execute(select(table.c.blob).where(table.c.blob.is_not(None))).scalars()
        )
    return found


def open_jobs(connection: Connection) -> list[Job]:
    """Everything that is not final, oldest first: what a dispatcher needs to begin."""
    query = (
        select(*_job_columns)
        .where(jobs.c.completed_at.is_(None), jobs.c.parent_id.is_(None))
        .order_by(jobs.c.id)
    )
    return [job_of(row) for row in connection.execute(query)]


def expired_claims(connection: Connection, at: int) -> list[Claim]:
    """Started jobs whose lease nobody has extended."""
    query = select(jobs.c.id, jobs.c.attempt).where(
        jobs.c.completed_at.is_(None),
        jobs.c.parent_id.is_(None),
        jobs.c.state == State.STARTED.value,
        jobs.c.lease_until < at,
    )
    return [Claim(row.id, row.attempt) for row in connection.execute(query)]


def attempts_of(connection: Connection, job_id: str) -> list[Attempt]:
    query = (
        select(
            attempts.c.number,
            attempts.c.state,
            attempts.c.started_at,
            attempts.c.ended_at,
            attempts.c.reason,
        )
        .where(attempts.c.job_id == job_id)
        .order_by(attempts.c.number)
    )
    return [attempt_of(row) for row in connection.execute(query)]


def events_of(connection: Connection, job_id: str, after: int = 0) -> list[Event]:
    query = (
        select(events.c.seq, events.c.job_id, events.c.at, events.c.kind, events.c.detail)
        .where(events.c.job_id == job_id, events.c.seq > after)
        .order_by(events.c.seq)
    )
    return [event_of(row) for row in connection.execute(query)]


def noise_models_of(connection: Connection, project_id: str) -> list[bytes]:
    """The documents of a project's own noise models, oldest first."""
    rows = connection.execute(
        select(noise_models.c.document)
        .where(noise_models.c.project_id == project_id)
        .order_by(noise_models.c.created_at, noise_models.c.name)
    )
    return [row.document for row in rows]
