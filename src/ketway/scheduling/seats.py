"""QPUs that take as long as a QPU does (`--clock real`): who is on which, and until when.

A job is claimed when its turn on its device comes. From then on it has started, and keeps everybody
else off the device until its time there is over; only then is it computed, so that nothing that was
computed is lost if the server dies meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from ketway.jobs.job import Job, State
from ketway.scheduling.turns import Turn, Turns
from ketway.store.changes import Claim

log = logging.getLogger("ketway.seats")

PAUSE_SECONDS = 1.0
"""How long to wait before the clock is looked at again, after something went wrong."""


class Seat(msgspec.Struct, frozen=True):
    """A job that has a device."""

    job: Job
    claim: Claim
    until: int
    """When its time there is over, in microseconds since 1970."""


class Seats:
    def __init__(
        self,
        clock: Callable[[], int],
        claim: Callable[[Job], Awaitable[Claim | None]],
        compute: Callable[[Job], None],
        unclaimed: Callable[[Job], None],
        *,
        real: bool,
    ) -> None:
        """`claim` takes a job in the store; `unclaimed` hears of one that it did not get. `compute`
        gets a job whose time on its device is over; `leave` is to be told when it is done."""
        self.turns = Turns()
        self.real = real
        self._clock = clock
        self._claim = claim
        self._compute = compute
        self._unclaimed = unclaimed
        self._waiting: dict[str, Job] = {}
        self._seats: dict[str, Seat] = {}
        self._over: set[str] = set()
        """Whose time is over, and who are being computed."""
        self._poked = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False

    def start(self) -> None:
        """Whoever came before waits until now: sessions must be known first."""
        self._open = True
        if self.real:
            self._spawn(self._run())
            self.fill()

    async def stop(self) -> list[Claim]:
        """Nobody sits down any more; gives the claims of those who sit, and wait to be computed."""
        self._open = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [seat.claim for job_id, seat in self._seats.items() if job_id not in self._over]

    # -- coming and going ---------------------------------------------------------------------

    def wanted(self, job: Job) -> bool:
        """Whether the job has to wait for its turn on a device."""
        return self.real and job.state is State.READY and bool(job.busy_micros)

    def come(self, job: Job, *, exclusive: bool, first: bool = False) -> None:
        """A job waits; `first` says that it was started before, and goes ahead of its user's."""
        turn = Turn(
            job_id=job.id,
            user=job.user_id,
            device=job.backend,
            micros=job.busy_micros or 0,
            session=job.session_id,
            exclusive=exclusive,
        )
        self._waiting[job.id] = job
        self.turns.push(turn, first=first)
        self.fill()

    def leave(self, job_id: str) -> Turn | None:
        """A job waits no more, or is done with its device; None if it did neither."""
        self._waiting.pop(job_id, None)
        self._seats.pop(job_id, None)
        self._over.discard(job_id)
        turn = self.turns.leave(job_id)
        if turn is not None:
            self.fill()
        return turn

    def fill(self) -> None:
        """Whoever's device is free sits down."""
        if self._open:
            for turn in self.turns.take():
                self._spawn(self._sit(self._waiting.pop(turn.job_id), turn))

    async def _sit(self, job: Job, turn: Turn) -> None:
        claim: Claim | None = None
        try:
            claim = await self._claim(job)
        finally:
            if self.turns.running(job.id) is not None:
                if claim is None:
                    self.leave(job.id)
                    self._unclaimed(job)
                else:
                    self._seats[job.id] = Seat(job, claim, self._clock() + turn.micros)
                    self.poke()

    def claim_of(self, job_id: str) -> Claim | None:
        seat = self._seats.get(job_id)
        return None if seat is None else seat.claim

    @property
    def at_rest(self) -> bool:
        """Whether nothing happens before the clock goes on, or somebody comes."""
        at = self._clock()
        sitting = len(self._tasks) - self.real
        return not (sitting or self._over or any(s.until <= at for s in self._seats.values()))

    def held(self) -> list[Claim]:
        return [seat.claim for seat in self._seats.values()]

    # -- time ---------------------------------------------------------------------------------

    def poke(self) -> None:
        """Look at the clock again: it was moved, or somebody sat down."""
        self._poked.set()

    def tick(self) -> int | None:
        """Have those computed whose time is over. When it is over for the next; None for none."""
        at, nearest = self._clock(), None
        for job_id, seat in list(self._seats.items()):
            if job_id in self._over:
                continue
            if seat.until <= at:
                self._over.add(job_id)
                self._compute(seat.job)
            elif nearest is None or seat.until < nearest:
                nearest = seat.until
        return nearest

    async def _run(self) -> None:
        while True:
            self._poked.clear()
            try:
                nearest = self.tick()
                left = None if nearest is None else max(0.0, (nearest - self._clock()) / 1e6)
            except Exception:
                log.exception("QPUs could not be kept in time; trying again")
                left = PAUSE_SECONDS
            try:
                async with asyncio.timeout(left):
                    await self._poked.wait()
            except TimeoutError:
                pass

    def wait_micros(self, job_id: str) -> int:
        """How long a job will wait for its device, if nothing else comes."""
        device = self.turns.device_of(job_id)
        if device is None or self.turns.running(job_id):
            return 0
        found = (
            left for one, left in self.turns.waits(device, self._left(device)) if one == job_id
        )
        return next(found, 0)

    def queue_micros(self, device: str) -> int:
        """How long it takes until all are done that are there now."""
        return self._left(device) + self.turns.load(device)

    def _left(self, device: str) -> int:
        at = self._clock()
        return sum(
            max(0, seat.until - at) for seat in self._seats.values() if seat.job.backend == device
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the QPUs' time failed", exc_info=error)
