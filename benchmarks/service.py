"""A Ketway in a process of its own, on a new data folder, as `ketway up` starts it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.circuits import bell_job
from benchmarks.connection import Connection, message

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 20.0


class ServiceFailedError(Exception):
    """Ketway did not start; the message has what it wrote."""


@dataclass
class Service:
    url: str
    process: subprocess.Popen[str]
    started: float
    """When the command was given, on the monotonic clock."""

    def connect(self) -> Connection:
        return Connection(self.url)

    def family(self) -> list[psutil.Process]:
        """The server and everything that it has started."""
        server = psutil.Process(self.process.pid)
        return [server, *server.children(recursive=True)]

    def warm(self) -> None:
        """Returns when a job has run: everything that is made on first use is there."""
        with self.connect() as connection:
            connection.completed(connection.submit(message("POST", "/v0.4/jobs", bell_job())))

    def processor_seconds(self) -> float:
        """What the server's own process has used; the processes of jobs are not in it."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def memory(self) -> tuple[float, float]:
        """Resident and proportional MB of the server and what it has started. The second counts
        shared pages once; where the system does not know it, both are the first."""
        resident = proportional = 0
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                found = process.memory_full_info()
                resident += found.rss
                proportional += getattr(found, "pss", found.rss)
        return resident / 1e6, proportional / 1e6

    def pin(self, server: int, workers: int) -> None:
        """The server's threads on one core, and what it has started on another."""
        _, *others = self.family()
        for process in others:
            _pin(process.pid, workers)
        _pin(self.process.pid, server)


def _pin(pid: int, core: int) -> None:
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, {core})  # type: ignore[attr-defined,unused-ignore]


@contextlib.contextmanager
def serving(data: Path | None = None) -> Iterator[Service]:
    with contextlib.ExitStack() as stack:
        if data is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ketway-bench-"))
            data = Path(folder) / "data"
        service = _start(data)
        try:
            yield service
        finally:
            _stop(service)


def _start(data: Path) -> Service:
    data.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ketway", "up", "--port", "0", "--data", str(data), "--json"]
    log = data.parent / f"{data.name}.log"
    started = time.monotonic()
    with log.open("a") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=_environment()
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise ServiceFailedError(f"Ketway did not start:\n{log.read_text()[-4000:]}")
    return Service(json.loads(line)["url"], process, started)


def _environment() -> dict[str, str]:
    """The source tree is what is measured, with every setting at its default."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KETWAY_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src")}


def _stop(service: Service) -> None:
    service.process.terminate()
    try:
        service.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        service.process.kill()
        service.process.wait()
    assert service.process.stdout is not None
    service.process.stdout.close()
