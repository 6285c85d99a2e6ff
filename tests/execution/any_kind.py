"""For what holds for every kind of process: real ones, with real signals."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeAlias

import uvloop

from ketway.execution.processes import Ending, Limits, Processes, Running

HERE = Path(__file__).parent
PATIENCE = 60
"""Seconds after which something hangs. Nothing here is expected to take a tenth of it."""
AMPLE = Limits(bytes=1 << 30, seconds=300, threads=1)

Test: TypeAlias = Callable[[Processes], Awaitable[None]]
Run: TypeAlias = Callable[..., None]


def run_in(loop_kind: str, coroutine: Coroutine[Any, Any, None]) -> None:
    factory = uvloop.new_event_loop if loop_kind == "uvloop" else None
    faults: list[dict[str, Any]] = []

    async def watched() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        await coroutine

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(watched())
    gc.collect()
    assert faults == []


def asked(do: str, **arguments: Any) -> bytes:
    return json.dumps({"do": do} | arguments).encode()


async def whole(
    processes: Processes, request: bytes, limits: Limits = AMPLE
) -> tuple[list[bytes], Ending]:
    frames: list[bytes] = []
    running = await processes.start(request, limits, frames.append)
    return frames, await running.ended()


async def begun(
    processes: Processes, request: bytes, limits: Limits = AMPLE
) -> tuple[bytes, Running]:
    """Starts and waits for the first frame."""
    first: asyncio.Queue[bytes] = asyncio.Queue()
    running = await processes.start(request, limits, first.put_nowait)
    return await first.get(), running


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_until_dead(pids: list[int]) -> None:
    end = time.monotonic() + PATIENCE
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end, f"still alive: {[pid for pid in pids if alive(pid)]}"
        time.sleep(0.01)


def open_fds() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
