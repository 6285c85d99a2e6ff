"""What only spawned processes do. The rest of their promises are in test_processes.py."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ketway.execution.frames import FrameReader, FrameWriter, Mark, read_frame
from ketway.execution.processes import Ending, Limits
from ketway.execution.spawning import SpawnedProcesses

HERE = Path(__file__).parent
PATIENCE = 60
AMPLE = Limits(bytes=1 << 30, seconds=300, threads=1)

OTHERS: set[int] = set()
"""Children of this process that were there before the test."""

Test = Callable[[SpawnedProcesses], Awaitable[None]]


@pytest.fixture(autouse=True)
def entries_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.setitem(globals(), "OTHERS", all_children())


def run(test: Test) -> None:
    async def whole_test() -> None:
        processes = SpawnedProcesses("process_entries:act")
        await processes.open()
        try:
            await asyncio.wait_for(test(processes), PATIENCE)
        finally:
            await asyncio.wait_for(processes.close(), PATIENCE)

    asyncio.run(whole_test())


async def described(processes: SpawnedProcesses, threads: int = 1) -> dict[str, Any]:
    frames, _ = await whole(processes, {"do": "describe"}, threads)
    said: dict[str, Any] = json.loads(frames[0])
    return said


async def whole(
    processes: SpawnedProcesses, request: dict[str, Any], threads: int = 1
) -> tuple[list[bytes], Ending]:
    frames: list[bytes] = []
    limits = Limits(bytes=1 << 30, seconds=300, threads=threads)
    running = await processes.start(json.dumps(request).encode(), limits, frames.append)
    return frames, await running.ended()


def all_children() -> set[int]:
    """Of this process, dead ones not counted."""
    pids = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return {int(pid) for pid in pids}


def children() -> set[int]:
    """Those that the test has started; other tests' servers may be there as well."""
    return all_children() - OTHERS


def test_a_spare_waits_and_is_used_once() -> None:
    async def test(processes: SpawnedProcesses) -> None:
        (spare,) = children()
        assert (await described(processes))["pid"] == spare
        await processes.open()
        (another,) = children()
        assert another != spare
        assert (await described(processes))["pid"] == another

    run(test)


def test_a_spare_with_the_wrong_number_of_threads_is_not_used() -> None:
    async def test(processes: SpawnedProcesses) -> None:
        (spare,) = children()
        first = await described(processes, threads=2)
        assert first["pid"] != spare
        assert first["threads"] == "2"
        await processes.open()
        (another,) = children()
        second = await described(processes, threads=2)
        assert (second["pid"], second["threads"]) == (another, "2")

    run(test)


def test_a_spare_that_died_is_not_missed() -> None:
    async def test(processes: SpawnedProcesses) -> None:
        (spare,) = children()
        os.kill(spare, signal.SIGKILL)
        while processes._living:
            await asyncio.sleep(0.01)
        assert (await described(processes))["pid"] != spare

    run(test)


def test_something_left_behind_does_not_hold_up_the_end() -> None:
    async def test(processes: SpawnedProcesses) -> None:
        frames, ending = await whole(processes, {"do": "bear"})
        os.kill(int(frames[0]), signal.SIGKILL)
        assert ending.reason == "finished"

    run(test)


@pytest.mark.parametrize("deed", ["sleep", "grind"])
def test_a_closed_pipe_is_the_end_of_it(deed: str) -> None:
    """The way out where the kernel tells no child of its parent's death."""
    settings = {"server": os.getpid(), "entry": "process_entries:act", "preload": []}
    boot = "from ketway.execution.spawned_process import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", boot, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        out = process.stdout.fileno()
        assert list(FrameReader().feed(os.read(out, 8))) == [Mark.READY]
        ask = FrameWriter(process.stdin.fileno())
        ask(msgspec.msgpack.encode(AMPLE))
        ask(json.dumps({"do": deed}).encode())
        assert read_frame(out)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(PATIENCE) == 1


def test_a_status_taken_by_another_kill_is_not_lost() -> None:
    """`Popen.kill` polls first; a process that has just died is reaped by that, and the thread that
    waits for it finds nobody (asyncio: "Unknown child process pid, will report returncode 255")."""

    async def test(processes: SpawnedProcesses) -> None:
        for _ in range(5):
            frames: asyncio.Queue[bytes] = asyncio.Queue()
            limits = Limits(bytes=1 << 30, seconds=300, threads=1)
            request = json.dumps({"do": "sleep"}).encode()
            running = await processes.start(request, limits, frames.put_nowait)
            await frames.get()
            running.kill()
            deadline = time.monotonic() + 0.05
            while time.monotonic() < deadline:  # the loop hears of nothing meanwhile
                running.kill()
            ending = await running.ended()
            assert (ending.code, ending.signal, ending.reason) == (None, signal.SIGKILL, "killed")

    run(test)
