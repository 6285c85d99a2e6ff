"""What the server knows of a process while it runs, however it was started."""

from __future__ import annotations

import asyncio
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from ketway.execution.frames import BadFrameError, FrameReader, Mark, header, mark_bytes
from ketway.execution.processes import Ending, Limits, Reason

STDERR_KEPT = 4096

_STARVED_WORDS = ("std::bad_alloc", "Out of memory", "Cannot allocate memory")
"""What C++ engines print before they end themselves for want of memory."""


class RunningProcess(ABC):
    """The half of `Running` that is the same for all: frames, the last words, the clock, the end.

    A subclass brings bytes (`_came`, `_said`), knows how to `_strike`, and calls `_conclude` once
    the process is dead and everything it sent has been handed over.
    """

    def __init__(
        self, limits: Limits, receive: Callable[[bytes], None], *, keep: bool = False
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._keep = keep
        self._limits = limits
        self._receive = receive
        self._frames: FrameReader | None = FrameReader()
        self._marks: set[Mark] = set()
        self._stderr = bytearray()
        self._clock: asyncio.TimerHandle | None = None
        self._expired = False
        self._struck = False
        self._done: asyncio.Future[Ending | None] = self._loop.create_future()
        self._ending: asyncio.Future[Ending] = self._loop.create_future()

    @abstractmethod
    def _send(self, parts: Sequence[bytes]) -> None:
        """Sends these bytes as the process takes them; those for a dead process go nowhere."""

    @abstractmethod
    def _strike(self) -> None:
        """Kills the process. Called until the ending is known; must bear being called twice."""

    @property
    def usable(self) -> bool:
        return not self._struck and not self._ending.done()

    def ask_again(self, request: bytes, receive: Callable[[bytes], None]) -> None:
        start = header(request)
        self._receive = receive
        self._done = self._loop.create_future()
        if self._ending.done():
            self._done.set_result(self._ending.result())
            return
        self._start_clock()
        self._send((start, request))

    def finish(self) -> None:
        if not self._ending.done():
            self._start_clock()
            self._send((mark_bytes(Mark.LAST),))

    async def done(self) -> Ending | None:
        return await asyncio.shield(self._done)

    def kill(self) -> None:
        if self._ending.done():
            return
        self._struck = True
        self._strike()

    async def ended(self) -> Ending:
        return await asyncio.shield(self._ending)

    def _request(self, request: bytes) -> tuple[bytes, ...]:
        """The first request on the wire; it is also the last unless the process is kept."""
        parts = (header(request), request)
        return parts if self._keep else (*parts, mark_bytes(Mark.LAST))

    def _start_clock(self) -> None:
        if self._limits.seconds < float("inf"):
            self._clock = self._loop.call_later(self._limits.seconds, self._expire)

    def _expire(self) -> None:
        # A process the user killed first stays killed, even if its death takes past the limit.
        self._expired = not self._struck
        self.kill()

    def _came(self, data: bytes) -> None:
        if self._frames is None:
            return
        try:
            for frame in self._frames.feed(data):
                if isinstance(frame, Mark):
                    self._marks.add(frame)
                    if frame is Mark.DONE:
                        self._did()
                    self._marked(frame)
                else:
                    self._deliver(frame)
        except BadFrameError as error:
            self._frames = None
            self._said(f"\n{error}".encode())
            self._strike()

    def _did(self) -> None:
        if self._keep and self._clock is not None:
            self._clock.cancel()
        if not self._done.done():
            self._done.set_result(None)

    def _marked(self, mark: Mark) -> None:  # noqa: B027
        """For subclasses that act on marks."""

    def _deliver(self, frame: bytes) -> None:
        try:
            self._receive(frame)
        except Exception as error:
            # A fault of the receiver must neither lose the frames behind this one nor the ending.
            self._loop.call_exception_handler(
                {"message": f"A frame from process {self._name()} was not received",
                 "exception": error}
            )  # fmt: skip

    @property
    def _returned(self) -> bool:
        return Mark.RETURNED in self._marks

    def _name(self) -> str:
        return str(getattr(self, "pid", "(not started)"))

    def _said(self, data: bytes) -> None:
        self._stderr += data
        if len(self._stderr) > STDERR_KEPT:
            del self._stderr[:-STDERR_KEPT]

    def _last_words(self) -> str:
        return self._stderr.decode("utf-8", "replace")

    def _conclude(
        self, code: int | None, signum: int | None, peak_bytes: int, cpu_seconds: float
    ) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if not self._ending.done():
            reason = self._reason(code, signum, cpu_seconds)
            ending = Ending(code, signum, reason, peak_bytes, cpu_seconds, self._last_words())
            self._ending.set_result(ending)
            if not self._done.done():
                self._done.set_result(ending)

    def _reason(self, code: int | None, signum: int | None, cpu_seconds: float) -> Reason:
        if code == 0 and self._returned:
            return "finished"
        if sys.platform == "win32":
            # No signals there: a process ended from outside says 1.
            by_force, by_cpu_limit = code == 1, False
        else:
            by_force, by_cpu_limit = signum == signal.SIGKILL, signum == signal.SIGXCPU
        if by_force and self._expired:
            return "limit-time"
        if by_force and self._struck:
            return "killed"
        if self._frames is None:
            return "crashed"
        if by_cpu_limit:
            return "limit-time"
        if by_force and cpu_seconds >= self._limits.seconds * self._limits.threads:
            # The kernel's second word to a process that ignored SIGXCPU.
            return "limit-time"
        if Mark.OUT_OF_MEMORY in self._marks:
            return "limit-memory"
        if any(words in self._last_words() for words in _STARVED_WORDS):
            return "limit-memory"
        return "crashed"
