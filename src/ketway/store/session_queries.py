"""Every question about sessions. They change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, select

from ketway.jobs.job import State
from ketway.jobs.session import Limits, Session, SessionState
from ketway.store.often import Often
from ketway.store.rows import to_json
from ketway.store.schema import jobs, session_events, sessions

SESSION_FIELDS = tuple(field.name for field in msgspec.structs.fields(Session))

_columns = [sessions.c[name] for name in SESSION_FIELDS]
_by_id = Often(
    select(*_columns).where(
        sessions.c.id == bindparam("id"), sessions.c.project_id == bindparam("project")
    )
)
_anyhow = Often(select(*_columns).where(sessions.c.id == bindparam("id")))
_limits_decoder = msgspec.json.Decoder(Limits)


class SessionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sessions to list. Newest first; `before` is the id of the last of the page before."""

    dialect: str | None = None
    alive: bool | None = None
    """Only those that are not closed, or only those that are."""
    before: str | None = None
    limit: int = 25


class Tally(msgspec.Struct, frozen=True):
    """Jobs of a session that are not final."""

    waiting: int = 0
    running: int = 0


class SessionChange(msgspec.Struct, frozen=True):
    """A row of a session's history."""

    at: int
    kind: str
    state: SessionState
    why: str | None


def row_of(session: Session) -> dict[str, Any]:
    row = {name: getattr(session, name) for name in SESSION_FIELDS}
    row["state"] = session.state.value
    row["limits"] = None if session.limits == Limits() else to_json(session.limits)
    return row


def session_of(row: Sequence[Any]) -> Session:
    """A session from a row that has the columns of `SESSION_FIELDS` in their order."""
    values = dict(zip(SESSION_FIELDS, row, strict=True))
    values["state"] = SessionState(values["state"])
    limits = values["limits"]
    values["limits"] = Limits() if limits is None else _limits_decoder.decode(limits)
    for name in ("accepting_jobs", "stopped"):
        values[name] = bool(values[name])
    return Session(**values)


def session(connection: Connection, project_id: str, session_id: str) -> Session | None:
    row = _by_id.one(connection, id=session_id, project=project_id)
    return None if row is None else session_of(row)


def session_of_any_project(connection: Connection, session_id: str) -> Session | None:
    """For the dispatcher and the clock, which serve all projects."""
    row = _anyhow.one(connection, id=session_id)
    return None if row is None else session_of(row)


def alive(connection: Connection) -> list[Session]:
    """All that are not closed, oldest first."""
    query = select(*_columns).where(sessions.c.closed_at.is_(None)).order_by(sessions.c.id)
    return [session_of(row) for row in connection.execute(query)]


def listing(connection: Connection, project_id: str, wanted: SessionFilter) -> list[Session]:
    query = select(*_columns).where(sessions.c.project_id == project_id)
    if wanted.dialect is not None:
        query = query.where(sessions.c.dialect == wanted.dialect)
    if wanted.alive is not None:
        gone = sessions.c.closed_at.is_not(None)
        query = query.where(~gone if wanted.alive else gone)
    if wanted.before is not None:
        query = query.where(sessions.c.id < wanted.before)
    query = query.order_by(sessions.c.id.desc()).limit(wanted.limit)
    return [session_of(row) for row in connection.execute(query)]


def ids_with_prefix(connection: Connection, project_id: str, prefix: str, limit: int) -> list[str]:
    """Ids that begin with `prefix`: what a person types."""
    query = (
        select(sessions.c.id)
        .where(
            sessions.c.project_id == project_id,
            sessions.c.id >= prefix,
            sessions.c.id < f"{prefix}~",
        )
        .order_by(sessions.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def tally(connection: Connection, session_id: str) -> Tally:
    rows = connection.execute(
        select(jobs.c.state, func.count())
        .where(
            jobs.c.session_id == session_id,
            jobs.c.completed_at.is_(None),
            jobs.c.parent_id.is_(None),
        )
        .group_by(jobs.c.state)
    )
    counts = {State(state): int(count) for state, count in rows}
    running = counts.pop(State.STARTED, 0)
    return Tally(sum(counts.values()), running)


def waiting_jobs(connection: Connection, session_id: str) -> list[str]:
    """Its jobs that have not been started, in their order."""
    query = (
        select(jobs.c.id)
        .where(
            jobs.c.session_id == session_id,
            jobs.c.completed_at.is_(None),
            jobs.c.parent_id.is_(None),
            jobs.c.state != State.STARTED.value,
        )
        .order_by(jobs.c.id)
    )
    return list(connection.execute(query).scalars())


def open_jobs(connection: Connection, session_id: str) -> list[str]:
    """Its jobs that are not final, in their order."""
    query = (
        select(jobs.c.id)
        .where(
            jobs.c.session_id == session_id,
            jobs.c.completed_at.is_(None),
            jobs.c.parent_id.is_(None),
        )
        .order_by(jobs.c.id)
    )
    return list(connection.execute(query).scalars())


def time_run(connection: Connection, session_id: str) -> int:
    """Microseconds that its jobs ran, all together, of those that have ended."""
    query = select(func.coalesce(func.sum(jobs.c.completed_at - jobs.c.started_at), 0)).where(
        jobs.c.session_id == session_id, jobs.c.started_at.is_not(None), jobs.c.parent_id.is_(None)
    )
    return int(connection.execute(query).scalar_one())


def spent(connection: Connection, session_id: str) -> float:
    """What its jobs cost, all together: those that completed, and those that may."""
    query = select(func.coalesce(func.sum(jobs.c.cost), 0.0)).where(
        jobs.c.session_id == session_id,
        jobs.c.parent_id.is_(None),
        jobs.c.dry_run.is_(False),
        jobs.c.state.not_in((State.FAILED.value, State.CANCELED.value)),
    )
    return float(connection.execute(query).scalar_one())


def history(connection: Connection, session_id: str) -> list[SessionChange]:
    """What was noted of it, in its order."""
    query = (
        select(
            session_events.c.at,
            session_events.c.kind,
            session_events.c.state,
            session_events.c.why,
        )
        .where(session_events.c.session_id == session_id)
        .order_by(session_events.c.seq)
    )
    return [
        SessionChange(at, kind, SessionState(state), why)
        for at, kind, state, why in connection.execute(query)
    ]
