"""The endpoints of IBM's Qiskit Runtime API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from starlette.requests import Request
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Dialect, Operation, reply
from ketway.dialects.ibm_runtime import configuration, errors
from ketway.dialects.ibm_runtime.errors import IbmError
from ketway.dialects.ibm_runtime.signing_in import PLAN, TokenDialect, crn, plan
from ketway.dialects.ibm_runtime.wire import (
    BackendsResponse,
    BackendStatus,
    CatalogPlan,
    InstanceResponse,
    JobObject,
    JobPayload,
    JobsQuery,
    JobsResponse,
    Period,
    TagsQuery,
    TagsResponse,
    UsageResponse,
    VersionObject,
    VersionsResponse,
    job_object,
    kept,
)
from ketway.jobs.ids import is_id
from ketway.jobs.job import FINAL, Job, State
from ketway.service.accounts import Accounts
from ketway.service.backends import Backend, Backends
from ketway.service.errors import NotFoundError
from ketway.service.jobs import Jobs
from ketway.service.tokens import Tokens
from ketway.store.queries import Filter

NAME = "ibm_runtime"
LONGEST_PAGE = 200
PROGRAMS = ("sampler", "estimator", "executor", "noise-learner", "noise-learner-v3", "calibrate")
"""What clients send jobs for; 404 is for other programs, since the client takes it for that."""
OLDEST = date(2024, 1, 1)
"""The version of a request that names none: clients before 0.35 do not."""
OBJECTS_SINCE = date(2025, 1, 1)
VERSIONS = ("2026-04-15", "2026-03-15", "2026-02-01", "2025-05-01", "2025-01-01", "2024-01-01")

PREFIXES = ("/experimental/api/v1", "/experimental", "/api/v1", "/api", "/runtime")
"""Where clients look for it, longest first. One that finds `experimental` in its URL takes the URL
as it is, and may end it anywhere; others add `/api/v1`."""


def version_of(request: Request) -> date:
    """The API version that the client was written for. A later one than any we know is served as
    the last: the client was made after this server."""
    text = request.headers.get("ibm-api-version")
    if text is None:
        return OLDEST
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadBodyError(
            f"IBM-API-Version must be a date such as {VERSIONS[0]}, not {text[:80]!r}.",
            "headers",
            ("IBM-API-Version",),
        ) from None


class Routes:
    def __init__(self, jobs: Jobs, backends: Backends) -> None:
        self._jobs = jobs
        self._backends = backends

    # -- backends -----------------------------------------------------------------------------

    async def backends(self, call: Call) -> Response:
        """Objects, or names alone for versions before 2025."""
        found = self._backends.list("ibm")
        if version_of(call.request) < OBJECTS_SINCE:
            return reply(BackendsResponse([b.device.name for b in found]))
        return reply(BackendsResponse([configuration.backend_object(b) for b in found]))

    async def configuration(self, call: Call) -> Response:
        return reply(configuration.configuration(self._backend(call).device))

    async def properties(self, call: Call) -> Response:
        """Of a simulator nothing was measured, and clients take `{}` for that."""
        self._backend(call)
        return reply({})

    async def status(self, call: Call) -> Response:
        return reply(configuration.status(self._backend(call)))

    async def defaults(self, call: Call) -> Response:
        """Of pulses, which there are none of; clients before 0.41 fail where this is 404."""
        self._backend(call)
        return reply({})

    def _backend(self, call: Call) -> Backend:
        return self._backend_named(call.path("name"), 404)

    def _backend_named(self, name: str, status: int) -> Backend:
        try:
            return self._backends.get(name, "ibm")
        except NotFoundError as error:
            raise IbmError(status, errors.BACKEND_NOT_FOUND, error.message) from None

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
        names = [b.device.name for b in self._backends.list("ibm")]
        return reply(InstanceResponse(names, PLAN))

    async def plan(self, call: Call) -> Response:
        """Global Catalog's answer: a client that derives its address from the API's host asks at
        `/api/v1/{plan}`, and through a proxy that is here (README, recipe C)."""
        return reply(plan(call.path("plan")))

    async def versions(self, _call: Call) -> Response:
        return reply(VersionsResponse([VersionObject(v) for v in VERSIONS]))

    async def tags(self, call: Call) -> Response:
        """Those of the project's latest jobs that contain the searched text."""
        query: TagsQuery = call.query
        page = await self._jobs.page(call.principal, Filter(dialect=NAME, limit=LONGEST_PAGE))
        found = {tag for job in page.jobs for tag in kept(job).tags}
        return reply(TagsResponse(sorted(tag for tag in found if query.search in tag)))

    # -- jobs ---------------------------------------------------------------------------------

    async def create(self, call: Call) -> Response:
        """Refused in so many words: nothing is kept that would never run."""
        payload: JobPayload = call.body
        if payload.program_id not in PROGRAMS:
            raise IbmError(
                404,
                errors.VALIDATION,
                f"There is no program {payload.program_id[:80]!r}.",
                f"Known are {', '.join(PROGRAMS)}.",
            )
        self._backend_named(payload.backend, 400)
        raise IbmError(
            400,
            errors.UNSUPPORTED,
            f"This Ketway does not run {payload.program_id} programs yet; nothing was submitted.",
            "Its backends can be listed and transpiled for; to run circuits, use its IonQ API.",
        )

    async def list(self, call: Call) -> Response:
        query: JobsQuery = call.query
        wanted = _filter(query)
        page = await self._jobs.page(call.principal, wanted)
        total = await self._jobs.count(call.principal, wanted)
        # service.jobs(skip=...) goes on asking until it has `count - skip` jobs, so that a count
        # below the offset would make it ask for ever (qiskit_runtime_service.py, `jobs`).
        count = max(total, query.offset)
        return reply(
            JobsResponse([job_object(j) for j in page.jobs], count, wanted.limit, query.offset)
        )

    async def get(self, call: Call) -> Response:
        return reply(job_object(self._job(call)))

    def _job(self, call: Call) -> Job:
        job_id = call.path("job_id")
        if is_id(job_id):
            job = self._jobs.get(call.principal, job_id)
            if job.dialect == NAME:
                return job
        raise NotFoundError(f"There is no job {job_id[:80]}.")

    def operations(self) -> tuple[Operation, ...]:
        backend = "/backends/{name}"
        # fmt: off
        return (
            Operation("GET", "/backends", "list_backends", self.backends, "All backends",
                      answer=BackendsResponse),
            Operation("GET", backend + "/configuration", "get_backend_configuration",
                      self.configuration, "A backend's gates and limits"),
            Operation("GET", backend + "/properties", "get_backend_properties", self.properties,
                      "What was measured on a backend"),
            Operation("GET", backend + "/status", "get_backend_status", self.status,
                      "A backend's queue", answer=BackendStatus),
            Operation("GET", backend + "/defaults", "get_backend_defaults", self.defaults,
                      "A backend's pulses"),
            Operation("GET", "/instances/usage", "get_usage", self.usage, "What was used",
                      answer=UsageResponse),
            Operation("GET", "/instance", "get_instance", self.instance, "The instance",
                      answer=InstanceResponse),
            Operation("GET", "/versions", "list_versions", self.versions, "The API's versions",
                      answer=VersionsResponse, public=True),
            Operation("GET", "/tags", "list_tags", self.tags, "The tags of jobs",
                      query=TagsQuery, answer=TagsResponse),
            Operation("POST", "/jobs", "create_job", self.create, "Run a program",
                      body=JobPayload, answer=JobObject,
                      refusals={404: "There is no such program."}),
            Operation("GET", "/jobs", "list_jobs", self.list, "The project's jobs",
                      query=JobsQuery, answer=JobsResponse),
            Operation("GET", "/jobs/{job_id}", "get_job", self.get, "One job", answer=JobObject),
            Operation("GET", "/{plan}", "get_plan", self.plan, "An instance's plan",
                      answer=CatalogPlan),
        )
        # fmt: on

    def dialect(
        self, accounts: Accounts, tokens: Tokens, max_body: int, more: Sequence[Operation] = ()
    ) -> Dialect:
        operations = (*self.operations(), *more)
        return TokenDialect(operations, accounts, errors.speak, max_body, tokens)


def _filter(query: JobsQuery) -> Filter:
    if query.limit < 1 or query.offset < 0 or query.offset >= 1 << 62:
        raise BadBodyError(
            "limit must be 1 or more, and offset 0 or more.", "query", ("limit", "offset")
        )
    if query.tags:
        raise IbmError(
            400, errors.UNSUPPORTED, "Ketway does not search jobs by tags yet.", "Leave tags out."
        )
    states = None
    if query.pending is not None:
        states = [state for state in State if (state in FINAL) is not query.pending]
    return Filter(
        dialect=NAME,
        backends=None if query.backend is None else [query.backend],
        formats=None if query.program is None else [query.program],
        states=states,
        session_id=query.session_id,
        submitted_from=_moment(query.created_after, "created_after"),
        submitted_to=_moment(query.created_before, "created_before"),
        oldest_first=query.sort == "ASC",
        offset=query.offset,
        limit=min(query.limit, LONGEST_PAGE),
    )


def _moment(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadBodyError(
            f"{name} must be a time such as 2026-01-31T12:00:00+00:00, not {text[:80]!r}.",
            "query",
            (name,),
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6)


def _month(at: datetime) -> tuple[datetime, datetime]:
    """From its first moment to the next one's."""
    start = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = start.month == 12
    return start, start.replace(year=at.year + last, month=1 if last else at.month + 1)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
