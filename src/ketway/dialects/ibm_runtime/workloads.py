"""Workloads: sessions, and the jobs that are in none, in one list."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Operation, reply
from ketway.dialects.ibm_runtime.moments import moment
from ketway.dialects.ibm_runtime.signing_in import crn
from ketway.dialects.ibm_runtime.wire import Usage, iso, seconds_of, usage_of
from ketway.jobs.ids import is_id
from ketway.jobs.job import Job
from ketway.jobs.session import Mode, Session
from ketway.service.sessions import Sessions
from ketway.service.workloads import Status, Turn, WorkloadFilter, Workloads, status_of

LONGEST_PAGE = 50
_KINDS: dict[str, Literal["job"] | Mode] = {"job": "job", "session": "dedicated", "batch": "batch"}


class WorkloadsQuery(msgspec.Struct):
    user: Literal["me"] | None = None
    sort: Literal["createdAt", "-createdAt"] = "createdAt"
    limit: int = 10
    previous: str | None = None
    next: str | None = None
    backend: str | None = None
    search: str | None = None
    status: list[Status] = []
    mode: Literal["job", "session", "batch"] | None = None
    created_after: str | None = None
    created_before: str | None = None
    tags: list[str] = []


class SessionUsage(msgspec.Struct):
    qpu_charge_time_seconds: float


class WorkloadObject(msgspec.Struct, kw_only=True):
    id: str
    created: str
    ended: str | UnsetType = UNSET
    backend: str
    instance: str
    user_id: str
    accepting_jobs: bool | None = None
    """Of a session; null for a job."""
    mode: Literal["job", "session", "batch"]
    status: Status
    status_reason: str | UnsetType = UNSET
    tags: list[str]
    usage_seconds: float
    """The same as in `usage`, for older clients."""
    usage: Usage | SessionUsage
    estimated_running_time_seconds: float | UnsetType = UNSET


class Link(msgspec.Struct):
    href: str


class WorkloadsResponse(msgspec.Struct, kw_only=True):
    workloads: list[WorkloadObject]
    total_count: int
    limit: int
    previous: Link | UnsetType = UNSET
    next: Link | UnsetType = UNSET


class WorkloadRoutes:
    def __init__(self, workloads: Workloads, sessions: Sessions, dialect: str) -> None:
        self._workloads = workloads
        self._sessions = sessions
        self._dialect = dialect

    async def list(self, call: Call) -> Response:
        """The oldest first, unless `sort` says otherwise; `previous` and `next` of an answer say
        where the pages beside it are."""
        query: WorkloadsQuery = call.query
        _check(query)
        wanted = WorkloadFilter(
            dialect=self._dialect,
            user_id=None if query.user is None else call.principal.user_id,
            backend=query.backend,
            kind=None if query.mode is None else _KINDS[query.mode],
            statuses=query.status or None,
            search=query.search or None,
            tags=query.tags,
            made_from=moment(query.created_after, "created_after"),
            made_to=moment(query.created_before, "created_before"),
        )
        turn = Turn(
            after=query.next,
            before=query.previous,
            newest_first=query.sort == "-createdAt",
            limit=query.limit,
        )
        page = await self._workloads.page(call.principal, wanted, turn)
        return reply(
            WorkloadsResponse(
                workloads=[self._object(one) for one in page.workloads],
                total_count=page.total,
                limit=query.limit,
                previous=_link(call.request, "previous", page.previous),
                next=_link(call.request, "next", page.next),
            )
        )

    def _object(self, workload: Job | Session) -> WorkloadObject:
        return _job(workload) if isinstance(workload, Job) else self._session(workload)

    def _session(self, session: Session) -> WorkloadObject:
        used = self._sessions.seconds_used(session)
        return WorkloadObject(
            id=session.id,
            created=iso(session.created_at),
            ended=UNSET if session.closed_at is None else iso(session.closed_at),
            backend=session.backend,
            instance=crn(session.project_id),
            user_id=session.user_id,
            accepting_jobs=session.accepting_jobs,
            mode="batch" if session.mode == "batch" else "session",
            status=status_of(session),
            tags=[],
            usage_seconds=used,
            usage=SessionUsage(used),
        )

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation("GET", "/workloads", "find_instance_workloads", self.list,
                      "Sessions, and jobs in none", query=WorkloadsQuery,
                      answer=WorkloadsResponse),
        )  # fmt: skip


def _job(job: Job) -> WorkloadObject:
    return WorkloadObject(
        id=job.id,
        created=iso(job.submitted_at),
        ended=UNSET if job.completed_at is None else iso(job.completed_at),
        backend=job.backend,
        instance=crn(job.project_id),
        user_id=job.user_id,
        mode="job",
        status=status_of(job),
        status_reason=UNSET if job.failure is None else job.failure.message,
        tags=job.tags or [],
        usage_seconds=seconds_of(job),
        usage=usage_of(job),
        estimated_running_time_seconds=UNSET if job.plan is None else round(job.seconds, 3),
    )


def _check(query: WorkloadsQuery) -> None:
    if not 1 <= query.limit <= LONGEST_PAGE:
        raise BadBodyError(
            f"limit must be from 1 to {LONGEST_PAGE}, not {query.limit}.", "query", ("limit",)
        )
    if query.previous is not None and query.next is not None:
        raise BadBodyError("Give previous or next, not both.", "query", ("previous", "next"))
    for name, cursor in (("previous", query.previous), ("next", query.next)):
        if cursor is not None and not is_id(cursor):
            raise BadBodyError(f"{name} must be what a page before had in it.", "query", (name,))


def _link(request: Request, name: str, cursor: str | None) -> Link | UnsetType:
    if cursor is None:
        return UNSET
    url = request.url.remove_query_params(("previous", "next"))
    return Link(str(url.include_query_params(**{name: cursor})))
