"""A process of its own for every attempt: what can be asked of one, and what is known of its end.

Engines and parsers may exit, crash, or have to be stopped in the middle of a C loop, so they never
run in the server. Two implementations keep this one interface: `zygote.py` forks warmed processes
(Linux), `spawning.py` starts fresh ones (anywhere). `fastest.py` knows which; nothing else needs
to.

Everything here belongs to the event loop it was opened on, and is called from its thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import msgspec

Reason: TypeAlias = Literal["finished", "killed", "limit-memory", "limit-time", "crashed"]


class Limits(msgspec.Struct, frozen=True):
    """What one process may use. A process that wants more fails; the machine does not."""

    bytes: int
    """Address space beyond what the process has once it holds its request. Includes the stacks of
    threads it starts (8 MiB each, usually)."""
    seconds: float
    """Wall-clock time for each request. The CPU limit, of all requests, is this times `threads`."""
    threads: int
    """How many threads the numerical libraries may use."""


class Ending(msgspec.Struct, frozen=True):
    """How a process ended."""

    code: int | None
    """The exit code; None for a process that a signal ended."""
    signal: int | None
    reason: Reason
    """`finished` only if the entry returned and every frame it sent was delivered."""
    peak_bytes: int
    """Peak resident memory, shared libraries included; 0 where it is not known."""
    cpu_seconds: float
    """User and system time of all its threads; 0 where it is not known."""
    stderr: str = ""
    """The last 4 kB it wrote to its standard output and error, for logs."""


class CannotStartError(RuntimeError):
    """A process could not be started; the request has not run."""


class Running(Protocol):
    """A process that was started and has perhaps ended since."""

    @property
    def pid(self) -> int: ...

    @property
    def usable(self) -> bool:
        """Neither killed nor, as far as is known, dead."""

    def ask_again(self, request: bytes, receive: Callable[[bytes], None]) -> None:
        """Another request for a process that was started to be kept, and that has `done` its last.
        Its frames go to this `receive`."""

    def finish(self) -> None:
        """Nothing more will be asked of a process that was kept: it ends."""

    def kill(self) -> None:
        """Ends the process now. May be called at any time and any number of times."""

    async def done(self) -> Ending | None:
        """Returns once the last request is done and all its frames were delivered, with None; or,
        if the process ends before that, with how."""

    async def ended(self) -> Ending:
        """Returns once the process is dead and all its frames were delivered, never before."""


class Processes(Protocol):
    """A source of processes that all have the same entry."""

    async def open(self) -> None:
        """Imports the entry ahead of the first request. Raises CannotStartError if it cannot be."""

    async def close(self) -> None:
        """Kills what runs and returns when all of it is dead. Nothing can be started after."""

    async def start(
        self,
        request: bytes,
        limits: Limits,
        receive: Callable[[bytes], None],
        *,
        keep: bool = False,
    ) -> Running:
        """Runs the entry on `request` in a new process; each frame it sends goes to `receive`, in
        order, in the event loop. A process to `keep` waits then for another request, or for
        `finish`; others end. Raises CannotStartError if no process can be had."""
