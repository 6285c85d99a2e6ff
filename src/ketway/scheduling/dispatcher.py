"""The dispatcher: takes what is ready, gives it to the executor, and publishes what comes back.

There is one. It holds the queue in memory and can be lost at any moment: it begins by reading from
the store everything that is not final. It claims a job in the store before it starts it, and what
an attempt answers is published only if the claim still stands, so a job may be run twice but is
answered once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from ketway.devices.loading import load
from ketway.execution.bundle import Bundle, Report, Work
from ketway.execution.executor import Executor
from ketway.execution.processes import Ending
from ketway.jobs.failures import Code, Failure
from ketway.jobs.ids import now
from ketway.jobs.job import Job, State
from ketway.scheduling.elsewhere import Elsewhere
from ketway.scheduling.flight import Flight
from ketway.scheduling.limits import READING, READING_SECONDS, limits_of
from ketway.scheduling.messages import UNRUNNABLE, too_slow, unreadable
from ketway.scheduling.policy import Queue, Waiting
from ketway.scheduling.seats import Seats
from ketway.scheduling.sessions import SessionKeeper, nobody_listens
from ketway.settings import Settings, devices_folder
from ketway.store import changes, queries
from ketway.store.changes import Answer, Claim
from ketway.store.store import Store

log = logging.getLogger("ketway.dispatcher")

T = TypeVar("T")

PAUSE_SECONDS = 1.0
"""How long to wait before something is tried again that the machine, not a job, has refused: a
full disk, no more processes."""
LINGER_SECONDS = 0.01
"""After a bundle of `CROWD` small jobs, the next waits so long for company: where several clients
submit at once, a process for every few jobs costs more than the wait. One client never waits."""


class Dispatcher:
    def __init__(
        self,
        store: Store,
        executor: Executor,
        settings: Settings,
        work_of: Callable[[Job, Claim, int], Work],
        when_read: Callable[[Job, Report], Awaitable[Job | None]],
        limit_of: Callable[[Job], float],
        when_changed: Callable[[str], None],
        when_session_changed: Callable[[str], None] = nobody_listens,
        clock: Callable[[], int] = now,
    ) -> None:
        """`work_of` says what an attempt at a job has to do; `when_read` gives the ready job whose
        program text was read, or None if it failed; `limit_of` says how long an attempt at a job
        may take; `when_changed` hears of every job whose state has changed, and
        `when_session_changed` of sessions; `clock` is the time of jobs and sessions."""
        self._store = store
        self._executor = executor
        self._settings = settings
        self._work_of = work_of
        self._when_read = when_read
        self._limit_of = limit_of
        self._when_changed = when_changed
        self._queue = Queue()
        self._jobs: dict[str, Job] = {}
        self._flights: dict[str, Flight] = {}
        self._flying: set[Flight] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: list[tuple[Flight, Answer]] = []
        self._publishing: set[asyncio.Task[None]] = set()
        self._lingering = False
        self._stopping = False
        self._reading = asyncio.Semaphore(1)
        self._clock = clock
        devices = devices_folder(settings)
        self._empty = Bundle(blobs=str(store.folder / "blobs"), works=[], devices=devices)
        self.elsewhere = Elsewhere(load(devices), executor, self._empty)
        self.seats = Seats(
            clock, self._claim_seat, self._compute, self._unseated, real=settings.clock == "real"
        )
        self.sessions = SessionKeeper(
            store, self._queue, self.seats.turns, clock, self._look_again, when_session_changed
        )

    # -- beginning and end --------------------------------------------------------------------

    async def start(self) -> None:
        """Take up everything that is not final; then dispatch until `stop`."""
        for job in await self._store.read_apart(queries.open_jobs):
            if job.state is not State.STARTED:
                self.enqueue(job)
                continue
            try:
                await self._lost(Claim(job.id, job.attempt), job, "the server stopped while it ran")
            except Exception:
                # Its lease will run out, and then it is taken back.
                log.exception("job %s could not be put back in the queue", job.id)
        await self.sessions.start()
        self.seats.start()
        self.elsewhere.start()
        self._spawn(self._dispatch())
        self._spawn(self._keep_leases())

    async def stop(self) -> None:
        """Interrupt what runs and put it back in the queue: the next start takes it up."""
        self._stopping = True
        self._wake.set()
        await self.elsewhere.stop()
        for flight in list(self._flying):
            if flight.handle is not None:
                flight.handle.cancel()
        for flight in list(self._flying):
            await flight.over.wait()
        for claim in await self.seats.stop():
            await self._release(claim, "interrupted", "the server was stopped")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the dispatcher failed", exc_info=error)

    # -- the queue ----------------------------------------------------------------------------

    def enqueue(self, job: Job, *, alone: bool = False, first: bool = False) -> None:
        self._jobs[job.id] = job
        if self.seats.wanted(job) and not self.elsewhere.places(job.backend):
            self.seats.come(job, exclusive=self.sessions.exclusive(job), first=first)
        else:
            self._push(job, alone=alone, first=first)

    def _push(self, job: Job, *, alone: bool = False, first: bool = False) -> None:
        reading = job.state is State.SUBMITTED
        seated = self.seats.claim_of(job.id) is not None  # its device is its own already
        nowhere = reading or seated
        self._queue.push(
            Waiting(
                job_id=job.id,
                user=job.user_id,
                bytes=0 if reading else job.bytes,
                seconds=0.0 if reading else job.seconds,
                # One that has a time limit of its own cannot share a process, which has another.
                alone=alone or job.losses > 0 or job.max_seconds is not None,
                reading=reading,
                device="" if nowhere else job.backend,
                away=0 if reading else self.elsewhere.places(job.backend),
                session=None if nowhere else job.session_id,
                exclusive=not nowhere and self.sessions.exclusive(job),
            ),
            first=first,
        )
        self._wake.set()

    def load(self) -> dict[str, tuple[int, int]]:
        """Waiting and running jobs of each backend."""
        found: dict[str, tuple[int, int]] = {}
        for job_id, job in self._jobs.items():
            waiting, running = found.get(job.backend, (0, 0))
            if job_id in self._flights or self.seats.claim_of(job_id) is not None:
                found[job.backend] = (waiting, running + 1)
            else:
                found[job.backend] = (waiting + 1, running)
        return found

    async def cancel(self, job_id: str) -> bool:
        """Cancel a job; True if it was canceled, False if it was final before.

        A job that runs is canceled only when its process is dead. Jobs that shared the process go
        back to the queue.
        """
        while (flight := self._flights.get(job_id)) is not None:
            flight.canceled.add(job_id)
            if flight.handle is not None:
                flight.handle.cancel()
            await flight.over.wait()
        self._queue.discard(job_id)
        self._jobs.pop(job_id, None)
        at = self._clock()
        try:
            await self.elsewhere.call_off(self._find(job_id))
            canceled = await self._ending(job_id, lambda c: changes.cancel(c, job_id, at))
        except Exception:
            self._spawn(self._later(job_id))  # it is not canceled, and nobody runs it now
            raise
        finally:
            self._stand_up(job_id)
        if canceled:
            self._when_changed(job_id)
        return canceled

    async def cancel_waiting(self, job_id: str) -> bool:
        """Cancel a job unless it runs; True if it was canceled."""
        flight = self._flights.get(job_id)
        if (flight is not None and not flight.reading) or self.seats.claim_of(job_id) is not None:
            return False
        return await self.cancel(job_id)

    # -- beside the queue ---------------------------------------------------------------------

    async def read(self, work: Work) -> Report:
        """Read a program text for somebody who waits for it and submits nothing."""
        reports: list[Report] = []
        async with self._reading:
            bundle = msgspec.structs.replace(self._empty, works=[work])
            handle = await self._executor.start(bundle, READING, reports.append)
            try:
                ending = await handle.ended()
            finally:
                handle.cancel()
        if reports:
            return reports[0]
        slow = ending.reason == "limit-time"
        failure = too_slow(READING_SECONDS, reading=True) if slow else unreadable(ending.reason)
        return Report(job_id=work.job_id, attempt=work.attempt, failure=failure)

    # -- dispatching --------------------------------------------------------------------------

    async def _dispatch(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            while (works := self._next()) is not None:
                threads = self._threads_for(works)
                flight = Flight(works, threads, self._seconds_for(works))
                self._flying.add(flight)
                for waiting in works:
                    self._flights[waiting.job_id] = flight
                self._spawn(self._fly(flight))

    def _next(self) -> list[Waiting] | None:
        capacity = self._executor.capacity()
        if self._stopping or not len(self._queue):
            return None
        if self._here >= capacity.slots:
            return self._queue.take_away() or None
        used = sum(flight.bytes for flight in self._flying)
        # An empty machine takes anything that the planner has let pass.
        free = capacity.bytes - used if self._here else max(capacity.bytes, 1 << 62)
        gathering = self._lingering or any(flight.small for flight in self._flying)
        return self._queue.take(free, gathering=gathering) or None

    @property
    def _here(self) -> int:
        """Bundles that have a slot of this machine."""
        return sum(not flight.away for flight in self._flying)

    def _linger_no_more(self) -> None:
        self._lingering = False
        self._wake.set()

    def _threads_for(self, works: list[Waiting]) -> int:
        """A long job gets the slots that nobody else uses."""
        if len(works) > 1 or works[0].small:
            return 1
        return max(1, self._executor.capacity().slots - self._here)

    def _seconds_for(self, works: list[Waiting]) -> float:
        """Small jobs share a process and its limit, whatever devices they are for."""
        if works[0].small:
            return self._settings.max_seconds
        return min(self._limit_of(self._jobs[waiting.job_id]) for waiting in works)

    async def _fly(self, flight: Flight) -> None:
        """One bundle, from claim to end."""
        ending: Ending | None = None
        try:
            bundle = await self._prepare(flight)
            if bundle is not None:
                flight.handle = await self._executor.start(
                    bundle,
                    limits_of(flight),
                    lambda report: self._reported(flight, report),
                    # Texts of others are read in a process that knows nothing else.
                    shared=flight.small and not flight.reading,
                )
                if self._stopping or flight.canceled:
                    flight.handle.cancel()
                ending = await flight.handle.ended()
        except Exception:
            log.exception("a bundle could not be started")
        finally:
            await self._land(flight, ending)

    async def _prepare(self, flight: Flight) -> Bundle | None:
        running = [w.job_id for w in flight.works.values() if not w.reading]
        if running:
            lease = now() + int(self._settings.lease_seconds * 1e6)
            seated = [held for i in running if (held := self.seats.claim_of(i)) is not None]
            known = {held.job_id for held in seated}
            others = [self._jobs[job_id] for job_id in running if job_id not in known]
            claims = await self.sessions.claim(others, lease) if others else []
            flight.claims = {claim.job_id: claim for claim in (*seated, *claims)}
            for job_id in running:
                if job_id in flight.claims:
                    self._when_changed(job_id)
                else:  # it was deleted or canceled before the claim
                    self._leave(flight, job_id)
        works = []
        for job_id in list(flight.works):
            claim = flight.claims.get(job_id) or Claim(job_id, 0)
            try:
                works.append(self._work_of(self._jobs[job_id], claim, flight.threads))
            except Exception:  # the job's payload or its backend is gone: it would never start
                log.exception("job %s cannot be run", job_id)
                self._leave(flight, job_id)
                await self._fail(job_id, UNRUNNABLE)
        return msgspec.structs.replace(self._empty, works=works) if works else None

    # -- answers ------------------------------------------------------------------------------

    def _reported(self, flight: Flight, report: Report) -> None:
        """A piece of work is done. Reports that arrive together are published together."""
        waiting = flight.works.get(report.job_id)
        if waiting is None:
            return
        job = self._jobs[report.job_id]
        if waiting.reading:
            self._leave(flight, report.job_id, forget=False)
            self._spawn(self._after_reading(job, report))
            return
        answer = Answer(
            job_id=report.job_id,
            project_id=job.project_id,
            attempt=report.attempt,
            data=report.data,
            blob=report.blob,
            failure=report.failure,
            failed_circuits=report.failed_circuits,
            children=job.children,
            born=report.born,
        )
        if not self._answers:
            asyncio.get_running_loop().call_soon(self._publish)
        self._answers.append((flight, answer))

    def _publish(self) -> None:
        batch, self._answers = self._answers, []
        if batch:
            task = self._spawn(self._publish_batch(batch))
            self._publishing.add(task)
            task.add_done_callback(self._publishing.discard)

    async def _publish_batch(self, batch: list[tuple[Flight, Answer]]) -> None:
        answers, at = [answer for _, answer in batch], self._clock()
        ending = [
            msgspec.structs.replace(self._jobs[answer.job_id], state=State.STARTED)
            for answer in answers
            if answer.job_id in self._jobs
        ]
        # Out of the flight before the wait: what is being published is no longer run.
        for flight, answer in batch:
            flight.works.pop(answer.job_id, None)
        try:
            published = await self.sessions.ending(
                ending, lambda c: changes.publish(c, answers, at)
            )
        except Exception:
            # The disk is full, say. The jobs keep their leases until these run out, and are tried
            # again then: nothing is lost but time.
            for flight, answer in batch:
                self._leave(flight, answer.job_id)
            raise
        for (flight, answer), done in zip(batch, published, strict=True):
            if not done:
                log.warning("an answer for job %s came too late and was dropped", answer.job_id)
            self._leave(flight, answer.job_id)
            self._when_changed(answer.job_id)

    async def _after_reading(self, job: Job, report: Report) -> None:
        try:
            ready = await self._when_read(job, report)
        except Exception:
            self._jobs.pop(job.id, None)
            self._spawn(self._later(job.id))
            raise
        if ready is not None:
            self.enqueue(ready)
        else:
            self._jobs.pop(job.id, None)
            await self.sessions.settle(job)
        self._when_changed(job.id)

    def _leave(self, flight: Flight, job_id: str, *, forget: bool = True) -> None:
        flight.works.pop(job_id, None)
        if self._flights.get(job_id) is flight:
            del self._flights[job_id]
            waiting = flight.taken[job_id]
            self._queue.ended(waiting)
            self.sessions.settled(waiting.session)
        self._stand_up(job_id)
        if forget:
            self._jobs.pop(job_id, None)

    # -- QPUs that take their time ------------------------------------------------------------

    async def _claim_seat(self, job: Job) -> Claim | None:
        lease = now() + int(self._settings.lease_seconds * 1e6)
        claims = await self.sessions.claim([job], lease)
        self._when_changed(job.id)
        return claims[0] if claims else None

    def _compute(self, job: Job) -> None:
        self._push(job, first=True)

    def _unseated(self, job: Job) -> None:
        """It was deleted or canceled, or the store could not be written."""
        self._jobs.pop(job.id, None)
        self.sessions.settled(job.session_id)
        self._spawn(self._later(job.id))

    def _stand_up(self, job_id: str) -> None:
        turn = self.seats.leave(job_id)
        if turn is not None:
            self.sessions.settled(turn.session)

    def _look_again(self) -> None:
        self.seats.fill()
        self._wake.set()

    # -- endings ------------------------------------------------------------------------------

    async def _land(self, flight: Flight, ending: Ending | None) -> None:
        """The process is gone. What it did not answer goes back to the queue, or fails."""
        self._publish()
        await asyncio.gather(*self._publishing, return_exceptions=True)
        remaining = list(flight.works.values())
        alone = len(remaining) == 1
        for waiting in remaining:
            job = self._jobs[waiting.job_id]
            claim = flight.claims.get(waiting.job_id)
            self._leave(flight, waiting.job_id)
            try:
                await self._unanswered(flight, job, claim, waiting, ending, alone=alone)
            except Exception:
                # The store could not be written. The slot must not be lost with it.
                log.exception("job %s could not be put back in the queue", job.id)
                self._spawn(self._later(job.id))
        self._flying.discard(flight)
        if flight.crowded and not self._lingering:
            self._lingering = True
            asyncio.get_running_loop().call_later(LINGER_SECONDS, self._linger_no_more)
        flight.over.set()
        self._wake.set()

    async def _unanswered(
        self,
        flight: Flight,
        job: Job,
        claim: Claim | None,
        waiting: Waiting,
        ending: Ending | None,
        *,
        alone: bool,
    ) -> None:
        if job.id in flight.canceled:
            return  # `cancel` waits for this flight to be over, and ends the job itself
        if ending is None:  # not the job's fault, and no loss
            if claim is not None:
                why = "no process could be started"
                await self._release(claim, "interrupted", why)
            self._spawn(self._later(job.id))
            return
        reason = ending.reason
        if reason == "killed":
            outcome, why = (
                "interrupted",
                (
                    "the server was stopped"
                    if self._stopping
                    else "its process was killed to cancel a job"
                ),
            )
            if claim is not None:
                await self._release(claim, outcome, why)
            if not self._stopping:
                await self._again(job.id, alone=False)
        elif reason == "limit-time" and alone:
            seconds = READING_SECONDS if waiting.reading else flight.seconds
            await self._fail(job.id, too_slow(seconds, reading=waiting.reading))
        elif waiting.reading:
            log.warning("job %s: the process that read it ended: %s", job.id, ending)
            if alone and waiting.alone:
                await self._fail(job.id, unreadable(reason))
            else:
                await self._again(job.id, alone=True)
        elif claim is not None:
            log.warning("job %s: its process ended without an answer: %s", job.id, ending)
            await self._lost(claim, job, f"its process ended without an answer ({reason})")
        else:
            await self._again(job.id, alone=True)

    async def _lost(self, claim: Claim, job: Job, reason: str) -> None:
        """An attempt died. Try again, up to a limit."""
        if job.losses + 1 >= self._settings.max_losses:
            await self._fail(
                job.id,
                Failure(
                    Code.SYSTEM_CANCEL,
                    f"Ketway gave up after {job.losses + 1} attempts that died without an answer; "
                    f"the last: {reason}. Submit the job again, or make it smaller.",
                ),
            )
            return
        await self._release(claim, "lost", reason, loss=True)
        await self._again(job.id, alone=True)

    async def _release(
        self, claim: Claim, outcome: str, reason: str, *, loss: bool = False
    ) -> None:
        at = self._clock()
        await self._store.write(
            lambda c: changes.release(c, claim, outcome, reason, loss=loss, at=at)
        )

    async def _again(self, job_id: str, *, alone: bool) -> None:
        job = self._find(job_id)
        if job is not None and job.state in (State.READY, State.SUBMITTED):
            self.enqueue(job, alone=alone, first=True)
            self.sessions.settled(job.session_id)
            self._when_changed(job_id)

    async def _later(self, job_id: str) -> None:
        """As `_again`, after a pause, and if need be after many. A job that is started in the store
        is left to its lease."""
        while not self._stopping:
            await asyncio.sleep(PAUSE_SECONDS)
            if job_id in self._jobs:
                return
            try:
                await self._again(job_id, alone=False)
            except Exception:
                log.exception("job %s could not be put back in the queue", job_id)
            else:
                return

    async def _fail(self, job_id: str, failure: Failure) -> None:
        await self.elsewhere.call_off(self._find(job_id))
        at = self._clock()
        await self._ending(job_id, lambda c: changes.fail(c, job_id, failure, at))
        self._when_changed(job_id)

    async def _ending(self, job_id: str, change: Callable[[Connection], T]) -> T:
        job = self._find(job_id)
        return await self.sessions.ending([] if job is None else [job], change)

    # -- leases -------------------------------------------------------------------------------

    async def _keep_leases(self) -> None:
        """Say regularly that what runs is running; take back what nobody says that of."""
        while not self._stopping:
            await asyncio.sleep(self._settings.lease_seconds / 3)
            try:
                await self._extend_leases()
                await self._take_back()
            except Exception:
                log.exception("leases could not be extended; trying again")

    async def _extend_leases(self) -> None:
        held = [claim for flight in self._flying for claim in self._held(flight)]
        held += self.seats.held()
        lease = now() + int(self._settings.lease_seconds * 1e6)
        if held:
            await self._store.write(lambda c: changes.extend_leases(c, held, lease))

    async def _take_back(self) -> None:
        for claim in self._store.read(lambda c: queries.expired_claims(c, now())):
            if claim.job_id in self._flights or self.seats.claim_of(claim.job_id) == claim:
                continue
            job = self._find(claim.job_id)
            if job is not None:
                await self._lost(claim, job, "nobody extended its lease")

    def _find(self, job_id: str) -> Job | None:
        return self._store.read(lambda c: queries.job_of_any_project(c, job_id))

    def _held(self, flight: Flight) -> Iterable[Claim]:
        return (claim for job_id, claim in flight.claims.items() if job_id in flight.works)
