"""`ketway jobs`: the newest jobs, as a table."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.finding import pages
from ketway.cli.options import Json, Url
from ketway.cli.terminal import Piece, age, clean, emit, line, note, state, table


def jobs(
    *,
    state: Annotated[
        Literal["submitted", "ready", "started", "completed", "failed", "canceled"] | None,
        Parameter(help="Only jobs in this state."),
    ] = None,
    backend: Annotated[str | None, Parameter(help="Only jobs on this backend.")] = None,
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
    ketway jobs --all --json
    ```
    """
    if limit < 1:
        raise CommandError("--limit is to be 1 or more.")
    found: list[dict[str, Any]] = []
    following = None
    with Client(url) as client:
        for page in pages(client, None if all_pages else limit, state=state, backend=backend):
            found += page["jobs"]
            following = page.get("next")
    if json:
        emit({"jobs": found, "next": following})
    elif not found:
        note("No jobs." if not (state or backend) else "No such jobs.")
    else:
        table(
            ("ID", "STATE", "BACKEND", "CIRCUITS", "QUBITS", "SHOTS", "AGE", "NAME"),
            [_row(job) for job in found],
        )
        if following:
            line(("There are more: --limit N or --all shows them.", "dim"))
    return Exit.DONE


def _row(job: dict[str, Any]) -> list[Piece]:
    return [
        clean(job["id"]),
        state(job["state"]),
        clean(job["backend"]),
        str(job.get("circuits") or 1),
        str(job.get("qubits") or "-"),
        str(job.get("shots") or "exact"),
        age(job.get("submitted_at")),
        clean(job.get("name") or "").replace("\n", " "),
    ]
