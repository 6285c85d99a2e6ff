"""`ketway job`: everything about one job."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import Exit
from ketway.cli.finding import identifier
from ketway.cli.following import follow, options_of, outcome, result_of
from ketway.cli.options import Json, Url
from ketway.cli.showing import show_job, show_result
from ketway.cli.terminal import emit


def job(
    typed: Annotated[str, Parameter(name="ID", help="The job's id, or the beginning of it.")],
    /,
    *,
    wait: Annotated[
        bool,
        Parameter(
            negative="", help="Wait until the job is final, and exit with 1 unless it completed."
        ),
    ] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Show one job: its state and times, how it was planned and run, and its result.

    Of a private job neither circuits nor result are shown: its result is read once, by the client
    that submitted it.

    ```
    ketway job 019aa3f2
    ketway job 019aa3f2-6f5e-7c41-8a3b-2f9d1c0e7b55 --wait
    ```
    """
    with Client(url) as client:
        found = client.get("jobs", identifier(typed))
        if wait:
            found = follow(client, found, quiet=json)
        whole = str(found["id"])
        result = result_of(client, found)
        options = options_of(client, found)
        events = client.get("jobs", whole, "events")["events"] if json else None
    if json:
        emit({"job": found, "options": options, "result": result, "events": events})
    else:
        show_job(found, options)
        if result is not None:
            show_result(result)
    return outcome(found) if wait else Exit.DONE
