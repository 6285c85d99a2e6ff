"""The local executor, with real processes: who shares one, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from ketway.circuits.circuit import Builder, Program
from ketway.circuits.gates import Kind
from ketway.engines.planner import Machine, plan_program
from ketway.execution import local
from ketway.execution.bundle import Bundle, Report, Work
from ketway.execution.local import LocalExecutor
from ketway.execution.processes import Limits
from ketway.jobs.encoding import Results, encode_program
from ketway.jobs.job import PlanPart

LIMITS = Limits(bytes=1 << 30, seconds=60, threads=1)
Test: TypeAlias = Callable[[LocalExecutor], Awaitable[None]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def run(test: Test) -> None:
    async def whole() -> None:
        executor = LocalExecutor(2, 4 << 30)
        await executor.open()
        try:
            await asyncio.wait_for(test(executor), 60)
        finally:
            await executor.close()

    asyncio.run(whole())


def bell(folder: Path, *ids: str) -> Bundle:
    builder = Builder(2)
    builder.add(Kind.H, [0])
    builder.add(Kind.X, [1], controls=[0])
    program = Program.of([builder.circuit()])
    (planned,) = plan_program(program, 0, True, None, Machine(1 << 30))
    part = PlanPart(
        engine=planned.engine,
        reason=planned.reason,
        bytes=planned.bytes,
        seconds=planned.seconds,
        precision=planned.precision,
        circuits=1,
    )
    works = [
        Work(
            job_id=job_id,
            attempt=1,
            task="run",
            data=encode_program(program),
            blob=None,
            plan=[part],
        )
        for job_id in ids
    ]
    return Bundle(blobs=str(folder), works=works)


class Ran:
    """What bundles reported."""

    def __init__(self) -> None:
        self.reports: list[Report] = []

    async def through(self, executor: LocalExecutor, bundle: Bundle, *, shared: bool) -> None:
        handle = await executor.start(bundle, LIMITS, self.reports.append, shared=shared)
        ending = await handle.ended()
        assert ending.reason == "finished"


def test_small_bundles_share_a_process(folder: Path) -> None:
    async def test(executor: LocalExecutor) -> None:
        ran = Ran()
        for ids in (("a",), ("b", "c"), ("d",)):
            await ran.through(executor, bell(folder, *ids), shared=True)
            assert len(executor._idle) == 1
        assert [report.job_id for report in ran.reports] == ["a", "b", "c", "d"]
        for report in ran.reports:
            assert report.failure is None
            assert report.data is not None
            result = Results(report.data).get(0)
            assert result.integers() == [0, 3]

    run(test)


def test_two_at_once_have_a_process_each(folder: Path) -> None:
    async def test(executor: LocalExecutor) -> None:
        rans = [Ran(), Ran()]
        await asyncio.gather(
            *(ran.through(executor, bell(folder, "a"), shared=True) for ran in rans)
        )
        first, second = executor._idle
        assert first.running.pid != second.running.pid

    run(test)


def test_others_have_a_process_to_themselves(folder: Path) -> None:
    async def test(executor: LocalExecutor) -> None:
        ran = Ran()
        await ran.through(executor, bell(folder, "a"), shared=False)
        assert executor._idle == []

    run(test)


def test_a_shared_process_does_not_outlive_its_use(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "IDLE_SECONDS", 0.05)

    async def test(executor: LocalExecutor) -> None:
        await Ran().through(executor, bell(folder, "a"), shared=True)
        (shared,) = executor._idle
        ending = await shared.running.ended()
        assert ending.reason == "finished"
        assert executor._idle == []

    run(test)


def test_a_shared_process_is_replaced_in_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "SHARED_SECONDS", 0.0)

    async def test(executor: LocalExecutor) -> None:
        await Ran().through(executor, bell(folder, "a"), shared=True)
        assert executor._idle == []

    run(test)


def test_a_dead_one_is_not_given_out(folder: Path) -> None:
    async def test(executor: LocalExecutor) -> None:
        await Ran().through(executor, bell(folder, "a"), shared=True)
        (shared,) = executor._idle
        shared.running.kill()
        ran = Ran()
        await ran.through(executor, bell(folder, "b"), shared=True)
        assert [report.job_id for report in ran.reports] == ["b"]

    run(test)


def test_canceling_what_is_over_harms_nobody(folder: Path) -> None:
    async def test(executor: LocalExecutor) -> None:
        reports: list[Report] = []
        handle = await executor.start(bell(folder, "a"), LIMITS, reports.append, shared=True)
        await handle.ended()
        handle.cancel()
        (shared,) = executor._idle
        assert shared.running.usable

    run(test)
