"""A process that is asked more than once: what holds for every kind of process."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from tests.execution.any_kind import AMPLE, Run, asked, whole

from ketway.execution.processes import Ending, Limits, Processes, Running

pytestmark = pytest.mark.usefixtures("entries_importable")


async def answered(
    running: Running, do: str, **arguments: Any
) -> tuple[list[bytes], Ending | None]:
    frames: list[bytes] = []
    running.ask_again(asked(do, **arguments), frames.append)
    return frames, await running.done()


async def kept(processes: Processes, limits: Limits = AMPLE) -> Running:
    running = await processes.start(
        asked("count", sizes=[1]), limits, lambda frame: None, keep=True
    )
    assert await running.done() is None
    return running


def test_one_process_answers_one_request_after_the_other(run: Run) -> None:
    async def test(processes: Processes) -> None:
        running = await kept(processes)
        for sizes in ([3], [0, 0], [1 << 20, 5]):
            frames, ending = await answered(running, "count", sizes=sizes)
            assert ending is None
            assert [len(frame) - 4 for frame in frames] == sizes
        assert running.usable
        running.finish()
        ending = await running.ended()
        assert (ending.code, ending.reason) == (0, "finished")
        assert not running.usable

    run(test)


def test_others_end_after_the_first(run: Run) -> None:
    async def test(processes: Processes) -> None:
        _, ending = await whole(processes, asked("count", sizes=[1]))
        assert ending.reason == "finished"

    run(test)


@pytest.mark.parametrize("deed", ["sleep", "grind", "hog"])
def test_killed_at_a_later_request(run: Run, deed: str) -> None:
    async def test(processes: Processes) -> None:
        running = await kept(processes)
        first: asyncio.Queue[bytes] = asyncio.Queue()
        running.ask_again(asked(deed), first.put_nowait)
        await first.get()
        running.kill()
        assert not running.usable
        ending = await running.done()
        assert ending is not None
        assert ending.reason == "killed"
        assert ending == await running.ended()

    run(test)


def test_a_crash_at_a_later_request_is_told_to_it(run: Run) -> None:
    async def test(processes: Processes) -> None:
        running = await kept(processes)
        _, ending = await answered(running, "own_signal", number=int(signal.SIGSEGV))
        assert ending is not None
        assert (ending.signal, ending.reason) == (signal.SIGSEGV, "crashed")

    run(test)


def test_one_that_died_idle_answers_with_its_end(run: Run) -> None:
    async def test(processes: Processes) -> None:
        running = await kept(processes)
        os.kill(running.pid, signal.SIGKILL)
        frames, ending = await answered(running, "count", sizes=[1])
        assert frames == []
        assert ending is not None
        assert ending.reason == "crashed"
        assert not running.usable
        _, again = await answered(running, "count", sizes=[1])
        assert again == ending
        running.finish()

    run(test)


def test_time_counts_for_each_request_and_not_between(run: Run) -> None:
    async def test(processes: Processes) -> None:
        running = await kept(processes, Limits(bytes=1 << 30, seconds=2, threads=1))
        await asyncio.sleep(2.2)
        frames, ending = await answered(running, "count", sizes=[1])
        assert (len(frames), ending) == (1, None)
        _, ending = await answered(running, "sleep")
        assert ending is not None
        assert ending.reason == "limit-time"

    run(test)
