"""IBM's primitives: the unmodified client against a Ketway, beside Aer's primitives in-process.

From `run` to the decoded result, with everything that lies between: QPY and JSON, HTTP, the queue,
the disk, and the client's own pauses between two questions whether the job is done.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import threading
import time
from typing import Any

from benchmarks import peers
from benchmarks.connection import Connection, UnexpectedAnswerError, message
from benchmarks.report import Goal, Row
from benchmarks.service import Service, serving
from benchmarks.tasks import POINTS, POINTS_SHOTS, SWEPT, TERMS, TERMS_OF
from ketway.cli.env import variables

BASE = "/experimental/api/v1"
POLLERS = 100
POLL_PAUSE = 0.1
CLIENTS = 4
STORM_JOBS = 400

BELL = """OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c;
h q[0]; cx q[0], q[1]; c = measure q;"""


def points(*, quick: bool) -> list[Row]:
    """A sweep of 1,000 points of a 12-qubit circuit of 100 gates."""
    what = f"{POINTS:,} points x {SWEPT.qubits} qubits x 100 gates, {POINTS_SHOTS:,} shots"
    return [_in_turns("points", what, 1 if quick else 5, tolerance=0)]


def terms(*, quick: bool) -> list[Row]:
    """The sum of 500 Pauli products on 16 qubits, each to IBM's default precision."""
    what = f"{TERMS} terms x {TERMS_OF.qubits} qubits, precision 1/64"
    return [_in_turns("terms", what, 1 if quick else 5, tolerance=6 * TERMS**0.5 / 64)]


def _in_turns(task: str, what: str, repeats: int, *, tolerance: float) -> Row:
    python = peers.python_of_peers()
    ours, theirs = [], []
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(serving())
        service.warm()
        environment = variables(service.url, "bench")
        ketway = stack.enter_context(
            peers.peer(python, "primitives", task, "ketway", environment=environment)
        )
        aer = stack.enter_context(peers.peer(python, "primitives", task, "aer"))
        for _ in range(repeats):
            ours.append(ketway.seconds())
            theirs.append(aer.seconds())
        for mine, other in zip(ketway.answer, aer.answer, strict=True):
            if abs(mine - other) > tolerance:
                raise UnexpectedAnswerError(f"{ketway.answer} is not {aer.answer}")
        notes = {"client": ketway.name}
        return Row(task, what, "s", ours, aer.name, theirs, Goal(1 / 3, ratio=True), notes)


def errors(*, quick: bool) -> list[Row]:
    """Mitigation: by how much each kind brings 24 expectation values on a noisy machine nearer to
    their true ones. Not a time: the figure is the mean error."""
    python = peers.python_of_peers()
    found: list[list[float]] = []
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(serving())
        service.warm()
        ketway = stack.enter_context(
            peers.peer(
                python, "primitives", "errors", "ketway",
                environment=variables(service.url, "bench"),
            )
        )  # fmt: skip
        for _ in range(1 if quick else 3):
            ketway.seconds()
            found.append(ketway.answer)
    bare = [one[0] for one in found]
    goal = Goal(1.0, ratio=True)
    return [
        Row("errors", f"mean error of 24 values on ibmq_manila, {name}", "", [o[k] for o in found],
            "no mitigation", bare, goal)
        for k, name in ((1, "TREX"), (2, "TREX and ZNE"), (3, "TREX and PEC"))
    ]  # fmt: skip


def storm(*, quick: bool) -> list[Row]:
    """Jobs through IBM's API, alone and while 100 clients ask for a job of theirs every 0.1 s."""
    repeats, jobs = (1, 40) if quick else (5, STORM_JOBS)
    calm, stormy, asked = [], [], []
    with serving() as service:
        service.warm()
        _stream(service, CLIENTS)
        for _ in range(repeats):
            calm.append(jobs / _stream(service, jobs))
            with _Storm(service) as polling:
                begun = time.monotonic()
                stormy.append(jobs / _stream(service, jobs))
                asked.append(polling.count / (time.monotonic() - begun))
    what = f"jobs while {POLLERS} clients poll"
    notes = {"polls_a_second": asked, "jobs_per_repeat": jobs, "clients": CLIENTS}
    return [
        Row("storm", what, "jobs/s", stormy, "without them", calm,
            Goal(0.7, least=True, ratio=True), notes),
    ]  # fmt: skip


def _stream(service: Service, jobs: int) -> float:
    """Send that many small sampler jobs through and read their results; seconds it took."""
    begun = time.monotonic()
    threads = [
        threading.Thread(target=_client, args=(service.url, jobs // CLIENTS))
        for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begun


def _client(url: str, jobs: int) -> None:
    body = {
        "program_id": "sampler",
        "backend": "ibmq_qasm_simulator",
        "params": {"pubs": [[BELL, None, 100]], "version": 2},
    }
    request = message("POST", f"{BASE}/jobs", json.dumps(body).encode())
    with Connection(url) as connection:
        ids = [json.loads(connection.ask(request))["id"] for _ in range(jobs)]
        for job_id in ids:
            _completed(connection, job_id)
            answer = json.loads(connection.ask(message("GET", f"{BASE}/jobs/{job_id}/results")))
            samples = answer["results"][0]["data"]["c"]["samples"]
            if len(samples) != 100 or not set(samples) <= {"0x0", "0x3"}:
                raise UnexpectedAnswerError(f"a Bell pair is not {answer}")


def _completed(connection: Connection, job_id: str) -> None:
    request = message("GET", f"{BASE}/jobs/{job_id}?exclude_params=true")
    while (status := json.loads(connection.ask(request))["status"]) != "Completed":
        if status not in ("Queued", "Running"):
            raise UnexpectedAnswerError(f"job {job_id} is {status}")
        time.sleep(POLL_PAUSE)


class _Storm:
    """Clients in a process of their own, each on a connection of its own, that ask for a finished
    job every tenth of a second."""

    def __init__(self, service: Service) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._over = self._context.Event()
        self._ready = self._context.Event()
        self._count = self._context.Value("q", 0)
        with service.connect() as connection:
            job_id = connection.get(f"{BASE}/jobs?limit=1&pending=false")["jobs"][0]["id"]
        self._process = self._context.Process(
            target=_polls, args=(service.url, job_id, self._ready, self._over, self._count)
        )

    @property
    def count(self) -> int:
        return int(self._count.value)

    def __enter__(self) -> _Storm:
        self._process.start()
        self._ready.wait(60)
        self._count.value = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._process.join()
        if self._process.exitcode:
            raise UnexpectedAnswerError("the pollers failed; what they wrote is above")


def _polls(url: str, job_id: str, ready: Any, over: Any, count: Any) -> None:
    """All clients in turn, so that the storm costs as little of this machine as it can."""
    request = message("GET", f"{BASE}/jobs/{job_id}?exclude_params=true")
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(url)) for _ in range(POLLERS)]
        ready.set()
        following = time.monotonic()
        while not over.is_set():
            for connection in connections:
                connection.ask(request)
                count.value += 1
                following += POLL_PAUSE / POLLERS
                if (pause := following - time.monotonic()) > 0:
                    time.sleep(pause)
