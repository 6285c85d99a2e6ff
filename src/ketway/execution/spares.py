"""Children that the zygote has forked ahead: they have rehearsed, and wait for what to do.

A fork takes the zygote milliseconds, and a child gets each page of its memory when it first touches
it, which takes as many again. Both are over when a job comes. Spares are made only while nothing
else runs: on a busy machine they would take from jobs what they are to save them.
"""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

import msgspec

from ketway.execution.processes import Limits

SPARES: Final = 2
"""One reads a job, the other runs it."""
QUIET_SECONDS: Final = 0.02
"""How long nothing has run when one is made: what has just been read is about to be run, and who
has just been answered may ask again."""
_SPOILED: Final = 3
"""After so many that died before they were wanted, no more are made."""
_TERMS_BYTES: Final = 1 << 12

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Limits).decode


class Spare(NamedTuple):
    pid: int
    pidfd: int
    line: socket.socket


class Spares:
    """The zygote's."""

    def __init__(self, be_spare: Callable[[socket.socket], NoReturn]) -> None:
        self._be_spare = be_spare
        self._waiting: dict[int, Spare] = {}
        """By pidfd."""
        self._spoiled = 0

    @property
    def wanted(self) -> bool:
        return len(self._waiting) < SPARES and self._spoiled < _SPOILED

    def make(self) -> Spare | None:
        """One more, or None if the system has no room for it: nobody misses it."""
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError:
            self._spoiled += 1
            return None
        with theirs:
            try:
                pid = os.fork()
                if pid == 0:
                    self._begin(theirs)
                spare = Spare(pid, _pidfd_of(pid), ours)
            except OSError:
                ours.close()
                self._spoiled += 1
                return None
        self._waiting[spare.pidfd] = spare
        return spare

    def _begin(self, line: socket.socket) -> NoReturn:
        try:
            self._be_spare(line)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)

    def take(self, limits: Limits, fds: list[int]) -> Spare | None:
        """One that is told what to be; it is the caller's from here on."""
        for pidfd, spare in self._waiting.items():
            try:
                socket.send_fds(spare.line, [_encode(limits)], fds)
            except OSError:  # it has died: its pidfd, which is polled, will say so
                continue
            del self._waiting[pidfd]
            spare.line.close()
            return spare
        return None

    def bury(self, pidfd: int) -> bool:
        """Whether that was a spare: one that has died, and that nobody had."""
        spare = self._waiting.pop(pidfd, None)
        if spare is None:
            return False
        spare.line.close()
        os.waitpid(spare.pid, 0)
        os.close(pidfd)
        self._spoiled += 1
        return True


def _pidfd_of(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise


def wait_for_terms(line: socket.socket) -> tuple[Limits, int, int]:
    """What a spare is to be: its limits, its channel and its standard error."""
    message, fds, _, _ = socket.recv_fds(line, _TERMS_BYTES, 2)
    if not message or len(fds) != 2:
        os._exit(0)  # the zygote is gone
    return _decode(message), fds[0], fds[1]
