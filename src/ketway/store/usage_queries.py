"""Questions about what a project's jobs and sessions have used. They change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select

from ketway.jobs.job import Job, State
from ketway.jobs.session import Session, SessionState
from ketway.store.queries import Filter
from ketway.store.queries import listing as job_listing
from ketway.store.schema import jobs, sessions
from ketway.store.session_queries import SESSION_FIELDS, session_of

DAY = 86_400_000_000
"""Microseconds."""

Key: TypeAlias = Literal["backend", "user_id"]


class WorkloadFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs and sessions to list together. Jobs of a session are its own affair."""

    dialect: str
    user_id: str | None = None
    backend: str | None = None
    modes: Sequence[Literal["job", "dedicated", "batch"]] = ("job", "dedicated", "batch")
    job_states: Sequence[State] | None = None
    sessions_that: Sequence[tuple[SessionState, str | None]] | None = None
    """States, and where that tells two apart, why the session takes no more jobs: `canceled`, or
    `""` for everything else."""
    tags: Sequence[str] = ()
    search: str | None = None
    """Part of an id or of a tag."""
    created_from: int | None = None
    created_to: int | None = None
    newest_first: bool = False
    after: str | None = None
    """Only those behind this id, in the order of the list."""
    limit: int = 10


class Use(msgspec.Struct, frozen=True):
    """What some jobs used, all together; times are microseconds."""

    key: str | None
    day: int | None
    """Midnight before they were submitted, where that was asked for."""
    session_id: str | None
    mode: str | None
    active_time: int | None
    """How long their session was active, all in all."""
    jobs: int
    ran: int
    longest: int
    queued: int
    longest_queued: int
    started: int
    """How many of them ever were."""


class UseFilter(msgspec.Struct, frozen=True, kw_only=True):
    dialect: str
    submitted_from: int | None = None
    submitted_to: int | None = None
    backends: Sequence[str] | None = None
    user_ids: Sequence[str] | None = None


def workloads(
    connection: Connection, project_id: str, wanted: WorkloadFilter
) -> list[Job | Session]:
    """Ids sort by time, so the first of both lists together are among the first of each."""
    found: list[str] = []
    queries = [
        (_jobs(select(jobs.c.id), project_id, wanted), jobs.c.id),
        (_sessions(select(sessions.c.id), project_id, wanted), sessions.c.id),
    ]
    for query, column in queries:
        if wanted.after is not None:
            behind = column < wanted.after if wanted.newest_first else column > wanted.after
            query = query.where(behind)
        order = column.desc() if wanted.newest_first else column
        found += connection.execute(query.order_by(order).limit(wanted.limit)).scalars()
    ids = sorted(found, reverse=wanted.newest_first)[: wanted.limit]
    by_id: dict[str, Job | Session] = {
        job.id: job for job in job_listing(connection, project_id, Filter(ids=ids, limit=len(ids)))
    }
    columns = [sessions.c[name] for name in SESSION_FIELDS]
    for row in connection.execute(select(*columns).where(sessions.c.id.in_(ids))):
        session = session_of(row)
        by_id[session.id] = session
    return [by_id[one] for one in ids if one in by_id]


def count_workloads(connection: Connection, project_id: str, wanted: WorkloadFilter) -> int:
    """How many there are on all pages."""
    return sum(
        int(connection.execute(query).scalar_one())
        for query in (
            _jobs(select(func.count()).select_from(jobs), project_id, wanted),
            _sessions(select(func.count()).select_from(sessions), project_id, wanted),
        )
    )


def _jobs(query: Select[Any], project_id: str, wanted: WorkloadFilter) -> Select[Any]:
    query = query.where(
        jobs.c.project_id == project_id,
        jobs.c.parent_id.is_(None),
        jobs.c.dialect == wanted.dialect,
        jobs.c.session_id.is_(None),
    )
    if "job" not in wanted.modes:
        query = query.where(literal(False))
    if wanted.job_states is not None:
        query = query.where(jobs.c.state.in_([state.value for state in wanted.job_states]))
    for tag in wanted.tags:
        query = query.where(_tagged(lambda column, tag=tag: column == tag))  # type: ignore[misc]
    if wanted.search is not None:
        part = wanted.search
        query = query.where(
            or_(
                jobs.c.id.contains(part, autoescape=True),
                _tagged(lambda column: column.contains(part, autoescape=True)),
            )
        )
    return _narrowed(query, jobs.c, jobs.c.submitted_at, wanted)


def _sessions(query: Select[Any], project_id: str, wanted: WorkloadFilter) -> Select[Any]:
    query = query.where(
        sessions.c.project_id == project_id,
        sessions.c.dialect == wanted.dialect,
        sessions.c.mode.in_(wanted.modes),
    )
    if wanted.tags:  # sessions have none
        query = query.where(literal(False))
    if wanted.sessions_that is not None:
        canceled = func.coalesce(sessions.c.why, "") == "canceled"
        query = query.where(
            or_(
                literal(False),
                *(
                    and_(
                        sessions.c.state == state.value,
                        literal(True)
                        if why is None
                        else canceled
                        if why == "canceled"
                        else ~canceled,
                    )
                    for state, why in wanted.sessions_that
                ),
            )
        )
    if wanted.search is not None:
        query = query.where(sessions.c.id.contains(wanted.search, autoescape=True))
    return _narrowed(query, sessions.c, sessions.c.created_at, wanted)


def _narrowed(
    query: Select[Any], columns: Any, created_at: ColumnElement[int], wanted: WorkloadFilter
) -> Select[Any]:
    if wanted.user_id is not None:
        query = query.where(columns.user_id == wanted.user_id)
    if wanted.backend is not None:
        query = query.where(columns.backend == wanted.backend)
    if wanted.created_from is not None:
        query = query.where(created_at >= wanted.created_from)
    if wanted.created_to is not None:
        query = query.where(created_at <= wanted.created_to)
    return query


def _tagged(fits: Any) -> ColumnElement[bool]:
    """Whether a job has a tag that fits: they are in its settings, which are JSON."""
    tags = func.json_each(jobs.c.settings, "$.tags").table_valued("value")
    return select(literal(1)).select_from(tags).where(fits(tags.c.value)).correlate(jobs).exists()


def use(
    connection: Connection,
    project_id: str,
    wanted: UseFilter,
    *,
    key: Key | None = None,
    by_day: bool = False,
) -> list[Use]:
    """What jobs used: a line for each key, day and session, the smallest parts that sums of any
    kind can be made of."""
    days: ColumnElement[int] = jobs.c.submitted_at - jobs.c.submitted_at % DAY
    key_column: ColumnElement[Any] = literal(None) if key is None else jobs.c[key]
    day_column: ColumnElement[Any] = days if by_day else literal(None)
    ran = func.coalesce(jobs.c.completed_at - jobs.c.started_at, 0)
    queued = func.coalesce(jobs.c.started_at - jobs.c.submitted_at, 0)
    query = (
        select(
            key_column.label("key"),
            day_column.label("day"),
            jobs.c.session_id,
            sessions.c.mode,
            sessions.c.active_time,
            func.count(),
            func.sum(ran),
            func.max(ran),
            func.sum(queued),
            func.max(queued),
            func.count(jobs.c.started_at),
        )
        .select_from(jobs.outerjoin(sessions, sessions.c.id == jobs.c.session_id))
        .where(
            jobs.c.project_id == project_id,
            jobs.c.parent_id.is_(None),
            jobs.c.dialect == wanted.dialect,
        )
        .group_by("key", "day", jobs.c.session_id)
        .order_by("key", "day", jobs.c.session_id)
    )
    if wanted.submitted_from is not None:
        query = query.where(jobs.c.submitted_at >= wanted.submitted_from)
    if wanted.submitted_to is not None:
        query = query.where(jobs.c.submitted_at < wanted.submitted_to)
    if wanted.backends is not None:
        query = query.where(jobs.c.backend.in_(wanted.backends))
    if wanted.user_ids is not None:
        query = query.where(jobs.c.user_id.in_(wanted.user_ids))
    return [Use(*row) for row in connection.execute(query)]


def used_names(connection: Connection, project_id: str, dialect: str, key: Key) -> list[str]:
    """The backends that a project's jobs ran on, or the users that submitted them."""
    query = (
        select(jobs.c[key])
        .where(jobs.c.project_id == project_id, jobs.c.dialect == dialect)
        .distinct()
        .order_by(jobs.c[key])
    )
    return list(connection.execute(query).scalars())
