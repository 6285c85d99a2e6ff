"""What the tables of jobs and of sessions share: how much is asked for, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from ketway.cli.client import Client
from ketway.cli.exits import CommandError
from ketway.cli.finding import pages
from ketway.cli.terminal import Piece, emit, line, note, table

Limit: TypeAlias = Annotated[int, Parameter(name=["--limit", "-n"], help="How many at most.")]
AllPages: TypeAlias = Annotated[
    bool, Parameter(name="--all", negative="", help="All there are, whatever the limit.")
]


class Listing:
    """The newest of `what`, as far as they were asked for."""

    def __init__(self, client: Client, what: str, limit: int | None, wanted: dict[str, Any]):
        """`limit` is None for all there are; `wanted` is what the server is asked to filter by."""
        self.what = what
        self.wanted = wanted
        self.found: list[dict[str, Any]] = []
        self.following: str | None = None
        for page in pages(client, limit, what, **wanted):
            self.found += page[what]
            self.following = page.get("next")

    def show(
        self, headers: tuple[str, ...], row: Callable[[dict[str, Any]], list[Piece]], *, json: bool
    ) -> None:
        if json:
            emit({self.what: self.found, "next": self.following})
        elif not self.found:
            note(f"No {'such ' if any(self.wanted.values()) else ''}{self.what}.")
        else:
            table(headers, [row(one) for one in self.found])
            if self.following:
                line(("There are more: --limit N or --all shows them.", "dim"))


def limit_of(limit: int, *, all_pages: bool) -> int | None:
    if limit < 1:
        raise CommandError("--limit is to be 1 or more.")
    return None if all_pages else limit
