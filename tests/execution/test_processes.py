"""What holds for every kind of process: real ones, with real signals."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.execution.any_kind import (
    AMPLE,
    HERE,
    PATIENCE,
    Run,
    alive,
    asked,
    begun,
    open_fds,
    run_in,
    wait_until_dead,
    whole,
)

from ketway.execution.fastest import default_processes
from ketway.execution.frames import FRAME_LIMIT
from ketway.execution.processes import (
    CannotStartError,
    Limits,
    Processes,
)
from ketway.execution.spawning import SpawnedProcesses
from ketway.execution.zygote import ZygoteProcesses

pytestmark = pytest.mark.usefixtures("entries_importable")


# Frames


def test_a_request_comes_back(run: Run) -> None:
    async def test(processes: Processes) -> None:
        for request in (b"", b"x", bytes(range(256)) * 100):
            frames, ending = await whole(processes, request)
            assert frames == [request]
            assert (ending.code, ending.signal, ending.reason) == (0, None, "finished")
            assert ending.peak_bytes > 1 << 20
            assert ending.cpu_seconds >= 0

    run(test, "process_entries:echo")


def test_large_requests_and_frames_pass_whole(run: Run) -> None:
    async def test(processes: Processes) -> None:
        request = os.urandom(1 << 20) * 64
        frames, ending = await whole(processes, request)
        assert len(frames) == 1
        assert frames[0] == request
        assert ending.reason == "finished"

    run(test, "process_entries:echo")


def test_frames_keep_their_order_and_bounds(run: Run) -> None:
    async def test(processes: Processes) -> None:
        sizes = [(number * 7919) % 3000 for number in range(3000)] + [5_000_000, 0, 70_000, 1]
        frames, ending = await whole(processes, asked("count", sizes=sizes))
        assert [int.from_bytes(frame[:4], "little") for frame in frames] == list(range(len(sizes)))
        assert [len(frame) - 4 for frame in frames] == sizes
        assert ending.reason == "finished"

    run(test)


def test_threads_of_one_process_do_not_tear_frames(run: Run) -> None:
    async def test(processes: Processes) -> None:
        frames, ending = await whole(processes, asked("threads", each=20))
        assert ending.reason == "finished"
        assert sorted(frame[0] for frame in frames) == sorted(list(range(4)) * 20)
        assert all(frame == frame[:1] * 100_000 for frame in frames)

    run(test)


def test_frames_arrive_while_the_process_runs(run: Run) -> None:
    async def test(processes: Processes) -> None:
        frame, running = await begun(processes, asked("sleep"))
        assert frame == b"asleep"
        assert alive(running.pid)
        running.kill()
        assert (await running.ended()).reason == "killed"

    run(test)


def test_what_was_sent_before_a_crash_is_delivered(run: Run) -> None:
    async def test(processes: Processes) -> None:
        for _ in range(5):
            frames, ending = await whole(processes, asked("leave", code=3))
            assert frames == [b"leaving"]
            assert (ending.code, ending.reason) == (3, "crashed")

    run(test)


def test_a_failing_receiver_loses_nothing_else(kind: str, loop_kind: str) -> None:
    async def test() -> None:
        faults: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        processes = default_processes("process_entries:act", force_spawn=kind == "spawning")
        await processes.open()
        received: list[int] = []

        def receive(frame: bytes) -> None:
            received.append(frame[0])
            if frame[0] == 1:
                raise ValueError("not this one")

        running = await processes.start(asked("count", sizes=[1, 1, 1]), AMPLE, receive)
        ending = await running.ended()
        await processes.close()
        assert received == [0, 1, 2]
        assert ending.reason == "finished"
        assert [str(fault["exception"]) for fault in faults] == ["not this one"]

    run_in(loop_kind, test())


def test_an_impossible_frame_ends_the_process(run: Run, kind: str) -> None:
    async def test(processes: Processes) -> None:
        # The descriptor frames leave by: a forked child's is fixed, a spawned one's is the second
        # it makes.
        _, ending = await whole(processes, asked("lie", fd=4 if kind == "spawning" else 3))
        assert ending.reason == "crashed"
        assert str(FRAME_LIMIT) in ending.stderr

    run(test)


# Ends


@pytest.mark.parametrize(
    ("request_", "code", "signum"),
    [
        (asked("leave", code=3), 3, None),
        (asked("leave", code=0), 0, None),
        (asked("abort"), None, signal.SIGABRT),
        (asked("segfault"), None, signal.SIGSEGV),
        (asked("fail"), 1, None),
        (asked("system_exit"), 1, None),
        (asked("own_signal", number=signal.SIGTERM), None, signal.SIGTERM),
        (asked("own_signal", number=signal.SIGKILL), None, signal.SIGKILL),
    ],
    ids=["exit 3", "exit 0", "abort", "segfault", "raise", "sys.exit", "SIGTERM", "SIGKILL"],
)
def test_crashes_are_told_apart(
    run: Run, request_: bytes, code: int | None, signum: int | None
) -> None:
    async def test(processes: Processes) -> None:
        _, ending = await whole(processes, request_)
        assert (ending.code, ending.signal, ending.reason) == (code, signum, "crashed")

    run(test)


def test_a_traceback_is_kept_for_the_log(run: Run) -> None:
    async def test(processes: Processes) -> None:
        _, ending = await whole(processes, asked("fail"))
        assert "RuntimeError: the cat sat on the qubit" in ending.stderr
        _, ending = await whole(processes, asked("segfault"))
        assert "in segfault" in ending.stderr

    run(test)


def test_the_last_words_are_kept_and_stay_off_the_terminal(
    run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    async def test(processes: Processes) -> None:
        _, ending = await whole(processes, asked("say", text="word " * 100_000, code=0))
        assert ending.reason == "finished"
        assert ending.stderr.endswith("word word <last words>")
        assert len(ending.stderr) == 4096

    run(test)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("deed", ["sleep", "grind", "hog", "multiply"])
def test_kill_ends_it_whatever_it_does(run: Run, deed: str) -> None:
    async def test(processes: Processes) -> None:
        _, running = await begun(processes, asked(deed))
        running.kill()
        running.kill()
        ending = await running.ended()
        assert (ending.code, ending.signal, ending.reason) == (None, signal.SIGKILL, "killed")
        assert not alive(running.pid)
        running.kill()
        assert await running.ended() is ending

    run(test)


def test_kill_while_the_request_is_on_its_way(run: Run) -> None:
    async def test(processes: Processes) -> None:
        running = await processes.start(bytes(100 << 20), AMPLE, lambda frame: None)
        running.kill()
        assert (await running.ended()).reason == "killed"

    run(test, "process_entries:echo")


def test_killing_what_has_finished_changes_nothing(run: Run) -> None:
    async def test(processes: Processes) -> None:
        frames: list[bytes] = []
        running = await processes.start(b"x", AMPLE, frames.append)
        assert (await running.ended()).reason == "finished"
        running.kill()
        assert (await running.ended()).reason == "finished"

    run(test, "process_entries:echo")


def test_many_may_wait_for_one_end_and_give_up(run: Run) -> None:
    async def test(processes: Processes) -> None:
        _, running = await begun(processes, asked("sleep"))
        impatient = asyncio.ensure_future(running.ended())
        patient = [asyncio.ensure_future(running.ended()) for _ in range(3)]
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.sleep(0)
        running.kill()
        assert {ending.reason for ending in await asyncio.gather(*patient)} == {"killed"}

    run(test)


# Limits


def test_memory_beyond_the_limit_is_refused_to_the_process(run: Run) -> None:
    limits = Limits(bytes=256 << 20, seconds=60, threads=1)

    async def test(processes: Processes) -> None:
        frames, ending = await whole(processes, asked("allocate", size=1 << 30, catch=True), limits)
        assert (frames, ending.reason) == ([b"MemoryError"], "finished")
        frames, ending = await whole(
            processes, asked("allocate", size=128 << 20, catch=True), limits
        )
        assert (frames, ending.reason) == ([b"allocated %d" % (128 << 20)], "finished")
        assert ending.peak_bytes > 128 << 20

    run(test)


def test_an_entry_that_runs_out_of_memory_hit_that_limit(run: Run) -> None:
    async def test(processes: Processes) -> None:
        limits = Limits(bytes=64 << 20, seconds=60, threads=1)
        _, ending = await whole(processes, asked("allocate", size=1 << 30, catch=False), limits)
        assert (ending.code, ending.reason) == (1, "limit-memory")
        words = "terminate called after throwing an instance of 'std::bad_alloc'\n"
        _, ending = await whole(processes, asked("say", text=words, code=1))
        assert ending.reason == "limit-memory"

    run(test)


@pytest.mark.parametrize("deed", ["sleep", "grind", "hog"])
def test_time_runs_out(run: Run, deed: str) -> None:
    async def test(processes: Processes) -> None:
        limits = Limits(bytes=1 << 30, seconds=0.3, threads=1)
        _, ending = await whole(processes, asked(deed), limits)
        assert (ending.code, ending.reason) == (None, "limit-time")

    run(test)


def test_the_kernels_cpu_limit_is_a_time_limit(run: Run) -> None:
    async def test(processes: Processes) -> None:
        _, ending = await whole(processes, asked("own_signal", number=signal.SIGXCPU))
        assert (ending.signal, ending.reason) == (signal.SIGXCPU, "limit-time")

    run(test)


def test_limits_are_the_processs_own(run: Run) -> None:
    async def test(processes: Processes) -> None:
        limits = Limits(bytes=1 << 30, seconds=100, threads=2)
        frames, _ = await whole(processes, asked("describe"), limits)
        described = json.loads(frames[0])
        assert described["oom"] == 1000
        assert described["core"] == [0, 0]
        assert 200 <= described["cpu"] <= 230
        assert (described["threads"], described["blas"]) == ("2", 2)
        assert described["numpy"]
        frames, _ = await whole(processes, asked("describe"))
        described = json.loads(frames[0])
        assert (described["threads"], described["blas"]) == ("1", 1)

    run(test, preload=("numpy",))


# Beginnings and closings


def test_many_at_once(run: Run, kind: str) -> None:
    async def test(processes: Processes) -> None:
        number = 12 if kind == "spawning" else 200
        requests = [b"%d" % index * 1000 for index in range(number)]
        ends = await asyncio.gather(*(whole(processes, request) for request in requests))
        assert [frames for frames, _ in ends] == [[request] for request in requests]
        assert {ending.reason for _, ending in ends} == {"finished"}

    run(test, "process_entries:echo")


def test_many_killed_at_once(run: Run, kind: str) -> None:
    async def test(processes: Processes) -> None:
        number = 6 if kind == "spawning" else 40
        begins = await asyncio.gather(*(begun(processes, asked("sleep")) for _ in range(number)))
        for _, running in begins:
            running.kill()
        endings = await asyncio.gather(*(running.ended() for _, running in begins))
        assert {ending.reason for ending in endings} == {"killed"}

    run(test)


def test_no_descriptor_is_left_open(run: Run, kind: str) -> None:
    before = open_fds()

    async def test(processes: Processes) -> None:
        deeds = [asked("leave", code=1), asked("sleep"), asked("count", sizes=[1]), asked("abort")]
        for request in deeds * (1 if kind == "spawning" else 5):
            limits = Limits(bytes=1 << 30, seconds=0.2, threads=1)
            await whole(processes, request, limits)
        await processes.open()

    run(test)
    gc.collect()
    assert open_fds() == before


def test_close_kills_all(kind: str, loop_kind: str) -> None:
    async def test() -> None:
        processes = default_processes("process_entries:act", force_spawn=kind == "spawning")
        await processes.open()
        begins = [await begun(processes, asked(deed)) for deed in ("sleep", "hog", "grind")]
        await asyncio.wait_for(processes.close(), PATIENCE)
        assert not any(alive(running.pid) for _, running in begins)
        for _, running in begins:
            assert (await running.ended()).reason == "killed"
        with pytest.raises(CannotStartError, match="closed"):
            await processes.start(asked("sleep"), AMPLE, lambda frame: None)
        await processes.close()

    run_in(loop_kind, test())


def test_a_start_given_up_leaves_nothing_running(run: Run) -> None:
    before = processes_now()

    async def test(processes: Processes) -> None:
        for delay in (0, 0.0005, 0.001, 0.002, 0.004, 0.05):
            start = asyncio.ensure_future(
                processes.start(asked("sleep"), AMPLE, lambda frame: None)
            )
            await asyncio.sleep(delay)
            if not start.cancel() and not start.cancelled():
                (await start).kill()
        frames, _ = await whole(processes, asked("count", sizes=[1]))
        assert len(frames) == 1
        await processes.open()
        # What is left is the zygote, or the spare; one given up would sleep on beside it.
        end = time.monotonic() + PATIENCE
        while len(left := mine(before)) > 1:
            assert time.monotonic() < end, left
            await asyncio.sleep(0.01)

    run(test)
    wait_until_dead([int(pid) for pid in mine(before)])


def processes_now() -> set[str]:
    return {entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit()}


def mine(before: set[str]) -> list[str]:
    """Processes started from here since `before`."""
    now = processes_now() - before
    return [pid for pid in now if str(HERE).encode() in words_of(pid) and alive(int(pid))]


def words_of(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("entry", "preload", "said"),
    [
        ("no_such_module:act", (), "no_such_module"),
        ("process_entries:no_such_function", (), "no_such_function"),
        ("process_entries", (), "module:function"),
        ("process_entries:act", ("no_such_engine",), "no_such_engine"),
    ],
)
def test_what_cannot_be_imported_is_said_on_opening(
    kind: str, loop_kind: str, entry: str, preload: tuple[str, ...], said: str
) -> None:
    before = open_fds()

    async def test() -> None:
        processes = default_processes(entry, preload, force_spawn=kind == "spawning")
        with pytest.raises(CannotStartError, match=said):
            await processes.open()
        with pytest.raises(CannotStartError, match=said):
            await processes.start(b"", AMPLE, lambda frame: None)
        await processes.close()

    run_in(loop_kind, test())
    gc.collect()
    assert open_fds() == before


@pytest.mark.parametrize("deed", ["sleep", "grind", "hog"])
def test_a_server_killed_outright_leaves_nothing_running(kind: str, deed: str) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    with subprocess.Popen(
        [sys.executable, str(HERE / "parent_of_processes.py"), kind, deed],
        stdout=subprocess.PIPE,
        env=environment,
    ) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        assert len(pids) >= 2
        assert all(alive(pid) for pid in pids)
        parent.kill()
        wait_until_dead(pids)


def test_the_default_is_the_fastest_there_is() -> None:
    assert isinstance(default_processes("process_entries:act"), ZygoteProcesses)
    assert isinstance(default_processes("process_entries:act", force_spawn=True), SpawnedProcesses)


def test_without_pidfds_processes_are_spawned(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(pid: int) -> int:
        raise PermissionError("not in this sandbox")

    monkeypatch.setattr(os, "pidfd_open", refused)
    assert isinstance(default_processes("process_entries:act"), SpawnedProcesses)
