"""The verb on prices: what a job would cost, and what a project's jobs have cost.

It is an emulation, see `devices/price.py`: what people write for devices that cost money meets
their prices here first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from ketway.devices.loading import Catalogue
from ketway.devices.price import Load, Quote, RateCard
from ketway.jobs.ids import now
from ketway.service.accounts import Principal
from ketway.store import usage_queries
from ketway.store.store import Store
from ketway.store.usage_queries import Spent, Whose

__all__ = ["Bucket", "Modality", "Share", "Spending", "Whose"]

Modality: TypeAlias = Literal["daily", "weekly", "monthly"]


class Share(msgspec.Struct, frozen=True):
    """What one job, project or user took."""

    key: str = ""
    name: str | None = None
    jobs: int = 0
    micros: int = 0
    cost: float = 0.0
    unit: str = "usd"


class Bucket(msgspec.Struct, frozen=True):
    """A day, a week or a month."""

    first: date
    total: Share
    shares: Sequence[Share]
    """By cost, the highest first."""


class Spending:
    def __init__(self, store: Store, catalogue: Catalogue, clock: Callable[[], int] = now) -> None:
        self._store = store
        self._catalogue = catalogue
        self.clock = clock

    def card(self, device: str) -> RateCard | None:
        return self._catalogue.cards.get(device)

    def estimate(self, device: str, load: Load) -> Quote:
        """By the same function by which jobs are priced."""
        return self._catalogue.quote(device, load)

    async def buckets(
        self, principal: Principal, start: date, end: date, whose: Whose, modality: Modality
    ) -> list[Bucket]:
        """What completed from the first day to the last, the latest first. A bucket in which
        nothing did is left out."""
        found = await self._store.read_apart(
            lambda c: usage_queries.spent(
                c, principal.project_id, _micros(start), _micros(end + timedelta(1)), whose
            )
        )
        days: dict[date, list[Spent]] = {}
        for one in found:
            days.setdefault(_first(one.day, modality), []).append(one)
        return [_bucket(first, days[first]) for first in sorted(days, reverse=True)]


def _bucket(first: date, found: Sequence[Spent]) -> Bucket:
    shares: dict[str, Share] = {}
    for one in found:
        known = shares.get(one.key, Share(one.key, one.name, unit=one.unit))
        shares[one.key] = msgspec.structs.replace(
            known,
            jobs=known.jobs + one.jobs,
            micros=known.micros + one.micros,
            cost=round(known.cost + one.cost, 4),
        )
    ordered = sorted(shares.values(), key=lambda share: (-share.cost, share.key))
    return Bucket(first, total_of(ordered), ordered)


def total_of(shares: Sequence[Share]) -> Share:
    return Share(
        jobs=sum(share.jobs for share in shares),
        micros=sum(share.micros for share in shares),
        cost=round(sum(share.cost for share in shares), 4),
    )


def _first(day: int, modality: Modality) -> date:
    """The first day of the bucket; a week begins on a Monday."""
    found = date(1970, 1, 1) + timedelta(day)
    if modality == "weekly":
        return found - timedelta(found.weekday())
    return found.replace(day=1) if modality == "monthly" else found


def _micros(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
