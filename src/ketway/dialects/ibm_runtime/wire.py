"""The bodies of IBM's API, typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from ketway.devices.snapshot import Processor
from ketway.jobs.failures import Code
from ketway.jobs.job import Job, State

StateName: TypeAlias = Literal["Queued", "Running", "Completed", "Failed", "Cancelled"]

STATES: dict[State, StateName] = {
    State.SUBMITTED: "Queued",
    State.READY: "Queued",
    State.STARTED: "Running",
    State.COMPLETED: "Completed",
    State.FAILED: "Failed",
    State.CANCELED: "Cancelled",
}


# -- sign-in --------------------------------------------------------------------------------------


class TokenResponse(msgspec.Struct):
    access_token: str
    expires_in: int
    expiration: int
    """When, in seconds since 1970."""
    refresh_token: str = "not_supported"  # noqa: S105  (IBM's words)
    token_type: str = "Bearer"  # noqa: S105
    scope: str = "ibm openid"


class SearchRequest(msgspec.Struct):
    query: str = ""
    search_cursor: str | None = None


class InstanceBackend(msgspec.Struct):
    name: str


class Extensions(msgspec.Struct):
    backends: list[InstanceBackend]


class InstanceDoc(msgspec.Struct):
    extensions: Extensions


class InstanceItem(msgspec.Struct):
    crn: str
    name: str
    service_plan_unique_id: str
    tags: list[str]
    doc: InstanceDoc
    """The client takes nothing without `doc.extensions` for an instance."""


class SearchResponse(msgspec.Struct):
    """Without a `search_cursor`: with one the client would go on asking."""

    items: list[InstanceItem]
    limit: int = 100


class DisplayName(msgspec.Struct):
    display_name: str


class OverviewUi(msgspec.Struct):
    en: DisplayName


class Pricing(msgspec.Struct):
    type: str


class PlanMetadata(msgspec.Struct):
    pricing: Pricing


class CatalogPlan(msgspec.Struct):
    id: str
    name: str
    overview_ui: OverviewUi
    metadata: PlanMetadata
    kind: str = "plan"


# -- backends -------------------------------------------------------------------------------------


class StatusName(msgspec.Struct):
    name: str
    reason: str


class Clops(msgspec.Struct):
    type: Literal["hardware", "virtual"]
    value: int


class Metric(msgspec.Struct, omit_defaults=True):
    value: float
    unit: str = ""
    gate: str | UnsetType = UNSET
    qubits: Sequence[int] | UnsetType = UNSET


class Metrics(msgspec.Struct):
    two_q_error_best: Metric | UnsetType = UNSET
    two_q_error_median: Metric | UnsetType = UNSET
    two_q_error_layered: Metric | UnsetType = UNSET
    readout_error_median: Metric | UnsetType = UNSET


class WaitTime(msgspec.Struct):
    average: float
    p50: float
    p95: float


class BackendObject(msgspec.Struct, kw_only=True, rename={"class_": "class"}):
    name: str
    status: StatusName
    is_simulator: bool
    qubits: int
    queue_length: int
    class_: Literal["mock"] | UnsetType = UNSET
    """Of a backend that only dry runs name: others have none."""
    physical_qubits: int | UnsetType = UNSET
    processor_type: Processor | UnsetType = UNSET
    clops: Clops | UnsetType = UNSET
    performance_metrics: msgspec.Raw | UnsetType = UNSET
    """`Metrics`, encoded once."""
    wait_time_seconds: WaitTime | UnsetType = UNSET
    """Where it is asked for, and known: nobody waits for an idle backend."""


class BackendsResponse(msgspec.Struct):
    devices: list[BackendObject] | list[str]
    """Names alone, before API version 2025-01-01."""


class BackendsQuery(msgspec.Struct):
    include_mocks: str = ""
    """`True`, as Python writes it."""
    fields: list[str] = []


class BackendStatus(msgspec.Struct):
    state: bool
    status: str
    message: str
    length_queue: int
    backend_version: str


class GateObject(msgspec.Struct):
    name: str
    parameters: list[str]
    qasm_def: str = ""
    coupling_map: Sequence[Sequence[int]] | None = None
    """The places where it acts; none for everywhere."""


class SignatureObject(msgspec.Struct):
    name: str
    num_qubits: int
    num_clbits: int
    description: str
    parameters: tuple[str, ...] = ()
    return_type: str = ""


class PropertiesQuery(msgspec.Struct):
    updated_before: str | None = None


class Measured(msgspec.Struct):
    date: str
    name: str
    unit: str
    value: float


class GateProperties(msgspec.Struct):
    gate: str
    name: str
    qubits: Sequence[int]
    parameters: list[Measured]


class QubitList(msgspec.Struct):
    name: str
    qubits: Sequence[int]


class PropertiesResponse(msgspec.Struct, kw_only=True):
    backend_name: str
    backend_version: str
    last_update_date: str
    qubits: list[list[Measured]]
    gates: list[GateProperties]
    general: list[Measured]
    general_qlists: list[QubitList]


# -- the instance ---------------------------------------------------------------------------------


class VersionObject(msgspec.Struct):
    version: str
    status: str = "live"


class VersionsResponse(msgspec.Struct):
    versions: list[VersionObject]


class TagsQuery(msgspec.Struct):
    type: str = "job"
    search: str = ""


class TagsResponse(msgspec.Struct):
    tags: list[str]


# -- jobs -----------------------------------------------------------------------------------------


class JobPayload(msgspec.Struct):
    """A request to run a program: what is looked at before its program is."""

    program_id: str
    backend: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    tags: list[str] = []
    cost: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The longest it may run, in seconds; 0 for as long as anything may."""
    private: bool = False
    session_id: str | None = None
    log_level: str | None = None
    runtime: str | None = None
    """The image to run it in, which is all one here."""
    calibration_id: str | None = None


class NewJob(msgspec.Struct, omit_defaults=True):
    """The client needs both first fields, and looks its backend up again if it differs."""

    id: str
    backend: str
    session_id: str | UnsetType = UNSET
    private: bool = False


class JobQuery(msgspec.Struct):
    exclude_params: bool = False


class JobsQuery(msgspec.Struct):
    limit: int = 200
    offset: int = 0
    backend: str | None = None
    pending: bool | None = None
    program: str | None = None
    tags: list[str] = []
    session_id: str | None = None
    created_after: str | None = None
    created_before: str | None = None
    sort: Literal["ASC", "DESC"] = "DESC"


class TagsPayload(msgspec.Struct):
    tags: list[str]


class ProgramName(msgspec.Struct):
    id: str


class JobState(msgspec.Struct):
    status: StateName
    reason: str | UnsetType = UNSET
    reason_code: int | UnsetType = UNSET


class Usage(msgspec.Struct, omit_defaults=True):
    qpu_charge_time_seconds: float
    status: Literal["pending", "complete"]
    quantum_seconds: float | UnsetType = UNSET
    seconds: float | UnsetType = UNSET


class JobObject(msgspec.Struct, kw_only=True):
    id: str
    backend: str
    state: JobState
    status: str
    program: ProgramName
    created: str
    user_id: str
    tags: list[str]
    cost: int
    usage: Usage
    estimated_running_time_seconds: float | UnsetType = UNSET
    runtime: str | UnsetType = UNSET
    session_id: str | UnsetType = UNSET
    private: bool | UnsetType = UNSET
    calibration_id: str | UnsetType = UNSET
    params: msgspec.Raw | UnsetType = UNSET


class JobsResponse(msgspec.Struct):
    jobs: list[JobObject]
    count: int
    limit: int
    offset: int


class Timestamps(msgspec.Struct, omit_defaults=True):
    created: str
    running: str | UnsetType = UNSET
    finished: str | UnsetType = UNSET


class Seconds(msgspec.Struct):
    seconds: float


class MetricsObject(msgspec.Struct, kw_only=True):
    timestamps: Timestamps
    usage: Usage
    caller: str
    qiskit_version: str | UnsetType = UNSET
    circuits_execution_time_ns: int
    num_circuits: int
    num_qubits: list[int]
    executions: int
    bss: Seconds | UnsetType = UNSET


class Kept(msgspec.Struct, omit_defaults=True):
    """What only this dialect understands of a job: its `settings`."""

    cost: int = 0
    log_level: str | None = None
    image: str | None = None
    calibration_id: str | None = None
    caller: str = ""


def kept(job: Job) -> Kept:
    return Kept() if job.settings is None else msgspec.json.decode(job.settings, type=Kept)


RAN_TOO_LONG = 1305


def job_object(job: Job) -> JobObject:
    known = kept(job)
    state = _state(job)
    return JobObject(
        id=job.id,
        backend=job.backend,
        state=state,
        status="Cancelled - Ran too long" if state.reason_code == RAN_TOO_LONG else state.status,
        program=ProgramName(job.routine),
        created=iso(job.submitted_at),
        user_id=job.user_id,
        tags=job.tags or [],
        cost=known.cost,
        usage=usage_of(job),
        estimated_running_time_seconds=UNSET if job.plan is None else round(job.seconds, 3),
        runtime=UNSET if known.image is None else known.image,
        session_id=UNSET if job.session_id is None else job.session_id,
        private=job.private or UNSET,
        calibration_id=UNSET if known.calibration_id is None else known.calibration_id,
    )


def _state(job: Job) -> JobState:
    if job.failure is None:
        return JobState(STATES[job.state])
    if job.failure.code is Code.SIMULATION_TIMEOUT and job.started_at is not None:
        # The client makes RuntimeJobMaxTimeoutError of this, by the code (runtime_job_v2.py).
        return JobState("Cancelled", f"RAN TOO LONG. {job.failure.message}", RAN_TOO_LONG)
    return JobState("Failed", job.failure.message, CODES.get(job.failure.code, 9999))


CODES: dict[Code, int] = {
    Code.INVALID_INPUT: 1002,
    Code.PREFLIGHT: 1002,
    Code.NOT_ENOUGH_QUBITS: 1109,
    Code.TOO_MANY_CONTROLS: 7000,
    Code.TOO_MANY_GATES: 1109,
    Code.TOO_MANY_SHOTS: 6000,
    Code.UNSUPPORTED_GATE: 7000,
    Code.SIMULATION_ERROR: 5204,
    Code.SIMULATION_TIMEOUT: RAN_TOO_LONG,
    Code.CIRCUIT_TOO_COMPLEX: 1109,
    Code.SYSTEM_CANCEL: 5203,
    Code.INTERNAL: 9999,
}
"""IBM's numbers for what can be wrong with a job."""


def seconds_of(job: Job) -> float:
    """How long it has run, in seconds."""
    if job.started_at is None or job.completed_at is None:
        return 0.0
    return (job.completed_at - job.started_at) / 1e6


def usage_of(job: Job, *, with_seconds: bool = False) -> Usage:
    seconds = seconds_of(job)
    old = seconds if with_seconds else UNSET
    return Usage(seconds, "complete" if job.final else "pending", old, old)


def metrics_object(job: Job, *, with_seconds: bool) -> MetricsObject:
    known = kept(job)
    version = re.search(r"qiskit-(\d+[\w.]*)", known.caller)
    return MetricsObject(
        timestamps=Timestamps(
            iso(job.submitted_at),
            UNSET if job.started_at is None else iso(job.started_at),
            UNSET if job.completed_at is None else iso(job.completed_at),
        ),
        usage=usage_of(job, with_seconds=with_seconds),
        caller=known.caller,
        qiskit_version=UNSET if version is None else version[1],
        circuits_execution_time_ns=int(seconds_of(job) * 1e9),
        num_circuits=job.circuits,
        num_qubits=[job.qubits],
        executions=job.circuits * job.shots,
        bss=Seconds(seconds_of(job)) if with_seconds else UNSET,
    )


def iso(at: int) -> str:
    """Always `Z`: the client takes any offset for UTC without converting it."""
    moment = datetime.fromtimestamp(at / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
