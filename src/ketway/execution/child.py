"""What a process does on its own side: it takes its limits, runs its entry, and ends.

Used by forked and spawned processes alike; nothing here needs Linux, some of it is better there.
Kept free of asyncio and everything else that a small process should not have to carry.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn, TypeAlias, cast

from ketway.execution.frames import FrameWriter, Mark
from ketway.execution.processes import Limits

if sys.platform != "win32":
    import resource

Entry: TypeAlias = Callable[[bytes, Callable[[bytes], None]], None]

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Environment under which numerical libraries start no threads when imported."""

_THREAD_SETTERS = (
    "omp_set_num_threads",
    "openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
    "MKL_Set_Num_Threads",
)
_THREADED_LIBRARIES = ("gomp", "libomp", "libiomp", "openblas", "mkl_rt")

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of <linux/prctl.h>."""

_LAST_WARNING_SECONDS = 2
"""CPU time between SIGXCPU, which a library might catch, and the kernel's SIGKILL."""


def load_entry(entry: str, preload: Sequence[str]) -> Entry:
    """Imports everything and finds the function that `entry` (`module:function`) names."""
    for name in preload:
        importlib.import_module(name)
    return load(entry)


def load(named: str) -> Callable[..., None]:
    """The function that `module:function` names."""
    module, separator, function = named.partition(":")
    if not separator or not function:
        raise ValueError(f"The entry is {named!r}; it must be written module:function.")
    found = getattr(importlib.import_module(module), function)
    if not callable(found):
        raise TypeError(f"The entry {named!r} is a {type(found).__name__}, not a function.")
    return cast(Callable[..., None], found)


def confine(limits: Limits) -> None:
    """Limits this process for good, as far as the platform can."""
    if sys.platform == "win32":
        return
    _limit(resource.RLIMIT_CORE, 0, 0)
    cpu = time.process_time() + limits.seconds * limits.threads
    if cpu < 1 << 31:
        soft = max(1, math.ceil(cpu))
        _limit(resource.RLIMIT_CPU, soft, soft + _LAST_WARNING_SECONDS)
    # The address space and not RLIMIT_DATA: engines under the latter were seen to hang.
    held = _address_space()
    if held is not None:
        _limit(resource.RLIMIT_AS, held + limits.bytes, held + limits.bytes)
    with contextlib.suppress(OSError):
        # If the machine runs out after all, an attempt goes first, not the server.
        score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        try:
            os.write(score, b"1000")
        finally:
            os.close(score)


def _limit(what: int, soft: int, hard: int) -> None:
    """Never raises a limit that this process was itself started under: that would be refused."""
    if sys.platform == "win32":
        return
    _, allowed = resource.getrlimit(what)
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    try:
        resource.setrlimit(what, (soft, hard))
    except (ValueError, OSError):
        # macOS knows some limits in name only. On Linux a limit that cannot be had is a fault.
        if sys.platform == "linux":
            raise


def _address_space() -> int | None:
    if sys.platform == "win32":
        return None
    try:
        statm = os.open("/proc/self/statm", os.O_RDONLY)
    except OSError:
        return None
    try:
        return int(os.read(statm, 200).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    finally:
        os.close(statm)


def thread_setters() -> list[Callable[[int], object]]:
    """How to tell the loaded numerical libraries their number of threads.

    They read the environment when they are loaded, which in a warmed process is before the number
    is known. Empty where the loaded libraries cannot be listed.
    """
    import ctypes

    try:
        with Path("/proc/self/maps").open() as maps:
            paths = {line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line}
    except OSError:
        return []
    setters: list[Callable[[int], object]] = []
    for path in sorted(paths):
        if not any(name in Path(path).name for name in _THREADED_LIBRARIES):
            continue
        with contextlib.suppress(OSError):
            library = ctypes.CDLL(path)
            setters += [
                getattr(library, name) for name in _THREAD_SETTERS if hasattr(library, name)
            ]
    return setters


def use_threads(threads: int, setters: Sequence[Callable[[int], object]]) -> None:
    """Tells libraries loaded (`setters`) and libraries yet to be loaded (the environment)."""
    for name in ONE_THREAD:
        os.environ[name] = str(threads)
    for setter in setters:
        setter(threads)


def die_with_parent(parent: int) -> bool:
    """Asks the kernel to kill this process when its parent dies; False if it is dead already, or
    if this kernel cannot be asked."""
    if sys.platform != "linux":
        return False
    prctl = _prctl()
    if prctl is None or prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL)) != 0:
        return False
    return os.getppid() == parent


@functools.cache
def _prctl() -> Callable[[int, int], int] | None:
    """Looked up once, in the zygote: every microsecond here is paid by each of its children."""
    import ctypes

    try:
        return cast(Callable[[int, int], int], ctypes.CDLL(None, use_errno=True).prctl)
    except (OSError, AttributeError):
        return None


def run_and_exit(
    entry: Entry,
    requests: Iterable[bytes],
    send: FrameWriter,
    before_end: Callable[[], None] | None = None,
) -> NoReturn:
    """Runs the entry on one request after the other and ends the process without any of Python's
    endings: they could hang in a library's destructor, and there is nothing left to lose."""
    code = 1
    try:
        code = _run(entry, requests, send, before_end)
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(
    entry: Entry,
    requests: Iterable[bytes],
    send: FrameWriter,
    before_end: Callable[[], None] | None,
) -> int:
    try:
        for request in requests:
            entry(request, send)
            send.mark(Mark.DONE)
        if before_end is not None:
            before_end()
        send.mark(Mark.RETURNED)
        return 0
    except MemoryError:
        with contextlib.suppress(OSError):
            send.mark(Mark.OUT_OF_MEMORY)
        traceback.print_exc()
    except BaseException:
        traceback.print_exc()
    return 1
