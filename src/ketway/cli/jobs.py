"""`ketway jobs`: the newest jobs, as a table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import Exit
from ketway.cli.finding import identifier
from ketway.cli.listing import AllPages, Limit, Listing, limit_of
from ketway.cli.options import DialectName, Json, Url
from ketway.cli.showing import shots
from ketway.cli.terminal import Piece, age, clean, state

HEADERS = (
    *("ID", "STATE", "DIALECT", "BACKEND", "ROUTINE", "CIRCUITS", "QUBITS", "SHOTS", "AGE"),
    "NAME / TAGS",
)


def jobs(
    *,
    state: Annotated[
        Literal["submitted", "ready", "started", "completed", "failed", "canceled"] | None,
        Parameter(help="Only jobs in this state."),
    ] = None,
    backend: Annotated[str | None, Parameter(help="Only jobs on this backend.")] = None,
    dialect: DialectName = None,
    tag: Annotated[
        list[str] | None,
        Parameter(negative="", help="Only jobs with this tag; given twice, with both."),
    ] = None,
    session: Annotated[
        str | None, Parameter(help="Only jobs of this session: its id, or the beginning of it.")
    ] = None,
    limit: Limit = 20,
    all_pages: AllPages = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """List jobs, newest first.

    ```
    ketway jobs --state failed
    ketway jobs --dialect ibm_runtime --tag demo
    ketway jobs --all --json
    ```
    """
    most = limit_of(limit, all_pages=all_pages)
    with Client(url) as client:
        if session is not None:
            session = client.get("sessions", identifier(session, "session"))["id"]
        wanted: dict[str, Any] = {
            "state": state,
            "backend": backend,
            "dialect": dialect,
            "tag": tag,
            "session": session,
        }
        listing = Listing(client, "jobs", most, wanted)
    listing.show(HEADERS, _row, json=json)
    return Exit.DONE


def _row(job: dict[str, Any]) -> list[Piece]:
    return [
        clean(job["id"]),
        state(job["state"]),
        clean(job["dialect"]),
        clean(job["backend"]),
        clean(job["routine"]),
        str(job.get("circuits") or 1),
        str(job.get("qubits") or "-"),
        shots(job),
        age(job.get("submitted_at")),
        clean(job.get("name") or ", ".join(job["tags"])).replace("\n", " "),
    ]
