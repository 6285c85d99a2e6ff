"""The job: a request to run circuits on a backend, and the states it goes through."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec

from ketway.jobs.failures import Failure


class State(StrEnum):
    SUBMITTED = "submitted"
    """Accepted and stored; its program text is still to be read."""
    READY = "ready"
    """Read, checked and planned; waits for a processor."""
    STARTED = "started"
    """An attempt holds its lease."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELED})
"""States that never change again."""

TRANSITIONS: dict[State, frozenset[State]] = {
    State.SUBMITTED: frozenset({State.READY, State.FAILED, State.CANCELED}),
    # `ready -> completed` is a dry run: everything was checked and nothing is to be computed.
    State.READY: frozenset({State.STARTED, State.COMPLETED, State.FAILED, State.CANCELED}),
    # `started -> ready` is an attempt that lost its lease or was interrupted.
    State.STARTED: frozenset({State.READY, State.COMPLETED, State.FAILED, State.CANCELED}),
    State.COMPLETED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELED: frozenset(),
}
"""The only changes of state there are. `store` applies them, each in one conditional UPDATE."""


def sources(target: State) -> tuple[State, ...]:
    """The states from which `target` may be reached."""
    return tuple(source for source, targets in TRANSITIONS.items() if target in targets)


class PiecePlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """How pieces of a circuit are run; see `engines.prepass`."""

    engine: str
    precision: Literal["double", "single"] = "double"
    count: int = 1
    """So many pieces, one after the other, are run like this."""
    bonds: int = 0


class PlanPart(msgspec.Struct, frozen=True, omit_defaults=True):
    """How some circuits of a job will be run; see `engines.engine.Plan`."""

    engine: str
    reason: str
    bytes: int
    """The most that one of them needs."""
    seconds: float
    """What all of them together need."""
    precision: str
    circuits: int
    pieces: tuple[PiecePlan, ...] = ()
    """Set where these circuits are reduced, or run in pieces."""
    bonds: int = 0
    """The largest bond of a matrix product state; 0 for no bound."""
    batches: list[int] | None = None
    """Which batches of the program these are; None for all. A job of 5,000 different circuits has
    one part and not 5,000, because a job is read at every poll."""


CIRCUITS = "circuits"
"""The routine of a job that runs each of its circuits as it is."""


class Noise(msgspec.Struct, frozen=True, omit_defaults=True):
    """The noise that was asked for, by name; the figures are the catalogue's."""

    model: str
    seed: int | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is stored. Times are UTC, in microseconds since 1970."""

    id: str
    """UUIDv7: sorts by time of submission."""
    project_id: str
    user_id: str
    parent_id: str | None = None
    """The job that this one is a circuit of."""
    position: int = 0
    """Which circuit of the parent, from 0."""
    dialect: str
    """Through which API it came."""
    format: str
    """How its circuits were written: `ionq.circuit.v1`, `openqasm`, …"""
    routine: str = CIRCUITS
    """What is done with its circuits: `circuits`, or what `routines` has, such as `sampler`."""
    backend: str
    name: str | None = None
    metadata: str | None = None
    """The client's own notes: a JSON object as text, given back unchanged."""
    settings: str | None = None
    """What only the dialect understands (JSON object as text), kept to be shown again."""
    tags: list[str] | None = None
    """Words of the user's by which jobs can be found."""
    private: bool = False
    """Its result is read once and is then gone, and its circuits are shown to nobody."""
    max_seconds: float | None = None
    """How long the user lets it run; None for as long as anything may."""
    state: State = State.SUBMITTED
    shots: int = 0
    seed: int = 0
    """All randomness of the job follows from it."""
    noise: Noise | None = None
    dry_run: bool = False
    session_id: str | None = None
    circuits: int = 1
    children: int = 0
    """How many child jobs it has; 0 for a job of one circuit."""
    qubits: int = 0
    gates_1q: int = 0
    """As `circuits.charging` counts, of jobs of circuits; so too the next."""
    gates_2q: int = 0
    characterization: str | None = None
    """The figures of its device by which it is run."""
    debias: bool = False
    """Whether it is run as variants, whose errors differ."""
    busy_micros: int | None = None
    """How long its device is busy with it, by that device's timing; of a virtual QPU only."""
    cost: float | None = None
    """What it costs if it completes."""
    cost_unit: str | None = None
    plan: list[PlanPart] | None = None
    failure: Failure | None = None
    attempt: int = 0
    """Number of the latest attempt, and its fence: only this attempt may publish."""
    losses: int = 0
    """Attempts that died without an answer."""
    submitted_at: int
    ready_at: int | None = None
    started_at: int | None = None
    completed_at: int | None = None

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def bytes(self) -> int:
        """Peak memory that its plan asks for."""
        return max((part.bytes for part in self.plan or ()), default=0)

    @property
    def seconds(self) -> float:
        """Seconds on one thread that its plan expects."""
        return sum(part.seconds for part in self.plan or ())


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at running a job."""

    number: int
    state: str
    """`running`, `finished`, `failed`, `killed`, `interrupted` or `lost`."""
    started_at: int
    ended_at: int | None = None
    reason: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a job; rows are only ever added."""

    seq: int
    job_id: str
    at: int
    kind: str
    detail: dict[str, Any] | None = None
