"""`ketway plan`: which engine would run a circuit, why, and what it would need."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import Exit
from ketway.cli.options import Json, Url
from ketway.cli.run import load, submission
from ketway.cli.showing import describe_plan, describe_size, show_failure
from ketway.cli.terminal import emit, line


def plan(
    file: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,
            help="An IonQ circuit, input or whole job in JSON, OpenQASM 2 or 3, or QPY; "
            "- reads standard input.",
        ),
    ],
    /,
    *,
    backend: Annotated[
        str | None,
        Parameter(
            name=["--backend", "-b"],
            help="Where it would run; else what the file says, else `simulator`.",
        ),
    ] = None,
    shots: Annotated[
        int | None, Parameter(name=["--shots", "-n"], help="How many shots would be taken.")
    ] = None,
    noise: Annotated[
        str | None, Parameter(help="Noise model, one of those that `ketway noise` lists.")
    ] = None,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Say how a circuit would be run, and submit nothing; exit with 1 if it would be refused.

    ```
    ketway plan bell.json
    ketway plan large.qasm --shots 1000 --noise aria-1
    ```
    """
    program = load(file)
    body = submission(program, backend=backend, shots=shots, noise=noise)
    with Client(url) as client:
        found = client.post("plans", body=body)
    if json:
        emit(found)
    else:
        _show(found)
    return Exit.FAILED if found["failure"] else Exit.DONE


def _show(found: dict[str, Any]) -> None:
    if found["circuits"]:
        line("  program   ", describe_size(found))
    for part in found["plan"]:
        line("  plan      ", describe_plan(part))
    show_failure(found)
