"""A store, an executor that does what a test says, and a dispatcher between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from ketway.execution.bundle import Bundle, Report, Work
from ketway.execution.executor import Capacity
from ketway.execution.processes import Ending, Limits, Reason
from ketway.jobs.ids import new_id, now
from ketway.jobs.job import Job, PlanPart, State
from ketway.scheduling.dispatcher import Dispatcher
from ketway.settings import Settings
from ketway.store import changes, queries
from ketway.store.changes import Claim, Payload
from ketway.store.store import Store, first_user

PATIENCE = 20


@dataclass(eq=False)
class Flight:
    """A bundle that was started; the test says what becomes of it. It is its own handle."""

    bundle: Bundle
    limits: Limits
    receive: Callable[[Report], None]
    kills: int = 0
    ending: asyncio.Future[Ending] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def ids(self) -> list[str]:
        return [work.job_id for work in self.bundle.works]

    def cancel(self) -> None:
        self.kills += 1
        self.end("killed")

    async def ended(self) -> Ending:
        return await self.ending

    def end(self, reason: Reason = "finished") -> None:
        if not self.ending.done():
            self.ending.set_result(Ending(0, None, reason, 0, 0.0))

    def report(self, work: Work, **more: Any) -> None:
        values = {"data": b"result of " + work.job_id.encode(), **more}
        self.receive(Report(job_id=work.job_id, attempt=work.attempt, **values))

    def finish(self) -> None:
        for work in self.bundle.works:
            self.report(work)
        self.end()


class Executor:
    """Notes what is started; `refuse` makes starting fail."""

    def __init__(self, slots: int = 2, memory: int = 1000) -> None:
        self.flights: asyncio.Queue[Flight] = asyncio.Queue()
        self.slots, self.bytes = slots, memory
        self.refuse: Exception | None = None
        self.gate: asyncio.Event | None = None
        self.starting = asyncio.Event()
        self.running = 0

    def capacity(self) -> Capacity:
        return Capacity(self.slots, self.bytes)

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def start(
        self,
        bundle: Bundle,
        limits: Limits,
        receive: Callable[[Report], None],
        *,
        shared: bool = False,
    ) -> Flight:
        self.starting.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.refuse is not None:
            raise self.refuse
        flight = Flight(bundle, limits, receive)
        self.flights.put_nowait(flight)
        return flight

    async def next(self) -> Flight:
        return await asyncio.wait_for(self.flights.get(), PATIENCE)


class House:
    """A store, an executor and a dispatcher, and what tests do with them."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.store = Store(folder)
        self.store.open()
        self.executor = Executor()
        self.settings = Settings(data=folder, **settings)
        self.changed: list[str] = []
        self.dispatcher = self._dispatcher()
        self.read: Callable[[Job, Report], Awaitable[Job | None]] | None = None

    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(
            self.store, self.executor, self.settings, self._work, self._when_read,
            lambda job: self.settings.max_seconds, self.changed.append,
        )  # fmt: skip

    def _work(self, job: Job, claim: Claim, threads: int) -> Work:
        task = "read" if job.state is State.SUBMITTED else "run"
        if job.name == "unrunnable":
            raise KeyError(job.backend)
        return Work(
            job_id=job.id, attempt=claim.attempt, task=task, data=b"", blob=None, threads=threads
        )  # type: ignore[arg-type]

    async def _when_read(self, job: Job, report: Report) -> Job | None:
        if self.read is not None:
            return await self.read(job, report)
        payload = Payload("program", b"", None)
        await self.store.write(lambda c: changes.make_ready(c, job, [], payload))
        return msgspec.structs.replace(job, state=State.READY)

    async def submit(
        self,
        *,
        state: State = State.READY,
        seconds: float = 0.0,
        size: int = 1,
        name: str | None = None,
        enqueue: bool = True,
    ) -> Job:
        user, project, _ = self.store.read(first_user)
        at = now()
        job = Job(
            id=new_id(), project_id=project, user_id=user, dialect="test", format="test",
            backend="simulator", state=state, submitted_at=at, name=name,
            ready_at=at if state is State.READY else None,
            plan=[PlanPart("dense", "", size, seconds, "double", 1)],
        )  # fmt: skip
        await self.store.write(lambda c: changes.insert_job(c, [job], None))
        if enqueue:
            self.dispatcher.enqueue(job)
        return job

    def job(self, job: Job) -> Job:
        found = self.store.read(lambda c: queries.job_of_any_project(c, job.id))
        assert found is not None
        return found

    def attempts(self, job: Job) -> list[str]:
        return [a.state for a in self.store.read(lambda c: queries.attempts_of(c, job.id))]

    async def until(self, job: Job, state: State) -> Job:
        async with asyncio.timeout(PATIENCE):
            while (found := self.job(job)).state is not state:
                await asyncio.sleep(0.005)
        return found

    def break_writes(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        """As a full disk would, for these changes, until undone."""

        def full(_connection: Connection, *_rest: Any, **_more: Any) -> Any:
            raise OperationalError("", {}, Exception("database or disk is full"))

        for name in names:
            monkeypatch.setattr(changes, name, full)


Test = Callable[[House], Awaitable[None]]


def play(folder: Path, test: Test, *, start: bool = True, **settings: Any) -> None:
    async def whole() -> None:
        house = House(folder, **settings)
        if start:
            await house.dispatcher.start()
        try:
            async with asyncio.timeout(60):
                await test(house)
        finally:
            while not house.executor.flights.empty():
                house.executor.flights.get_nowait().end("killed")
            async with asyncio.timeout(PATIENCE):
                await house.dispatcher.stop()
            house.store.close()

    asyncio.run(whole())
