"""A bundle on its way through a process."""

from __future__ import annotations

import asyncio

from ketway.execution.executor import Handle
from ketway.scheduling.policy import Waiting
from ketway.store.changes import Claim

CROWD = 3
"""A bundle of so many small jobs says that several clients submit at once."""


class Flight:
    """A bundle that is being started or runs."""

    def __init__(self, works: list[Waiting], threads: int, seconds: float) -> None:
        self.works = {waiting.job_id: waiting for waiting in works}
        self.taken = dict(self.works)
        self.bytes = sum(waiting.bytes for waiting in works)
        self.threads = threads
        self.small = works[0].small
        self.reading = works[0].reading
        self.away = bool(works[0].away)
        """Whether it waits for a device elsewhere, and takes no slot here."""
        self.seconds = seconds
        """How long its process may take."""
        self.crowded = self.small and len(works) >= CROWD
        self.claims: dict[str, Claim] = {}
        self.canceled: set[str] = set()
        self.handle: Handle | None = None
        self.over = asyncio.Event()
