"""Processes forked from a zygote: the server's side. Linux only; see zygote_process.py.

The server holds three descriptors for each child: a socket for the request and the frames, a pipe
with what it prints, and a pidfd. It waits for no child itself; the zygote does, and says so.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import itertools
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO

import msgspec

from ketway.execution.child import ONE_THREAD
from ketway.execution.forked_process import ForkedProcess, ZygoteLostError, readable
from ketway.execution.frames import header
from ketway.execution.interpreter import command
from ketway.execution.processes import CannotStartError, Limits
from ketway.execution.running import STDERR_KEPT
from ketway.execution.zygote_process import (
    MESSAGE_BYTES,
    Ended,
    Fork,
    Forked,
    Ready,
    Refused,
    ToServer,
    Unready,
)

_AT_ONCE = 16
"""Starts on their way to the zygote; more would overflow its socket."""
_ZYGOTES_TRIED = 3
"""How many zygotes may die under one start before it fails."""
_FAREWELL_SECONDS = 3.0
"""How long a closing server waits for the zygote to report its children dead."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(ToServer).decode


class ZygoteProcesses:
    """`Processes` by fork. The zygote is replaced when it dies; what ran in it is reported dead.

    The kernel ties the zygote to the thread that started it: open and start on a thread that lives
    as long as the server, which the event loop's does.
    """

    def __init__(
        self, entry: str, preload: Sequence[str] = (), rehearsal: str | None = None
    ) -> None:
        self._entry = entry
        self._settings = {"entry": entry, "preload": list(preload), "rehearsal": rehearsal}
        self._zygote: _Zygote | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def open(self) -> None:
        await self._living_zygote()

    async def close(self) -> None:
        self._closed = True
        async with self._opening:
            if self._zygote is not None:
                await self._zygote.close()

    async def start(
        self,
        request: bytes,
        limits: Limits,
        receive: Callable[[bytes], None],
        *,
        keep: bool = False,
    ) -> ForkedProcess:
        header(request)  # refused before a process is had for it
        for _ in range(_ZYGOTES_TRIED):
            zygote = await self._living_zygote()
            try:
                process = await zygote.fork(limits, receive, keep=keep)
            except ZygoteLostError:
                continue
            process.ask(request)
            return process
        raise CannotStartError(
            f"{_ZYGOTES_TRIED} zygotes in a row died while a process was starting."
        )

    async def _living_zygote(self) -> _Zygote:
        async with self._opening:
            if self._closed:
                raise CannotStartError("The processes are closed; the server is stopping.")
            if self._zygote is not None and self._zygote.lost:
                # Not closed: its children were not killed by anyone here, and are not to say so.
                await self._zygote.bury()
                self._zygote = None
            if self._zygote is None:
                zygote = _Zygote(self._entry, self._settings)
                try:
                    await zygote.ready()
                except BaseException:
                    await zygote.close()
                    raise
                self._zygote = zygote
            return self._zygote


class _Zygote:
    """One zygote, from its start to its end, and the children it has."""

    def __init__(self, entry: str, settings: Mapping[str, object]) -> None:
        self._loop = asyncio.get_running_loop()
        self.lost = False
        self._entry = entry
        self._ids = itertools.count(1)
        self._children: dict[int, ForkedProcess] = {}
        self._orphans: list[ForkedProcess] = []
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = self._launch(theirs.fileno(), settings)
        except OSError as error:
            self._control.close()
            self._output.close()
            raise CannotStartError(f"The zygote could not be started: {error}.") from error
        finally:
            theirs.close()
        self._pidfd = os.pidfd_open(self._process.pid)
        self._loop.add_reader(self._control.fileno(), self._hear)

    def _launch(self, control: int, settings: Mapping[str, object]) -> subprocess.Popen[bytes]:
        # A fresh interpreter, never a fork of the server: no threads, no locks, no secrets. In a
        # session of its own, so that Ctrl-C in the server's terminal is the server's to handle.
        return subprocess.Popen(  # noqa: S603 (this interpreter, our own words)
            command("ketway.execution.zygote_process", {**settings, "control": control}),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=(control,),
            start_new_session=True,
            env=os.environ | ONE_THREAD,
        )

    async def ready(self) -> None:
        await asyncio.shield(self._ready)

    async def close(self) -> None:
        """Kills all children and the zygote; returns when they are dead. May be repeated."""
        children = [*self._children.values(), *self._orphans]
        for child in children:
            child.kill()
        ends = [asyncio.ensure_future(child.ended()) for child in children]
        if ends:
            # A zygote that is stopped or stuck tells nothing; without it the kernel does.
            await asyncio.wait(ends, timeout=_FAREWELL_SECONDS)
        self._lose()
        await self.bury()
        await asyncio.gather(*ends)

    async def bury(self) -> None:
        """Returns when a lost zygote and the children it had are dead."""
        for orphan in self._orphans:
            await orphan.ended()
        if self._pidfd >= 0:
            pidfd, self._pidfd = self._pidfd, -1
            await readable(pidfd)
            os.close(pidfd)
            self._process.wait()
            self._output.close()

    async def fork(
        self, limits: Limits, receive: Callable[[bytes], None], *, keep: bool
    ) -> ForkedProcess:
        async with self._at_once:
            if self.lost:
                raise ZygoteLostError
            key = next(self._ids)
            child = ForkedProcess(limits, receive, keep=keep)
            try:
                self._send(Fork(key, limits), child)
            except BaseException:
                child.discard()
                raise
            self._children[key] = child
            try:
                await asyncio.shield(child.forked)
            except asyncio.CancelledError:
                child.kill()
                raise
            return child

    def _send(self, fork: Fork, child: ForkedProcess) -> None:
        with contextlib.ExitStack() as theirs:
            try:
                fds = child.connect(theirs)
            except OSError as error:
                raise CannotStartError(f"No process could be started: {error}.") from error
            try:
                socket.send_fds(self._control, [_encode(fork)], fds)
            except OSError as error:
                self._lose()
                raise ZygoteLostError from error

    def _hear(self) -> None:
        space = socket.CMSG_SPACE(array.array("i").itemsize)
        while not self.lost:
            try:
                message, ancillary, _, _ = self._control.recvmsg(
                    MESSAGE_BYTES, space, socket.MSG_CMSG_CLOEXEC
                )
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._lose()
                return
            fds = array.array("i")
            for _, _, data in ancillary:
                fds.frombytes(data)
            self._understand(_decode(message), fds[0] if fds else None)

    def _understand(self, message: ToServer, pidfd: int | None) -> None:
        match message:
            case Ready():
                if not self._ready.done():
                    self._ready.set_result(None)
            case Unready(why):
                self._fail(f"The entry {self._entry!r} could not be imported:\n{why}")
            case Forked(key, pid):
                self._children[key].was_forked(pid, pidfd)
            case Refused(key, why):
                self._children.pop(key).was_refused(
                    CannotStartError(f"No process could be had: {why}")
                )
            case Ended(key, code, signum, peak_bytes, cpu_seconds):
                self._children.pop(key).was_buried(code, signum, peak_bytes, cpu_seconds)

    def _fail(self, why: str) -> None:
        if not self._ready.done():
            self._ready.set_exception(CannotStartError(why))
            # Whoever opened may have been cancelled; then nobody is left to hear of it.
            self._ready.exception()

    def _lose(self) -> None:
        if self.lost:
            return
        self.lost = True
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        self._process.kill()
        self._fail(f"The zygote died while importing {self._entry!r}:\n{self._said()}")
        children, self._children = self._children, {}
        self._orphans = list(children.values())
        for child in self._orphans:
            child.was_orphaned()

    def _said(self) -> str:
        end = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, end - STDERR_KEPT))
        return self._output.read().decode("utf-8", "replace")
