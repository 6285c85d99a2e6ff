"""A server in miniature, to be killed: opens processes, starts one, prints the ids, waits."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from ketway.execution.processes import Limits, default_processes


async def main(kind: str, deed: str) -> None:
    processes = default_processes("process_entries:act", force_spawn=kind == "spawning")
    await processes.open()
    came = asyncio.Event()
    limits = Limits(bytes=1 << 30, seconds=600, threads=1)
    request = json.dumps({"do": deed}).encode()
    running = await processes.start(request, limits, lambda frame: came.set())
    await came.wait()
    await processes.open()  # the spare of a spawner is warm now
    with open(f"/proc/{os.getpid()}/task/{os.getpid()}/children") as children:
        started = {int(pid) for pid in children.read().split()}
    print(json.dumps(sorted(started | {running.pid})), flush=True)
    await running.ended()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
