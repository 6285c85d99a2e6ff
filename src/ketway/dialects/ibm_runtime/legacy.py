"""The sign-in of IBM's clients before 0.41: the channel `ibm_quantum`, which IBM has closed.

A client trades its key at `/api/users/loginWithToken`, is told where the runtime is, and lists the
hubs, groups and projects that it may use. What it calls was learnt by running qiskit-ibm-runtime
0.30.0 and 0.40.1 unmodified. All else that they ask is the runtime's own (`routes.py`), with lists
as short as requests had them that name no version.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Dialect, Operation, reply
from ketway.dialects.ibm_runtime import errors
from ketway.dialects.ibm_runtime.jobs import NAME
from ketway.dialects.ibm_runtime.signing_in import TokenDialect
from ketway.jobs.job import FINAL, State
from ketway.service.accounts import Accounts
from ketway.service.jobs import Jobs
from ketway.service.tokens import Tokens
from ketway.service.usage import Usage
from ketway.store.queries import Filter
from ketway.version import VERSION

HUB: Final = "ibm-q"
GROUP: Final = "open"
PROJECT: Final = "main"
INSTANCE: Final = f"{HUB}/{GROUP}/{PROJECT}"
"""What the open plan was called: programs of the time name it in `instance=`."""
MOST_PENDING: Final = 1_000_000
"""From so many on, the client waits for the oldest before it submits; there is no limit here."""
_HOST: Final = re.compile(r"[\w.-]+(:\d{1,5})?|\[[\da-fA-F:.]+\](:\d{1,5})?")


class LoginRequest(msgspec.Struct):
    apiToken: str  # noqa: N815  (IBM's spelling, here and below)


class LoginResponse(msgspec.Struct):
    id: str
    """What the client shows from now on, as `X-Access-Token`."""
    userId: str  # noqa: N815


class ServiceUrls(msgspec.Struct):
    runtime: str


class Urls(msgspec.Struct):
    http: str
    services: ServiceUrls


class UserResponse(msgspec.Struct):
    id: str
    urls: Urls


class ProjectObject(msgspec.Struct):
    isDefault: bool = True  # noqa: N815


class GroupObject(msgspec.Struct):
    projects: dict[str, ProjectObject]


class HubObject(msgspec.Struct):
    name: str
    groups: dict[str, GroupObject]


class InstanceUsage(msgspec.Struct):
    """`quota` and `usage` in seconds. No quota where the project has set itself no limit."""

    instance: str
    usage: float
    pendingJobs: int  # noqa: N815
    maxPendingJobs: int = MOST_PENDING  # noqa: N815
    quota: float | None = None


class UsagePeriod(msgspec.Struct):
    start: str
    end: str


class LegacyUsage(msgspec.Struct):
    byInstance: list[InstanceUsage]  # noqa: N815
    period: UsagePeriod


class Legacy:
    def __init__(self, jobs: Jobs, usage: Usage, accounts: Accounts, tokens: Tokens) -> None:
        self._jobs = jobs
        self._usage = usage
        self._accounts = accounts
        self._tokens = tokens

    async def version(self, _call: Call) -> Response:
        """A client takes a URL for IBM's where this has `api-auth`."""
        return reply({"new_api": True, "api-auth": VERSION, "api-runtime": VERSION})

    async def login(self, call: Call) -> Response:
        """The key is its own access token. These clients never ask for another, however long they
        wait for a job, so one that ends by itself would end their work; a key that is taken back
        ends at once."""
        body: LoginRequest = call.body
        if not body.apiToken:
            raise BadBodyError("apiToken is empty.", "body", ("apiToken",))
        principal = self._accounts.principal(body.apiToken)
        return reply(LoginResponse(body.apiToken, principal.user_id))

    async def user(self, call: Call) -> Response:
        """Where everything is: at the address by which the client came."""
        base = address(call.request)
        urls = Urls(f"{base}/api", ServiceUrls(f"{base}/runtime"))
        return reply(UserResponse(call.principal.user_id, urls))

    async def network(self, _call: Call) -> Response:
        return reply([HubObject(HUB, {GROUP: GroupObject({PROJECT: ProjectObject()})})])

    async def usage(self, call: Call) -> Response:
        """Of this month. Asked for before a run where the instance is the open plan's."""
        month = await self._usage.month(call.principal, NAME)
        waiting = Filter(dialect=NAME, states=[state for state in State if state not in FINAL])
        used = InstanceUsage(
            INSTANCE,
            month.seconds,
            await self._jobs.count(call.principal, waiting),
            quota=self._usage.limit(call.principal),
        )
        period = UsagePeriod(month.start.isoformat(), month.end.isoformat())
        return reply(LegacyUsage([used], period))

    def dialect(self, max_body: int) -> Dialect:
        return TokenDialect(self.operations(), self._accounts, errors.speak, max_body, self._tokens)

    def operations(self) -> tuple[Operation, ...]:
        # fmt: off
        return (
            Operation("GET", "/api/version", "getVersion", self.version, "Whose API this is",
                      public=True),
            Operation("POST", "/api/users/loginWithToken", "loginWithToken", self.login,
                      "A token for a key", body=LoginRequest, answer=LoginResponse, public=True),
            Operation("GET", "/api/users/me", "getUser", self.user, "Where everything is",
                      answer=UserResponse),
            Operation("GET", "/api/Network", "getNetwork", self.network, "The instances",
                      answer=list[HubObject]),
            Operation("GET", "/runtime/usage", "getUsage", self.usage, "What was used",
                      answer=LegacyUsage),
        )
        # fmt: on


def address(request: Request) -> str:
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise BadBodyError(
            f"The header Host must be a host's name or address, not {host[:80]!r}.",
            "headers",
            ("Host",),
        )
    return f"{request.url.scheme}://{host}"
