"""Jobs that compute: a batch of circuits, and one wide and deep circuit, against Qiskit Aer.

Ours: the job is sent, runs, is stored, and its answer is read, all over HTTP. Theirs: the call in
its own process. The requests and the peer's circuits are built before the clock starts.
"""

from __future__ import annotations

import contextlib
import json
import math
import random
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks import peers
from benchmarks.circuits import BATCH, DEEP, Gate, Size, batch_job, layered, single_job
from benchmarks.connection import SHORT_PAUSE, UnexpectedAnswerError, message
from benchmarks.report import Goal, Row
from benchmarks.service import Service, serving
from benchmarks.tasks import ghz

SHOTS = 1000
AGREE = 1e-6


class _Run(NamedTuple):
    completed: float
    """Seconds from the submission on, as the last one too."""
    read: float
    answer: bytes


def batch(*, quick: bool) -> list[Row]:
    """200 circuits of 12 qubits and 210 gates as one job; all exact probabilities are read."""
    request = message("POST", "/v0.4/jobs", batch_job(BATCH, layered(BATCH)))
    runs, timings = _in_turns(
        request,
        "results/probabilities/aggregated",
        (("aer", "batch"), ("aer", "batch", "--parallel")),
        repeats=1 if quick else 7,
        check=_agree_on_last,
    )
    read = [run.read for run in runs]
    first, *others = timings.items()
    notes = {"circuits": BATCH._asdict(), "bytes_read": len(runs[0].answer)}
    what = "200 x 12 qubits x 210 gates, "
    return [
        Row("batch", what + "results read", "s", read, *first, Goal(0.5, ratio=True), notes),
        *(Row("batch", what + "results read", "s", read, *other) for other in others),
        Row("batch", what + "completed", "s", [run.completed for run in runs], *first),
    ]


def deep(*, quick: bool) -> list[Row]:
    """One circuit of 25 qubits and 296 gates. Ours computes the exact distribution, keeps its
    largest outcomes and draws 1,000 shots; Aer draws 1,000 shots."""
    (gates,) = layered(DEEP)
    request = message("POST", "/v0.4/jobs", single_job(DEEP, gates, SHOTS))
    runs, timings = _in_turns(
        request,
        "results/histogram",
        (("aer", "random"), ("aer", "random", "--precision", "single")),
        repeats=1 if quick else 3,
        check=_all_shots,
    )
    done = [run.completed for run in runs]
    first, *others = timings.items()
    notes = {"circuit": DEEP._asdict(), "shots": SHOTS, "gates": len(gates)}
    what = "25 qubits x 296 gates, "
    return [
        Row("deep", what + "completed", "s", done, *first, Goal(0.2, ratio=True), notes),
        *(Row("deep", what + "completed", "s", done, *other) for other in others),
        Row("deep", what + "counts read", "s", [run.read for run in runs], *first),
    ]


def large(*, quick: bool) -> list[Row]:
    """As wide as IonQ's simulator goes: 29 qubits, a GHZ state and a rotation of each."""
    size = Size(circuits=1, qubits=29, layers=0)
    chance = random.Random(29)
    gates = [
        *ghz(size.qubits)[0],
        *(Gate("ry", (qubit,), chance.uniform(0, math.pi)) for qubit in range(size.qubits)),
    ]
    request = message("POST", "/v0.4/jobs", single_job(size, gates, SHOTS))
    seconds, peaks = [], []
    for _ in range(1 if quick else 2):
        with serving() as service:
            service.warm()
            with _Watched(service) as watched:
                run = _run(service, request, "results/histogram")
            _all_shots(run.answer, SHOTS)
            seconds.append(run.completed)
            peaks.append(watched.peak / (1 << 30))
    what = "29 qubits x 58 gates, "
    return [
        Row("large", what + "completed", "s", seconds),
        Row("large", what + "most memory of server and job", "GiB", peaks, goal=Goal(12.0)),
    ]


class _Watched:
    """Looks at the memory of a service until it is told to stop."""

    def __init__(self, service: Service) -> None:
        self.peak = 0.0
        self._service = service
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            resident, _ = self._service.memory()
            self.peak = max(self.peak, resident * 1e6)


def _in_turns(
    request: bytes, results: str, wanted: Sequence[tuple[str, ...]], repeats: int, check: Any
) -> tuple[list[_Run], dict[str, list[float]]]:
    """Ours, each peer, ours again, and so on: a slow minute of the machine slows all of them."""
    runs: list[_Run] = []
    with contextlib.ExitStack() as stack:
        python = peers.python_of_peers()
        others = [stack.enter_context(peers.peer(python, *each)) for each in wanted]
        service = stack.enter_context(serving())
        service.warm()
        timings: dict[str, list[float]] = {other.name: [] for other in others}
        for _ in range(repeats):
            runs.append(_run(service, request, results))
            for other in others:
                timings[other.name].append(other.seconds())
                check(runs[-1].answer, other.answer)
    return runs, timings


def _run(service: Service, request: bytes, results: str) -> _Run:
    with service.connect() as connection:
        begun = time.perf_counter()
        job_id = connection.submit(request)
        connection.completed(job_id, SHORT_PAUSE)
        completed = time.perf_counter() - begun
        answer = connection.ask(message("GET", f"/v0.4/jobs/{job_id}/{results}"))
        return _Run(completed, time.perf_counter() - begun, answer)


def _agree_on_last(answer: bytes, theirs: list[float]) -> None:
    """The first probabilities of the last circuit: the same circuits were run, in order."""
    last = list(json.loads(answer).values())[-1]
    for outcome, value in enumerate(theirs):
        ours = last.get(str(outcome), 0.0)
        if not math.isclose(ours, value, abs_tol=AGREE):
            raise UnexpectedAnswerError(
                f"outcome {outcome} of the last circuit: {ours} here, {value} there"
            )


def _all_shots(answer: bytes, theirs: int) -> None:
    ours = sum(json.loads(answer).values())
    if not ours == theirs == SHOTS:
        raise UnexpectedAnswerError(f"{ours} shots here and {theirs} there instead of {SHOTS}")
