"""The endpoints of IBM's Qiskit Runtime API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from ketway.dialects.http import Call, Dialect, Operation, reply
from ketway.dialects.ibm_runtime import errors
from ketway.dialects.ibm_runtime.backends import BackendRoutes
from ketway.dialects.ibm_runtime.jobs import NAME, JobRoutes
from ketway.dialects.ibm_runtime.signing_in import PLAN, TokenDialect, crn, plan
from ketway.dialects.ibm_runtime.versions import VERSIONS
from ketway.dialects.ibm_runtime.wire import (
    CatalogPlan,
    InstanceResponse,
    Period,
    UsageResponse,
    VersionObject,
    VersionsResponse,
)
from ketway.service.accounts import Accounts
from ketway.service.backends import Backends
from ketway.service.jobs import Jobs
from ketway.service.tokens import Tokens
from ketway.store.queries import Filter

PREFIXES = ("/experimental/api/v1", "/experimental", "/api/v1", "/api", "/runtime")
"""Where clients look for it, longest first. One that finds `experimental` in its URL takes the URL
as it is, and may end it anywhere; others add `/api/v1`."""


class Routes:
    def __init__(self, jobs: Jobs, backends: Backends) -> None:
        self._jobs = jobs
        self._backends = BackendRoutes(backends)
        self._job_routes = JobRoutes(jobs, self._backends)

    # -- the instance -------------------------------------------------------------------------

    async def usage(self, call: Call) -> Response:
        """Seconds that this project's jobs ran in this month. Asked for before every run."""
        start, end = _month(datetime.now(UTC))
        wanted = Filter(dialect=NAME, submitted_from=int(start.timestamp() * 1e6))
        return reply(
            UsageResponse(
                instance_id=crn(call.principal.project_id),
                plan_id=PLAN,
                usage_consumed_seconds=await self._jobs.seconds_run(call.principal, wanted),
                usage_period=Period(_iso(start), _iso(end)),
            )
        )

    async def instance(self, _call: Call) -> Response:
        names = [b.device.name for b in self._backends.all()]
        return reply(InstanceResponse(names, PLAN))

    async def plan(self, call: Call) -> Response:
        """Global Catalog's answer: a client that derives its address from the API's host asks at
        `/api/v1/{plan}`, and through a proxy that is here (README, recipe C)."""
        return reply(plan(call.path("plan")))

    async def versions(self, _call: Call) -> Response:
        return reply(VersionsResponse([VersionObject(v) for v in VERSIONS]))

    def operations(self) -> tuple[Operation, ...]:
        # fmt: off
        return (
            *self._backends.operations(),
            Operation("GET", "/instances/usage", "get_usage", self.usage, "What was used",
                      answer=UsageResponse),
            Operation("GET", "/instance", "get_instance", self.instance, "The instance",
                      answer=InstanceResponse),
            Operation("GET", "/versions", "list_versions", self.versions, "The API's versions",
                      answer=VersionsResponse, public=True),
            *self._job_routes.operations(),
            Operation("GET", "/{plan}", "get_plan", self.plan, "An instance's plan",
                      answer=CatalogPlan),
        )
        # fmt: on

    def dialect(
        self, accounts: Accounts, tokens: Tokens, max_body: int, more: Sequence[Operation] = ()
    ) -> Dialect:
        operations = (*self.operations(), *more)
        return TokenDialect(operations, accounts, errors.speak, max_body, tokens)


def _month(at: datetime) -> tuple[datetime, datetime]:
    """From its first moment to the next one's."""
    start = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = start.month == 12
    return start, start.replace(year=at.year + last, month=1 if last else at.month + 1)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
