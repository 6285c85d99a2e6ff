"""The session: jobs that belong together on one backend, and the states it goes through.

    open ──starts──> active ──rests──> inactive ──starts──> active
      └───────────────┴──── ends ────────┘──> closed

A dedicated session has its device to itself while it is active; a batch is only kept together. A
session that is closed takes no new jobs from that moment, and ends when its last job has.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, TypeAlias

import msgspec

Mode: TypeAlias = Literal["dedicated", "batch"]


class SessionState(StrEnum):
    OPEN = "open"
    """None of its jobs has started yet."""
    ACTIVE = "active"
    """Its jobs go first; if it is dedicated, its device runs nothing else."""
    INACTIVE = "inactive"
    """It had no job for so long that its device is free for others. The next one makes it active
    again, and waits its turn for that."""
    CLOSED = "closed"


class SessionEvent(StrEnum):
    """What may happen to a session."""

    JOINED = "joined"
    """A job was submitted to it."""
    STARTED = "started"
    """One of its jobs has started."""
    ENDED = "ended"
    """One of its jobs has ended, and others of it wait or run."""
    IDLED = "idled"
    """It has no job any more that waits or runs."""
    RESTED = "rested"
    """It was idle for as long as it may be and stay active."""
    SHUT = "shut"
    """It takes no new jobs; those it has are run to their end."""
    STOPPED = "stopped"
    """It takes no new jobs, and those that wait are not run."""
    DRAINED = "drained"
    """It takes no jobs, and has none."""


_OPEN, _ACTIVE, _INACTIVE = SessionState.OPEN, SessionState.ACTIVE, SessionState.INACTIVE
_ANY = (_OPEN, _ACTIVE, _INACTIVE)

TRANSITIONS: dict[SessionEvent, dict[SessionState, SessionState]] = {
    SessionEvent.JOINED: {state: state for state in _ANY},
    SessionEvent.STARTED: dict.fromkeys(_ANY, _ACTIVE),
    SessionEvent.ENDED: {state: state for state in _ANY},
    SessionEvent.IDLED: {state: state for state in _ANY},
    SessionEvent.RESTED: {_ACTIVE: _INACTIVE},
    SessionEvent.SHUT: {state: state for state in _ANY},
    SessionEvent.STOPPED: {state: state for state in _ANY},
    SessionEvent.DRAINED: dict.fromkeys(_ANY, SessionState.CLOSED),
}
"""From which state each event leads to which; no other change of state is possible. `store` applies
them, each in one conditional UPDATE."""


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a session may use up; when it has, it takes no new jobs."""

    jobs: int | None = None
    cost: float | None = None
    unit: str | None = None
    """What the cost is counted in."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is stored. Times are UTC, in microseconds since 1970; durations seconds."""

    id: str
    """UUIDv7: sorts by time of opening."""
    project_id: str
    user_id: str
    dialect: str
    """Through which API it was opened."""
    backend: str
    mode: Mode
    name: str | None = None
    metadata: str | None = None
    """The client's own notes: a JSON object as text, given back unchanged."""
    limits: Limits = Limits()
    max_ttl: int
    """It is stopped so long after its first job has started."""
    interactive_ttl: int | None = None
    """How long it stays active without a job; None for as long as it lives."""
    unused_ttl: int | None = None
    """How long it stays open if no job comes at all; None for ever."""
    state: SessionState = SessionState.OPEN
    accepting_jobs: bool = True
    stopped: bool = False
    """Whether its jobs that wait are not to be run."""
    why: str | None = None
    """Why it takes no more jobs."""
    jobs: int = 0
    """How many were submitted to it."""
    cost: float = 0.0
    """What these cost, but for those that failed or were canceled, when the last of them came."""
    created_at: int
    started_at: int | None = None
    """When its first job started: from then on `max_ttl` counts."""
    activated_at: int | None = None
    """When it last became active."""
    active_time: int = 0
    """How long it was active until it last was no more, in microseconds."""
    idle_since: int | None
    """Since when it has no job that waits or runs; None while it has one."""
    last_job_started: int | None = None
    last_job_completed: int | None = None
    closed_at: int | None = None
    ended_by: str | None = None
    """The user who ended it; None where time or its limits did, or nobody yet."""
    revision: int = 0
    """How often it was changed, and the fence of a change: only the latest value may be changed."""

    @property
    def exclusive(self) -> bool:
        """Whether nobody else may use its device now."""
        return self.mode == "dedicated" and self.state is SessionState.ACTIVE

    @property
    def full(self) -> bool:
        limits = self.limits
        return (limits.jobs is not None and self.jobs >= limits.jobs) or (
            limits.cost is not None and self.cost >= limits.cost - _ROUNDING
        )

    def affords(self, cost: float) -> bool:
        """Whether its jobs may cost so much, all together."""
        return self.limits.cost is None or cost <= self.limits.cost + _ROUNDING


_ROUNDING = 1e-9
"""Sums of prices are not exact."""


def after(
    session: Session,
    event: SessionEvent,
    now: int,
    *,
    cost: float = 0.0,
    why: str | None = None,
    by: str | None = None,
) -> Session | None:
    """The session when this has happened to it; None if it cannot happen to it now.

    `cost` is what all its jobs cost together, with the one that joins; `by` is who ends it."""
    state = TRANSITIONS[event].get(session.state)
    if state is None:
        return None
    changed: dict[str, Any] = {"state": state, "revision": session.revision + 1}
    if session.state is _ACTIVE is not state:
        assert session.activated_at is not None, "what is active was made so"
        changed["active_time"] = session.active_time + now - session.activated_at
    match event:
        case SessionEvent.JOINED:
            if not session.accepting_jobs:
                return None
            changed |= {"jobs": session.jobs + 1, "cost": cost, "idle_since": None}
        case SessionEvent.STARTED:
            first = session.started_at is None
            changed |= {"idle_since": None, "last_job_started": now}
            changed |= {"started_at": now} if first else {}
            changed |= {"activated_at": now} if session.state is not state else {}
        case SessionEvent.ENDED:
            changed |= {"last_job_completed": now}
        case SessionEvent.IDLED:
            if session.idle_since is not None:
                return None
            changed |= {"idle_since": now}
        case SessionEvent.RESTED:
            if session.idle_since is None:
                return None
        case SessionEvent.SHUT | SessionEvent.STOPPED:
            stopped = session.stopped or event is SessionEvent.STOPPED
            if not session.accepting_jobs and stopped == session.stopped:
                return None
            changed |= {"accepting_jobs": False, "stopped": stopped}
            changed |= {"why": why, "ended_by": by} if session.accepting_jobs else {}
        case SessionEvent.DRAINED:
            if session.accepting_jobs or session.idle_since is None:
                return None
            changed |= {"closed_at": now}
    return msgspec.structs.replace(session, **changed)


class Due(msgspec.Struct, frozen=True):
    """What the clock will do to a session, and when, if nothing else happens first."""

    at: int
    event: SessionEvent
    why: str


def due(session: Session) -> Due | None:
    """The next thing that time brings."""
    if session.state is SessionState.CLOSED:
        return None
    found = []
    if session.started_at is not None and not session.stopped:
        end = session.started_at + session.max_ttl * 1_000_000
        found.append(Due(end, SessionEvent.STOPPED, "max_ttl"))
    if session.idle_since is not None:
        ttl, event, why = {
            SessionState.OPEN: (session.unused_ttl, SessionEvent.SHUT, "unused"),
            SessionState.ACTIVE: (session.interactive_ttl, SessionEvent.RESTED, "interactive_ttl"),
        }.get(session.state, (None, SessionEvent.RESTED, ""))
        if ttl is not None:
            found.append(Due(session.idle_since + ttl * 1_000_000, event, why))
    return min(found, key=lambda one: one.at, default=None)
