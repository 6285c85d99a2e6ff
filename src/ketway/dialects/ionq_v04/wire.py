"""The bodies of IonQ's API v0.4, typed, and how jobs map to them.

What clients send is read more widely than IonQ's schema says, because IonQ's own SDKs send more
(`README.md` beside this file lists the cases): unknown keys are passed over, `shots`
may be a string, `input.format` and `lang` are tolerated.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from ketway.circuits.ionq import CircuitObject, GateObject, Gateset
from ketway.dialects.ionq.settings import Settings
from ketway.dialects.ionq.wire import NULL, Metadata, NoiseObject


class InputObject(msgspec.Struct):
    """What to run. Which fields count depends on the job's `type`."""

    qubits: int | None = None
    gateset: Gateset | None = None
    circuit: list[GateObject] | None = None
    circuits: list[CircuitObject] | None = None
    data: Any = None
    params: Any = None
    """Of hybrid jobs, as all that follow; `hybrid.py` says what they must be."""
    quantum_function: Any = None
    method: Any = None
    initial_params: Any = None
    log_interval: Any = None
    options: Any = None
    maxiter: Any = None
    problem_type: Any = None
    problem: Any = None


class ExternalSettings(msgspec.Struct):
    """An account elsewhere. Nothing is asked of anybody else, and nothing of it is kept."""

    api_credentials: str | None = None
    external_organization: str | None = None


class JobCreationPayload(msgspec.Struct):
    type: str
    backend: str
    input: InputObject
    name: str | None = None
    metadata: Metadata = msgspec.field(default_factory=lambda: NULL)
    shots: int | str | None = None
    session_id: str | None = None
    settings: Settings | None = None
    dry_run: bool | None = None
    noise: NoiseObject | None = None
    external_settings: ExternalSettings | None = None
    characterization_id: str | None = None
    """Ketway's own: under which figures of its QPU to run it."""


class CloneJobPayload(msgspec.Struct):
    parent: str | None = None
    name: str | None = None
    metadata: Metadata = msgspec.field(default_factory=lambda: NULL)
    shots: int | str | None = None
    backend: str | None = None
    session_id: str | None = None
    settings: Settings | None = None
    dry_run: bool | None = None
    noise: NoiseObject | None = None
    characterization_id: str | None = None
    """Ketway's own: that of an old job, to run it again as it was run."""


class JobCreationResponse(msgspec.Struct):
    id: str
    status: str
    session_id: str | None


class FailureObject(msgspec.Struct):
    code: str
    message: str
    error: str
    """The same as `message`: SDKs read the name that v0.3 had."""


class ArtifactDescriptor(msgspec.Struct):
    """An artifact; with `url`, in the older style that released SDKs read."""

    id: str
    format: str
    media_type: str = "application/json"
    url: str | UnsetType = UNSET


class JobObject(msgspec.Struct, kw_only=True):
    """A job as `GET /jobs/{UUID}` and each entry of `GET /jobs` show it."""

    id: str
    status: str
    type: str
    backend: str
    dry_run: bool
    submitter_id: str
    project_id: str | None
    parent_job_id: str | None
    session_id: str | None
    metadata: Metadata
    name: str | None
    submitted_at: str
    started_at: str | None
    completed_at: str | None
    predicted_wait_time_ms: int | None
    predicted_execution_duration_ms: int | None
    execution_duration_ms: int | None
    shots: int | UnsetType = UNSET
    noise: NoiseObject | UnsetType = UNSET
    failure: FailureObject | UnsetType | None
    cost_model: str | UnsetType = UNSET
    characterization_id: str | UnsetType = UNSET
    """Ketway's own: the figures of its QPU by which it runs."""
    output: dict[str, Any]
    settings: Settings
    stats: dict[str, Any]
    results: dict[str, Any] | None
    child_job_ids: list[str] | UnsetType | None = UNSET


class Progress(msgspec.Struct):
    """A point that an optimization has tried."""

    job_id: str
    status: str
    finished_at: str | None
    value: float
    params: list[float]
    iteration: int


class ProgressResponse(msgspec.Struct):
    progress: list[Progress]


class GetJobsResponse(msgspec.Struct):
    jobs: list[JobObject]
    next: str | UnsetType | None = UNSET


class GetJobsQuery(msgspec.Struct):
    ids: list[str] | None = None
    parent_job_id: str | None = None
    status: str | None = None
    target: str | None = None
    session_id: str | None = None
    submitter_id: str | None = None
    limit: int | None = None
    next: str | None = None


class ResultsQuery(msgspec.Struct):
    sharpen: str | None = None
    aggregation: str | None = None


class CharacterizationsQuery(msgspec.Struct):
    start: str | None = None
    end: str | None = None
    limit: int = 10
    page: int = 1


class Whoami(msgspec.Struct):
    key_id: str
    key_name: str
    project_id: str


class BackendObject(msgspec.Struct, kw_only=True, omit_defaults=True):
    backend: str
    status: str
    qubits: int
    average_queue_time: int
    last_updated: str
    degraded: bool
    has_access: bool
    characterization_id: str | None = None
    location: str | None = None
    supported_gates: list[str]
    supported_native_gates: list[str]
    supported_error_mitigations: list[str]
    noise_models: list[str] | None = None


Pair = Annotated[Sequence[int], msgspec.Meta(min_length=2, max_length=2)]
"""Two qubits. Not a tuple: OpenAPI tools stumble over its schema."""


class CharacterizationObject(msgspec.Struct, kw_only=True):
    id: str
    backend: str
    date: str
    qubits: int
    connectivity: Sequence[Pair]
    fidelity: dict[str, dict[str, float]]
    timing: dict[str, float]


class CharacterizationsResponse(msgspec.Struct):
    characterizations: list[CharacterizationObject]
    pages: int


def iso(micros: int | None) -> str | None:
    """A time as IonQ writes it: UTC, milliseconds, Z."""
    if micros is None:
        return None
    moment = datetime.fromtimestamp(micros / 1e6, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03d}Z"
