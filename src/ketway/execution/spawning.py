"""Processes started afresh, where forking is not safe: macOS, Windows, sandboxes.

A fresh interpreter takes long to import what it needs, so one is kept warmed ahead. What runs
inside is in spawned_process.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec

from ketway.execution.child import ONE_THREAD
from ketway.execution.frames import BadFrameError, Mark, header
from ketway.execution.interpreter import command
from ketway.execution.processes import CannotStartError, Limits
from ketway.execution.running import RunningProcess
from ketway.execution.spawned_process import Usage

_LINGER_SECONDS = 1.0
"""How long to wait for the end of a dead process's pipes, which something it left may hold."""

_UNKNOWN = 255
"""What asyncio calls the status of a process that somebody else has waited for."""

_encode = msgspec.msgpack.Encoder().encode
_decode_usage = msgspec.msgpack.Decoder(Usage).decode


class SpawnedProcesses:
    """`Processes` by spawn."""

    def __init__(self, entry: str, preload: Sequence[str] = ()) -> None:
        self._settings = {"entry": entry, "preload": list(preload)}
        self._entry = entry
        self._living: set[SpawnedProcess] = set()
        self._spare: asyncio.Task[SpawnedProcess] | None = None
        self._spare_threads = 1
        self._abandoned: set[asyncio.Task[None]] = set()
        self._at_once = asyncio.Semaphore(os.cpu_count() or 1)
        self._closed = False

    async def open(self) -> None:
        if self._closed:
            raise CannotStartError("The processes are closed; the server is stopping.")
        if self._spare is None:
            self._warm_spare(1)
        assert self._spare is not None
        await asyncio.shield(self._spare)

    async def close(self) -> None:
        self._closed = True
        await self._drop_spare()
        living = list(self._living)
        for process in living:
            process.kill()
        for process in living:
            await process.ended()
        await asyncio.gather(*self._abandoned)

    async def start(
        self,
        request: bytes,
        limits: Limits,
        receive: Callable[[bytes], None],
        *,
        keep: bool = False,
    ) -> SpawnedProcess:
        header(request)  # refused before a process is had for it
        process = await self._take(limits.threads)
        if self._closed:
            process.kill()
            raise CannotStartError("The processes are closed; the server is stopping.")
        process.ask(request, limits, receive, keep=keep)
        return process

    async def _take(self, threads: int) -> SpawnedProcess:
        if self._closed:
            raise CannotStartError("The processes are closed; the server is stopping.")
        spare, self._spare = self._spare, None
        fits = self._spare_threads == threads
        if spare is not None and not fits:
            self._spare = spare
            await self._drop_spare()
            spare = None
        process: SpawnedProcess | None = None
        if spare is not None:
            with contextlib.suppress(CannotStartError):
                process = await _owned(spare)
        if process is None or process.dead:
            process = await self._spawn(threads)
        if self._spare is None and not self._closed:
            self._warm_spare(threads)
        return process

    def _warm_spare(self, threads: int) -> None:
        self._spare_threads = threads
        self._spare = asyncio.ensure_future(self._spawn(threads))
        # A spare that fails is not missed: the next start fails by itself, and says why.
        self._spare.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _drop_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is None:
            return
        spare.cancel()
        with contextlib.suppress(CannotStartError, asyncio.CancelledError):
            process = await spare
            process.kill()
            await process.ended()

    async def _spawn(self, threads: int) -> SpawnedProcess:
        """A process that has imported everything and waits for a request."""
        async with self._at_once:
            process = await self._launch(threads)
            try:
                await asyncio.shield(process.ready)
            except asyncio.CancelledError:
                process.kill()
                raise
            return process

    async def _launch(self, threads: int) -> SpawnedProcess:
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {}
        # Ctrl-C in the server's terminal is the server's to handle.
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            options["start_new_session"] = True
        process = SpawnedProcess(self._entry, self._living)
        spawning = asyncio.ensure_future(
            loop.subprocess_exec(
                lambda: process,
                *command("ketway.execution.spawned_process", self._settings),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | {name: str(threads) for name in ONE_THREAD},
                **options,
            )
        )
        try:
            await asyncio.shield(spawning)
        except OSError as error:
            raise CannotStartError(f"No process could be started: {error}.") from error
        except asyncio.CancelledError:
            # The loop may be closed soon; a process that is still being connected to it then is
            # never let go of (CPython 3.12 waits for it for ever). So `close` waits for its end.
            end = asyncio.ensure_future(_abandon(spawning, process))
            self._abandoned.add(end)
            end.add_done_callback(self._abandoned.discard)
            raise
        return process


async def _abandon(spawning: asyncio.Future[Any], process: SpawnedProcess) -> None:
    """Kill a process that nobody waits for any more, as soon as it can be."""
    with contextlib.suppress(OSError):
        await spawning
        process.kill()
        await process.ended()


async def _owned(spare: asyncio.Task[SpawnedProcess]) -> SpawnedProcess:
    """The spare, which no one else has: if the wait is given up, it is killed."""
    try:
        return await asyncio.shield(spare)
    except asyncio.CancelledError:
        spare.add_done_callback(
            lambda task: None if task.cancelled() or task.exception() else task.result().kill()
        )
        raise


def _ignore(frame: bytes) -> None:
    """A process that was asked nothing has nothing to say."""


class SpawnedProcess(RunningProcess, asyncio.SubprocessProtocol):
    """A spawned process, from before its first import until it is dead."""

    def __init__(self, entry: str, living: set[SpawnedProcess]) -> None:
        super().__init__(Limits(bytes=0, seconds=float("inf"), threads=1), _ignore)
        self.pid = 0
        self.ready: asyncio.Future[None] = self._loop.create_future()
        self._entry = entry
        self._living = living
        self._transport: asyncio.SubprocessTransport | None = None
        self._open_pipes = {1, 2}
        self._exited = False
        self._lingering: asyncio.TimerHandle | None = None
        self._usage_next = False
        self._usage = Usage(0, 0.0)

    @property
    def dead(self) -> bool:
        return self._exited

    def ask(
        self, request: bytes, limits: Limits, receive: Callable[[bytes], None], *, keep: bool
    ) -> None:
        """Sends the request as the process takes it, and starts its clock."""
        self._limits, self._receive, self._keep = limits, receive, keep
        self._start_clock()
        terms = _encode(limits)
        self._send((header(terms), terms, *self._request(request)))

    def _send(self, parts: Sequence[bytes]) -> None:
        assert self._transport is not None
        stdin = self._transport.get_pipe_transport(0)
        if stdin is None or stdin.is_closing():
            return
        writing = cast(asyncio.WriteTransport, stdin)
        for part in parts:  # not joined: one of them may be large
            writing.write(part)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()
        self._living.add(self)
        if self._struck:
            self._strike()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._came(bytes(data))
        else:
            self._said(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open_pipes.discard(fd)
        if self._exited and not self._open_pipes:
            self._let_go()

    def process_exited(self) -> None:
        self._exited = True
        if not self._open_pipes:
            self._let_go()
        else:
            self._lingering = self._loop.call_later(_LINGER_SECONDS, self._let_go)

    def _let_go(self) -> None:
        """The process is dead and its pipes are read to their end; closes what is still open."""
        if self._lingering is not None:
            self._lingering.cancel()
        assert self._transport is not None
        stdin = self._transport.get_pipe_transport(0)
        if stdin is not None and not stdin.is_closing():
            # Not closed, which would wait until somebody reads what is still unsent.
            cast(asyncio.WriteTransport, stdin).abort()
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        # Only now is nothing of it left in the loop, which may be closed as soon as this is told.
        self._finish()

    def _marked(self, mark: Mark) -> None:
        if mark is Mark.USAGE:
            self._usage_next = True
        elif mark is Mark.READY and not self.ready.done():
            self.ready.set_result(None)

    def _deliver(self, frame: bytes) -> None:
        if not self._usage_next:
            super()._deliver(frame)
            return
        self._usage_next = False
        try:
            self._usage = _decode_usage(frame)
        except msgspec.DecodeError as error:
            raise BadFrameError(
                f"The process told its usage in a way not understood: {error}"
            ) from None

    def _strike(self) -> None:
        if self._transport is not None and not self._exited:
            with contextlib.suppress(ProcessLookupError):
                self._transport.kill()

    def _status(self) -> int:
        """How the process ended. `kill` polls first, which may take the status of a process that
        has just died before the thread does that asyncio has waiting for it; that one then says
        255, and Popen knows. (Where the thread was first, Popen says 0, and knows nothing.)"""
        assert self._transport is not None
        status = self._transport.get_returncode()
        assert status is not None
        if status == _UNKNOWN:
            popen = self._transport.get_extra_info("subprocess")
            status = int(getattr(popen, "returncode", None) or status)
        return status

    def _finish(self) -> None:
        status = self._status()
        self._living.discard(self)
        code, signum = (status, None) if status >= 0 or sys.platform == "win32" else (None, -status)
        self._conclude(code, signum, self._usage.peak_bytes, self._usage.cpu_seconds)
        if not self.ready.done():
            self.ready.set_exception(
                CannotStartError(
                    f"The entry {self._entry!r} could not be imported:\n{self._last_words()}"
                )
            )
            # Whoever started may have been cancelled; then nobody is left to hear of it.
            self.ready.exception()
