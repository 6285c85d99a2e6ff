"""Every change of sessions. They run in the writer's thread, inside a transaction.

A change is one conditional UPDATE: it names the revision that it was made from. Whatever a person
would notice of it leaves an event row; jobs that come and go have events of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, update

from ketway.jobs.job import Job
from ketway.jobs.session import Session, SessionEvent, after
from ketway.store import changes, session_queries
from ketway.store.changes import Claim, Payload
from ketway.store.often import Often
from ketway.store.schema import session_events, sessions
from ketway.store.session_queries import SESSION_FIELDS, Tally, row_of

_insert_session = Often(insert(sessions), SESSION_FIELDS)
_insert_events = Often(insert(session_events), ("session_id", "at", "kind", "state", "why"))


class NotJoinedError(Exception):
    """A job cannot become part of its session; `session` is None where there is no such one, and
    `too_dear` says that the job would cost more than the session has left."""

    def __init__(self, session: Session | None, *, too_dear: bool = False) -> None:
        super().__init__()
        self.session = session
        self.too_dear = too_dear


def insert_session(connection: Connection, session: Session) -> None:
    _insert_session.each(connection, [row_of(session)])
    _note(connection, [(session, "opened", session.created_at, None)])


def _note(connection: Connection, happened: Sequence[tuple[Session, str, int, str | None]]) -> None:
    _insert_events.each(
        connection,
        [
            {"session_id": one.id, "at": at, "kind": kind, "state": one.state.value, "why": why}
            for one, kind, at, why in happened
        ],
    )


def _replace(
    connection: Connection, old: Session, events: Sequence[SessionEvent], at: int, **more: Any
) -> Session | None:
    """What these events make of a session, of which those that cannot happen are passed over; None
    if nothing changed."""
    new, noted = old, []
    for event in events:
        found = after(new, event, at, **more)
        if found is None:
            continue
        if (found.state, found.accepting_jobs, found.stopped) != (
            new.state,
            new.accepting_jobs,
            new.stopped,
        ):
            noted.append((found, event.value, at, more.get("why")))
        new = found
    if new is old:
        return None
    changed = connection.execute(
        update(sessions)
        .where(sessions.c.id == old.id, sessions.c.revision == old.revision)
        .values({name: value for name, value in row_of(new).items() if name != "id"})
    ).rowcount
    if not changed:
        return None
    _note(connection, noted)
    return new


def change(
    connection: Connection,
    session_id: str,
    event: SessionEvent,
    at: int,
    why: str | None = None,
    *,
    by: str | None = None,
    unless: Callable[[Session], bool] = lambda _: False,
) -> Session | None:
    """Something that somebody wants, or that time brings, and what follows from it at once. None if
    it cannot happen (any more). `unless` has the last word on the session as it is stored."""
    session = session_queries.session_of_any_project(connection, session_id)
    if session is None or unless(session):
        return None
    return _replace(connection, session, (event, SessionEvent.DRAINED), at, why=why, by=by)


def insert_job(
    connection: Connection, family: Sequence[Job], payload: Payload | None, at: int
) -> Session:
    """A new job, its children, its payload, and its place in its session; or `NotJoinedError`."""
    job = family[0]
    assert job.session_id is not None, "the job is one of a session"
    session = session_queries.session(connection, job.project_id, job.session_id)
    if session is None or session.backend != job.backend:
        raise NotJoinedError(session)
    spent = session_queries.spent(connection, session.id)
    cost = spent if job.final or job.dry_run else spent + (job.cost or 0.0)
    if session.accepting_jobs and not session.affords(cost):
        raise NotJoinedError(msgspec.structs.replace(session, cost=spent), too_dear=True)
    joined = _replace(connection, session, (SessionEvent.JOINED,), at, cost=cost)
    if joined is None:
        raise NotJoinedError(session)
    changes.insert_job(connection, family, payload)
    if joined.full:
        shut = _replace(connection, joined, (SessionEvent.SHUT,), at, why="limits")
        joined = shut or joined
    # A job that failed when it was planned is final already.
    return settle(connection, [joined.id], at).get(joined.id, joined)


def charge(connection: Connection, session_id: str, cost: float, at: int) -> bool:
    """What a job of the session will cost has become known; False if the session cannot pay it."""
    session = session_queries.session_of_any_project(connection, session_id)
    if session is None:
        return True
    spent = session_queries.spent(connection, session_id) + cost
    if not session.affords(spent):
        return False
    if session.accepting_jobs and msgspec.structs.replace(session, cost=spent).full:
        _replace(connection, session, (SessionEvent.SHUT,), at, why="limits")
    return True


def claim(
    connection: Connection,
    ids: Sequence[str],
    session_ids: Sequence[str | None],
    lease_until: int,
    at: int,
) -> tuple[list[Claim], dict[str, Session]]:
    """As `changes.claim`; `session_ids` has the session of each job. A session with a job that was
    claimed is active from now on."""
    claims = changes.claim(connection, ids, lease_until, at)
    of_job = dict(zip(ids, session_ids, strict=True))
    active: dict[str, Session] = {}
    for session_id in {of_job[held.job_id] for held in claims} - {None}:
        assert session_id is not None
        session = session_queries.session_of_any_project(connection, session_id)
        if session is None:
            continue
        started = _replace(connection, session, (SessionEvent.STARTED,), at)
        active[session_id] = started or session
    return claims, active


def settle(
    connection: Connection, ids: Collection[str], at: int, *, ended: bool = False
) -> dict[str, Session]:
    """Bring sessions into accord with the jobs that they have; gives those that changed.

    To be called where jobs may have ended, in the same transaction; `ended` says that one that was
    started has. It asks the jobs, so that once more does no harm."""
    changed: dict[str, Session] = {}
    for session_id in ids:
        session = session_queries.session_of_any_project(connection, session_id)
        if session is None:
            continue
        events = [SessionEvent.ENDED] if ended else []
        if session_queries.tally(connection, session_id) == Tally():
            events += [SessionEvent.IDLED, SessionEvent.DRAINED]
        new = _replace(connection, session, events, at)
        if new is not None:
            changed[session_id] = new
    return changed
