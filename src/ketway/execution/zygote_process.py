"""The zygote: a process that has imported everything, has run nothing, and forks on request.

It has one thread, because a fork copies only one, and never runs the entry itself: engines that ran
before a fork hang after it. It dies with the server that started it, its children die with it, and
what a child leaves behind in its process group dies with the child.

Requests and frames do not pass through here. Each child gets its own socket to the server, so that
a large job never delays the start of another.
"""

from __future__ import annotations

import array
import contextlib
import faulthandler
import gc
import itertools
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn, TypeAlias

import msgspec

from ketway.execution.child import (
    Entry,
    confine,
    die_with_parent,
    load,
    load_entry,
    run_and_exit,
    thread_setters,
    use_threads,
)
from ketway.execution.frames import FrameWriter, read_requests
from ketway.execution.processes import Limits
from ketway.execution.spares import QUIET_SECONDS, Spares, wait_for_terms

MESSAGE_BYTES = 1 << 16
CHANNEL = 3
"""The one descriptor a child has beside the standard three."""

_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Meant for the server, which decides what they mean for its attempts."""


class Fork(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Server to zygote, with two descriptors: the child's channel and its standard error."""

    id: int
    limits: Limits


class Ready(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Zygote to server: everything is imported."""


class Unready(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Zygote to server: something could not be imported; the zygote ends."""

    why: str


class Forked(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Zygote to server, with one descriptor: the child's pidfd, which no other process can get."""

    id: int
    pid: int


class Refused(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Zygote to server: the fork failed."""

    id: int
    why: str


class Ended(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Zygote to server: the child is dead and reaped."""

    id: int
    code: int | None
    signal: int | None
    peak_bytes: int
    cpu_seconds: float


ToServer: TypeAlias = Ready | Unready | Forked | Refused | Ended

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Fork).decode


def main() -> NoReturn:
    """`sys.argv[1]` is the settings as JSON; see `ZygoteProcesses`, which writes them."""
    settings = json.loads(sys.argv[1])
    if not die_with_parent(settings["server"]):
        os._exit(1)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    control = socket.socket(fileno=settings["control"])
    control.set_inheritable(False)
    try:
        entry = load_entry(settings["entry"], settings["preload"])
        rehearsal = None if settings["rehearsal"] is None else load(settings["rehearsal"])
    except BaseException:
        control.send(_encode(Unready(traceback.format_exc()[-MESSAGE_BYTES // 8 :])))
        os._exit(1)
    try:
        Zygote(control, entry, rehearsal).serve()
    except OSError:
        # The server is gone, or its socket is.
        traceback.print_exc()
        os._exit(1)


class Zygote:
    """Forks when asked, and says when and how each child ended."""

    def __init__(
        self, control: socket.socket, entry: Entry, rehearsal: Callable[[], object] | None
    ) -> None:
        self._control = control
        self._entry = entry
        self._rehearsal = rehearsal
        self._spares = Spares(self._be_spare)
        self._thread_setters = thread_setters()
        self._pid = os.getpid()
        self._children: dict[int, tuple[int, int]] = {}
        """By pidfd: id and pid."""
        self._poll = select.epoll()
        self._poll.register(control.fileno(), select.EPOLLIN)

    def serve(self) -> NoReturn:
        faulthandler.enable()
        gc.collect()
        gc.freeze()
        gc.disable()
        sys.stdout.flush()
        self._control.send(_encode(Ready()))
        while True:
            quiet = self._rehearsal is not None and not self._children and self._spares.wanted
            events = self._poll.poll(QUIET_SECONDS if quiet else None)
            if not events:
                self._make_spare()
            for fd, _ in events:
                if fd == self._control.fileno():
                    self._hear()
                else:
                    self._bury(fd)

    def _hear(self) -> None:
        space = socket.CMSG_SPACE(2 * array.array("i").itemsize)
        message, ancillary, _, _ = self._control.recvmsg(
            MESSAGE_BYTES, space, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            os._exit(0)
        fds = array.array("i")
        for _, _, data in ancillary:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        fork = _decode(message)
        try:
            if len(fds) != 2:
                raise OSError("The zygote has too many open files; raise the limit (ulimit -n).")
            self._fork(fork, fds[0], fds[1])
        except OSError as error:
            self._control.send(_encode(Refused(fork.id, str(error))))
        finally:
            for fd in fds:
                os.close(fd)

    def _make_spare(self) -> None:
        spare = self._spares.make()
        if spare is not None:
            self._poll.register(spare.pidfd, select.EPOLLIN)

    def _fork(self, fork: Fork, channel: int, stderr: int) -> None:
        spare = self._spares.take(fork.limits, [channel, stderr])
        if spare is not None:
            self._tell_forked(fork.id, spare.pid, spare.pidfd)
            return
        pid = os.fork()
        if pid == 0:
            try:
                self._be_child(fork.limits, channel, stderr)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        self._poll.register(pidfd, select.EPOLLIN)
        self._tell_forked(fork.id, pid, pidfd)

    def _tell_forked(self, key: int, pid: int, pidfd: int) -> None:
        self._children[pidfd] = (key, pid)
        socket.send_fds(self._control, [_encode(Forked(key, pid))], [pidfd])

    def _bury(self, pidfd: int) -> None:
        # Whatever was forked since may hold it too: closing it would not be enough.
        self._poll.unregister(pidfd)
        if self._spares.bury(pidfd):
            return
        key, pid = self._children.pop(pidfd)
        # Not reaped yet, so neither its number nor its group's can belong to anyone else.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(status)
        self._control.send(
            _encode(
                Ended(
                    key,
                    code if code >= 0 else None,
                    -code if code < 0 else None,
                    usage.ru_maxrss * 1024,
                    usage.ru_utime + usage.ru_stime,
                )
            )
        )

    def _be_spare(self, line: socket.socket) -> NoReturn:
        self._settle()
        assert self._rehearsal is not None
        os.dup2(line.fileno(), CHANNEL, inheritable=False)
        _close_above(CHANNEL)
        self._rehearsal()
        self._serve_request(*wait_for_terms(socket.socket(fileno=CHANNEL)))

    def _be_child(self, limits: Limits, channel: int, stderr: int) -> NoReturn:
        self._settle()
        self._serve_request(limits, channel, stderr)

    def _settle(self) -> None:
        if not die_with_parent(self._pid):
            os._exit(1)
        os.setsid()
        for number in _IGNORED:
            signal.signal(number, signal.SIG_DFL)

    def _serve_request(self, limits: Limits, channel: int, stderr: int) -> NoReturn:
        os.dup2(stderr, 1)
        os.dup2(stderr, 2)
        os.dup2(channel, CHANNEL, inheritable=False)
        _close_above(CHANNEL)
        if limits.threads != 1:
            use_threads(limits.threads, self._thread_setters)
        requests = read_requests(CHANNEL)
        first = next(requests)
        confine(limits)
        gc.enable()
        run_and_exit(self._entry, itertools.chain((first,), requests), FrameWriter(CHANNEL))


def _close_above(last: int) -> None:
    """Closes everything the zygote holds: another child's channel kept open here would never end,
    and the control socket is not for attempts. The objects that own these numbers live on in the
    frames below, so nothing closes a number again after it has been given out anew."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 (each child pays for it)
        if int(name) > last:
            # The listing itself had a descriptor, gone by now.
            with contextlib.suppress(OSError):
                os.close(int(name))
