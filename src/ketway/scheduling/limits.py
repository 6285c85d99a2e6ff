"""What the process of a bundle may take."""

from __future__ import annotations

from typing import Final

from ketway.execution.processes import Limits
from ketway.scheduling.flight import Flight
from ketway.scheduling.policy import SMALL_BYTES

READING_SECONDS: Final = 30.0
"""Longest time that reading one program text may take."""
READING: Final = Limits(bytes=2 << 30, seconds=READING_SECONDS, threads=1)
_HEADROOM_BYTES: Final = 1 << 30
"""Address space beyond the plan: results, the allocator's arenas, the stacks of threads."""


def limits_of(flight: Flight) -> Limits:
    if flight.reading:
        return READING
    # The same for all small jobs, so that one process can serve them.
    planned = SMALL_BYTES if flight.small else max(w.bytes for w in flight.works.values())
    return Limits(
        bytes=planned + planned // 4 + _HEADROOM_BYTES,
        seconds=flight.seconds,
        threads=flight.threads,
    )
