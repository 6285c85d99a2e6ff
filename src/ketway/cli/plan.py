"""`ketway plan`: which engine would run a circuit, why, and what it would need."""

from __future__ import annotations

from typing import Any

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import Exit
from ketway.cli.options import Circuits, Json, NoiseName, Shots, Url, Where
from ketway.cli.run import load, submission
from ketway.cli.showing import describe_plan, describe_size, show_failure
from ketway.cli.terminal import emit, line


def plan(
    file: Circuits,
    /,
    *,
    backend: Where = None,
    shots: Shots = None,
    noise: NoiseName = None,
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
