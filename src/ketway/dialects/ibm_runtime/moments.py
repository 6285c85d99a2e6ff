"""Times in queries."""

from __future__ import annotations

from datetime import UTC, datetime

from ketway.dialects.http import BadBodyError


def moment(text: str | None, name: str) -> int | None:
    """In microseconds since 1970; a time without an offset is in UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadBodyError(
            f"{name} must be a time such as 2026-01-31T12:00:00+00:00, not {text[:80]!r}.",
            "query",
            (name,),
        ) from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return int(found.timestamp() * 1e6)
