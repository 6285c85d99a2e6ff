"""What every version of IonQ's API shows of a job alike."""

from __future__ import annotations

import math
from typing import Final

from starlette.requests import Request

from ketway.devices.price import CostModel
from ketway.dialects.ionq.wire import NoiseObject
from ketway.jobs.failures import Failure
from ketway.jobs.job import Job, State

IDEAL = "ideal"

COST_MODELS: Final[dict[CostModel, str]] = {"gates": "2QGE_operations", "compute time": "QCT"}
"""As jobs name what their device's prices count."""


def from_cirq(request: Request) -> bool:
    """cirq-ionq needs a few answers otherwise than IonQ's document has them; see the READMEs."""
    return request.headers.get("user-agent", "").startswith("cirq/")


def ideal(job: Job) -> bool:
    """Whether the answer is exact: IonQ's ideal simulator, which ignores shots."""
    return job.backend == "simulator" and (job.noise is None or job.noise.model == IDEAL)


def predicted(job: Job) -> int | None:
    """How long it will run, in milliseconds: on a virtual QPU by the device's own timing."""
    if job.busy_micros is not None:
        return math.ceil(job.busy_micros / 1000)
    return None if job.plan is None else math.ceil(job.seconds * 1000)


def duration(job: Job) -> int | None:
    """How long it ran, in milliseconds; a virtual QPU was busy for as long as a QPU would be."""
    if job.busy_micros is not None:
        ran = job.state is State.COMPLETED and not job.dry_run
        return math.ceil(job.busy_micros / 1000) if ran else None
    if job.started_at is None or job.completed_at is None:
        return None
    return (job.completed_at - job.started_at) // 1000


def billed(job: Job) -> float:
    """What it cost: nothing, unless it ran to its end."""
    return (job.cost or 0.0) if job.state is State.COMPLETED and not job.dry_run else 0.0


def noise(job: Job) -> NoiseObject:
    if job.noise is None:
        return NoiseObject(model=IDEAL)
    return NoiseObject(model=job.noise.model, seed=job.noise.seed)


def sentence_of(failure: Failure) -> str:
    """The message, with where it applies in front of it."""
    place = [
        f"{word} {number}"
        for word, number in (
            ("circuit", failure.circuit),
            ("gate", failure.gate),
            ("line", failure.line),
            ("column", failure.column),
        )
        if number is not None
    ]
    return f"{', '.join(place).capitalize()}: {failure.message}" if place else failure.message
