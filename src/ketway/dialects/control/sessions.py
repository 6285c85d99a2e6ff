"""Sessions, whichever API they were opened through: list them, look at one, close it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from ketway.dialects.control.wire import iso
from ketway.dialects.http import Call, Operation, reply
from ketway.jobs.ids import is_id
from ketway.jobs.session import Session, SessionState
from ketway.service.errors import RefusedError
from ketway.service.sessions import WHY, Sessions
from ketway.store.session_queries import SessionFilter, Tally

LONGEST_PAGE = 1000


class SessionsQuery(msgspec.Struct):
    dialect: str | None = None
    alive: bool | None = None
    """Only sessions that are not closed, or only those that are."""
    limit: int = 25
    next: str | None = None


class SessionEventView(msgspec.Struct):
    at: str | None
    kind: str
    state: str
    why: str | None


class SessionView(msgspec.Struct, kw_only=True):
    id: str
    state: str
    mode: str
    dialect: str
    """Through which API it was opened."""
    backend: str
    name: str | None
    accepting_jobs: bool
    why: str | None
    """Why it takes no more jobs."""
    jobs: dict[str, int]
    """How many were submitted to it, and how many of them wait and run."""
    seconds_used: float
    """How long a dedicated session was active, or the jobs of a batch ran."""
    max_ttl: int
    interactive_ttl: int | None
    created_at: str | None
    started_at: str | None
    closed_at: str | None
    history: list[SessionEventView] | UnsetType = UNSET
    """Where one session is asked for."""


class SessionsView(msgspec.Struct):
    sessions: list[SessionView]
    next: str | None


class SessionRoutes:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def list(self, call: Call) -> Response:
        """Newest first."""
        query: SessionsQuery = call.query
        if query.limit < 1:
            raise RefusedError(f"limit must be 1 or more, not {query.limit}", "limit")
        if query.next is not None and not is_id(query.next):
            raise RefusedError("next must be what the page before gave as `next`", "next")
        page = await self._sessions.page(
            call.principal,
            SessionFilter(
                dialect=query.dialect,
                alive=query.alive,
                before=query.next,
                limit=min(query.limit, LONGEST_PAGE),
            ),
        )
        return reply(SessionsView([self._view(one) for one in page.sessions], page.next))

    async def get(self, call: Call) -> Response:
        """`id` may be a beginning of an id that no other session has."""
        return self._reply(self._session(call))

    async def close(self, call: Call) -> Response:
        """It takes no new jobs, and ends when those it has are done. One that is closed stays what
        it is."""
        return self._reply(await self._sessions.close(call.principal, self._session(call).id))

    async def cancel(self, call: Call) -> Response:
        """As closing, but jobs that wait are canceled; one that runs goes on to its end."""
        return self._reply(await self._sessions.cancel(call.principal, self._session(call).id))

    def _session(self, call: Call) -> Session:
        return self._sessions.find(call.principal, call.path("id").lower()[:40])

    def _reply(self, session: Session) -> Response:
        shown = self._view(session)
        shown.history = [
            SessionEventView(iso(one.at), one.kind, one.state.value, one.why)
            for one in self._sessions.history(session)
        ]
        return reply(shown)

    def _view(self, session: Session) -> SessionView:
        closed = session.state is SessionState.CLOSED
        tally = Tally() if closed else self._sessions.tally(session)
        return SessionView(
            id=session.id,
            state=session.state.value,
            mode=session.mode,
            dialect=session.dialect,
            backend=session.backend,
            name=session.name,
            accepting_jobs=session.accepting_jobs,
            why=None if session.why is None else WHY.get(session.why, session.why),
            jobs={"submitted": session.jobs, "waiting": tally.waiting, "running": tally.running},
            seconds_used=self._sessions.seconds_used(session),
            max_ttl=session.max_ttl,
            interactive_ttl=session.interactive_ttl,
            created_at=iso(session.created_at),
            started_at=iso(session.started_at),
            closed_at=iso(session.closed_at),
        )

    def operations(self) -> tuple[Operation, ...]:
        one = "/sessions/{id}"
        # fmt: off
        return (
            Operation("GET", "/sessions", "listSessions", self.list, "List sessions",
                      query=SessionsQuery, answer=SessionsView),
            Operation("GET", one, "getSession", self.get, "One session", answer=SessionView),
            Operation("POST", one + "/close", "closeSession", self.close, "Close a session",
                      answer=SessionView),
            Operation("POST", one + "/cancel", "cancelSession", self.cancel, "Cancel a session",
                      answer=SessionView),
        )
        # fmt: on
