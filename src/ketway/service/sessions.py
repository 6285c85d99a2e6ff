"""The verbs on sessions: open, get, list, close, cancel; and the clock that ends them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Literal

import msgspec

from ketway.jobs.ids import is_id, new_id, now
from ketway.jobs.session import Due, Limits, Mode, Session, SessionEvent, SessionState, due
from ketway.scheduling.dispatcher import Dispatcher
from ketway.service.accounts import Principal
from ketway.service.errors import NotFoundError, RefusedError, SessionClosedError
from ketway.service.watch import Watch
from ketway.settings import Settings
from ketway.store import session_changes, session_queries
from ketway.store.session_changes import NotJoinedError
from ketway.store.session_queries import SessionChange, SessionFilter, Tally
from ketway.store.store import Store

log = logging.getLogger("ketway.sessions")

UNUSED_SECONDS = 30 * 60
"""How long a session is kept open for a first job."""
PAUSE_SECONDS = 1.0
"""How long to wait before the store is asked again, after it has failed."""


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect understood of a request to open a session."""

    dialect: str
    backend: str
    mode: Mode
    name: str | None = None
    metadata: str | None = None
    limits: Limits = Limits()
    max_ttl: int | None = None
    """Seconds from the start of the first job; None for the longest that the server allows."""
    interactive_ttl: int | Literal["never"] | None = None
    """Seconds without a job until the device is free for others; None for the server's choice."""


class SessionPage(msgspec.Struct, frozen=True):
    sessions: list[Session]
    next: str | None
    """The cursor of the following page; None on the last."""


class Sessions:
    def __init__(
        self,
        store: Store,
        settings: Settings,
        watch: Watch,
        clock: Callable[[], int] = now,
    ) -> None:
        self._store = store
        self._settings = settings
        self._watch = watch
        self._clock = clock
        self._dispatcher: Dispatcher | None = None
        self._poked = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    def attach(self, dispatcher: Dispatcher) -> None:
        """The dispatcher tells this service what has changed, so it is made after it."""
        self._dispatcher = dispatcher

    @property
    def dispatcher(self) -> Dispatcher:
        assert self._dispatcher is not None, "`attach` comes first"
        return self._dispatcher

    @property
    def longest_seconds(self) -> int:
        """The longest that a session may last, from the start of its first job."""
        return self._settings.session_seconds

    @property
    def idle_seconds(self) -> int:
        """How long it stays active without a job, where nothing else is asked for."""
        return self._settings.session_idle_seconds

    # -- verbs --------------------------------------------------------------------------------

    async def open(self, principal: Principal, wanted: NewSession) -> Session:
        """A session on a backend that the dialect has found to be there."""
        longest, at = self._settings.session_seconds, self._clock()
        rest = wanted.interactive_ttl
        for name, value in (("max_ttl", wanted.max_ttl), ("interactive_ttl", rest)):
            if isinstance(value, int) and value < 1:
                raise RefusedError(f"{name} must be 1 second or more, not {value}", name)
        session = Session(
            id=new_id(),
            project_id=principal.project_id,
            user_id=principal.user_id,
            dialect=wanted.dialect,
            backend=wanted.backend,
            mode=wanted.mode,
            name=wanted.name,
            metadata=wanted.metadata,
            limits=wanted.limits,
            max_ttl=min(wanted.max_ttl or longest, longest),
            interactive_ttl=None
            if rest == "never"
            else (rest or self._settings.session_idle_seconds),
            unused_ttl=UNUSED_SECONDS,
            created_at=at,
            idle_since=at,
        )
        await self._store.write(lambda c: session_changes.insert_session(c, session))
        self.poke()
        return session

    def get(self, principal: Principal, session_id: str) -> Session:
        found = None
        if is_id(session_id):
            found = self._store.read(
                lambda c: session_queries.session(c, principal.project_id, session_id)
            )
        if found is None:
            raise NotFoundError(f"There is no session {session_id[:80]}.")
        return found

    def find(self, principal: Principal, prefix: str) -> Session:
        """A session by its id or by a beginning of it that no other has."""
        ids = self._store.read(
            lambda c: session_queries.ids_with_prefix(c, principal.project_id, prefix, 3)
        )
        if len(ids) > 1 and prefix not in ids:
            raise RefusedError(f"several sessions begin with {prefix}: type more of the id", "id")
        return self.get(principal, ids[0] if len(ids) == 1 else prefix)

    async def page(self, principal: Principal, wanted: SessionFilter) -> SessionPage:
        more = msgspec.structs.replace(wanted, limit=wanted.limit + 1)
        found = await self._store.read_apart(
            lambda c: session_queries.listing(c, principal.project_id, more)
        )
        page = found[: wanted.limit]
        return SessionPage(page, page[-1].id if len(found) > wanted.limit else None)

    def check(self, principal: Principal, session_id: str, backend: str) -> Session:
        """Refuse what `Jobs.submit` would refuse of a job's session, before any work is done."""
        try:
            session = self.get(principal, session_id)
        except NotFoundError as error:
            raise RefusedError(error.message, "session_id") from None
        refused = refusal(session, session_id, backend)
        if refused is not None:
            raise refused
        return session

    def tally(self, session: Session) -> Tally:
        """How many of its jobs wait and run."""
        return self._store.read(lambda c: session_queries.tally(c, session.id))

    def seconds_used(self, session: Session) -> float:
        """What it has cost others: of a dedicated session how long it was active, of a batch how
        long its jobs ran that have ended."""
        if session.mode == "batch":
            return self._store.read(lambda c: session_queries.time_run(c, session.id)) / 1e6
        used = session.active_time
        if session.state is SessionState.ACTIVE and session.activated_at is not None:
            used += self._clock() - session.activated_at
        return used / 1e6

    def history(self, session: Session) -> list[SessionChange]:
        return self._store.read(lambda c: session_queries.history(c, session.id))

    async def close(self, principal: Principal, session_id: str) -> Session:
        """It takes no new jobs, and ends when those it has are done; done before is done."""
        return await self._shut(principal, session_id, SessionEvent.SHUT, "closed")

    async def cancel(self, principal: Principal, session_id: str, *, kill: bool = False) -> Session:
        """As `close`, but what waits is canceled; what runs goes on to its end, unless `kill`."""
        session = await self._shut(principal, session_id, SessionEvent.STOPPED, "canceled")
        if kill:
            for job_id in self._store.read(lambda c: session_queries.open_jobs(c, session_id)):
                await self.dispatcher.cancel(job_id)
        else:
            await self._cancel_waiting(session_id)
        return self.get(principal, session.id)

    async def _shut(
        self, principal: Principal, session_id: str, event: SessionEvent, why: str
    ) -> Session:
        session = self.get(principal, session_id)
        await self._change(session.id, event, why, principal.user_id)
        return self.get(principal, session.id)

    async def _change(self, session_id: str, event: SessionEvent, why: str, by: str) -> None:
        at = self._clock()
        await self._store.write(
            lambda c: session_changes.change(c, session_id, event, at, why, by=by)
        )
        self.dispatcher.sessions.settled(session_id)

    async def _cancel_waiting(self, session_id: str) -> None:
        waiting = self._store.read(lambda c: session_queries.waiting_jobs(c, session_id))
        for job_id in waiting:
            await self.dispatcher.cancel_waiting(job_id)

    # -- the clock ----------------------------------------------------------------------------

    async def start(self) -> None:
        """What fell due while nobody looked happens now; then the clock runs until `stop`."""
        await self.tick()
        self._ticking = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait([self._ticking])

    def changed(self, session_id: str) -> None:
        """For the dispatcher: a session may have changed, and with it what comes next."""
        self._watch.changed(session_id)
        self.poke()

    def poke(self) -> None:
        """Look again at what is due: a session or the clock was changed."""
        self._poked.set()

    async def tick(self) -> int | None:
        """Do to each session what its time has come for. When it comes for the next; None if for
        none."""
        nearest: int | None = None
        for session in self._store.read(session_queries.alive):
            left: Session | None = session
            while left is not None and (next_ := due(left)) is not None:
                if next_.at > self._clock():
                    nearest = next_.at if nearest is None else min(nearest, next_.at)
                    break
                left = await self._fall_due(left, next_)
            if left is not None and left.stopped:
                await self._cancel_waiting(left.id)
        return nearest

    async def _fall_due(self, session: Session, next_: Due) -> Session | None:
        log.info("session %s: %s (%s)", session.id, next_.event.value, next_.why)
        changed = await self._store.write(
            lambda c: session_changes.change(
                c,
                session.id,
                next_.event,
                next_.at,
                next_.why,
                unless=lambda stored: due(stored) != next_,
            )
        )
        self.dispatcher.sessions.settled(session.id)
        # A job may have come meanwhile; then the session is looked at again at once.
        return changed

    async def _run(self) -> None:
        while True:
            self._poked.clear()
            try:
                nearest = await self.tick()
            except Exception:
                log.exception("sessions could not be kept in time; trying again")
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            try:
                async with asyncio.timeout(
                    None if nearest is None else max(0.0, (nearest - self._clock()) / 1e6)
                ):
                    await self._poked.wait()
            except TimeoutError:
                pass


def refusal(
    session: Session | None, session_id: str, backend: str
) -> RefusedError | SessionClosedError | None:
    """Why a job cannot become part of its session; None if it can."""
    if session is None:
        return RefusedError(f"There is no session {session_id[:80]}.", "session_id")
    if session.backend != backend:
        return RefusedError(
            f"session {session.id} is one on {session.backend}, not on {backend}: leave the "
            "session out, or name its backend",
            "session_id",
            "backend",
        )
    if session.state is SessionState.CLOSED or not session.accepting_jobs:
        return SessionClosedError(_closed(session))
    return None


def refused(error: NotJoinedError, session_id: str, backend: str, cost: float) -> Exception:
    """What the store said no with, in the service's words. `cost` is the job's."""
    session = error.session
    if error.too_dear and session is not None:
        limits = session.limits
        unit = (limits.unit or "").upper()
        return RefusedError(
            f"this job costs {cost:,.4f} {unit}, and session {session.id} may spend "
            f"{(limits.cost or 0.0) - session.cost:,.4f} more of its limit of {limits.cost:,.4f}: "
            "take fewer shots or gates, or open a session with a higher limit",
            "session_id",
        )
    return refusal(error.session, session_id, backend) or error


WHY = {
    "closed": "it was closed",
    "canceled": "it was canceled",
    "max_ttl": "its time is over",
    "unused": "it had no job for too long",
    "limits": "it has used up its limits",
}


def _closed(session: Session) -> str:
    why = WHY.get(session.why or "", session.why or "it was closed")
    return f"Session {session.id} takes no more jobs: {why}. Open another one."
