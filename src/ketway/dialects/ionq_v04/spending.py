"""What jobs cost: estimates, bills, and the usage of an organization."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any, get_args

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from ketway.devices.price import CURRENCY, Load, RateCard
from ketway.dialects.http import Call, Operation, reply
from ketway.dialects.ionq.asking import job_of
from ketway.dialects.ionq.devices import midnight
from ketway.dialects.ionq.showing import billed
from ketway.dialects.ionq_v04.wire import iso
from ketway.service.backends import Backends
from ketway.service.errors import RefusedError
from ketway.service.jobs import Jobs
from ketway.service.spending import Bucket, Modality, Share, Spending, Whose, total_of

LARGEST_GATES = 10**9
TOP = 5
"""Groups of a day that are shown, as IonQ's document has it."""

_GROUPS: dict[str, Whose] = {"job": "id", "project": "project_id", "user": "user_id"}


class EstimateQuery(msgspec.Struct, rename={"gates_1q": "1q_gates", "gates_2q": "2q_gates"}):
    backend: str
    type: str = "ionq.circuit.v1"
    qubits: int = 25
    shots: int = 1000
    gates_1q: int = 0
    gates_2q: int = 0
    error_mitigation: str = "false"
    session: str | None = None
    """qiskit-ionq asks with it; sessions change no price."""


class Money(msgspec.Struct):
    value: float
    unit: str


class Cost(msgspec.Struct):
    dry_run: bool
    estimated_cost: Money | UnsetType = UNSET
    cost: Money | UnsetType = UNSET


class Rate(msgspec.Struct, kw_only=True):
    sku: str
    unit: str
    unit_cost: float | UnsetType = UNSET
    cost_1q_gate: float | UnsetType = UNSET
    cost_2q_gate: float | UnsetType = UNSET
    job_cost_minimum: float | UnsetType = UNSET


class Rates(msgspec.Struct):
    id: str
    rates: list[Rate]


class Estimate(msgspec.Struct, kw_only=True):
    estimate_context: dict[str, Any]
    estimated_at: str
    estimated_unit: str
    rate_card: Rates
    estimated_total_cost: float
    estimated_execution_time: int
    estimated_quantum_compute_time_us: int | UnsetType = UNSET
    current_predicted_queue_time: int
    # qiskit-ionq 1.1.1 reads the names that the API had before (ionq_client.py, `JobEstimate`).
    input_values: dict[str, Any]
    estimated_cost: float
    cost_unit: str
    rate_information: dict[str, Any]


class UsageQuery(msgspec.Struct):
    start_date: str
    end_date: str
    group_by: str
    modality: str


class UsageAmount(msgspec.Struct):
    amount: float
    unit: str


class GroupUsage(msgspec.Struct, kw_only=True):
    group_id: str
    group_name: str
    job_count: int
    amount: float
    amount_unit: str
    amounts: list[UsageAmount]
    time_us: float


class UsageOf(msgspec.Struct, kw_only=True, rename={"from_": "from"}):
    from_: str
    job_count: int
    amount: float
    amount_unit: str
    amounts: list[UsageAmount]
    time_us: float
    group_usages: list[GroupUsage]


class Usages(msgspec.Struct, kw_only=True):
    organization: str
    group_type: str
    modality: str
    usage_from: str
    usage_to: str
    usage_unit: str
    amount_total: float
    amount_totals: list[UsageAmount]
    time_us_total: float
    job_count: int
    usage_data: list[UsageOf]


class SpendingRoutes:
    def __init__(self, jobs: Jobs, backends: Backends, spending: Spending) -> None:
        self._jobs = jobs
        self._backends = backends
        self._spending = spending

    async def estimate(self, call: Call) -> Response:
        """By the function that prices jobs: an estimate for a job's own counts is its cost."""
        query: EstimateQuery = call.query
        backend = self._backends.get(query.backend, "ionq")
        load = _load(query)
        quote = self._spending.estimate(backend.device.name, load)
        card = self._spending.card(backend.device.name)
        context = {
            "backend": backend.device.name,
            "type": query.type,
            "qubits": query.qubits,
            "shots": query.shots,
            "1q_gates": query.gates_1q,
            "2q_gates": query.gates_2q,
            "error_mitigation": load.mitigated,
        }
        rates = rates_of(card, mitigated=load.mitigated)
        shown = Estimate(
            estimate_context={**context, "organization": None, "project": None},
            estimated_at=iso(self._spending.clock()) or "",
            estimated_unit=quote.unit,
            rate_card=rates,
            estimated_total_cost=quote.cost,
            estimated_execution_time=millis(quote.micros),
            current_predicted_queue_time=millis(backend.queue_micros),
            input_values={**context, "session": (query.session or "").lower() == "true"},
            estimated_cost=quote.cost,
            cost_unit=quote.unit,
            rate_information=msgspec.to_builtins(rates.rates[0]) if rates.rates else {},
        )
        if card is not None and card.model == "compute time":
            shown.estimated_quantum_compute_time_us = quote.micros
        return reply(shown)

    async def cost(self, call: Call) -> Response:
        """A job that failed or was canceled costs nothing, and neither does a dry run."""
        job = job_of(self._jobs, call)
        if job.parent_id is not None:
            parent = self._jobs.get(call.principal, job.parent_id)
            raise RefusedError(
                f"job {job.id} is a circuit of job {parent.id}, which is paid as a whole: ask for "
                "the cost of that one",
                "UUID",
            )
        shown = Cost(job.dry_run)
        if job.cost is not None:
            shown.estimated_cost = Money(job.cost, job.cost_unit or CURRENCY)
        if job.final and not job.dry_run:
            shown.cost = Money(billed(job), job.cost_unit or CURRENCY)
        return reply(shown)

    async def usage(self, call: Call) -> Response:
        """Of the key's project: Ketway has no organizations, and takes any name for one. A job
        counts on the day on which it completed."""
        query: UsageQuery = call.query
        start, end = _day(query.start_date, "start_date"), _day(query.end_date, "end_date")
        if start > end:
            raise RefusedError("start_date is after end_date", "start_date", "end_date")
        whose = _GROUPS.get(query.group_by)
        if whose is None:
            raise RefusedError(f"group_by must be {', '.join(_GROUPS)}", "group_by")
        if query.modality not in get_args(Modality):
            raise RefusedError(f"modality must be {', '.join(get_args(Modality))}", "modality")
        modality: Modality = query.modality  # type: ignore[assignment]
        found = await self._spending.buckets(call.principal, start, end, whose, modality)
        total = total_of([bucket.total for bucket in found])
        return reply(
            Usages(
                organization=call.path("organization_id"),
                group_type=query.group_by,
                modality=query.modality,
                usage_from=f"{midnight(start):%Y-%m-%dT%H:%M:%SZ}",
                usage_to=f"{midnight(end):%Y-%m-%dT}23:59:59Z",
                usage_unit=CURRENCY.upper(),
                amount_total=total.cost,
                amount_totals=_amounts(total),
                time_us_total=total.micros,
                job_count=total.jobs,
                usage_data=[_usage_of(bucket) for bucket in found],
            )
        )

    def operations(self) -> tuple[Operation, ...]:
        # fmt: off
        return (
            Operation("GET", "/jobs/estimate", "EstimateJobCost", self.estimate,
                      "Estimate what a job would cost", query=EstimateQuery, answer=Estimate),
            Operation("GET", "/jobs/{UUID}/cost", "GetJobCost", self.cost, "What a job cost",
                      answer=Cost, refusals={404: "No such job in this project."}),
            Operation("GET", "/organizations/{organization_id}/usage", "get-usages", self.usage,
                      "Usage of an organization", query=UsageQuery, answer=Usages),
        )
        # fmt: on


def millis(micros: int) -> int:
    return math.ceil(micros / 1000)


def rates_of(card: RateCard | None, *, mitigated: bool) -> Rates:
    if card is None:
        return Rates("free", [])
    if card.model == "compute time":
        return Rates(card.id, [Rate(sku=card.id, unit="compute_second", unit_cost=card.per_second)])
    return Rates(
        card.id,
        [
            Rate(
                sku=card.id,
                unit="gates",
                cost_1q_gate=card.one_qubit,
                cost_2q_gate=card.two_qubit,
                job_cost_minimum=card.minimum_mitigated if mitigated else card.minimum,
            )
        ],
    )


def _load(query: EstimateQuery) -> Load:
    for name, value, least, most in (
        ("qubits", query.qubits, 1, LARGEST_GATES),
        ("shots", query.shots, 1, 1_000_000),
        ("1q_gates", query.gates_1q, 0, LARGEST_GATES),
        ("2q_gates", query.gates_2q, 0, LARGEST_GATES),
    ):
        if not least <= value <= most:
            raise RefusedError(f"{name} must be from {least:,} to {most:,}, not {value:,}", name)
    return Load(
        gates_1q=query.gates_1q,
        gates_2q=query.gates_2q,
        shots=query.shots,
        mitigated=query.error_mitigation.lower() == "true",
    )


def _usage_of(bucket: Bucket) -> UsageOf:
    return UsageOf(
        from_=bucket.first.isoformat(),
        job_count=bucket.total.jobs,
        amount=bucket.total.cost,
        amount_unit=CURRENCY.upper(),
        amounts=_amounts(bucket.total),
        time_us=bucket.total.micros,
        group_usages=[
            GroupUsage(
                group_id=share.key,
                group_name=share.name or share.key,
                job_count=share.jobs,
                amount=share.cost,
                amount_unit=share.unit.upper(),
                amounts=_amounts(share),
                time_us=share.micros,
            )
            for share in bucket.shares[:TOP]
        ],
    )


def _amounts(share: Share) -> list[UsageAmount]:
    return [UsageAmount(share.cost, share.unit.upper())]


def _day(text: str, name: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise RefusedError(f"{name} must be a date such as 2025-12-31", name) from None
