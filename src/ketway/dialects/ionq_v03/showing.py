"""From jobs to what IonQ's API v0.3 shows of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from ketway.dialects.ionq.settings import kept_of
from ketway.dialects.ionq.showing import billed, duration, noise, predicted, sentence_of
from ketway.dialects.ionq_v03.wire import (
    ErrorMitigation,
    Failure,
    FieldsQuery,
    JobObject,
    Warnings,
    seconds,
)
from ketway.jobs.job import Job, State
from ketway.jobs.results import Result
from ketway.service.errors import RefusedError

STATUS = {State.STARTED: "running"}
"""Where v0.3 has another word than the later versions."""
_STATES = {STATUS.get(state, state.value): state for state in State}
FIELDS = frozenset(JobObject.__struct_fields__)
_ALWAYS = ("id", "status")


def status_of(state: State) -> str:
    return STATUS.get(state, state.value)


def state_of(text: str) -> State:
    try:
        return _STATES[text]
    except KeyError:
        raise RefusedError(
            f"unknown status {text[:40]!r}: use {', '.join(_STATES)}", "status"
        ) from None


def show(job: Job, child_ids: Callable[[Job], list[str]]) -> JobObject:
    kept = kept_of(job)
    shown = JobObject(
        id=job.id,
        status=status_of(job.state),
        type=job.format if job.parent_id is None else "ionq.circuit.v1",
        target=job.backend,
        shots=job.shots,
        qubits=job.qubits,
        circuits=job.circuits,
        gate_counts={"1q": job.gates_1q, "2q": job.gates_2q},
        request=seconds(job.submitted_at),
        dry_run=job.dry_run,
    )
    if job.name is not None:
        shown.name = job.name
    if job.metadata is not None:
        shown.metadata = msgspec.Raw(job.metadata.encode())
    if job.backend == "simulator":
        shown.noise = noise(job)
    debias = (kept.error_mitigation or {}).get("debiasing")
    if debias is not None:
        shown.error_mitigation = ErrorMitigation(bool(debias))
        if debias and job.backend == "simulator":
            shown.warning = Warnings(["Debiasing has no effect on the simulator."])
    if kept.registers is not None:
        shown.registers = kept.registers
    if job.children:
        shown.children = child_ids(job)
    _show_times(shown, job)
    if job.cost is not None:
        shown.estimated_cost_usd = job.cost
        if job.final and not job.dry_run:
            shown.cost_usd = billed(job)
    if job.failure is not None:
        shown.failure = Failure(sentence_of(job.failure), job.failure.code.value)
    elif job.state is State.COMPLETED and not job.dry_run:
        shown.results_url = f"/v0.3/jobs/{job.id}/results"
    return shown


def _show_times(shown: JobObject, job: Job) -> None:
    expected = predicted(job)
    if expected is not None:
        shown.predicted_execution_time = expected
    if job.started_at is not None:
        shown.start = seconds(job.started_at)
    if job.completed_at is not None:
        shown.response = seconds(job.completed_at)
    ran = duration(job)
    if ran is not None:
        # Milliseconds: qiskit-ionq 0.5.13 divides by 1,000 (ionq_job.py, `status`).
        shown.execution_time = ran
    elif job.state is State.COMPLETED:
        shown.execution_time = 0  # a dry run; the same line raises KeyError where it is missing


def chosen(shown: JobObject, query: FieldsQuery) -> dict[str, Any]:
    """The fields that were asked for; what a job is and how it is doing is always among them."""
    for name in (*query.include, *query.exclude):
        if name not in FIELDS:
            raise RefusedError(
                f"a job has no field {name[:40]!r}: it has {', '.join(sorted(FIELDS))}",
                "include" if name in query.include else "exclude",
            )
    return {
        name: value
        for name in JobObject.__struct_fields__
        if (value := getattr(shown, name)) is not msgspec.UNSET
        and (
            name in _ALWAYS
            or ((not query.include or name in query.include) and name not in query.exclude)
        )
    }


def quantum_log(result: Result, shots: int) -> dict[int, float]:
    """Shares of the shots that were taken, such that a client which multiplies by the number of
    shots and drops the fraction gets the counts: CUDA-Q does so (IonQServerHelper.cpp,
    `processResults`), and of 0.29 * 100 = 28.999999999999996 that would leave 28."""
    assert result.counts is not None
    shares = result.counts / shots
    shares = np.where(shares * shots < result.counts, np.nextafter(shares, 2.0), shares)
    return dict(zip(result.integers(), shares.tolist(), strict=True))
