"""The three services of IBM Cloud that a client asks before it asks the runtime.

Sign-in (IAM) trades a key for a token, Global Search lists the instances that the holder may use,
and Global Catalog tells what plan each has. A Ketway project is one instance.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Dialect, ErrorSpeaker, Operation, reply
from ketway.dialects.ibm_runtime import errors
from ketway.dialects.ibm_runtime.wire import (
    CatalogPlan,
    DisplayName,
    Extensions,
    InstanceBackend,
    InstanceDoc,
    InstanceItem,
    OverviewUi,
    PlanMetadata,
    Pricing,
    SearchRequest,
    SearchResponse,
    TokenResponse,
)
from ketway.service.accounts import Accounts, Principal
from ketway.service.backends import Backends
from ketway.service.errors import NotFoundError
from ketway.service.tokens import LIFE, Tokens

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
SERVICE = "service_name:quantum-computing"
INSTANCE = "ketway"
"""The instance's name, by which a client may choose it: QISKIT_IBM_INSTANCE=ketway."""
PLAN = "ketway-open"
"""Its plan's id. The client wants a pricing type out of six; `free` is the one that is true."""
PLAN_NAME = "open"


def crn(project_id: str) -> str:
    """The instance that a project is. In region us-east, whose host the client derives without a
    prefix (utils/utils.py, `default_runtime_url_resolver`)."""
    account = uuid.UUID(project_id).hex
    return f"crn:v1:bluemix:public:quantum-computing:us-east:a/{account}:{project_id}::"


def plan(wanted: str) -> CatalogPlan:
    if wanted != PLAN:
        raise NotFoundError(f"There is no plan {wanted[:80]}; the only one is {PLAN}.")
    return CatalogPlan(
        PLAN, PLAN_NAME, OverviewUi(DisplayName("Open")), PlanMetadata(Pricing("free"))
    )


class TokenDialect(Dialect):
    """A dialect whose callers may show a token instead of a key."""

    def __init__(
        self,
        operations: Sequence[Operation],
        accounts: Accounts,
        speak_error: ErrorSpeaker,
        max_body: int,
        tokens: Tokens,
    ) -> None:
        super().__init__(operations, accounts, speak_error, key_of, max_body)
        self._tokens = tokens

    def principal(self, request: Request) -> Principal:
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._tokens.principal(shown.strip())
        return super().principal(request)


class SigningIn:
    def __init__(self, accounts: Accounts, tokens: Tokens, backends: Backends) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._backends = backends

    async def token(self, call: Call) -> Response:
        """A token for a key, as a form."""
        try:
            form = parse_qs(call.raw.decode("ascii"), max_num_fields=20)
        except ValueError as error:
            raise BadBodyError(f"The body is not a form: {error}.", "body", ()) from None
        grant = form.get("grant_type", [""])[0]
        if grant != GRANT:
            raise BadBodyError(
                f"Property missing or unknown: grant_type must be {GRANT}.", "body", ("grant_type",)
            )
        key = form.get("apikey", [""])[0]
        if not key:
            raise BadBodyError("Property missing or empty: apikey.", "body", ("apikey",))
        token = self._tokens.issue(self._accounts.principal(key))
        return reply(TokenResponse(token.text, LIFE, token.claims.exp))

    async def search(self, call: Call) -> Response:
        """The instances of whoever asks: the project, whatever else the query is narrowed to."""
        body: SearchRequest = call.body
        if SERVICE not in body.query:
            return reply(SearchResponse([]))
        names = [InstanceBackend(b.device.name) for b in self._backends.list("ibm")]
        item = InstanceItem(
            crn=crn(call.principal.project_id),
            name=INSTANCE,
            service_plan_unique_id=PLAN,
            tags=[],
            doc=InstanceDoc(Extensions(names)),
        )
        return reply(SearchResponse([item]))

    async def plan(self, call: Call) -> Response:
        return reply(plan(call.path("plan")))

    def dialect(self, max_body: int) -> Dialect:
        return TokenDialect(
            self.operations(), self._accounts, errors.speak_as_cloud, max_body, self._tokens
        )

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation("POST", "/identity/token", "getToken", self.token, "A token for a key",
                      raw=True, answer=TokenResponse, public=True),
            Operation("POST", "/v3/resources/search", "search", self.search, "The instances",
                      body=SearchRequest, answer=SearchResponse),
            Operation("GET", "/catalog/{plan}", "getPlan", self.plan, "An instance's plan",
                      answer=CatalogPlan),
        )  # fmt: skip


def key_of(request: Request) -> str | None:
    """`Authorization: apikey KEY`, or `X-Access-Token: KEY` of the clients before 0.41."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "apikey":
        return key.strip()
    return request.headers.get("x-access-token")
