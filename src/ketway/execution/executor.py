"""What an executor is: how a bundle reaches a processor. `local` is this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from ketway.execution.bundle import Bundle, Report
from ketway.execution.processes import Ending, Limits


class Capacity(msgspec.Struct, frozen=True):
    slots: int
    """Bundles that may run at the same time."""
    bytes: int
    """Memory that all of them together may plan for."""


class Handle(Protocol):
    """A bundle that was started."""

    def cancel(self) -> None:
        """Kill it."""

    async def ended(self) -> Ending:
        """Wait until it is dead, or done in a process that others share, and everything it
        reported has been delivered."""


class Executor(Protocol):
    def capacity(self) -> Capacity: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def start(
        self,
        bundle: Bundle,
        limits: Limits,
        receive: Callable[[Report], None],
        *,
        shared: bool = False,
    ) -> Handle:
        """`shared` says that the bundle may run where others have run before it, in a process
        that had the same limits."""
