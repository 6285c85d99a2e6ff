"""The bodies of IBM's API, typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from ketway.devices.snapshot import Processor
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


class Period(msgspec.Struct):
    start_time: str
    end_time: str


class UsageResponse(msgspec.Struct, kw_only=True):
    """No limits: a Ketway has none, and the client takes their absence for that."""

    instance_id: str
    plan_id: str
    usage_consumed_seconds: float
    usage_period: Period
    usage_limit_reached: bool = False


class InstanceResponse(msgspec.Struct):
    backends: list[str]
    plan_id: str


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


class ProgramName(msgspec.Struct):
    id: str


class JobState(msgspec.Struct):
    status: StateName
    reason: str | UnsetType = UNSET


class JobObject(msgspec.Struct, kw_only=True):
    id: str
    backend: str
    state: JobState
    status: StateName
    program: ProgramName
    created: str
    user_id: str
    tags: list[str]
    cost: int
    session_id: str | UnsetType = UNSET


class JobsResponse(msgspec.Struct):
    jobs: list[JobObject]
    count: int
    limit: int
    offset: int


class Kept(msgspec.Struct):
    """What only this dialect understands of a job: its `settings`."""

    tags: list[str] = []
    cost: int = 0


def kept(job: Job) -> Kept:
    return Kept() if job.settings is None else msgspec.json.decode(job.settings, type=Kept)


def job_object(job: Job) -> JobObject:
    known = kept(job)
    name = STATES[job.state]
    return JobObject(
        id=job.id,
        backend=job.backend,
        state=JobState(name, UNSET if job.failure is None else job.failure.message),
        status=name,
        program=ProgramName(job.format),
        created=iso(job.submitted_at),
        user_id=job.user_id,
        tags=known.tags,
        cost=known.cost,
        session_id=UNSET if job.session_id is None else job.session_id,
    )


def iso(at: int) -> str:
    """Always `Z`: the client takes any offset for UTC without converting it."""
    moment = datetime.fromtimestamp(at / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
