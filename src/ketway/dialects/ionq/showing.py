"""What every version of IonQ's API shows of a job alike."""

from __future__ import annotations

from starlette.requests import Request

from ketway.dialects.ionq.wire import NoiseObject
from ketway.jobs.failures import Failure
from ketway.jobs.job import Job

IDEAL = "ideal"


def from_cirq(request: Request) -> bool:
    """cirq-ionq needs a few answers otherwise than IonQ's document has them; see the READMEs."""
    return request.headers.get("user-agent", "").startswith("cirq/")


def ideal(job: Job) -> bool:
    """Whether the answer is exact: IonQ's ideal simulator, which ignores shots."""
    return job.backend == "simulator" and (job.noise is None or job.noise.model == IDEAL)


def duration(job: Job) -> int | None:
    """How long it ran, in milliseconds."""
    if job.started_at is None or job.completed_at is None:
        return None
    return (job.completed_at - job.started_at) // 1000


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
