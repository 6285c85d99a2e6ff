"""The bodies of IonQ's API v0.3, typed.

What clients send is read more widely than IonQ's pages say (`README.md` beside this file has the
cases): `body` in place of `input`, `shots` as text, unknown keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ketway.circuits.ionq import CircuitObject, GateObject, Gateset
from ketway.dialects.ionq.settings import Settings
from ketway.dialects.ionq.wire import NULL, Metadata, NoiseObject, Registers


class ProgramObject(msgspec.Struct):
    """What to run. Which fields count depends on `format`."""

    format: str | None = None
    gateset: Gateset | None = None
    qubits: int | None = None
    circuit: list[GateObject] | None = None
    circuits: list[CircuitObject] | None = None
    name: str | None = None
    registers: Registers | None = None
    data: Any = None


class ErrorMitigation(msgspec.Struct):
    debias: bool | None = None


class CreateJob(msgspec.Struct):
    input: ProgramObject | list[ProgramObject] | None = None
    body: ProgramObject | list[ProgramObject] | None = None
    """What `input` was called in v0.1; cirq-ionq 1.5 and pytket-ionq still send it."""
    target: str = "simulator"
    shots: int | float | str | None = None
    name: str | None = None
    metadata: Metadata = msgspec.field(default_factory=lambda: NULL)
    noise: NoiseObject | None = None
    error_mitigation: ErrorMitigation | None = None
    registers: Registers | None = None
    settings: Settings | None = None
    dry_run: bool | None = None


class JobCreated(msgspec.Struct):
    id: str
    status: str
    request: int


class Failure(msgspec.Struct):
    error: str
    code: str


class Warnings(msgspec.Struct):
    messages: list[str]


class JobObject(msgspec.Struct, kw_only=True):
    """A job as `GET /jobs/{UUID}` and each entry of `GET /jobs` show it. What a job has not is left
    out: cirq-ionq cannot take null for `metadata` or `failure`."""

    id: str
    status: str
    type: str
    target: str
    name: str | UnsetType = UNSET
    metadata: Metadata | UnsetType = UNSET
    shots: int
    noise: NoiseObject | UnsetType = UNSET
    error_mitigation: ErrorMitigation | UnsetType = UNSET
    registers: Registers | UnsetType = UNSET
    qubits: int
    circuits: int
    gate_counts: dict[str, int]
    request: int
    start: int | UnsetType = UNSET
    response: int | UnsetType = UNSET
    execution_time: int | UnsetType = UNSET
    predicted_execution_time: int | UnsetType = UNSET
    children: list[str] | UnsetType = UNSET
    results_url: str | UnsetType = UNSET
    failure: Failure | UnsetType = UNSET
    warning: Warnings | UnsetType = UNSET
    cost_usd: float | UnsetType = UNSET
    estimated_cost_usd: float | UnsetType = UNSET
    dry_run: bool


class GetJobsResponse(msgspec.Struct):
    jobs: list[dict[str, Any]]
    next: str | UnsetType = UNSET


class FieldsQuery(msgspec.Struct):
    include: list[str] = []
    exclude: list[str] = []


class GetJobsQuery(FieldsQuery):
    id: list[str] | None = None
    ids: list[str] | None = None
    status: str | None = None
    target: str | None = None
    submitter_id: str | None = None
    limit: int | None = None
    next: str | None = None


class DeleteQuery(msgspec.Struct):
    ids: list[str] = []


class ResultsQuery(msgspec.Struct):
    sharpen: str | None = None
    format: str | None = None


class BackendsQuery(msgspec.Struct):
    status: str | None = None


class BackendObject(msgspec.Struct, kw_only=True, omit_defaults=True):
    backend: str
    status: str
    qubits: int
    average_queue_time: int
    last_updated: int
    degraded: bool
    has_access: bool
    characterization_url: str | None = None
    noise_models: list[str] | None = None


class CharacterizationsQuery(msgspec.Struct):
    start: int | None = None
    end: int | None = None
    limit: int = 10
    page: int = 1


class CharacterizationObject(msgspec.Struct, kw_only=True):
    id: str
    backend: str
    date: int
    qubits: int
    connectivity: Sequence[Sequence[int]]
    fidelity: dict[str, dict[str, float]]
    timing: dict[str, float]


class CharacterizationsResponse(msgspec.Struct):
    characterizations: list[CharacterizationObject]
    pages: int


class ReportQuery(msgspec.Struct):
    start_date: str | None = None
    end_date: str | None = None


class UsageOfBackend(msgspec.Struct):
    qpu_name: str
    usage: float


class Member(msgspec.Struct):
    id: str
    jobs: int
    execution_time: float


class Report(msgspec.Struct, kw_only=True):
    start_date: str
    end_date: str
    organization: str
    organization_id: str
    qpus: list[UsageOfBackend]
    members: list[Member]


def seconds(micros: int) -> int:
    """A time as v0.3 writes it: whole seconds since 1970."""
    return micros // 1_000_000
