"""A server in miniature, to be killed: opens processes, starts one, prints the ids, waits."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from ketway.execution.fastest import default_processes
from ketway.execution.processes import Limits


async def main(kind: str, deed: str) -> None:
    processes = default_processes("process_entries:act", force_spawn=kind == "spawning")
    await processes.open()
    came = asyncio.Event()
    limits = Limits(bytes=1 << 30, seconds=600, threads=1)
    request = json.dumps({"do": deed}).encode()
    running = await processes.start(request, limits, lambda frame: came.set())
    await came.wait()
    await processes.open()  # the spare of a spawner is warm now
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    started = {int(pid) for pid in children.split()}
    sys.stdout.write(json.dumps(sorted(started | {running.pid})) + "\n")
    sys.stdout.flush()
    await running.ended()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
