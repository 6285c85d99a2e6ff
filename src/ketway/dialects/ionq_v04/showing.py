"""From jobs to what IonQ's API shows of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET
from starlette.requests import Request

from ketway.dialects.ionq.settings import Settings, kept_of
from ketway.dialects.ionq.showing import (
    COST_MODELS,
    duration,
    from_cirq,
    ideal,
    noise,
    predicted,
    sentence_of,
)
from ketway.dialects.ionq.wire import NULL
from ketway.dialects.ionq_v04 import debiasing, formats, hybrid
from ketway.dialects.ionq_v04.compiled import MEDIA_TYPES
from ketway.dialects.ionq_v04.wire import (
    ArtifactDescriptor,
    FailureObject,
    JobObject,
    iso,
)
from ketway.jobs.job import Job, State
from ketway.service.backends import Backends


def show(
    job: Job, request: Request, backends: Backends, child_ids: Sequence[str] | None = None
) -> JobObject:
    """`child_ids` are shown by `GET /jobs/{UUID}`, not in lists; an empty list means none."""
    shown = JobObject(
        id=job.id,
        status=job.state.value,
        type=_type(job),
        backend=job.backend,
        dry_run=job.dry_run,
        submitter_id=job.user_id,
        project_id=job.project_id,
        parent_job_id=job.parent_id,
        session_id=job.session_id,
        metadata=NULL if job.metadata is None else msgspec.Raw(job.metadata.encode()),
        name=job.name,
        submitted_at=iso(job.submitted_at) or "",
        started_at=iso(job.started_at),
        completed_at=iso(job.completed_at),
        predicted_wait_time_ms=waiting(job, backends),
        predicted_execution_duration_ms=predicted(job),
        execution_duration_ms=duration(job),
        failure=_failure(job, request),
        output=_output(job),
        settings=_settings(job),
        stats=_stats(job),
        results=_results(job),
    )
    if not ideal(job):
        shown.shots = job.shots
    if job.busy_micros is not None:
        model = backends.cost_model(job.backend)
        shown.cost_model = UNSET if model is None else COST_MODELS[model]
    if job.characterization is not None:
        shown.characterization_id = job.characterization
    if job.backend == "simulator":
        shown.noise = noise(job)
    if child_ids is not None:
        shown.child_job_ids = list(child_ids) or None
    return shown


def _type(job: Job) -> str:
    if hybrid.is_hybrid(job):
        return hybrid.type_of(job)
    return job.format if job.parent_id is None else "ionq.circuit.v1"


def fill(shown: JobObject, job: Job, answer: hybrid.HybridAnswer) -> None:
    """Put in what only the answer of a hybrid job says."""
    if not (job.parent_id and job.format == hybrid.QAOA):
        shown.results = hybrid.results_of(job, answer)
        shown.output = hybrid.output_of(job, answer)


def _settings(job: Job) -> Settings:
    """What was asked for; and that a job is debiased, if nobody asked."""
    kept = kept_of(job)
    mitigation = kept.error_mitigation
    if job.debias:
        mitigation = {"debiasing": True, **(mitigation or {})}
    return Settings(mitigation, kept.compilation)


def waiting(job: Job, backends: Backends) -> int | None:
    """How long it will wait for its QPU; null where it waits for none."""
    if job.busy_micros is None or job.final or job.state is State.STARTED:
        return None
    return math.ceil(backends.wait_micros(job.parent_id or job.id) / 1000)


def _stats(job: Job) -> dict[str, Any]:
    stats: dict[str, Any] = {
        "qubits": job.qubits,
        "circuits": job.circuits,
        "gate_counts": {"1q": job.gates_1q, "2q": job.gates_2q},
        "kwh": 0,
    }
    if job.busy_micros is not None:
        stats["predicted_quantum_compute_time_us"] = job.busy_micros
        if job.state is State.COMPLETED and not job.dry_run:
            stats["billed_quantum_compute_time_us"] = job.busy_micros
    return stats


def _failure(job: Job, request: Request) -> Any:
    if job.failure is not None:
        message = sentence_of(job.failure)
        return FailureObject(code=job.failure.code.value, message=message, error=message)
    # cirq-ionq reads the failure of any job that did not complete, and cannot take null
    # (cirq_ionq/job.py, `_check_if_unsuccessful`); ionq-core insists on the key.
    return UNSET if from_cirq(request) else None


def _output(job: Job) -> dict[str, Any]:
    """The circuit as its device runs it, of every job whose circuit is known."""
    if job.state is not State.COMPLETED or job.children or not job.qubits:
        return {}
    if hybrid.is_hybrid(job):
        return {}
    circuits = {
        format_: ArtifactDescriptor(formats.artifact_id(job.id, format_), format_, media_type)
        for format_, media_type in MEDIA_TYPES.items()
    }
    shown: dict[str, Any] = {"compilation": {"compiled_circuits": circuits}}
    if debiased(job):
        shown["error_mitigation"] = debiasing.output_of(job, None)
    return shown


def answered(job: Job) -> bool:
    """Whether there are results of it, as of one circuit."""
    return job.state is State.COMPLETED and not job.children and not job.dry_run


def debiased(job: Job) -> bool:
    """Whether there are results of variants of it."""
    return job.debias and answered(job)


def _results(job: Job) -> dict[str, Any] | None:
    """Both styles together: the document's descriptors, and the url that released SDKs read."""
    if job.state is not State.COMPLETED or job.dry_run:
        return None
    if hybrid.is_hybrid(job) and hybrid.type_of(job) != hybrid.QAOA_CIRCUIT:
        return None
    base = f"/v0.4/jobs/{job.id}/results"
    if job.children:
        descriptor = _descriptor(job.id, formats.AGGREGATE)
        url = f"{base}/probabilities/aggregated"
        return {
            "probabilities": msgspec.structs.replace(descriptor, url=url),
            formats.AGGREGATE: descriptor,
        }
    shown: dict[str, Any] = {}
    for name, format_ in (
        ("probabilities", formats.PROBABILITIES),
        ("histogram", formats.HISTOGRAM),
        ("shots", formats.SHOTS),
    ):
        descriptor = _descriptor(job.id, format_)
        shown[name] = msgspec.structs.replace(descriptor, url=f"{base}/{name}")
    for format_ in formats.formats_of(shots=True):
        shown[format_] = _descriptor(job.id, format_)
    return shown


def _descriptor(job_id: str, format_: str) -> ArtifactDescriptor:
    return ArtifactDescriptor(id=formats.artifact_id(job_id, format_), format=format_)
