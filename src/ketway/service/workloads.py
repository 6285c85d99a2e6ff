"""The verb on workloads: list them. A workload is a session, or a job that is in none."""

from __future__ import annotations

import msgspec

from ketway.jobs.job import Job
from ketway.jobs.session import Session, SessionState
from ketway.service.accounts import Principal
from ketway.store import workload_queries
from ketway.store.store import Store
from ketway.store.workload_queries import (
    CANCELED,
    JOB_STATUS,
    SESSION_STATUS,
    Cut,
    Status,
    WorkloadFilter,
)

__all__ = ["Status", "Turn", "WorkloadFilter", "WorkloadPage", "Workloads", "status_of"]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Which page: the first one, the one after a workload, or the one before it."""

    after: str | None = None
    before: str | None = None
    newest_first: bool = False
    limit: int = 10


class WorkloadPage(msgspec.Struct, frozen=True):
    workloads: list[Job | Session]
    total: int
    """On all pages."""
    previous: str | None
    """What the page before is before; None on the first."""
    next: str | None
    """What the page after is after; None on the last."""


class Workloads:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, principal: Principal, wanted: WorkloadFilter, turn: Turn) -> WorkloadPage:
        backwards = turn.before is not None
        cut = Cut(
            newest_first=turn.newest_first != backwards,
            behind=turn.before if backwards else turn.after,
            limit=turn.limit + 1,
        )
        project = principal.project_id
        found, total = await self._store.read_apart(
            lambda c: (
                workload_queries.listing(c, project, wanted, cut),
                workload_queries.count(c, project, wanted),
            )
        )
        more = len(found) > turn.limit
        page = found[: turn.limit]
        if backwards:
            page.reverse()
        if not page:
            return WorkloadPage([], total, None, None)
        # A page that was come to from another one has that one on its other side.
        before = more if backwards else turn.after is not None
        after = more or backwards
        return WorkloadPage(
            page, total, page[0].id if before else None, page[-1].id if after else None
        )


def status_of(workload: Job | Session) -> Status:
    if isinstance(workload, Job):
        return JOB_STATUS[workload.state]
    if workload.state is SessionState.CLOSED and workload.why == CANCELED:
        return "canceled"
    return SESSION_STATUS[workload.state]
