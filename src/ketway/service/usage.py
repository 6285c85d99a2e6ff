"""The verbs on usage: what a project has run, in sums and in lists, and the limit that it sets
itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ketway.jobs.job import Job
from ketway.jobs.session import Session
from ketway.service.accounts import Principal
from ketway.store import session_changes, session_queries, usage_queries
from ketway.store.store import Store
from ketway.store.usage_queries import Key, Use, UseFilter, WorkloadFilter


class WorkloadPage(msgspec.Struct, frozen=True):
    items: list[Job | Session]
    more: bool
    """Whether there are others behind them."""
    total: int


class Sum(msgspec.Struct):
    """Some values of one kind."""

    count: int = 0
    total: int = 0
    longest: int = 0

    def add(self, count: int, total: int, longest: int) -> None:
        self.count += count
        self.total += total
        self.longest = max(self.longest, longest)


class Summary(msgspec.Struct):
    """What jobs used; times are microseconds."""

    usage: int = 0
    jobs: int = 0
    dedicated: Sum = msgspec.field(default_factory=Sum)
    batches: Sum = msgspec.field(default_factory=Sum)
    single: Sum = msgspec.field(default_factory=Sum)
    """Jobs outside of sessions."""
    queued: Sum = msgspec.field(default_factory=Sum)
    """How long jobs waited until they started."""


class Usage:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def workloads(self, principal: Principal, wanted: WorkloadFilter) -> WorkloadPage:
        more = msgspec.structs.replace(wanted, limit=wanted.limit + 1)
        found = await self._store.read_apart(
            lambda c: usage_queries.workloads(c, principal.project_id, more)
        )
        total = await self._store.read_apart(
            lambda c: usage_queries.count_workloads(c, principal.project_id, wanted)
        )
        return WorkloadPage(found[: wanted.limit], len(found) > wanted.limit, total)

    async def summary(self, principal: Principal, wanted: UseFilter) -> Summary:
        """Of all jobs together."""
        uses = await self._uses(principal, wanted)
        return summed(uses)

    async def summaries(
        self, principal: Principal, wanted: UseFilter, key: Key
    ) -> dict[str | None, Summary]:
        """Of the jobs of each backend, or of each user."""
        uses = await self._uses(principal, wanted, key=key)
        return _grouped(uses, lambda use: use.key)

    async def days(self, principal: Principal, wanted: UseFilter) -> dict[int, Summary]:
        """Of the jobs of each day that had any, by the microsecond that it began at."""
        uses = await self._uses(principal, wanted, by_day=True)
        return _grouped(uses, lambda use: use.day or 0)

    async def names(self, principal: Principal, dialect: str, key: Key) -> list[str]:
        """The backends, or the users, of the project's jobs."""
        return await self._store.read_apart(
            lambda c: usage_queries.used_names(c, principal.project_id, dialect, key)
        )

    async def _uses(
        self,
        principal: Principal,
        wanted: UseFilter,
        key: Key | None = None,
        *,
        by_day: bool = False,
    ) -> list[Use]:
        return await self._store.read_apart(
            lambda c: usage_queries.use(c, principal.project_id, wanted, key=key, by_day=by_day)
        )

    def limit(self, principal: Principal) -> int | None:
        """Seconds that the project's jobs may run in a month; None for as long as they do."""
        return self._store.read(lambda c: session_queries.usage_limit(c, principal.project_id))

    async def set_limit(self, principal: Principal, seconds: int | None) -> None:
        await self._store.write(
            lambda c: session_changes.set_usage_limit(c, principal.project_id, seconds)
        )


def summed(uses: Iterable[Use]) -> Summary:
    """Lines put together. A session counts once, however many lines have jobs of it."""
    found = Summary()
    ran_in: dict[str, int] = {}
    kinds: dict[str, Use] = {}
    for use in uses:
        found.jobs += use.jobs
        found.queued.add(use.started, use.queued, use.longest_queued)
        if use.session_id is None or use.mode is None:
            found.single.add(use.jobs, use.ran, use.longest)
        else:
            kinds[use.session_id] = use
            ran_in[use.session_id] = ran_in.get(use.session_id, 0) + use.ran
    for session_id, use in kinds.items():
        dedicated = use.mode == "dedicated"
        time = (use.active_time or 0) if dedicated else ran_in[session_id]
        (found.dedicated if dedicated else found.batches).add(1, time, time)
    found.usage = found.single.total + found.dedicated.total + found.batches.total
    return found


def _grouped(uses: Iterable[Use], key: Callable[[Use], object]) -> dict[object, Summary]:
    groups: dict[object, list[Use]] = {}
    for use in uses:
        groups.setdefault(key(use), []).append(use)
    return {name: summed(lines) for name, lines in groups.items()}
