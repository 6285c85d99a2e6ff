"""What a Ketway costs that has nothing to do: memory at rest, and the time until it answers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.circuits import bell_job
from benchmarks.connection import message
from benchmarks.report import Goal, Row
from benchmarks.service import Service, serving
from benchmarks.small_jobs import JOBS, stream

SETTLE_SECONDS = 1.0


def rest(*, quick: bool) -> list[Row]:
    """Server and zygote together: as started, and when 1,000 jobs have gone through."""
    repeats = 1 if quick else 3
    fresh, fresh_resident, used, used_resident = [], [], [], []
    for _ in range(repeats):
        with serving() as service:
            service.warm()
            resident, proportional = _at_rest(service)
            fresh_resident.append(resident)
            fresh.append(proportional)
            stream(service, JOBS // 5 if quick else JOBS)
            resident, proportional = _at_rest(service)
            used_resident.append(resident)
            used.append(proportional)
    goal = Goal(300)
    return [
        Row("rest", "memory after the start, shared pages once", "MB", fresh, goal=goal),
        Row("rest", "memory after the start, resident", "MB", fresh_resident),
        Row("rest", f"memory after {JOBS:,} jobs, shared pages once", "MB", used, goal=goal),
        Row("rest", f"memory after {JOBS:,} jobs, resident", "MB", used_resident),
    ]


def _at_rest(service: Service) -> tuple[float, float]:
    """When the processes of jobs are gone."""
    time.sleep(SETTLE_SECONDS)
    return service.memory()


def start(*, quick: bool) -> list[Row]:
    """A warm start: the files are in the system's memory, the data folder has jobs."""
    repeats = 2 if quick else 7
    answered, ran = [], []
    with tempfile.TemporaryDirectory(prefix="ketway-bench-") as folder:
        data = Path(folder) / "data"
        with serving(data) as service:
            service.warm()
        for _ in range(repeats):
            with serving(data) as service, service.connect() as connection:
                connection.get("/v0.4/jobs")
                answered.append(time.monotonic() - service.started)
                request = message("POST", "/v0.4/jobs", bell_job())
                connection.completed(connection.submit(request))
                ran.append(time.monotonic() - service.started)
    return [
        Row("start", "from the command to the first answer", "s", answered, goal=Goal(2.0)),
        Row("start", "from the command to the first job completed", "s", ran),
    ]
