"""Sessions and batches of IBM's API.

Only these come out in `state`: open, active, inactive, closed. The client knows more, which IBM's
document does not.
"""

from __future__ import annotations

from itertools import groupby
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Operation, reply
from ketway.dialects.ibm_runtime import errors
from ketway.dialects.ibm_runtime.errors import IbmError
from ketway.dialects.ibm_runtime.wire import iso
from ketway.jobs.session import Mode, Session
from ketway.service.backends import Backends
from ketway.service.errors import NotFoundError
from ketway.service.sessions import WHY, NewSession, Sessions

Seconds = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]


class SessionPayload(msgspec.Struct):
    """A request to open one. Clients before 0.20 had no `mode`, and theirs were dedicated; QRMI
    gives the backend's name twice."""

    mode: Mode = "dedicated"
    backend: str | None = None
    backend_name: str | None = None
    max_ttl: Seconds | None = None
    max_session_ttl: Seconds | None = None
    """Its name in the API of 2024."""
    interactive_ttl: Seconds | None = None


class SessionUpdate(msgspec.Struct):
    accepting_jobs: bool


class SessionTimestamp(msgspec.Struct):
    status: str
    timestamp: str


class SessionObject(msgspec.Struct, kw_only=True):
    id: str
    backend_name: str
    mode: Mode
    state: str
    state_reason: str | UnsetType = UNSET
    accepting_jobs: bool
    max_ttl: int
    active_ttl: int
    interactive_ttl: int | None
    started_at: str | None
    activated_at: str | None
    closed_at: str | None
    last_job_started: str | None
    last_job_completed: str | None
    elapsed_time: float | None
    """Its usage in seconds; null before a job has started."""
    user_id: str
    timestamps: list[SessionTimestamp]


class SessionRoutes:
    def __init__(self, sessions: Sessions, backends: Backends, dialect: str) -> None:
        self._sessions = sessions
        self._backends = backends
        self._dialect = dialect

    async def create(self, call: Call) -> Response:
        """Longer than the server allows is as long as it allows."""
        payload: SessionPayload = call.body
        name = payload.backend or payload.backend_name
        if not name:
            raise BadBodyError("backend is missing", "body", ("backend",))
        try:
            backend = self._backends.get(name)
        except NotFoundError as error:
            raise IbmError(400, errors.BACKEND_NOT_FOUND, error.message) from None
        session = await self._sessions.open(
            call.principal,
            NewSession(
                dialect=self._dialect,
                backend=backend.device.name,
                mode=payload.mode,
                max_ttl=payload.max_ttl or payload.max_session_ttl,
                interactive_ttl=payload.interactive_ttl,
            ),
        )
        return reply(self._object(session))

    async def get(self, call: Call) -> Response:
        return reply(self._object(self._session(call)))

    async def update(self, call: Call) -> Response:
        """`accepting_jobs: false` closes it: what it has still runs. There is no way back."""
        update: SessionUpdate = call.body
        session = self._session(call)
        if not update.accepting_jobs:
            await self._sessions.close(call.principal, session.id)
        elif not session.accepting_jobs:
            raise IbmError(
                400,
                errors.VALIDATION,
                f"Session {session.id} takes no more jobs, and will not again.",
                "Open another one.",
            )
        return Response(status_code=204)

    async def cancel(self, call: Call) -> Response:
        """Jobs that wait are canceled; one that runs goes on to its end."""
        await self._sessions.cancel(call.principal, self._session(call).id)
        return Response(status_code=204)

    def _session(self, call: Call) -> Session:
        session = self._sessions.get(call.principal, call.path("session_id"))
        if session.dialect != self._dialect:
            raise NotFoundError(f"There is no session {session.id}.")
        return session

    def _object(self, session: Session) -> SessionObject:
        begun = session.started_at is not None
        return SessionObject(
            id=session.id,
            backend_name=session.backend,
            mode=session.mode,
            state=session.state.value,
            state_reason=UNSET if session.why is None else WHY.get(session.why, session.why),
            accepting_jobs=session.accepting_jobs,
            max_ttl=session.max_ttl,
            active_ttl=session.max_ttl,
            interactive_ttl=session.interactive_ttl,
            started_at=_iso(session.started_at),
            activated_at=_iso(session.activated_at),
            closed_at=_iso(session.closed_at),
            last_job_started=_iso(session.last_job_started),
            last_job_completed=_iso(session.last_job_completed),
            elapsed_time=self._sessions.seconds_used(session) if begun else None,
            user_id=session.user_id,
            timestamps=self._timestamps(session),
        )

    def _timestamps(self, session: Session) -> list[SessionTimestamp]:
        """When it came into each of its states, one after the other."""
        return [
            SessionTimestamp(state.value, iso(next(changes).at))
            for state, changes in groupby(self._sessions.history(session), lambda c: c.state)
        ]

    def operations(self) -> tuple[Operation, ...]:
        one = "/sessions/{session_id}"
        # fmt: off
        return (
            Operation("POST", "/sessions", "create_session", self.create, "Open a session",
                      body=SessionPayload, answer=SessionObject),
            Operation("GET", one, "get_session", self.get, "One session", answer=SessionObject),
            Operation("PATCH", one, "update_session", self.update, "Close a session",
                      body=SessionUpdate, status=204),
            Operation("DELETE", one + "/close", "delete_session_close", self.cancel,
                      "Cancel a session", status=204),
        )
        # fmt: on


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)
