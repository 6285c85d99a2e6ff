"""A child of the zygote, as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence

from ketway.execution.frames import READ_BYTES
from ketway.execution.processes import CannotStartError, Limits
from ketway.execution.running import RunningProcess

_BUFFER_BYTES = 1 << 20
_DRAIN_READS = 64
"""A dead child's socket holds less than this many reads; more comes only from something it left
behind, which must not hold the server up."""


class ZygoteLostError(Exception):
    """The zygote died; the request had not been sent, so another may have it."""


class ForkedProcess(RunningProcess):
    """A child of the zygote, from the request to fork it until it is dead."""

    def __init__(
        self, limits: Limits, receive: Callable[[bytes], None], *, keep: bool = False
    ) -> None:
        super().__init__(limits, receive, keep=keep)
        self.pid = 0
        self.forked: asyncio.Future[None] = self._loop.create_future()
        self._pidfd = -1
        self._channel: socket.socket | None = None
        self._stderr_fd = -1
        self._unsent: list[memoryview] = []
        self._reading: set[int] = set()
        self._writing = False
        self._orphan_watch: asyncio.Task[None] | None = None

    def connect(self, theirs: contextlib.ExitStack) -> list[int]:
        """Makes the channel and the pipe; returns the child's ends, which `theirs` closes."""
        channel, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        theirs.enter_context(far)
        self._channel = channel
        channel.setblocking(False)
        for end in (channel, far):
            # The kernel gives what it allows; the default makes many small steps of a large frame.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._stderr_fd, far_stderr = os.pipe()
        theirs.callback(os.close, far_stderr)
        os.set_blocking(self._stderr_fd, False)
        return [far.fileno(), far_stderr]

    def discard(self) -> None:
        """For a process that never came to be."""
        self.forked.cancel()
        self._done.cancel()
        self._ending.cancel()
        self._disconnect()

    def was_forked(self, pid: int, pidfd: int | None) -> None:
        self.pid = pid
        if pidfd is None:
            # The kernel had no descriptor for us. Nothing can end this child safely but its own
            # channel: closed before a request came, the child ends by itself.
            self._refuse(CannotStartError("The server has too many open files (ulimit -n)."))
            return
        self._pidfd = pidfd
        self._start_clock()
        if self._struck:
            self._strike()
        if not self.forked.done():
            self.forked.set_result(None)

    def was_refused(self, why: CannotStartError) -> None:
        self._refuse(why)
        self._conclude(None, None, 0, 0.0)

    def _refuse(self, why: Exception) -> None:
        if not self.forked.done():
            self.forked.set_exception(why)
            # Whoever started may have been cancelled; then nobody is left to hear of it.
            self.forked.exception()
        self._disconnect()

    def ask(self, request: bytes) -> None:
        """Sends the request as the child takes it, and begins to listen."""
        if self._channel is None:
            return
        self._read(self._channel.fileno(), self._read_channel)
        self._read(self._stderr_fd, self._read_stderr)
        self._send(self._request(request))

    def _send(self, parts: Sequence[bytes]) -> None:
        if self._channel is not None:
            self._unsent += [memoryview(part) for part in parts if part]
            self._write()

    def _read(self, fd: int, callback: Callable[[], object]) -> None:
        self._loop.add_reader(fd, callback)
        self._reading.add(fd)

    def _stop_reading(self, fd: int) -> None:
        if fd in self._reading:
            self._reading.remove(fd)
            self._loop.remove_reader(fd)

    def _write(self) -> None:
        assert self._channel is not None
        try:
            while self._unsent:
                sent = self._channel.sendmsg(self._unsent)
                while self._unsent and sent >= len(self._unsent[0]):
                    sent -= len(self._unsent.pop(0))
                if self._unsent:
                    self._unsent[0] = self._unsent[0][sent:]
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                self._loop.add_writer(self._channel.fileno(), self._write)
            return
        except OSError:
            # It died before it had read all; how it died is about to be told.
            self._unsent = []
        self._stop_writing()

    def _stop_writing(self) -> None:
        if self._writing and self._channel is not None:
            self._writing = False
            self._loop.remove_writer(self._channel.fileno())

    def _read_channel(self) -> bool:
        """Reads once; False when there is nothing more, for now or for ever."""
        assert self._channel is not None
        try:
            data = self._channel.recv(READ_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self._stop_reading(self._channel.fileno())
            return False
        self._came(data)
        return True

    def _read_stderr(self) -> bool:
        try:
            data = os.read(self._stderr_fd, READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._stop_reading(self._stderr_fd)
            return False
        self._said(data)
        return True

    def _strike(self) -> None:
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def was_buried(
        self, code: int | None, signum: int | None, peak_bytes: int, cpu_seconds: float
    ) -> None:
        self._drain()
        self._disconnect()
        self._conclude(code, signum, peak_bytes, cpu_seconds)

    def was_orphaned(self) -> None:
        """The zygote is dead, and the kernel kills this child; nobody will say when it is done."""
        if not self.forked.done():
            self.forked.set_exception(ZygoteLostError())
            self.forked.exception()
        if self._pidfd < 0:
            self._disconnect()
            self._conclude(None, None, 0, 0.0)
            return
        self._strike()
        self._orphan_watch = self._loop.create_task(self._bury_orphan())

    async def _bury_orphan(self) -> None:
        await readable(self._pidfd)
        if not self._expired and not self._struck:
            self._said(b"\nThe zygote died, and this process with it.")
        self._drain()
        self._disconnect()
        if self._returned:
            self._conclude(0, None, 0, 0.0)
        else:
            self._conclude(None, int(signal.SIGKILL), 0, 0.0)

    def _drain(self) -> None:
        """Takes what the kernel still holds of a dead child."""
        for read, fd in ((self._read_channel, self._channel), (self._read_stderr, self._stderr_fd)):
            if fd is not None and fd != -1:
                for _ in range(_DRAIN_READS):
                    if not read():
                        break

    def _disconnect(self) -> None:
        self._stop_writing()
        for fd in list(self._reading):
            self._stop_reading(fd)
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        for fd in (self._stderr_fd, self._pidfd):
            if fd >= 0:
                os.close(fd)
        self._stderr_fd = self._pidfd = -1


async def readable(fd: int) -> None:
    """Waits until `fd` can be read; a pidfd can when its process is dead."""
    loop = asyncio.get_running_loop()
    came = asyncio.Event()
    loop.add_reader(fd, came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(fd)
