"""Jobs that are in no session, and sessions, in one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, false, func, literal, or_, select

from ketway.jobs.job import Job, State
from ketway.jobs.session import Mode, Session, SessionState
from ketway.store.rows import JOB_FIELDS, job_of
from ketway.store.schema import jobs, sessions
from ketway.store.session_queries import SESSION_FIELDS, session_of

Status: TypeAlias = Literal["pending", "in_progress", "completed", "canceled", "failed"]

JOB_STATUS: dict[State, Status] = {
    State.SUBMITTED: "pending",
    State.READY: "pending",
    State.STARTED: "in_progress",
    State.COMPLETED: "completed",
    State.CANCELED: "canceled",
    State.FAILED: "failed",
}
SESSION_STATUS: dict[SessionState, Status] = {
    SessionState.OPEN: "pending",
    SessionState.ACTIVE: "in_progress",
    SessionState.INACTIVE: "pending",
    SessionState.CLOSED: "completed",
}
CANCELED = "canceled"
"""Why a closed session was not completed."""


class WorkloadFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which workloads to list, in the order in which they were made."""

    dialect: str
    user_id: str | None = None
    backend: str | None = None
    kind: Literal["job"] | Mode | None = None
    statuses: Sequence[Status] | None = None
    search: str | None = None
    """A part of the id, or of a tag."""
    tags: Sequence[str] = ()
    """It must have them all; a session has none."""
    made_from: int | None = None
    made_to: int | None = None


class Cut(msgspec.Struct, frozen=True):
    """Which part of the list: from its beginning, or from behind a workload."""

    newest_first: bool = False
    behind: str | None = None
    limit: int = 10


def listing(
    connection: Connection, project_id: str, wanted: WorkloadFilter, cut: Cut
) -> list[Job | Session]:
    both = _both(project_id, wanted)
    query = select(both.c.id).order_by(both.c.id.desc() if cut.newest_first else both.c.id)
    if cut.behind is not None:
        query = query.where(both.c.id < cut.behind if cut.newest_first else both.c.id > cut.behind)
    ids = list(connection.execute(query.limit(cut.limit)).scalars())
    found: dict[str, Job | Session] = {}
    for row in connection.execute(
        select(*(jobs.c[name] for name in JOB_FIELDS)).where(jobs.c.id.in_(ids))
    ):
        job = job_of(row)
        found[job.id] = job
    for row in connection.execute(
        select(*(sessions.c[name] for name in SESSION_FIELDS)).where(sessions.c.id.in_(ids))
    ):
        session = session_of(row)
        found[session.id] = session
    return [found[one] for one in ids]


def count(connection: Connection, project_id: str, wanted: WorkloadFilter) -> int:
    query = select(func.count()).select_from(_both(project_id, wanted))
    return int(connection.execute(query).scalar_one())


def _both(project_id: str, wanted: WorkloadFilter) -> Any:
    # Ids are unique over both: they are UUIDs, and sort by time.
    return _jobs(project_id, wanted).union_all(_sessions(project_id, wanted)).subquery()


def _jobs(project_id: str, wanted: WorkloadFilter) -> Select[Any]:
    query = select(jobs.c.id).where(
        jobs.c.project_id == project_id,
        jobs.c.parent_id.is_(None),
        jobs.c.session_id.is_(None),
        *_common(jobs, jobs.c.submitted_at, wanted),
    )
    if wanted.kind not in (None, "job"):
        query = query.where(false())
    if wanted.statuses is not None:
        states = [state.value for state, named in JOB_STATUS.items() if named in wanted.statuses]
        query = query.where(jobs.c.state.in_(states))
    if wanted.search is not None:
        query = query.where(
            or_(func.instr(jobs.c.id, wanted.search) > 0, _has_tag(wanted.search, whole=False))
        )
    return query.where(*(_has_tag(tag, whole=True) for tag in wanted.tags))


def _has_tag(text: str, *, whole: bool) -> ColumnElement[bool]:
    tag = func.json_each(jobs.c.tags).table_valued("value")
    fits = tag.c.value == text if whole else func.instr(tag.c.value, text) > 0
    return select(literal(1)).select_from(tag).where(fits).exists()


def _sessions(project_id: str, wanted: WorkloadFilter) -> Select[Any]:
    query = select(sessions.c.id).where(
        sessions.c.project_id == project_id,
        *_common(sessions, sessions.c.created_at, wanted),
    )
    if wanted.kind == "job" or wanted.tags:
        query = query.where(false())
    elif wanted.kind is not None:
        query = query.where(sessions.c.mode == wanted.kind)
    if wanted.statuses is not None:
        query = query.where(or_(false(), *(_session_is(status) for status in wanted.statuses)))
    if wanted.search is not None:
        query = query.where(func.instr(sessions.c.id, wanted.search) > 0)
    return query


def _session_is(status: Status) -> ColumnElement[bool]:
    canceled = func.coalesce(sessions.c.why, "") == CANCELED
    if status == "canceled":
        return (sessions.c.state == SessionState.CLOSED.value) & canceled
    states = [state.value for state, named in SESSION_STATUS.items() if named == status]
    found: ColumnElement[bool] = sessions.c.state.in_(states)
    return found & ~canceled if status == "completed" else found


def _common(table: Any, made_at: Any, wanted: WorkloadFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [table.c.dialect == wanted.dialect]
    if wanted.user_id is not None:
        found.append(table.c.user_id == wanted.user_id)
    if wanted.backend is not None:
        found.append(table.c.backend == wanted.backend)
    if wanted.made_from is not None:
        found.append(made_at >= wanted.made_from)
    if wanted.made_to is not None:
        found.append(made_at <= wanted.made_to)
    return found
