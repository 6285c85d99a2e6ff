"""The executor that is always there: processes on this machine."""

from __future__ import annotations

from collections.abc import Callable

from ketway.execution.bundle import Bundle, Report, decode_report, encode_bundle
from ketway.execution.executor import Capacity
from ketway.execution.processes import Ending, Limits, Running, default_processes

ENTRY = "ketway.execution.attempt:perform"
PRELOAD = (
    "ketway.engines.planner",
    "ketway.circuits.qasm",
    # numpy imports these when they are first used, which would be in every forked process anew.
    "numpy.ma",
    "numpy.random",
)


class LocalHandle:
    def __init__(self, running: Running) -> None:
        self._running = running

    def cancel(self) -> None:
        self._running.kill()

    async def ended(self) -> Ending:
        return await self._running.ended()


class LocalExecutor:
    def __init__(self, slots: int, memory: int, *, force_spawn: bool = False) -> None:
        self._capacity = Capacity(slots, memory)
        self._processes = default_processes(ENTRY, PRELOAD, force_spawn=force_spawn)

    def capacity(self) -> Capacity:
        return self._capacity

    async def open(self) -> None:
        await self._processes.open()

    async def close(self) -> None:
        await self._processes.close()

    async def start(
        self, bundle: Bundle, limits: Limits, receive: Callable[[Report], None]
    ) -> LocalHandle:
        running = await self._processes.start(
            encode_bundle(bundle), limits, lambda frame: receive(decode_report(frame))
        )
        return LocalHandle(running)
