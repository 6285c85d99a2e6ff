"""The endpoints of IBM's Qiskit Runtime API."""

from __future__ import annotations

from starlette.responses import Response

from ketway.dialects.http import Call, Dialect, Operation, reply
from ketway.dialects.ibm_runtime import errors
from ketway.dialects.ibm_runtime.account import AccountRoutes
from ketway.dialects.ibm_runtime.analytics import AnalyticsRoutes
from ketway.dialects.ibm_runtime.backends import BackendRoutes
from ketway.dialects.ibm_runtime.jobs import NAME, JobRoutes
from ketway.dialects.ibm_runtime.sessions import SessionRoutes
from ketway.dialects.ibm_runtime.signing_in import TokenDialect, plan
from ketway.dialects.ibm_runtime.versions import VERSIONS
from ketway.dialects.ibm_runtime.wire import CatalogPlan, VersionObject, VersionsResponse
from ketway.dialects.ibm_runtime.workloads import WorkloadRoutes
from ketway.service.accounts import Accounts
from ketway.service.backends import Backends
from ketway.service.jobs import Jobs
from ketway.service.sessions import Sessions
from ketway.service.tokens import Tokens
from ketway.service.usage import Usage
from ketway.service.workloads import Workloads

PREFIXES = ("/experimental/api/v1", "/experimental", "/api/v1", "/api", "/v1", "/runtime")
"""Where clients look for it, longest first. One that finds `experimental` in its URL takes the URL
as it is, and may end it anywhere; others add `/api/v1`."""


class Routes:
    def __init__(
        self,
        jobs: Jobs,
        backends: Backends,
        sessions: Sessions,
        usage: Usage,
        workloads: Workloads,
    ) -> None:
        self._backends = BackendRoutes(backends)
        self._jobs = JobRoutes(jobs, self._backends, usage)
        self._sessions = SessionRoutes(sessions, backends, NAME)
        self._account = AccountRoutes(usage, sessions, self._backends, NAME)
        self._analytics = AnalyticsRoutes(usage, self._backends, NAME)
        self._workloads = WorkloadRoutes(workloads, sessions, NAME)

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
            *self._jobs.operations(),
            *self._sessions.operations(),
            *self._account.operations(),
            *self._analytics.operations(),
            *self._workloads.operations(),
            Operation("GET", "/versions", "list_versions", self.versions, "The API's versions",
                      answer=VersionsResponse, public=True),
            Operation("GET", "/{plan}", "get_plan", self.plan, "An instance's plan",
                      answer=CatalogPlan),
        )
        # fmt: on

    def dialect(self, accounts: Accounts, tokens: Tokens, max_body: int) -> Dialect:
        return TokenDialect(self.operations(), accounts, errors.speak, max_body, tokens)
