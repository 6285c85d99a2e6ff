"""Finding jobs and sessions: page after page, or by what somebody typed of an id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ketway.cli.client import Client
from ketway.cli.exits import CommandError

PAGE = 100
_BEGINNING = re.compile(r"[0-9a-f-]{1,36}")


def pages(
    client: Client, limit: int | None, what: str = "jobs", **query: Any
) -> Iterator[dict[str, Any]]:
    """Jobs or sessions, newest first, page after page, up to `limit`."""
    left = limit
    following: str | None = None
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = client.get(what, limit=size, next=following, **query)
        yield page
        if left is not None:
            left -= len(page[what])
        following = page.get("next")
        if not following or not page[what]:
            return


def identifier(typed: str, noun: str = "job") -> str:
    """An id or the beginning of one, which the server completes if only one job (or session) has
    it."""
    text = typed.strip().lower()
    if not _BEGINNING.fullmatch(text):
        raise CommandError(
            f"{typed!r} is not a {noun}'s id, nor the beginning of one.", code="bad-id"
        )
    return text
