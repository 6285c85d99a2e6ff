"""`ketway jobs`: the newest jobs, as a table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.finding import identifier, pages
from ketway.cli.options import DialectName, Json, Url
from ketway.cli.showing import shots
from ketway.cli.terminal import Piece, age, clean, emit, line, note, state, table

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
    limit: Annotated[int, Parameter(name=["--limit", "-n"], help="How many at most.")] = 20,
    all_pages: Annotated[
        bool, Parameter(name="--all", negative="", help="All there are, whatever the limit.")
    ] = False,
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
    if limit < 1:
        raise CommandError("--limit is to be 1 or more.")
    found: list[dict[str, Any]] = []
    following = None
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
        for page in pages(client, None if all_pages else limit, **wanted):
            found += page["jobs"]
            following = page.get("next")
    if json:
        emit({"jobs": found, "next": following})
    elif not found:
        note("No such jobs." if any(wanted.values()) else "No jobs.")
    else:
        table(
            HEADERS,
            [_row(job) for job in found],
        )
        if following:
            line(("There are more: --limit N or --all shows them.", "dim"))
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
