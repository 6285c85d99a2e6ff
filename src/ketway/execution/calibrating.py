"""The machine's calibration: read from the data folder, or measured in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from ketway.engines.calibration import Calibration, decode
from ketway.execution.child import ONE_THREAD
from ketway.execution.interpreter import command

log = logging.getLogger("ketway.calibration")

FILE = "calibration.json"
"""In the data folder. Deleted, it is measured anew at the next start."""
SECONDS = 60.0
"""Longest time that measuring may take; it is two seconds where nothing else runs."""


async def calibration(folder: Path) -> Calibration | None:
    """What is known of this machine's paces; None if they could not be measured."""
    path = folder / FILE
    try:
        found = decode(path.read_bytes())
    except OSError:
        found = None
    return found or await _measured(path)


async def _measured(path: Path) -> Calibration | None:
    try:
        data = await _measure()
        found = decode(data)
        if found is None:
            raise ValueError(f"not a calibration of this machine: {data[:200]!r}")
        _keep(path, data)
    except (OSError, ValueError, TimeoutError) as error:
        log.warning("plans go by another machine's speed: this one was not measured: %s", error)
        return None
    log.info("this machine is calibrated: %s", _words(found))
    return found


async def _measure() -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command("ketway.engines.calibration", {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | ONE_THREAD,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(SECONDS):
            data, errors = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise ValueError(errors.decode(errors="replace")[-500:])
    return data


def _keep(path: Path, data: bytes) -> None:
    """Renamed into place: a reader finds all of it or nothing."""
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def _words(found: Calibration) -> str:
    return ", ".join(f"{name} {pace:.2g}" for name, pace in sorted(found.paces.items()))
