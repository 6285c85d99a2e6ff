"""The report of an organization: what its members and its backends ran."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from ketway.dialects.ionq.devices import midnight
from ketway.dialects.ionq_v03.wire import Member, Report, ReportQuery, UsageOfBackend
from ketway.service.accounts import Principal
from ketway.service.errors import RefusedError
from ketway.service.usage import Usage, UsageFilter

DAYS: Final = 30
"""How long a report is that nobody gives dates for."""


async def report(
    usage: Usage, principal: Principal, organization: str, query: ReportQuery, today: date
) -> Report:
    """Whatever the project ran, through any API: a processor is used whoever asks it. Ketway has no
    organizations; the one that is asked for is the key's project."""
    end = _day(query.end_date, "end_date") or today
    start = _day(query.start_date, "start_date") or end - timedelta(days=DAYS)
    if start > end:
        raise RefusedError("start_date is after end_date", "start_date", "end_date")
    wanted = UsageFilter(
        submitted_from=_micros(start), submitted_before=_micros(end + timedelta(days=1))
    )
    backends = await usage.reports(principal, wanted, "backend")
    members = await usage.reports(principal, wanted, "user_id")
    return Report(
        start_date=start.isoformat(),
        end_date=end.isoformat(),
        organization=organization,
        organization_id=organization,
        qpus=[UsageOfBackend(found.key or "", found.jobs.total / 1e6) for found in backends],
        members=[
            Member(found.key or "", found.jobs.count, found.jobs.total / 1e6) for found in members
        ],
    )


def _micros(day: date) -> int:
    return int(midnight(day).timestamp()) * 1_000_000


def _day(text: str | None, name: str) -> date | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(f"{name} must be a date such as 2025-12-31", name) from None
    return (found if found.tzinfo is None else found.astimezone(UTC)).date()
