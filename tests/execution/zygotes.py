"""A zygote and its children, seen from outside."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from tests.execution.any_kind import PATIENCE

from ketway.execution.spares import SPARES
from ketway.execution.zygote import ZygoteProcesses


def zygote_of(processes: ZygoteProcesses) -> int:
    assert processes._zygote is not None
    return processes._zygote._process.pid


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def until_spares(processes: ZygoteProcesses, count: int = SPARES) -> list[int]:
    """Returns when the zygote, which runs nothing, has so many children, and which they are."""
    end = time.monotonic() + PATIENCE
    while len(found := children_of(zygote_of(processes))) != count:
        assert time.monotonic() < end, f"there are {found}"
        await asyncio.sleep(0.002)
    return found
