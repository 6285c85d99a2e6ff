"""Status reads: what polling clients cost while jobs run."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.circuits import DEEP, bell_job, layered, single_job
from benchmarks.connection import Connection, UnexpectedAnswerError, message
from benchmarks.report import Goal, Row
from benchmarks.service import Service, serving

CONNECTIONS = 8
LAYERS = 200
"""Of the job in the background: it must run longer than the whole measurement."""
PAUSE = 0.05
"""Between small jobs in the background."""


def status(*, quick: bool) -> list[Row]:
    """`GET /v0.4/jobs/{id}` over 8 connections, the server on one core. The job in the background
    runs on another core, which the client shares; small jobs come and go too."""
    repeats, seconds = (2, 0.5) if quick else (5, 3.0)
    pinned = _cores() >= 2
    context = multiprocessing.get_context("spawn")
    rates = context.SimpleQueue()
    with serving() as service:
        service.warm()
        if pinned:
            service.pin(server=0, workers=1)
        job_id = _begin_long_job(service)
        with _small_jobs(service):
            for _ in range(repeats):
                client = context.Process(
                    target=_reads, args=(service.url, job_id, seconds, pinned, rates)
                )
                client.start()
                client.join()
                if client.exitcode:
                    raise UnexpectedAnswerError("the client failed; what it wrote is above")
        with service.connect() as connection:
            now = connection.get(f"/v0.4/jobs/{job_id}")["status"]
            if now != "started":
                raise UnexpectedAnswerError(f"the job in the background is {now}: make it longer")
            connection.ask(message("PUT", f"/v0.4/jobs/{job_id}/status/cancel"))
    figures = [rates.get() for _ in range(repeats)]
    notes = {"connections": CONNECTIONS, "pinned": pinned, "seconds_per_repeat": seconds}
    what = "job reads" + (", server on one core" if pinned else "")
    return [
        Row("status", what, "reads/s", figures, goal=Goal(1500, least=True), notes=notes),
    ]


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows: nothing can be pinned there
        return 0


def _begin_long_job(service: Service) -> str:
    size = DEEP._replace(layers=LAYERS)
    (gates,) = layered(size)
    with service.connect() as connection:
        body = single_job(size, gates, shots=1000)
        job_id = connection.submit(message("POST", "/v0.4/jobs", body))
        while (now := connection.get(f"/v0.4/jobs/{job_id}")["status"]) != "started":
            if now != "ready":
                raise UnexpectedAnswerError(f"the job in the background is {now}")
            time.sleep(0.01)
    return job_id


@contextlib.contextmanager
def _small_jobs(service: Service) -> Iterator[None]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    feeder = context.Process(target=_feed, args=(service.url, stop))
    feeder.start()
    try:
        yield
    finally:
        stop.set()
        feeder.join()


def _feed(url: str, stop: Any) -> None:
    request = message("POST", "/v0.4/jobs", bell_job())
    with Connection(url) as connection:
        while not stop.wait(PAUSE):
            connection.submit(request)


def _reads(url: str, job_id: str, seconds: float, pinned: bool, rates: Any) -> None:
    if pinned:
        os.sched_setaffinity(0, {1})
    request = message("GET", f"/v0.4/jobs/{job_id}")
    connections = {(c := Connection(url)).socket.fileno(): c for _ in range(CONNECTIONS)}
    poll = select.poll()
    for descriptor, connection in connections.items():
        poll.register(descriptor, select.POLLIN)
        connection.send(request)
    done, begun = 0, time.monotonic()
    while time.monotonic() - begun < seconds:
        for descriptor, _ in poll.poll():
            connection = connections[descriptor]
            code, body = connection.receive()
            if code != 200 or b'"started"' not in body:
                raise UnexpectedAnswerError(f"{code}: {body[:500]!r}")
            done += 1
            connection.send(request)
    rates.put(done / (time.monotonic() - begun))
