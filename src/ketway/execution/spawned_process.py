"""The inside of a spawned process: import, wait for a request, run it and what follows, end.

Frames leave by what was standard output; what anything prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
import threading
import time
from queue import SimpleQueue
from typing import NoReturn, TypeAlias

import msgspec

from ketway.execution.child import confine, die_with_parent, load_entry, run_and_exit
from ketway.execution.frames import FrameWriter, Mark, read_frame, read_requests
from ketway.execution.processes import Limits

Requests: TypeAlias = SimpleQueue[bytes | None]
"""What was asked and is not begun; None ends it."""


class Usage(msgspec.Struct, frozen=True, array_like=True):
    """What the process says it has used, just before it ends."""

    peak_bytes: int
    cpu_seconds: float


def main() -> NoReturn:
    """`sys.argv[1]` is the settings as JSON; see `SpawnedProcesses`, which writes them."""
    settings = json.loads(sys.argv[1])
    # Where the kernel can do this, even a C loop that lets no thread run dies with the server.
    die_with_parent(settings["server"])
    incoming, outgoing = _take_pipes()
    faulthandler.enable()
    entry = load_entry(settings["entry"], settings["preload"])
    send = FrameWriter(outgoing)
    send.mark(Mark.READY)
    requests: Requests = SimpleQueue()
    try:
        limits = msgspec.msgpack.decode(read_frame(incoming), type=Limits)
        requests.put(read_frame(incoming))
    except EOFError:
        # The server has ended, and asked nothing of this process before.
        os._exit(0)
    threading.Thread(target=_listen, args=(incoming, requests), daemon=True).start()
    confine(limits)

    def tell_usage() -> None:
        send.mark(Mark.USAGE)
        send(msgspec.msgpack.encode(_usage()))

    run_and_exit(entry, iter(requests.get, None), send, tell_usage)


def _take_pipes() -> tuple[int, int]:
    """Moves the two pipes out of the way of whatever reads or prints."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(incoming, os.O_BINARY)
        msvcrt.setmode(outgoing, os.O_BINARY)
    return incoming, outgoing


def _listen(incoming: int, requests: Requests) -> None:
    """Hands on what else is asked. Ends the process when the server's end of the pipe closes,
    however the server died."""
    with contextlib.suppress(OSError, EOFError):
        for request in read_requests(incoming):
            requests.put(request)
        requests.put(None)
        while os.read(incoming, 1):
            pass
    os._exit(1)


def _usage() -> Usage:
    if sys.platform == "win32":
        return Usage(0, time.process_time())
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    # Linux counts in kilobytes, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Usage(used.ru_maxrss * unit, used.ru_utime + used.ru_stime)
