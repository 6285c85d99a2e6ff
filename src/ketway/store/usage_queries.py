"""What a project's jobs used, added up by the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, func, literal, select

from ketway.jobs.job import State
from ketway.jobs.session import Mode
from ketway.store.schema import jobs, projects, sessions, usage_limits
from ketway.store.schema import users as users_table

By: TypeAlias = Literal["backend", "user_id"]

DAY = 86_400_000_000
"""Microseconds; days are those of UTC."""


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Whose usage to add up: of jobs that were submitted in a time, by where and by whom."""

    dialect: str | None = None
    submitted_from: int | None = None
    submitted_before: int | None = None
    backends: Sequence[str] | None = None
    backends_but: Sequence[str] = ()
    user_ids: Sequence[str] | None = None


class Share(msgspec.Struct, frozen=True):
    """What the jobs of one session used, or all jobs that are in none. Times in microseconds."""

    key: str | None
    """What it was asked to be told apart by."""
    day: int | None
    """Which day since 1970."""
    session_id: str | None
    mode: Mode | None
    jobs: int
    run: int
    """From start to end, of those that have ended; all together, and the longest."""
    longest_run: int
    waited: int
    """From submission to start, of those that were started; all together, and the longest."""
    longest_wait: int
    started: int


def shares(
    connection: Connection,
    project_id: str,
    wanted: UsageFilter,
    by: By | None = None,
    *,
    daily: bool = False,
) -> list[Share]:
    """One for each session, and one for the jobs in none; for each key and day if so asked."""
    key: ColumnElement[Any] = literal(None) if by is None else jobs.c[by]
    day: ColumnElement[Any] = jobs.c.submitted_at // DAY if daily else literal(None)
    run = jobs.c.completed_at - jobs.c.started_at
    wait = jobs.c.started_at - jobs.c.submitted_at
    query = (
        select(
            key.label("key"),
            day.label("day"),
            jobs.c.session_id,
            sessions.c.mode,
            func.count(),
            func.coalesce(func.sum(run), 0),
            func.coalesce(func.max(run), 0),
            func.coalesce(func.sum(wait), 0),
            func.coalesce(func.max(wait), 0),
            func.count(jobs.c.started_at),
        )
        .select_from(jobs.outerjoin(sessions, jobs.c.session_id == sessions.c.id))
        .where(jobs.c.project_id == project_id, jobs.c.parent_id.is_(None), *_conditions(wanted))
        .group_by("key", "day", jobs.c.session_id, sessions.c.mode)
        .order_by("day", "key", jobs.c.session_id)
    )
    return [Share(*row) for row in connection.execute(query)]


class Spent(msgspec.Struct, frozen=True):
    """What jobs on virtual QPUs took, of one day and one key."""

    day: int
    """Which day since 1970 they ended on."""
    key: str
    name: str | None
    jobs: int
    micros: int
    """Of the devices' time."""
    cost: float
    unit: str


Whose: TypeAlias = Literal["id", "project_id", "user_id"]


def spent(
    connection: Connection, project_id: str, ended_from: int, ended_before: int, whose: Whose
) -> list[Spent]:
    """Of jobs that completed in that time: what did not complete, or was only tried, is free."""
    day = jobs.c.completed_at // DAY
    name = {"id": jobs.c.name, "project_id": projects.c.name, "user_id": users_table.c.name}[whose]
    key = jobs.c[whose]
    query = (
        select(
            day.label("day"),
            key.label("key"),
            func.max(name),
            func.count(),
            func.sum(jobs.c.busy_micros),
            func.coalesce(func.sum(jobs.c.cost), 0.0),
            jobs.c.cost_unit,
        )
        .select_from(
            jobs.join(projects, jobs.c.project_id == projects.c.id).join(
                users_table, jobs.c.user_id == users_table.c.id
            )
        )
        .where(
            jobs.c.project_id == project_id,
            jobs.c.parent_id.is_(None),
            jobs.c.busy_micros.is_not(None),
            jobs.c.dry_run.is_(False),
            jobs.c.state == State.COMPLETED.value,
            jobs.c.completed_at >= ended_from,
            jobs.c.completed_at < ended_before,
        )
        .group_by("day", "key", jobs.c.cost_unit)
        .order_by("day", "key")
    )
    return [Spent(*row) for row in connection.execute(query)]


def time_run(connection: Connection, project_id: str, wanted: UsageFilter) -> int:
    """Microseconds from start to end of all those jobs together, of those that have ended."""
    query = select(func.coalesce(func.sum(jobs.c.completed_at - jobs.c.started_at), 0)).where(
        jobs.c.project_id == project_id, jobs.c.parent_id.is_(None), *_conditions(wanted)
    )
    return int(connection.execute(query).scalar_one())


def backends_used(connection: Connection, project_id: str, dialect: str) -> list[str]:
    """In the order of their names."""
    return _distinct(connection, project_id, dialect, jobs.c.backend)


def users(connection: Connection, project_id: str, dialect: str) -> list[str]:
    """Those who submitted jobs, in the order of their ids."""
    return _distinct(connection, project_id, dialect, jobs.c.user_id)


def _distinct(
    connection: Connection, project_id: str, dialect: str, column: ColumnElement[str]
) -> list[str]:
    query = (
        select(column)
        .where(
            jobs.c.project_id == project_id,
            jobs.c.parent_id.is_(None),
            jobs.c.dialect == dialect,
        )
        .distinct()
        .order_by(column)
    )
    return list(connection.execute(query).scalars())


def _conditions(wanted: UsageFilter) -> list[ColumnElement[bool]]:
    found = []
    if wanted.dialect is not None:
        found.append(jobs.c.dialect == wanted.dialect)
    if wanted.submitted_from is not None:
        found.append(jobs.c.submitted_at >= wanted.submitted_from)
    if wanted.submitted_before is not None:
        found.append(jobs.c.submitted_at < wanted.submitted_before)
    if wanted.backends is not None:
        found.append(jobs.c.backend.in_(wanted.backends))
    if wanted.backends_but:
        found.append(jobs.c.backend.not_in(wanted.backends_but))
    if wanted.user_ids is not None:
        found.append(jobs.c.user_id.in_(wanted.user_ids))
    return found


def limit(connection: Connection, project_id: str) -> int | None:
    """The limit that a project has set itself, in seconds of a month."""
    query = select(usage_limits.c.seconds).where(usage_limits.c.project_id == project_id)
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found
