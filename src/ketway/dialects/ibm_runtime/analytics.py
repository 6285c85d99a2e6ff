"""What was used, added up and told apart: by backend, by user, by day.

Everything is in milliseconds, and counts at the time when the job was submitted. The usage of a
session is here how long its jobs ran, so that all parts add up to the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import msgspec
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Operation, reply
from ketway.dialects.ibm_runtime.backends import BackendRoutes
from ketway.dialects.ibm_runtime.moments import moment
from ketway.dialects.ibm_runtime.signing_in import PLAN, PLAN_NAME, crn
from ketway.dialects.ibm_runtime.wire import iso
from ketway.jobs.ids import now
from ketway.service.accounts import Principal
from ketway.service.usage import DAY, By, Part, Report, Usage, UsageFilter

Key: TypeAlias = Literal["instance", "backend", "user_id", "plan", "subscription_id"]


class UsageQuery(msgspec.Struct):
    instance: list[str] = []
    interval_start: str | None = None
    interval_end: str | None = None
    backend: list[str] = []
    user_id: list[str] = []
    simulators: bool = True
    plan: list[str] = []
    subscription_id: list[str] = []


class GroupedQuery(UsageQuery, kw_only=True):
    group_by: Key


class DatedQuery(UsageQuery, kw_only=True):
    group_by: Literal["instance"]


class InstanceQuery(msgspec.Struct):
    instance: list[str] = []


class AnalyticsObject(msgspec.Struct, kw_only=True):
    usage: float
    jobs: int
    sessions: int
    sessions_usage: float
    avg_sessions_usage: float
    max_sessions_usage: float
    batch_sessions: int
    batch_sessions_usage: float
    avg_batch_sessions_usage: float
    max_batch_sessions_usage: float
    dedicated_sessions: int
    dedicated_sessions_usage: float
    avg_dedicated_sessions_usage: float
    max_dedicated_sessions_usage: float
    individual_jobs: int
    individual_jobs_usage: float
    avg_individual_jobs_usage: float
    max_individual_jobs_usage: float
    queue_time: float
    avg_queue_time: float
    max_queue_time: float


class GroupedObject(AnalyticsObject, kw_only=True):
    key: str | None


class DatedObject(AnalyticsObject, kw_only=True):
    key: str
    interval_start: str
    interval_end: str


class GroupedResponse(msgspec.Struct):
    data: list[GroupedObject]


class DatedResponse(msgspec.Struct):
    interval_start: str
    interval_end: str
    data: list[DatedObject]


class NameObject(msgspec.Struct):
    name: str


class IdObject(msgspec.Struct):
    id: str


class InstanceObject(msgspec.Struct):
    id: str
    deleted: bool = False


class SubscriptionObject(msgspec.Struct):
    id: str
    name: str


class FiltersResponse(msgspec.Struct):
    backends: list[NameObject]
    instances: list[InstanceObject]
    users: list[IdObject]
    plans: list[NameObject]
    subscriptions: list[SubscriptionObject]


class AnalyticsRoutes:
    def __init__(self, usage: Usage, backends: BackendRoutes, dialect: str) -> None:
        self._usage = usage
        self._backends = backends
        self._dialect = dialect

    async def total(self, call: Call) -> Response:
        reports = await self._reports(call)
        return reply(_object(AnalyticsObject, reports[0] if reports else _NOTHING))

    async def grouped(self, call: Call) -> Response:
        """What there is nothing of is not in the list."""
        query: GroupedQuery = call.query
        by: By | None = query.group_by if query.group_by in ("backend", "user_id") else None
        keys: dict[Key, str] = {
            "instance": crn(call.principal.project_id),
            "plan": PLAN_NAME,
            "subscription_id": call.principal.project_id,
        }
        reports = await self._reports(call, by)
        return reply(
            GroupedResponse(
                [
                    _object(GroupedObject, report, key=keys.get(query.group_by, report.key))
                    for report in reports
                ]
            )
        )

    async def dated(self, call: Call) -> Response:
        """One for each day, in UTC, of which there is anything."""
        key = crn(call.principal.project_id)
        reports = await self._reports(call, daily=True)
        data = [_dated(report, key) for report in reports]
        query: DatedQuery = call.query
        start = moment(query.interval_start, "interval_start")
        end = moment(query.interval_end, "interval_end")
        until = iso(now() if end is None else end)
        first = data[0].interval_start if data else until
        return reply(DatedResponse(first if start is None else iso(start), until, data))

    async def filters(self, call: Call) -> Response:
        """What there is to choose from: what the project's jobs have named."""
        query: InstanceQuery = call.query
        principal = call.principal
        ours = crn(principal.project_id)
        if query.instance and ours not in query.instance:
            return reply(FiltersResponse([], [], [], [], []))
        backends = await self._usage.backends_used(principal, self._dialect)
        users = await self._usage.users(principal, self._dialect)
        return reply(
            FiltersResponse(
                backends=[NameObject(name) for name in backends],
                instances=[InstanceObject(ours)],
                users=[IdObject(user) for user in users],
                plans=[NameObject(PLAN_NAME)],
                subscriptions=[SubscriptionObject(principal.project_id, PLAN_NAME)],
            )
        )

    async def _reports(
        self, call: Call, by: By | None = None, *, daily: bool = False
    ) -> list[Report]:
        wanted = self._filter(call.query, call.principal)
        if wanted is None:
            return []
        return await self._usage.reports(call.principal, wanted, by, daily=daily)

    def _filter(self, query: UsageQuery, principal: Principal) -> UsageFilter | None:
        """None where another instance, plan or subscription is asked for: nothing is in these."""
        start = moment(query.interval_start, "interval_start")
        end = moment(query.interval_end, "interval_end")
        if start is not None and end is not None and start > end:
            raise BadBodyError(
                "interval_start must not be after interval_end.",
                "query",
                ("interval_start", "interval_end"),
            )
        ours = (
            (query.instance, (crn(principal.project_id),)),
            (query.plan, (PLAN, PLAN_NAME)),
            (query.subscription_id, (principal.project_id,)),
        )
        if any(asked and not set(asked) & set(names) for asked, names in ours):
            return None
        simulators = []
        if not query.simulators:
            simulators = [
                backend.device.name
                for backend in self._backends.all()
                if backend.device.kind == "simulator"
            ]
        return UsageFilter(
            dialect=self._dialect,
            submitted_from=start,
            submitted_before=end,
            backends=query.backend or None,
            backends_but=simulators,
            user_ids=query.user_id or None,
        )

    def operations(self) -> tuple[Operation, ...]:
        usage = "/analytics/usage"
        # fmt: off
        return (
            Operation("GET", usage, "analytics_usage", self.total, "What was used, in all",
                      query=UsageQuery, answer=AnalyticsObject),
            Operation("GET", usage + "_grouped", "get_usage_analytics_grouped", self.grouped,
                      "What was used, told apart", query=GroupedQuery, answer=GroupedResponse),
            Operation("GET", usage + "_grouped_by_date", "get_usage_analytics_grouped_by_date",
                      self.dated, "What was used, day by day", query=DatedQuery,
                      answer=DatedResponse),
            Operation("GET", "/analytics/filters", "analytics_filters", self.filters,
                      "What usage can be told apart by", query=InstanceQuery,
                      answer=FiltersResponse),
        )
        # fmt: on


_NOTHING = Report(
    key=None,
    day=None,
    jobs=Part(),
    alone=Part(),
    dedicated=Part(),
    batches=Part(),
    sessions=Part(),
    queue=Part(),
)


def _dated(report: Report, key: str) -> DatedObject:
    assert report.day is not None, "days were asked for"
    start = report.day * DAY
    dated: DatedObject = _object(
        DatedObject, report, key=key, interval_start=iso(start), interval_end=iso(start + DAY)
    )
    return dated


def _object(type_: Callable[..., Any], report: Report, **more: Any) -> Any:
    figures: dict[str, Any] = {"usage": report.jobs.total / 1e3, "jobs": report.jobs.count}
    for name, part in (
        ("sessions", report.sessions),
        ("batch_sessions", report.batches),
        ("dedicated_sessions", report.dedicated),
        ("individual_jobs", report.alone),
    ):
        figures |= {
            name: part.count,
            f"{name}_usage": part.total / 1e3,
            f"avg_{name}_usage": part.average / 1e3,
            f"max_{name}_usage": part.longest / 1e3,
        }
    queue = report.queue
    figures |= {
        "queue_time": queue.total / 1e3,
        "avg_queue_time": queue.average / 1e3,
        "max_queue_time": queue.longest / 1e3,
    }
    return type_(**figures, **more)
