"""The verbs on usage: how long a project's jobs ran, and the limit that it has set itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import groupby

import msgspec

from ketway.jobs.ids import now
from ketway.service.accounts import Principal
from ketway.service.errors import ConflictError
from ketway.store import changes, usage_queries
from ketway.store.store import Store
from ketway.store.usage_queries import DAY, By, Share, UsageFilter

__all__ = ["DAY", "By", "Month", "Part", "Report", "Usage", "UsageFilter"]


class LimitReachedError(ConflictError):
    """The project's jobs have run for as long as it lets them run in a month."""


class Month(msgspec.Struct, frozen=True):
    """A month of UTC, from its first moment to the next one's, and what was used in it."""

    start: datetime
    end: datetime
    seconds: float


class Part(msgspec.Struct, frozen=True):
    """Some of what was used: of how many, and for how long. Times in microseconds."""

    count: int = 0
    total: int = 0
    longest: int = 0

    @property
    def average(self) -> float:
        return self.total / self.count if self.count else 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was used under one key, on one day."""

    key: str | None
    day: int | None
    jobs: Part
    """All jobs, in sessions and in none."""
    alone: Part
    """Jobs in no session."""
    dedicated: Part
    """Sessions, as the next; the time of a session here is how long its jobs ran."""
    batches: Part
    sessions: Part
    """Both kinds together."""
    queue: Part
    """How long jobs waited until they were started."""


class Usage:
    def __init__(self, store: Store, clock: Callable[[], int] = now) -> None:
        self._store = store
        self._clock = clock

    async def month(self, principal: Principal, dialect: str) -> Month:
        """This month so far. A job counts in the month in which it was submitted."""
        start, end = month_of(datetime.fromtimestamp(self._clock() / 1e6, UTC))
        wanted = UsageFilter(dialect=dialect, submitted_from=int(start.timestamp() * 1e6))
        spent = await self._store.read_apart(
            lambda c: usage_queries.time_run(c, principal.project_id, wanted)
        )
        return Month(start, end, spent / 1e6)

    def limit(self, principal: Principal) -> int | None:
        """How many seconds the project lets its jobs run in a month; None for any number."""
        return self._store.read(lambda c: usage_queries.limit(c, principal.project_id))

    async def set_limit(self, principal: Principal, dialect: str, seconds: int | None) -> None:
        """Refused where more has been used already."""
        if seconds is not None:
            used = (await self.month(principal, dialect)).seconds
            if used > seconds:
                raise ConflictError(
                    f"The limit cannot be {seconds:,} seconds: {used:,.0f} have been used this "
                    "month."
                )
        await self._store.write(lambda c: changes.set_usage_limit(c, principal.project_id, seconds))

    async def check(self, principal: Principal, dialect: str) -> None:
        """Refuse another job where the limit is reached."""
        limit = self.limit(principal)
        if limit is None:
            return
        month = await self.month(principal, dialect)
        if month.seconds >= limit:
            raise LimitReachedError(
                f"The limit of {limit:,} seconds a month is reached. Raise it, or wait until "
                f"{month.end:%Y-%m-%d}."
            )

    async def reports(
        self,
        principal: Principal,
        wanted: UsageFilter,
        by: By | None = None,
        *,
        daily: bool = False,
    ) -> list[Report]:
        """One for each key and day of which there is anything, in their order."""
        found = await self._store.read_apart(
            lambda c: usage_queries.shares(c, principal.project_id, wanted, by, daily=daily)
        )
        return [
            report(key, day, shares)
            for (day, key), shares in groupby(found, lambda share: (share.day, share.key))
        ]

    async def backends_used(self, principal: Principal, dialect: str) -> list[str]:
        return await self._store.read_apart(
            lambda c: usage_queries.backends_used(c, principal.project_id, dialect)
        )

    async def users(self, principal: Principal, dialect: str) -> list[str]:
        return await self._store.read_apart(
            lambda c: usage_queries.users(c, principal.project_id, dialect)
        )


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """From its first moment to the next one's."""
    start = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last = start.month == 12
    return start, start.replace(year=at.year + last, month=1 if last else at.month + 1)


def report(key: str | None, day: int | None, shares: Iterable[Share]) -> Report:
    found = list(shares)
    alone = [share for share in found if share.session_id is None]
    dedicated = _sessions([share for share in found if share.mode == "dedicated"])
    batches = _sessions([share for share in found if share.mode == "batch"])
    return Report(
        key=key,
        day=day,
        jobs=_jobs(found),
        alone=_jobs(alone),
        dedicated=dedicated,
        batches=batches,
        sessions=Part(
            dedicated.count + batches.count,
            dedicated.total + batches.total,
            max(dedicated.longest, batches.longest),
        ),
        queue=Part(
            sum(share.started for share in found),
            sum(share.waited for share in found),
            max((share.longest_wait for share in found), default=0),
        ),
    )


def _jobs(shares: list[Share]) -> Part:
    return Part(
        sum(share.jobs for share in shares),
        sum(share.run for share in shares),
        max((share.longest_run for share in shares), default=0),
    )


def _sessions(shares: list[Share]) -> Part:
    runs = [share.run for share in shares]
    return Part(len(runs), sum(runs), max(runs, default=0))
