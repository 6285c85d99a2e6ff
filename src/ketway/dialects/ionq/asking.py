"""How requests in every version of IonQ's API say who asks, and for which jobs."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from ketway.dialects.http import Call
from ketway.jobs.ids import is_id
from ketway.jobs.job import Job
from ketway.service.errors import NotFoundError, RefusedError
from ketway.service.jobs import Jobs

PAGE = 25
"""Jobs on a page, unless `limit` says otherwise."""
LONGEST_PAGE = 1000
APART = 1 << 16
"""Results from this size on are written in a thread, so that others are answered meanwhile."""


def key_of(request: Request) -> str | None:
    """`Authorization: apiKey <key>`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "apikey" else None


def job_of(jobs: Jobs, call: Call) -> Job:
    """The job that the path names."""
    wanted = call.path("UUID")
    if not is_id(wanted.lower()):
        raise NotFoundError(f"There is no job {wanted[:80]}: ids are UUIDs.")
    return jobs.get(call.principal, wanted.lower())


def ids_of(given: Sequence[str]) -> list[str]:
    """Each once, in the order given."""
    for job_id in given:
        if not is_id(job_id):
            raise NotFoundError(f"There is no job {job_id[:80]}: ids are UUIDs.")
    return list(dict.fromkeys(given))


def cursor(text: str | None) -> str | None:
    if text is not None and not is_id(text):
        raise RefusedError("next must be what the page before gave as `next`", "next")
    return text


def page_size(limit: int | None) -> int:
    if limit is None:
        return PAGE
    if limit < 1:
        raise RefusedError(f"limit must be 1 or more, not {limit}", "limit")
    return min(limit, LONGEST_PAGE)
