"""What only the zygote does. The rest of its promises are in test_processes.py."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.execution.zygotes import children_of, until_spares, zygote_of

from ketway.execution import forked_process
from ketway.execution.processes import CannotStartError, Ending, Limits
from ketway.execution.spares import QUIET_SECONDS
from ketway.execution.zygote import ZygoteProcesses

HERE = Path(__file__).parent
PATIENCE = 60
AMPLE = Limits(bytes=1 << 30, seconds=300, threads=1)

Test = Callable[[ZygoteProcesses], Awaitable[object]]


@pytest.fixture(autouse=True)
def entries_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))


def run(test: Test, preload: tuple[str, ...] = (), rehearsal: str | None = None) -> None:
    async def whole_test() -> None:
        processes = ZygoteProcesses("process_entries:act", preload, rehearsal)
        await processes.open()
        try:
            await asyncio.wait_for(test(processes), PATIENCE)
        finally:
            await asyncio.wait_for(processes.close(), PATIENCE)

    asyncio.run(whole_test())


def asked(do: str, **arguments: Any) -> bytes:
    return json.dumps({"do": do} | arguments).encode()


async def whole(processes: ZygoteProcesses, request: bytes) -> tuple[list[bytes], Ending]:
    frames: list[bytes] = []
    running = await processes.start(request, AMPLE, frames.append)
    return frames, await running.ended()


async def described(processes: ZygoteProcesses) -> dict[str, Any]:
    frames, _ = await whole(processes, asked("describe"))
    said: dict[str, Any] = json.loads(frames[0])
    return said


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "gone"


async def until_dead(pid: int) -> None:
    end = time.monotonic() + PATIENCE
    while state(pid) not in ("gone", "Z", "X"):
        assert time.monotonic() < end, f"{pid} is still alive"
        await asyncio.sleep(0.01)


def test_a_child_has_nothing_of_the_zygotes_but_its_imports() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        others = [
            await processes.start(asked("sleep"), AMPLE, lambda frame: None) for _ in range(3)
        ]
        child = await described(processes)
        # Standard three, its channel, and the listing itself.
        assert child["fds"] == [0, 1, 2, 3, 4]
        assert child["session"] == child["group"] == child["pid"]
        assert child["default"] == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        assert child["blocked"] == 0
        assert child["numpy"]
        assert child["parent"] not in (os.getpid(), child["pid"])
        for other in others:
            other.kill()

    run(test, preload=("numpy",))


def test_the_zygote_has_one_thread_and_no_signal_of_the_terminals() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        zygote = (await described(processes))["parent"]
        assert len(list(Path(f"/proc/{zygote}/task").iterdir())) == 1
        assert os.getsid(zygote) == zygote
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(zygote, number)
        assert (await described(processes))["parent"] == zygote

    run(test, preload=("numpy",))


def test_a_zygote_that_dies_is_replaced_and_its_children_reported() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        running = [
            await processes.start(asked(deed), AMPLE, lambda frame: None)
            for deed in ("sleep", "hog", "grind")
        ]
        zygote = (await described(processes))["parent"]
        os.kill(zygote, signal.SIGKILL)
        # At once: the server cannot have noticed yet.
        frames, ending = await whole(processes, asked("count", sizes=[1]))
        assert (len(frames), ending.reason) == (1, "finished")
        for process in running:
            ending = await process.ended()
            assert (ending.signal, ending.reason) == (signal.SIGKILL, "crashed")
            assert "zygote" in ending.stderr
            assert state(process.pid) in ("gone", "Z", "X")
        assert (await described(processes))["parent"] != zygote

    run(test)


def test_a_start_that_finds_the_zygote_dead_gets_another() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        zygote = (await described(processes))["parent"]
        os.kill(zygote, signal.SIGKILL)
        end = time.monotonic() + PATIENCE
        while state(zygote) != "Z":
            assert time.monotonic() < end
            time.sleep(0.01)
        assert (await described(processes))["parent"] != zygote

    run(test)


def test_starts_under_way_when_the_zygote_dies_are_not_lost() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        zygote = (await described(processes))["parent"]
        starts = [
            asyncio.ensure_future(whole(processes, asked("count", sizes=[1]))) for _ in range(50)
        ]
        await asyncio.sleep(0.01)
        os.kill(zygote, signal.SIGKILL)
        ends = await asyncio.gather(*starts)
        # A start returns a process or fails; what was started before the death may have died of it.
        assert {ending.reason for _, ending in ends} <= {"finished", "crashed"}
        assert all(len(frames) == 1 for frames, ending in ends if ending.reason == "finished")
        assert any(ending.reason == "finished" for _, ending in ends)
        assert (await described(processes))["parent"] != zygote

    run(test)


def test_killed_stays_killed_when_the_zygote_dies_too() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        zygote = (await described(processes))["parent"]
        running = await processes.start(asked("sleep"), AMPLE, lambda frame: None)
        os.kill(zygote, signal.SIGSTOP)
        running.kill()
        os.kill(zygote, signal.SIGKILL)
        assert (await running.ended()).reason == "killed"

    run(test)


def test_a_stuck_zygote_does_not_keep_the_server_from_closing() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        zygote = (await described(processes))["parent"]
        running = await processes.start(asked("sleep"), AMPLE, lambda frame: None)
        os.kill(zygote, signal.SIGSTOP)
        await processes.close()
        assert (await running.ended()).reason == "killed"
        assert state(zygote) == "gone"
        assert state(running.pid) in ("gone", "Z", "X")

    run(test)


def test_what_a_child_leaves_behind_dies_with_it() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        frames, ending = await whole(processes, asked("bear"))
        assert ending.reason == "finished"
        await until_dead(int(frames[0]))

    run(test)


def test_what_the_kernel_holds_of_a_dead_child_is_delivered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With small reads the news of the death comes before the last frames have been read.
    monkeypatch.setattr(forked_process, "READ_BYTES", 2048)

    async def test(processes: ZygoteProcesses) -> None:
        frames: list[bytes] = []
        running = await processes.start(asked("count", sizes=[1000] * 6), AMPLE, frames.append)
        end = time.monotonic() + PATIENCE
        while state(running.pid) != "gone":
            assert time.monotonic() < end
            time.sleep(0.01)
        ending = await running.ended()
        assert [frame[0] for frame in frames] == list(range(6))
        assert ending.reason == "finished"

    run(test)


REHEARSAL = "process_entries:rehearse"


def test_a_spare_has_rehearsed_and_is_like_any_other_child() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        spares = await until_spares(processes)
        for pid in spares:
            child = await described(processes)
            assert child["pid"] == pid
            assert child["rehearsed"] == [pid]
            assert child["fds"] == [0, 1, 2, 3, 4]
            assert child["session"] == child["group"] == pid
            assert child["default"] == [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]

    run(test, rehearsal=REHEARSAL)


def test_spares_are_made_only_while_nothing_runs() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        spares = await until_spares(processes)
        running = [
            await processes.start(asked("sleep"), AMPLE, lambda frame: None) for _ in range(3)
        ]
        assert [process.pid for process in running[:2]] == spares
        await asyncio.sleep(20 * QUIET_SECONDS)
        assert children_of(zygote_of(processes)) == [process.pid for process in running]
        for process in running:
            process.kill()
        for process in running:
            await process.ended()
        assert not set(await until_spares(processes)) & set(spares)

    run(test, rehearsal=REHEARSAL)


def test_a_spare_that_dies_is_replaced_by_another_but_not_for_ever() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        first = (await until_spares(processes))[0]
        os.kill(first, signal.SIGKILL)
        await until_dead(first)
        assert (await described(processes))["pid"] not in (first, 0)
        for _ in range(2):
            for pid in children_of(zygote_of(processes)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                await until_dead(pid)
            await asyncio.sleep(10 * QUIET_SECONDS)
        await until_spares(processes, 0)
        child = await described(processes)
        assert child["rehearsed"] == []

    run(test, rehearsal=REHEARSAL)


def test_without_a_rehearsal_that_works_there_are_no_spares() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        await asyncio.sleep(20 * QUIET_SECONDS)
        await until_spares(processes, 0)
        assert (await described(processes))["rehearsed"] == []

    run(test, rehearsal="process_entries:stumble")


def test_a_rehearsal_that_is_not_there_is_said() -> None:
    with pytest.raises(CannotStartError, match="dance"):
        run(described, rehearsal="process_entries:dance")


def test_spares_die_with_their_zygote() -> None:
    async def test(processes: ZygoteProcesses) -> None:
        spares = await until_spares(processes)
        os.kill(zygote_of(processes), signal.SIGKILL)
        for pid in spares:
            await until_dead(pid)

    run(test, rehearsal=REHEARSAL)


def test_close_leaves_no_zygote() -> None:
    pids: list[int] = []

    async def test(processes: ZygoteProcesses) -> None:
        pids.append((await described(processes))["parent"])

    run(test)
    assert state(pids[0]) == "gone"
