"""Keeps the queue and the store of one mind about sessions.

The store is the truth: a session is active from the claim of a job until the store says otherwise.
The queue knows it a moment earlier, when it chooses the job, and a moment later, when its last job
has left the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from sqlalchemy import Connection

from ketway.jobs.job import Job, State
from ketway.jobs.session import Session, SessionState
from ketway.scheduling.policy import Queue
from ketway.scheduling.turns import Turns
from ketway.store import changes, session_changes, session_queries
from ketway.store.changes import Claim
from ketway.store.store import Store

T = TypeVar("T")


def nobody_listens(_session_id: str) -> None:
    """For a dispatcher without anybody who keeps the sessions' time."""


class SessionKeeper:
    def __init__(
        self,
        store: Store,
        queue: Queue,
        turns: Turns,
        clock: Callable[[], int],
        wake: Callable[[], None],
        when_changed: Callable[[str], None],
    ) -> None:
        """`wake` is called when the queue may have more to give; `when_changed` hears of every
        session that may have changed."""
        self._store = store
        self._queue = queue
        self._turns = turns
        self._clock = clock
        self._wake = wake
        self._when_changed = when_changed

    async def start(self) -> None:
        """What ended while nobody looked has ended; whoever was active still is."""

        def settle(connection: Connection) -> list[Session]:
            ids = [session.id for session in session_queries.alive(connection)]
            session_changes.settle(connection, ids, self._clock())
            return session_queries.alive(connection)

        for session in await self._store.write(settle):
            if session.state is SessionState.ACTIVE:
                active = (session.id, session.backend)
                self._queue.activate(*active, exclusive=session.exclusive)
                self._turns.activate(*active, exclusive=session.exclusive)

    def exclusive(self, job: Job) -> bool:
        """Whether the job is one of a session that has its device to itself."""
        if job.session_id is None:
            return False
        session = self._find(job.session_id)
        return session is not None and session.mode == "dedicated"

    async def claim(self, jobs: Sequence[Job], lease_until: int) -> list[Claim]:
        ids = [job.id for job in jobs]
        if all(job.session_id is None for job in jobs):
            at = self._clock()
            return await self._store.write(lambda c: changes.claim(c, ids, lease_until, at))
        of_jobs = [job.session_id for job in jobs]
        claims, sessions = await self._store.write(
            lambda c: session_changes.claim(c, ids, of_jobs, lease_until, self._clock())
        )
        for session_id in sessions:
            self._when_changed(session_id)
        return claims

    async def ending(self, jobs: Collection[Job], change: Callable[[Connection], T]) -> T:
        """Make a change that may end these jobs, and draw the conclusions for their sessions in the
        same transaction."""
        sessions: dict[str, bool] = {}
        for job in jobs:
            if job.session_id is not None:
                ran = job.state is State.STARTED
                sessions[job.session_id] = sessions.get(job.session_id, False) or ran
        if not sessions:
            return await self._store.write(change)

        def both(connection: Connection) -> T:
            done = change(connection)
            for session_id, ran in sessions.items():
                session_changes.settle(connection, [session_id], self._clock(), ended=ran)
            return done

        done = await self._store.write(both)
        for session_id in sessions:
            self.settled(session_id)
        return done

    async def settle(self, job: Job) -> None:
        """Somebody else may have ended this job."""
        await self.ending([job], lambda _: None)

    def settled(self, session_id: str | None) -> None:
        """A job of a session has left the machine, or its session may have changed."""
        if session_id is None:
            return
        session = self._find(session_id)
        if session is not None and session.state is not SessionState.ACTIVE:
            self._queue.rest(session_id, session.backend)
            self._turns.rest(session_id, session.backend)
        self._wake()
        self._when_changed(session_id)

    def _find(self, session_id: str) -> Session | None:
        return self._store.read(lambda c: session_queries.session_of_any_project(c, session_id))
