"""The fastest processes that this machine can have: the one place that knows the difference."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from ketway.execution.processes import Processes
from ketway.execution.spawning import SpawnedProcesses


def can_fork_safely() -> bool:
    """Whether the kernel has what the zygote needs. Asked of the kernel, because sandboxes refuse
    system calls that the platform has in name."""
    if sys.platform != "linux" or not hasattr(signal, "pidfd_send_signal"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return Path("/proc/self/fd").is_dir()


def default_processes(
    entry: str,
    preload: Sequence[str] = (),
    *,
    rehearsal: str | None = None,
    force_spawn: bool = False,
) -> Processes:
    """The fastest processes this machine can have.

    `entry` is `module:function`, the function taking `(request, send)`; `preload` names modules to
    import ahead, which must not compute anything when imported. `rehearsal` is another function:
    what a process does that waits for its first request, where it has the time.
    """
    if not force_spawn and can_fork_safely():
        from ketway.execution.zygote import ZygoteProcesses  # it needs Linux to be imported

        return ZygoteProcesses(entry, preload, rehearsal)
    return SpawnedProcesses(entry, preload)
