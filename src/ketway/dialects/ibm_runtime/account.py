"""The instance, which is the project: what it may use, what it has used, and its account."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from ketway.dialects.http import Call, Operation, reply
from ketway.dialects.ibm_runtime.backends import BackendRoutes
from ketway.dialects.ibm_runtime.signing_in import PLAN, PLAN_NAME, crn
from ketway.service.errors import NotFoundError
from ketway.service.sessions import Sessions
from ketway.service.usage import Usage


class Period(msgspec.Struct):
    start_time: str
    end_time: str


class UsageResponse(msgspec.Struct, kw_only=True):
    """Where there is no limit, it has none: the client takes its absence for that."""

    instance_id: str
    plan_id: str
    usage_consumed_seconds: float
    usage_limit_seconds: int | UnsetType = UNSET
    usage_limit_reached: bool
    usage_period: Period


class InstanceResponse(msgspec.Struct, kw_only=True):
    backends: list[str]
    plan_id: str
    instance_limit: float | UnsetType = UNSET
    instance_limit_seconds: str | UnsetType = UNSET
    """The same once more, as a text: that is how IBM's document has it."""


class ConfigurationResponse(msgspec.Struct):
    instance_limit: int | UnsetType = UNSET


class ConfigurationPayload(msgspec.Struct):
    instance_limit: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None
    """Seconds; null for no limit."""


class PlanObject(msgspec.Struct, kw_only=True):
    """What an account may do under a plan. A Ketway's has no contract but the project itself, so
    that is its subscription."""

    plan_id: str
    subscription_id: str
    subscription_name: str
    backends: list[str]
    max_ttl: int
    active_ttl: int
    interactive_ttl: int
    usage_limit_seconds: int | UnsetType = UNSET


class AccountQuery(msgspec.Struct):
    plan_id: str | None = None


class AccountResponse(msgspec.Struct):
    plans: list[PlanObject]


class AccountRoutes:
    def __init__(
        self, usage: Usage, sessions: Sessions, backends: BackendRoutes, dialect: str
    ) -> None:
        self._usage = usage
        self._sessions = sessions
        self._backends = backends
        self._dialect = dialect

    async def usage(self, call: Call) -> Response:
        """Seconds that this project's jobs ran in this month. Asked for before every run."""
        month = await self._usage.month(call.principal, self._dialect)
        limit = self._usage.limit(call.principal)
        return reply(
            UsageResponse(
                instance_id=crn(call.principal.project_id),
                plan_id=PLAN,
                usage_consumed_seconds=month.seconds,
                usage_limit_seconds=UNSET if limit is None else limit,
                usage_limit_reached=limit is not None and month.seconds >= limit,
                usage_period=Period(_iso(month.start), _iso(month.end)),
            )
        )

    async def instance(self, call: Call) -> Response:
        limit = self._usage.limit(call.principal)
        return reply(
            InstanceResponse(
                backends=self._names(),
                plan_id=PLAN,
                instance_limit=UNSET if limit is None else float(limit),
                instance_limit_seconds=UNSET if limit is None else str(limit),
            )
        )

    async def configuration(self, call: Call) -> Response:
        limit = self._usage.limit(call.principal)
        return reply(ConfigurationResponse(UNSET if limit is None else limit))

    async def configure(self, call: Call) -> Response:
        """Set how many seconds the project's jobs may run in a month, or take the limit away."""
        payload: ConfigurationPayload = call.body
        await self._usage.set_limit(call.principal, self._dialect, payload.instance_limit)
        return Response(status_code=204)

    async def account(self, call: Call) -> Response:
        """Of the project alone: whoever asks belongs to one account."""
        wanted, query = call.path("account_id"), call.query
        if wanted != uuid.UUID(call.principal.project_id).hex:
            raise NotFoundError(f"There is no account {wanted[:80]}.")
        if query.plan_id not in (None, PLAN):
            return reply(AccountResponse([]))
        limit = self._usage.limit(call.principal)
        longest = self._sessions.longest_seconds
        plan = PlanObject(
            plan_id=PLAN,
            subscription_id=call.principal.project_id,
            subscription_name=PLAN_NAME,
            backends=self._names(),
            max_ttl=longest,
            active_ttl=longest,
            interactive_ttl=self._sessions.idle_seconds,
            usage_limit_seconds=UNSET if limit is None else limit,
        )
        return reply(AccountResponse([plan]))

    def _names(self) -> list[str]:
        return [backend.device.name for backend in self._backends.all()]

    def operations(self) -> tuple[Operation, ...]:
        configuration = "/instances/configuration"
        # fmt: off
        return (
            Operation("GET", "/instances/usage", "get_usage", self.usage, "What was used",
                      answer=UsageResponse),
            Operation("GET", "/instance", "get_instance", self.instance, "The instance",
                      answer=InstanceResponse),
            Operation("GET", configuration, "get_instance_configuration", self.configuration,
                      "The instance's limit", answer=ConfigurationResponse),
            Operation("PUT", configuration, "replace_instance_configuration", self.configure,
                      "Give the instance a limit", body=ConfigurationPayload, status=204,
                      refusals={409: "More has been used already."}),
            Operation("GET", "/accounts/{account_id}", "get_account", self.account,
                      "What an account may do", query=AccountQuery, answer=AccountResponse),
        )
        # fmt: on


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
