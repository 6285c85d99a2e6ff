"""The tables. Everything that must survive a crash is in them; everything else can be lost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

VERSION = 4
"""Version of this schema, kept in the database; a newer database is refused. An older one is
brought up to date by making the tables it lacks, and by `ADDED`."""

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("name", Text, nullable=False),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("key_id", String(36), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

noise_models = Table(
    "noise_models",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("document", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("parent_id", String(36)),
    Column("position", Integer, nullable=False),
    Column("dialect", String(32), nullable=False),
    Column("format", String(64), nullable=False),
    Column("routine", String(64), nullable=False, server_default="circuits"),
    Column("backend", String(64), nullable=False),
    Column("name", Text),
    Column("metadata", Text),
    Column("settings", Text),
    Column("tags", Text),
    Column("private", Boolean, nullable=False, server_default=false()),
    Column("max_seconds", Float),
    Column("state", String(16), nullable=False),
    Column("shots", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("noise", Text),
    Column("dry_run", Boolean, nullable=False),
    Column("session_id", String(36)),
    Column("circuits", Integer, nullable=False),
    Column("children", Integer, nullable=False),
    Column("qubits", Integer, nullable=False),
    Column("gates_1q", Integer, nullable=False),
    Column("gates_2q", Integer, nullable=False),
    Column("characterization", String(36)),
    Column("debias", Boolean, nullable=False, server_default=false()),
    Column("busy_micros", BigInteger),
    Column("cost", Float),
    Column("cost_unit", String(16)),
    Column("plan", Text),
    Column("failure", Text),
    Column("attempt", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("lease_until", BigInteger),
    Column("submitted_at", BigInteger, nullable=False),
    Column("ready_at", BigInteger),
    Column("started_at", BigInteger),
    Column("completed_at", BigInteger),
    # Ids sort by time, so these serve listing newest first, page by page, with and without a state.
    Index("jobs_by_project", "project_id", "parent_id", "id"),
    Index("jobs_by_state", "project_id", "state", "id"),
    Index("jobs_by_parent", "parent_id", "position"),
)

# Jobs that are not final are few among millions that are: what a start has to look at.
Index(
    "jobs_open",
    jobs.c.state,
    sqlite_where=jobs.c.completed_at.is_(None),
    postgresql_where=jobs.c.completed_at.is_(None),
)

payloads = Table(
    "payloads",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("data", LargeBinary),
    Column("blob", String(80)),
)

results = Table(
    "results",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary),
    Column("blob", String(80)),
)

for _table in (payloads, results):
    Index(
        f"{_table.name}_by_blob",
        _table.c.blob,
        sqlite_where=_table.c.blob.is_not(None),
        postgresql_where=_table.c.blob.is_not(None),
    )

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("reason", Text),
)

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    # No foreign key: what happened to a job outlives the job.
    Column("job_id", String(36), nullable=False),
    Column("project_id", String(36), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("detail", Text),
    Index("events_by_job", "job_id", "seq"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("dialect", String(32), nullable=False),
    Column("backend", String(64), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("name", Text),
    Column("metadata", Text),
    Column("limits", Text),
    Column("max_ttl", Integer, nullable=False),
    Column("interactive_ttl", Integer),
    Column("unused_ttl", Integer),
    Column("state", String(16), nullable=False),
    Column("accepting_jobs", Boolean, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("why", Text),
    Column("jobs", Integer, nullable=False),
    Column("cost", Float, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("activated_at", BigInteger),
    Column("active_time", BigInteger, nullable=False),
    Column("idle_since", BigInteger),
    Column("last_job_started", BigInteger),
    Column("last_job_completed", BigInteger),
    Column("closed_at", BigInteger),
    Column("ended_by", String(24)),
    Column("revision", Integer, nullable=False),
    Index("sessions_by_project", "project_id", "id"),
)

# What the clock has to look at, and what a start has to.
Index(
    "sessions_alive",
    sessions.c.state,
    sqlite_where=sessions.c.closed_at.is_(None),
    postgresql_where=sessions.c.closed_at.is_(None),
)

# The last word on a device belonging to one session at a time.
_exclusive = (sessions.c.mode == "dedicated") & (sessions.c.state == "active")
Index(
    "sessions_exclusive",
    sessions.c.backend,
    unique=True,
    sqlite_where=_exclusive,
    postgresql_where=_exclusive,
)

session_events = Table(
    "session_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("session_id", ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", Text),
    Index("session_events_by_session", "session_id", "seq"),
)

# A session asks for its jobs at each of their changes, and mostly for those that are not final.
Index(
    "jobs_by_session",
    jobs.c.session_id,
    jobs.c.completed_at,
    sqlite_where=jobs.c.session_id.is_not(None),
    postgresql_where=jobs.c.session_id.is_not(None),
)

usage_limits = Table(
    "usage_limits",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("seconds", Integer, nullable=False),
)

ADDED: dict[int, tuple[Column[Any], ...]] = {
    3: (jobs.c.routine, jobs.c.tags, jobs.c.private, jobs.c.max_seconds),
    4: (
        jobs.c.characterization,
        jobs.c.debias,
        jobs.c.busy_micros,
        jobs.c.cost,
        jobs.c.cost_unit,
        sessions.c.ended_by,
    ),
}
"""Columns that a version added to tables that were there before."""

NEW_INDEXES: dict[int, tuple[str, ...]] = {3: ("jobs_by_session",)}
"""And indexes of such tables."""
