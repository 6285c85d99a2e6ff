"""What the processes in these tests run. Imported by them, not by the tests."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Send = Callable[[bytes], None]


def echo(request: bytes, send: Send) -> None:
    send(request)


def act(request: bytes, send: Send) -> None:
    """Does what the request names, with its arguments."""
    asked: dict[str, Any] = json.loads(request)
    ACTS[asked.pop("do")](send, **asked)


def count(send: Send, sizes: list[int]) -> None:
    for number, size in enumerate(sizes):
        send(number.to_bytes(4, "little") + bytes([number % 256]) * size)


def sleep(send: Send) -> None:
    send(b"asleep")
    time.sleep(600)


def grind(send: Send) -> None:
    """A C loop that lets other threads run."""
    send(b"grinding")
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2_000_000_000)


def hog(send: Send) -> None:
    """A C loop that lets no other thread run."""
    send(b"hogging")
    sum(range(1 << 62))


def multiply(send: Send) -> None:
    import numpy as np

    matrix = np.ones((2000, 2000))
    send(b"multiplying")
    while True:
        matrix @ matrix


def leave(send: Send, code: int) -> None:
    send(b"leaving")
    os._exit(code)


def abort(send: Send) -> None:
    send(b"aborting")
    os.abort()


def segfault(send: Send) -> None:
    send(b"segfaulting")
    ctypes.string_at(0)


def fail(send: Send) -> None:
    raise RuntimeError("the cat sat on the qubit")


def system_exit(send: Send) -> None:
    sys.exit(0)


def own_signal(send: Send, number: int) -> None:
    os.kill(os.getpid(), number)
    time.sleep(600)


def allocate(send: Send, size: int, catch: bool) -> None:
    try:
        kept = bytearray(size)
    except MemoryError:
        if not catch:
            raise
        send(b"MemoryError")
    else:
        send(b"allocated %d" % len(kept))


def say(send: Send, text: str, code: int) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
    os.write(2, b"<last words>")
    if code:
        os._exit(code)


def threads(send: Send, each: int) -> None:
    """Sends from four threads at once."""

    def work(name: int) -> None:
        for _ in range(each):
            send(bytes([name]) * 100_000)

    workers = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


REHEARSALS: list[int] = []
"""In which processes `rehearse` was called, as far as this one knows."""


def rehearse() -> None:
    REHEARSALS.append(os.getpid())


def stumble() -> None:
    raise RuntimeError("stumbled")


def describe(send: Send) -> None:
    """What this process is, as JSON."""
    import resource

    adjusted = int(Path("/proc/self/oom_score_adj").read_text())
    described = {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "session": os.getsid(0),
        "group": os.getpgrp(),
        "fds": sorted(int(fd.name) for fd in Path("/proc/self/fd").iterdir()),
        "oom": adjusted,
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "threads": os.environ["OMP_NUM_THREADS"],
        "blas": _blas_threads(),
        "default": [
            number
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler)
        ],
        "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "numpy": "numpy" in sys.modules,
        "rehearsed": REHEARSALS,
    }
    send(json.dumps(described).encode())


def _blas_threads() -> int | None:
    """What numpy's BLAS was told, asked of the library itself; None if numpy is not imported."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    paths = {line.split()[-1] for line in maps if "openblas" in line}
    for path in paths:
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads64_"):
            if hasattr(library, name):
                return int(getattr(library, name)())
    return None


def bear(send: Send) -> None:
    """Leaves a process of its own behind, which holds everything open."""
    child = subprocess.Popen(["sleep", "600"], close_fds=False)
    send(str(child.pid).encode())


def lie(send: Send, fd: int) -> None:
    """Announces a frame too large to exist, by the descriptor that frames leave by."""
    os.write(fd, struct.pack("<Q", 1 << 50))
    time.sleep(600)


ACTS: dict[str, Callable[..., None]] = {
    act.__name__: act
    for act in (
        count, sleep, grind, hog, multiply, leave, abort, segfault, fail, system_exit, own_signal,
        allocate, say, threads, describe, bear, lie,
    )
}  # fmt: skip
