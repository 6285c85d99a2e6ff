"""Between rows and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ketway.jobs.failures import Failure
from ketway.jobs.job import Attempt, Event, Job, Noise, PlanPart, State

_JSON: dict[str, msgspec.json.Decoder[Any]] = {
    "noise": msgspec.json.Decoder(Noise),
    "plan": msgspec.json.Decoder(list[PlanPart]),
    "failure": msgspec.json.Decoder(Failure),
    "tags": msgspec.json.Decoder(list[str]),
}
_detail_decoder = msgspec.json.Decoder(dict[str, Any])

JOB_FIELDS = tuple(field.name for field in msgspec.structs.fields(Job))


def to_json(value: Any) -> str | None:
    """Structured columns are JSON text, so that people can read the database."""
    return None if value is None else msgspec.json.encode(value).decode()


def row_of(job: Job) -> dict[str, Any]:
    row = {name: getattr(job, name) for name in JOB_FIELDS}
    row["state"] = job.state.value
    for name in _JSON:
        row[name] = to_json(row[name])
    return row


def job_of(row: Sequence[Any]) -> Job:
    """A job from a row that has the columns of `JOB_FIELDS` in their order."""
    values = dict(zip(JOB_FIELDS, row, strict=True))
    values["state"] = State(values["state"])
    for name, decoder in _JSON.items():
        if values[name] is not None:
            values[name] = decoder.decode(values[name])
    for name in ("dry_run", "private", "debias"):
        values[name] = bool(values[name])
    return Job(**values)


def attempt_of(row: Sequence[Any]) -> Attempt:
    number, state, started_at, ended_at, reason = row
    return Attempt(
        number=number, state=state, started_at=started_at, ended_at=ended_at, reason=reason
    )


def event_of(row: Sequence[Any]) -> Event:
    seq, job_id, at, kind, detail = row
    return Event(
        seq=seq,
        job_id=job_id,
        at=at,
        kind=kind,
        detail=None if detail is None else _detail_decoder.decode(detail),
    )
