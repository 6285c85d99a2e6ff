"""Waiting for a job to change, without asking again and again."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class Watch:
    """Wakes whoever waits for a job. It only hints: who wakes reads the store."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def changed(self, job_id: str) -> None:
        for future in self._waiting.pop(job_id, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, job_id: str, seconds: float) -> None:
        """Return when the job changes, or after `seconds`."""
        future = asyncio.get_running_loop().create_future()
        self._waiting[job_id].add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            pass
        finally:
            waiters = self._waiting.get(job_id)
            if waiters is not None:
                waiters.discard(future)
                if not waiters:
                    del self._waiting[job_id]
