"""Sessions: jobs that belong together, and have a QPU to themselves while they come."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import msgspec
from starlette.responses import Response

from ketway.devices.price import CURRENCY
from ketway.dialects.http import Call, Operation, reply
from ketway.dialects.ionq_v04.wire import GetJobsQuery, GetJobsResponse, iso
from ketway.jobs.session import Limits, Session, SessionState
from ketway.service.accounts import Principal
from ketway.service.backends import Backends
from ketway.service.errors import RefusedError
from ketway.service.sessions import NewSession, Sessions
from ketway.store.session_queries import SessionFilter

NAME = "ionq_v04"
MOST_JOBS = 1_000_000
MOST_MINUTES = 366 * 24 * 60
MOST_SHOWN = 1000
"""IonQ's list has no pages."""


class CostLimit(msgspec.Struct):
    value: float | str
    unit: str | None = None


class Wanted(msgspec.Struct):
    # qiskit-ionq takes what it is given, also texts (ionq_session.py, `_create_session`).
    job_count_limit: int | str | None = None
    duration_limit_min: int | str | None = None
    cost_limit: CostLimit | None = None


class CreateSessionRequest(msgspec.Struct):
    backend: str
    settings: Wanted | None = None


class SettingsView(msgspec.Struct, omit_defaults=True):
    job_count_limit: int | None = None
    duration_limit_min: int | None = None
    cost_limit: dict[str, float | str] | None = None
    expires_at: str | None = None


class SessionView(msgspec.Struct, kw_only=True):
    id: str
    created_at: str
    organization_id: str
    backend: str
    project_id: str
    creator_id: str
    ended_at: str | None
    ender_id: str | None
    settings: SettingsView
    active: bool
    status: str
    started_at: str | None
    # Not in IonQ's document; qiskit-ionq 1.1.1 reads these (ionq_session.py, `status`, `usage`).
    state: str
    usage_time: float


class SessionsQuery(msgspec.Struct):
    active: bool | None = None


class SessionsResponse(msgspec.Struct):
    organization_id: str
    sessions: list[SessionView]


class SessionRoutes:
    def __init__(
        self,
        sessions: Sessions,
        backends: Backends,
        list_jobs: Callable[[Call, str], Awaitable[Response]],
    ) -> None:
        """`list_jobs` lists the jobs of a session, as `GET /jobs` does."""
        self._sessions = sessions
        self._backends = backends
        self._list_jobs = list_jobs

    async def create(self, call: Call) -> Response:
        """On a simulator its jobs are only kept together: nobody needs it for themselves."""
        body: CreateSessionRequest = call.body
        # qiskit-ionq 1.1.1 calls its simulator so (ionq_session.py, `_create_session`).
        name = "simulator" if body.backend == "ionq_simulator" else body.backend
        device = self._backends.get(name, "ionq").device
        wanted = body.settings or Wanted()
        minutes = _whole(wanted.duration_limit_min, "duration_limit_min", MOST_MINUTES)
        session = await self._sessions.open(
            call.principal,
            NewSession(
                dialect=NAME,
                backend=device.name,
                mode="dedicated" if device.kind == "qpu" else "batch",
                limits=_limits(wanted),
                max_ttl=None if minutes is None else 60 * minutes,
            ),
        )
        return reply(self._view(session), 201)

    async def list(self, call: Call) -> Response:
        """Newest first."""
        query: SessionsQuery = call.query
        page = await self._sessions.page(
            call.principal, SessionFilter(dialect=NAME, limit=MOST_SHOWN)
        )
        shown = [self._view(one) for one in page.sessions]
        if query.active is not None:
            shown = [one for one in shown if one.active == query.active]
        return reply(SessionsResponse(call.principal.project_id, shown))

    async def get(self, call: Call) -> Response:
        return reply(self._view(self._session(call.principal, call)))

    async def end(self, call: Call) -> Response:
        """It takes no new jobs; those that wait are canceled, one that runs goes on to its end.
        A session that has ended stays what it is."""
        session = self._session(call.principal, call)
        return reply(self._view(await self._sessions.cancel(call.principal, session.id)))

    async def jobs(self, call: Call) -> Response:
        return await self._list_jobs(call, self._session(call.principal, call).id)

    def _session(self, principal: Principal, call: Call) -> Session:
        return self._sessions.get(principal, call.path("session_id"))

    def _view(self, session: Session) -> SessionView:
        closed = session.state is SessionState.CLOSED
        ended = closed or session.stopped
        status = (
            "ended" if ended else "created" if session.state is SessionState.OPEN else "started"
        )
        return SessionView(
            id=session.id,
            created_at=iso(session.created_at) or "",
            organization_id=session.project_id,
            backend=session.backend,
            project_id=session.project_id,
            creator_id=session.user_id,
            ended_at=iso(self._ended_at(session)) if ended else None,
            ender_id=session.ended_by if ended else None,
            settings=_settings(session),
            active=not ended,
            status=status,
            started_at=iso(session.started_at),
            state=status,
            usage_time=self._sessions.seconds_used(session),
        )

    def _ended_at(self, session: Session) -> int | None:
        """When it was stopped, if its last job still runs."""
        if session.closed_at is not None:
            return session.closed_at
        changes = self._sessions.history(session)
        return changes[-1].at if changes else None

    def operations(self) -> tuple[Operation, ...]:
        one = "/sessions/{session_id}"
        missing = {404: "No such session in this project."}
        # fmt: off
        return (
            Operation("POST", "/sessions", "CreateSession", self.create, "Create a session",
                      body=CreateSessionRequest, answer=SessionView, status=201),
            Operation("GET", "/sessions", "GetSessions", self.list, "List sessions",
                      query=SessionsQuery, answer=SessionsResponse),
            Operation("GET", one, "GetSession", self.get, "One session", answer=SessionView,
                      refusals=missing),
            Operation("POST", one + "/end", "EndSession", self.end, "End a session",
                      answer=SessionView, refusals=missing),
            Operation("GET", one + "/jobs", "GetSessionJobs", self.jobs, "Jobs of a session",
                      query=GetJobsQuery, answer=GetJobsResponse, refusals=missing),
        )
        # fmt: on


def _settings(session: Session) -> SettingsView:
    limits = session.limits
    expires = None if session.started_at is None else session.started_at + session.max_ttl * 10**6
    return SettingsView(
        job_count_limit=limits.jobs,
        duration_limit_min=math.ceil(session.max_ttl / 60),
        cost_limit=None
        if limits.cost is None
        else {"value": limits.cost, "unit": limits.unit or CURRENCY},
        expires_at=iso(expires),
    )


def _limits(wanted: Wanted) -> Limits:
    jobs = _whole(wanted.job_count_limit, "job_count_limit", MOST_JOBS)
    if wanted.cost_limit is None:
        return Limits(jobs=jobs)
    name = "settings.cost_limit"
    unit = (wanted.cost_limit.unit or CURRENCY).lower()
    if unit != CURRENCY:
        raise RefusedError(f"{name}.unit must be {CURRENCY}, in which prices are", f"{name}.unit")
    try:
        cost = float(wanted.cost_limit.value)
    except ValueError:
        cost = math.nan
    if not (math.isfinite(cost) and cost > 0):
        raise RefusedError(f"{name}.value must be a number above 0", f"{name}.value")
    return Limits(jobs=jobs, cost=cost, unit=unit)


def _whole(given: int | str | None, name: str, most: int) -> int | None:
    if given is None:
        return None
    try:
        value = int(given)
    except ValueError:
        value = 0
    if not 1 <= value <= most:
        raise RefusedError(f"settings.{name} must be from 1 to {most:,}", f"settings.{name}")
    return value
