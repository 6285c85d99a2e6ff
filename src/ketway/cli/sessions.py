"""`ketway sessions`: the newest sessions and batches, as a table."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.finding import pages
from ketway.cli.options import DialectName, Json, Url
from ketway.cli.terminal import Piece, age, clean, emit, line, note, seconds, state, table

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
    limit: Annotated[int, Parameter(name=["--limit", "-n"], help="How many at most.")] = 20,
    all_pages: Annotated[
        bool, Parameter(name="--all", negative="", help="All there are, whatever the limit.")
    ] = False,
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
    if limit < 1:
        raise CommandError("--limit is to be 1 or more.")
    found: list[dict[str, Any]] = []
    following = None
    wanted: dict[str, Any] = {"dialect": dialect, "alive": "true" if alive else None}
    with Client(url) as client:
        for page in pages(client, None if all_pages else limit, "sessions", **wanted):
            found += page["sessions"]
            following = page.get("next")
    if json:
        emit({"sessions": found, "next": following})
    elif not found:
        note("No such sessions." if any(wanted.values()) else "No sessions.")
    else:
        table(
            HEADERS,
            [_row(session) for session in found],
        )
        if following:
            line(("There are more: --limit N or --all shows them.", "dim"))
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
