"""Small jobs: how soon one is accepted, and how many flow through in a second."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import time
from typing import Any

from benchmarks.circuits import bell_job
from benchmarks.connection import Connection, UnexpectedAnswerError, message
from benchmarks.report import Goal, Row
from benchmarks.service import Service, serving

CLIENTS = 8
JOBS = 1000


def submit(*, quick: bool) -> list[Row]:
    """One client, one 2-qubit job after the other, to the accepted answer: it is on the disk."""
    repeats, jobs = (2, 50) if quick else (7, 300)
    request = message("POST", "/v0.4/jobs", bell_job())
    medians, tails = [], []
    with serving() as service:
        service.warm()
        for _ in range(repeats):
            taken = _submissions(service, request, jobs)
            medians.append(statistics.median(taken))
            tails.append(statistics.quantiles(taken, n=100)[98])
    notes = {"jobs_per_repeat": jobs}
    return [
        Row("submit", "2-qubit job accepted, p50", "ms", medians, goal=Goal(5.0), notes=notes),
        Row("submit", "2-qubit job accepted, p99", "ms", tails, notes=notes),
    ]


def _submissions(service: Service, request: bytes, jobs: int) -> list[float]:
    """Milliseconds of each; returns when the last job is completed."""
    taken = []
    with service.connect() as connection:
        for _ in range(jobs):
            begun = time.perf_counter()
            job_id = connection.submit(request)
            taken.append((time.perf_counter() - begun) * 1e3)
        connection.completed(job_id)
    return taken


def flow(*, quick: bool) -> list[Row]:
    """Eight clients, each a process: submit all, ask for each until it is completed, read each
    result. From the first request to the last result."""
    repeats, jobs = (2, 200) if quick else (5, JOBS)
    rates, costs = [], []
    with serving() as service:
        service.warm()
        for _ in range(repeats):
            before = service.processor_seconds()
            rates.append(jobs / stream(service, jobs))
            costs.append((service.processor_seconds() - before) * 1000 / jobs)
    notes = {"jobs_per_repeat": jobs, "clients": CLIENTS}
    return [
        Row("flow", "jobs from submission to result read", "jobs/s", rates,
            goal=Goal(400, least=True), notes=notes),
        Row("flow", "server's processor time per 1,000 jobs", "s", costs, notes=notes),
    ]  # fmt: skip


def stream(service: Service, jobs: int) -> float:
    """Send that many jobs through; the seconds that it took."""
    context = multiprocessing.get_context("spawn")  # the same everywhere
    barrier, spans = context.Barrier(CLIENTS, timeout=60), context.SimpleQueue()
    request = message("POST", "/v0.4/jobs", bell_job())
    clients = [
        context.Process(
            target=_client, args=(service.url, request, jobs // CLIENTS, barrier, spans)
        )
        for _ in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if any(client.exitcode for client in clients):
        raise UnexpectedAnswerError("a client failed; what it wrote is above")
    found = [spans.get() for _ in clients]
    return float(max(end for _, end in found) - min(begin for begin, _ in found))


def _client(url: str, request: bytes, jobs: int, barrier: Any, spans: Any) -> None:
    with Connection(url) as connection:
        barrier.wait()
        begun = time.monotonic()  # one clock for all processes
        ids = [connection.submit(request) for _ in range(jobs)]
        for job_id in ids:
            connection.completed(job_id)
            path = f"/v0.4/jobs/{job_id}/results/probabilities"
            answer = json.loads(connection.ask(message("GET", path)))
            if answer != {"0": 0.5, "3": 0.5}:
                raise UnexpectedAnswerError(f"a Bell pair is not {answer}")
        spans.put((begun, time.monotonic()))
