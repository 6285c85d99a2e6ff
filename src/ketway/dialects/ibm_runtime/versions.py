"""Versions of IBM's API, which are dates, and which one a request is written for."""

from __future__ import annotations

from datetime import date
from typing import Final

from starlette.requests import Request

from ketway.dialects.http import BadBodyError

OLDEST: Final = date(2024, 1, 1)
"""The version of a request that names none: clients before 0.35 do not."""
OBJECTS_SINCE: Final = date(2025, 1, 1)
"""Backends are listed as objects from here on, and before by their names."""
USAGE_WITHOUT_SECONDS_SINCE: Final = date(2026, 3, 15)
"""`bss`, `usage.seconds` and `usage.quantum_seconds` end here."""
VERSIONS: Final = (
    "2026-04-15",
    "2026-03-15",
    "2026-02-01",
    "2025-05-01",
    "2025-01-01",
    "2024-01-01",
)


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
