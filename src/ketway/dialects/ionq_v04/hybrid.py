"""IonQ's hybrid jobs, circuits in a loop: what is asked of them, and what their answers show.

`optimization` is not in IonQ's document of today, but its own SDK sends it (`ionq` 0.0.0a15,
ionq/schemas/job.py) and asks for the progress of such a job.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from ketway.dialects.http import located
from ketway.dialects.ionq_v04.wire import InputObject, Progress, ProgressResponse, iso
from ketway.jobs.answers import (
    CutAnswer,
    EnergyAnswer,
    Evaluation,
    OptimumAnswer,
    answer_of,
)
from ketway.jobs.job import Job, State
from ketway.jobs.results import Provenance, Result
from ketway.routines.ionq.asked import (
    MOST_SHOTS,
    Asked,
    CutInput,
    FunctionInput,
    OptimizationInput,
    told,
)
from ketway.service.errors import NotCompletedError, NotFoundError, RefusedError
from ketway.service.jobs import Jobs

FUNCTION, OPTIMIZATION, QAOA = "quantum-function", "optimization", "qctrl.qaoa.v1"
QAOA_CIRCUIT: Final = "qctrl.qaoa-circuit.v1"

HybridAnswer = EnergyAnswer | OptimumAnswer | CutAnswer


class Kind(NamedTuple):
    routine: str
    input: type[msgspec.Struct]
    child: str
    """What its children are called."""


KINDS: Final = {
    FUNCTION: Kind("ionq.quantum-function", FunctionInput, FUNCTION),
    OPTIMIZATION: Kind("ionq.optimization", OptimizationInput, FUNCTION),
    QAOA: Kind("ionq.qaoa", CutInput, QAOA_CIRCUIT),
}
"""By the types of jobs."""

_ROUTINES: Final = {kind.routine for kind in KINDS.values()}


def is_hybrid(job: Job) -> bool:
    return job.routine in _ROUTINES


def type_of(job: Job) -> str:
    kind = KINDS[job.format]
    return job.format if job.parent_id is None else kind.child


def params_of(type_: str, given: InputObject, shots: int) -> bytes:
    """What the routine is told: the input, checked for its form, and nothing of the credentials for
    other services that come with it."""
    if not 1 <= shots <= MOST_SHOTS:
        raise RefusedError(f"shots must be from 1 to {MOST_SHOTS:,}, not {shots:,}", "shots")
    kind = KINDS[type_]
    sent = {
        field.name: value
        for field in msgspec.structs.fields(kind.input)
        if (value := getattr(given, field.name)) is not None
    }
    try:
        read = msgspec.convert(sent, kind.input)
    except msgspec.ValidationError as error:
        message, path = located(str(error))
        where, text = (
            ("input." + path, "input." + message) if path else ("input", f"input: {message}")
        )
        raise RefusedError(text, where) from None
    return told(Asked(msgspec.Raw(msgspec.json.encode(read)), shots))


def with_shots(params: bytes, shots: int) -> bytes:
    if not 1 <= shots <= MOST_SHOTS:
        raise RefusedError(f"shots must be from 1 to {MOST_SHOTS:,}, not {shots:,}", "shots")
    return told(msgspec.structs.replace(msgspec.json.decode(params, type=Asked), shots=shots))


async def answered(jobs: Jobs, job: Job) -> HybridAnswer:
    """The answer of a hybrid job, or of the one that a circuit belongs to."""
    found: HybridAnswer = await jobs.routine_answer(job, answer_of(job.routine))
    return found


def results_of(job: Job, answer: HybridAnswer) -> dict[str, Any]:
    """What is under `results`."""
    if job.parent_id is not None:
        return {"value": _evaluation(job, answer).value}
    match answer:
        case EnergyAnswer():
            return {"value": answer.value, "variance": answer.variance}
        case OptimumAnswer():
            return {"solution": _solution(answer)}
        case CutAnswer():
            return {
                "qaoa_results": {
                    "optimal_cost": answer.cost,
                    "optimal_bitstring": answer.bitstring,
                    "processing_status": "complete" if answer.converged else "max_iteration",
                }
            }


def output_of(job: Job, answer: HybridAnswer) -> dict[str, Any]:
    """The same under `output`, where the example of ionq-core looks for it
    (examples/hamiltonian_energy_optimization.py, `extract_energy`)."""
    if job.parent_id is not None:
        return {"value": _evaluation(job, answer).value}
    match answer:
        case EnergyAnswer():
            return {"value": answer.value, "variance": answer.variance}
        case OptimumAnswer():
            return {"solution": _solution(answer), "converged": answer.converged}
        case CutAnswer():
            return {}


def _solution(answer: OptimumAnswer) -> dict[str, Any]:
    return {"minimum_value": answer.value, "optimal_parameters": answer.point}


def progress_of(job: Job, ids: list[str], answer: HybridAnswer | None) -> ProgressResponse:
    """What was tried, in order; nothing until the job has ended. `ids` are its children's."""
    if answer is None or isinstance(answer, EnergyAnswer):
        return ProgressResponse([])
    return ProgressResponse(
        [
            Progress(
                job_id=id_,
                status=State.COMPLETED.value,
                finished_at=iso(job.completed_at),
                value=one.value,
                params=one.point,
                iteration=one.number,
            )
            for id_, one in zip(ids, answer.evaluations, strict=True)
        ]
    )


async def measured(jobs: Jobs, job: Job) -> Result:
    """What a circuit of a QAOA job gave."""
    if job.parent_id is None or job.format != QAOA:
        raise NotFoundError(
            f"Job {job.id} has no outcomes of its own: it is a {type_of(job)} job. Its `results` "
            "have its answer."
        )
    answer = await answered(jobs, job)
    one = _evaluation(job, answer)
    if not isinstance(answer, CutAnswer) or one.outcomes is None or one.counts is None:
        raise NotCompletedError(f"Job {job.id} has no result: it is {job.state}.")
    # Which shot gave what was not kept, so they come in the order of their outcomes.
    shots = np.repeat(np.arange(len(one.counts), dtype=np.uint32), one.counts)
    made = answer.made_by[0] if answer.made_by else Provenance("none", "1")
    return Result(answer.bits, one.outcomes, None, one.counts, shots, made)


def _evaluation(job: Job, answer: HybridAnswer) -> Evaluation:
    if isinstance(answer, EnergyAnswer):
        raise NotFoundError(f"Job {job.id} has no evaluations.")
    return answer.evaluations[job.position]
