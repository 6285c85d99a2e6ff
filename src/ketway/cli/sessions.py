"""`ketway sessions`: the newest sessions and batches, as a table."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import Exit
from ketway.cli.listing import AllPages, Limit, Listing, limit_of
from ketway.cli.options import DialectName, Json, Url
from ketway.cli.terminal import Piece, age, clean, seconds, state

HEADERS = (
    *("ID", "STATE", "MODE", "DIALECT", "BACKEND"),
    *("JOBS", "WAITING", "RUNNING", "USED", "AGE"),
)


def sessions(
    *,
    alive: Annotated[
        bool, Parameter(negative="", help="Only sessions that are not closed.")
    ] = False,
    dialect: DialectName = None,
    limit: Limit = 20,
    all_pages: AllPages = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """List sessions and batches, newest first.

    A dedicated session has its backend to itself while it is active; a batch is only kept together.

    ```
    ketway sessions --alive
    ketway jobs --session 019aa3f2
    ```
    """
    most = limit_of(limit, all_pages=all_pages)
    wanted = {"dialect": dialect, "alive": "true" if alive else None}
    with Client(url) as client:
        listing = Listing(client, "sessions", most, wanted)
    listing.show(HEADERS, _row, json=json)
    return Exit.DONE


def _row(session: dict[str, Any]) -> list[Piece]:
    jobs = session["jobs"]
    return [
        clean(session["id"]),
        state(session["state"]),
        clean(session["mode"]),
        clean(session["dialect"]),
        clean(session["backend"]),
        *(str(jobs[kind]) for kind in ("submitted", "waiting", "running")),
        seconds(session["seconds_used"]),
        age(session.get("created_at")),
    ]
