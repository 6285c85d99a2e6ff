"""The executor that is always there: processes on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ketway.execution.bundle import Bundle, Report, decode_report, encode_bundle
from ketway.execution.executor import Capacity
from ketway.execution.fastest import default_processes
from ketway.execution.processes import Ending, Limits, Running

ENTRY = "ketway.execution.attempt:perform"
PRELOAD = (
    "ketway.engines.planner",
    "ketway.circuits.qasm",
    "ketway.circuits.qpy",
    "ketway.circuits.qir",
    "ketway.routines.ibm.sampler",
    "ketway.routines.ibm.estimator",
    "ketway.routines.ibm.executor",
    "ketway.execution.warming",
    # These are imported when they are first used, which would be in every forked process anew.
    "numpy.ma",
    "numpy.random",
    "encodings.utf_32_le",
)

REHEARSAL = "ketway.execution.rehearsal:rehearse"

IDLE_SECONDS = 0.25
"""How long a shared process waits for another bundle. A process costs milliseconds, and on systems
that cannot fork a second, which is more than a bundle of small jobs needs."""
SHARED_SECONDS = 10.0
"""A shared process is asked no more after this, so that nothing that it piles up can last."""

_DONE = Ending(code=0, signal=None, reason="finished", peak_bytes=0, cpu_seconds=0.0)
"""How a bundle ends whose process goes on."""


class _Shared:
    """A process that serves one bundle of small jobs after the other."""

    def __init__(self, running: Running, limits: Limits) -> None:
        self.running = running
        self.limits = limits
        self.until = asyncio.get_running_loop().time() + min(SHARED_SECONDS, limits.seconds / 2)
        self.leaving: asyncio.TimerHandle | None = None


class LocalHandle:
    """A bundle in a process of its own."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def cancel(self) -> None:
        self._running.kill()

    async def ended(self) -> Ending:
        return await self._running.ended()


class SharedHandle:
    """A bundle in a process that others have had before it, or will have after."""

    def __init__(self, shared: _Shared, give_back: Callable[[_Shared], None]) -> None:
        self._shared = shared
        self._give_back = give_back
        self._over = False

    def cancel(self) -> None:
        if not self._over:
            self._shared.running.kill()

    async def ended(self) -> Ending:
        running = self._shared.running
        ending = await running.done()
        if ending is None and not running.usable:
            ending = await running.ended()  # killed when it was done: dead before anyone is told
        self._over = True
        if ending is not None:
            return ending
        self._give_back(self._shared)
        return _DONE


class LocalExecutor:
    def __init__(self, slots: int, memory: int, *, force_spawn: bool = False) -> None:
        self._capacity = Capacity(slots, memory)
        self._processes = default_processes(
            ENTRY, PRELOAD, rehearsal=REHEARSAL, force_spawn=force_spawn
        )
        self._idle: list[_Shared] = []

    def capacity(self) -> Capacity:
        return self._capacity

    async def open(self) -> None:
        await self._processes.open()

    async def close(self) -> None:
        await self._processes.close()

    async def start(
        self,
        bundle: Bundle,
        limits: Limits,
        receive: Callable[[Report], None],
        *,
        shared: bool = False,
    ) -> LocalHandle | SharedHandle:
        request = encode_bundle(bundle)

        def receive_frame(frame: bytes) -> None:
            receive(decode_report(frame))

        if not shared:
            return LocalHandle(await self._processes.start(request, limits, receive_frame))
        idle = self._take_idle(limits)
        if idle is not None:
            idle.running.ask_again(request, receive_frame)
        else:
            running = await self._processes.start(request, limits, receive_frame, keep=True)
            idle = _Shared(running, limits)
        return SharedHandle(idle, self._give_back)

    def _take_idle(self, limits: Limits) -> _Shared | None:
        for shared in self._idle:
            if shared.limits == limits and shared.running.usable:
                self._leave(shared)
                return shared
        return None

    def _give_back(self, shared: _Shared) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() >= shared.until:
            shared.running.finish()
            return
        self._idle.append(shared)
        shared.leaving = loop.call_later(IDLE_SECONDS, self._dismiss, shared)

    def _dismiss(self, shared: _Shared) -> None:
        self._leave(shared)
        shared.running.finish()

    def _leave(self, shared: _Shared) -> None:
        self._idle.remove(shared)
        if shared.leaving is not None:
            shared.leaving.cancel()
