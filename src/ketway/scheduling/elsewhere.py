"""Devices that are no simulations: how many jobs each takes, how it is, and calling off what was
started there. Their drivers run in processes of their own, as attempts do."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import msgspec

from ketway.devices.device import Device
from ketway.devices.loading import Catalogue
from ketway.execution.bundle import Bundle, Report, Task, Work
from ketway.execution.driving import Description
from ketway.execution.executor import Executor
from ketway.execution.processes import Limits
from ketway.jobs.ids import new_id
from ketway.jobs.job import Job

log = logging.getLogger("ketway.elsewhere")

EVERY_SECONDS: Final = 60.0
"""How often a device is asked how it is."""
SECONDS: Final = 30.0
"""How long a driver may take to answer."""
_LIMITS: Final = Limits(bytes=2 << 30, seconds=SECONDS, threads=1)
_NEVER_ASKED: Final = Description(status="unavailable")


class Elsewhere:
    def __init__(self, catalogue: Catalogue, executor: Executor, bundle: Bundle) -> None:
        """`bundle` is an empty one, which says where this server's files are."""
        self._executor = executor
        self._bundle = bundle
        self._devices = {d.name: d for d in catalogue.devices.values() if d.driver is not None}
        self._found: dict[str, Description] = {}
        self._watching: asyncio.Task[None] | None = None

    def places(self, device: str) -> int:
        """How many jobs a device takes at once; 0 for a simulation, which is run here."""
        found = self._devices.get(device)
        return 0 if found is None or found.driver is None else found.driver.at_once

    def description(self, device: str) -> Description | None:
        """How a device is; None for a simulation."""
        if device not in self._devices:
            return None
        return self._found.get(device, _NEVER_ASKED)

    def start(self) -> None:
        if self._devices:
            self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def call_off(self, job: Job | None) -> None:
        """Have a device stop what attempts at a job may have started there."""
        if job is None or job.final or not job.attempt or not self.places(job.backend):
            return
        report = await self._ask("call off", self._devices[job.backend], job.id)
        if report.failure is not None:
            log.warning(
                "job %s may go on running on %s, which could not be told to stop: %s",
                job.id,
                job.backend,
                report.failure.message,
            )

    async def _watch(self) -> None:
        while True:
            await asyncio.gather(*(self._describe(device) for device in self._devices.values()))
            await asyncio.sleep(EVERY_SECONDS)

    async def _describe(self, device: Device) -> None:
        report = await self._ask("describe", device, new_id())
        if report.data is not None:
            self._found[device.name] = msgspec.json.decode(report.data, type=Description)
            return
        if self._found.get(device.name) != _NEVER_ASKED:
            why = "it did not answer" if report.failure is None else report.failure.message
            log.warning("%s is not available: %s", device.name, why)
        self._found[device.name] = _NEVER_ASKED

    async def _ask(self, task: Task, device: Device, job_id: str) -> Report:
        work = Work(job_id=job_id, attempt=0, task=task, data=None, blob=None, driven=device.driver)
        reports: list[Report] = []
        receive: Callable[[Report], None] = reports.append
        try:
            bundle = msgspec.structs.replace(self._bundle, works=[work])
            handle = await self._executor.start(bundle, _LIMITS, receive)
            try:
                await handle.ended()
            finally:
                handle.cancel()
        except Exception:
            log.exception("the driver of %s could not be asked", device.name)
        return reports[0] if reports else Report(job_id=job_id, attempt=0)
