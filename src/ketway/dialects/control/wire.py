"""The bodies of Ketway's own API, typed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from ketway.circuits.ionq import CircuitObject, GateObject, Gateset
from ketway.devices.noise import NoiseModel
from ketway.jobs.failures import Failure
from ketway.jobs.job import Job, Noise, PlanPart


class InputObject(msgspec.Struct):
    """Circuits as IonQ's JSON."""

    qubits: int | None = None
    gateset: Gateset = "qis"
    circuit: list[GateObject] | None = None
    circuits: list[CircuitObject] | None = None


class NewJob(msgspec.Struct):
    backend: str
    format: str
    """`ionq.circuit.v1`, `ionq.multi-circuit.v1`, `openqasm`, `qpy`, `qir`, or
    `ionq.qir.v1`, which is QIR of which every qubit is read."""
    input: InputObject | str
    """Circuits, the text of a program, or a QPY or QIR file in base64."""
    shots: int = 100
    noise: Noise | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)] | None = None
    """What all randomness of the job is to follow from."""
    name: str | None = None
    metadata: dict[str, str] | None = None


class PlanView(msgspec.Struct, kw_only=True):
    """What would be run, and how; or, as `failure`, why it would not."""

    circuits: int
    qubits: int
    gates: dict[str, int]
    plan: list[PlanPart]
    failure: Failure | None


class JobView(msgspec.Struct, kw_only=True):
    id: str
    state: str
    name: str | None
    backend: str
    dialect: str
    """Through which API it came."""
    format: str
    routine: str
    """`circuits`, or what else is done with its circuits, such as `sampler`."""
    tags: list[str]
    private: bool
    """Its result is read once, through the API that it came through, and nowhere else."""
    session_id: str | None
    circuits: int
    qubits: int
    gates: dict[str, int]
    shots: int
    seed: int
    noise: Noise | None
    parent_id: str | None
    child_ids: list[str]
    submitted_at: str | None
    started_at: str | None
    completed_at: str | None
    failure: Failure | None
    plan: list[PlanPart] | None
    attempts: list[dict[str, Any]] | None = None
    metadata: msgspec.Raw | None
    links: dict[str, str]


class JobsView(msgspec.Struct):
    jobs: list[JobView]
    next: str | None


class JobsQuery(msgspec.Struct):
    state: str | None = None
    backend: str | None = None
    dialect: str | None = None
    tag: list[str] = []
    """A job must have them all."""
    session: str | None = None
    """The whole id of a session."""
    limit: int = 25
    next: str | None = None


class WaitQuery(msgspec.Struct):
    wait: float = 0.0
    """Seconds to wait for the job to end before answering; at most 30."""


class CircuitResult(msgspec.Struct, kw_only=True):
    index: int
    id: str
    name: str | None
    bits: int
    outcomes: dict[str, float]
    """Bitstrings read from the highest bit to bit 0."""
    counts: dict[str, int] | None
    made_by: dict[str, Any]


class RegisterResult(msgspec.Struct):
    bits: int
    counts: list[dict[str, int]]
    """For each point of the sweep, in C order of its shape: bitstrings from the highest bit to
    bit 0."""


class PubResult(msgspec.Struct, kw_only=True):
    """What a routine answered to one of its PUBs, or to one of its circuits."""

    index: int
    shape: list[int] = []
    """Of its sweep; empty for one point."""
    registers: dict[str, RegisterResult] = {}
    outcomes: dict[str, float] | UnsetType = UNSET
    """A quasi-distribution: some of its weights may be below 0."""
    values: dict[str, Any] = {}
    """Arrays of numbers, as lists in lists; a complex number is a pair."""
    metadata: dict[str, Any] = {}


class LayerResult(msgspec.Struct, kw_only=True):
    """The noise that was learned of a layer."""

    index: int
    qubits: list[int]
    protocol: str
    rates: dict[str, float]
    """Of each generator: its Paulis, each with its qubit of the machine, such as `X3 Y4`."""


class ResultView(msgspec.Struct):
    """One of these, by the job's routine."""

    circuits: list[CircuitResult] | UnsetType = UNSET
    pubs: list[PubResult] | UnsetType = UNSET
    layers: list[LayerResult] | UnsetType = UNSET
    answer: Any | UnsetType = UNSET
    """What an operator's program returned, its arrays as lists in lists; or what only one vendor's
    API has a question for, in that vendor's words."""


class OptionsView(msgspec.Struct):
    options: dict[str, Any]


class EventView(msgspec.Struct):
    seq: int
    at: str | None
    kind: str
    detail: dict[str, Any] | None


class EventsView(msgspec.Struct):
    events: list[EventView]


class BackendView(msgspec.Struct, kw_only=True):
    name: str
    kind: str
    status: str
    qubits: int
    native_gates: list[str]
    noise_models: list[str]
    queue: dict[str, int]
    description: str


class NoiseModelView(msgspec.Struct, kw_only=True):
    name: str
    own: bool
    """Whether the project has given it; the others came with Ketway and cannot be deleted."""
    model: NoiseModel


class NoiseModelsView(msgspec.Struct):
    noise_models: list[NoiseModelView]


class BackendsView(msgspec.Struct):
    backends: list[BackendView]


class Health(msgspec.Struct, kw_only=True):
    status: Literal["starting", "ok", "broken"]
    """Jobs are taken in each; `broken` means that none can run, and the log says why."""
    version: str
    url: str
    data: str
    started_at: str | None
    workers: int
    pid: int


class Check(msgspec.Struct):
    """One thing that `ketway doctor` looks at."""

    name: str
    ok: bool
    detail: str
    advice: str | None = None


class Checks(msgspec.Struct):
    checks: list[Check]


class Deleted(msgspec.Struct):
    id: str
    status: str


def iso(micros: int | None) -> str | None:
    if micros is None:
        return None
    moment = datetime.fromtimestamp(micros / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def view(job: Job, child_ids: list[str], attempts: list[dict[str, Any]] | None = None) -> JobView:
    base = f"/ketway/v1/jobs/{job.id}"
    return JobView(
        id=job.id,
        state=job.state.value,
        name=job.name,
        backend=job.backend,
        dialect=job.dialect,
        format=job.format,
        routine=job.routine,
        tags=job.tags or [],
        private=job.private,
        session_id=job.session_id,
        circuits=job.circuits,
        qubits=job.qubits,
        gates={"1q": job.gates_1q, "2q": job.gates_2q},
        shots=job.shots,
        seed=job.seed,
        noise=job.noise,
        parent_id=job.parent_id,
        child_ids=child_ids,
        submitted_at=iso(job.submitted_at),
        started_at=iso(job.started_at),
        completed_at=iso(job.completed_at),
        failure=job.failure,
        plan=job.plan,
        attempts=attempts,
        metadata=None if job.metadata is None else msgspec.Raw(job.metadata.encode()),
        links={"self": base, "result": f"{base}/result", "events": f"{base}/events"},
    )
