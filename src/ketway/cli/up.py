"""`ketway up`: start a Ketway here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.exits import CommandError, Exit
from ketway.cli.terminal import clean, emit, line, plural

EXAMPLE = Path("examples/bell.json")
BELL = '{"qubits":2,"circuit":[{"gate":"h","target":0},{"gate":"cnot","control":0,"target":1}]}'


def up(
    *,
    host: Annotated[
        str | None,
        Parameter(help="Address to listen on, 127.0.0.1 unless given or set by KETWAY_HOST."),
    ] = None,
    port: Annotated[
        int | None,
        Parameter(
            help="Port to listen on, 8400 unless given or set by KETWAY_PORT; 0 takes a free one."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        Parameter(
            help="Folder for all state, ~/.local/share/ketway unless given or set by KETWAY_DATA."
        ),
    ] = None,
    workers: Annotated[
        int | None,
        Parameter(
            help="How many jobs run at a time, one per processor unless given or set by "
            "KETWAY_WORKERS."
        ),
    ] = None,
    clock: Annotated[
        Literal["instant", "real"] | None,
        Parameter(
            help="Whether virtual QPUs answer as soon as they can, which is the default, or take "
            "as long as a QPU does; or set KETWAY_CLOCK."
        ),
    ] = None,
    force_spawn: Annotated[
        bool,
        Parameter(
            negative="",
            help="Start every attempt as a new process even where forking is possible (slower).",
        ),
    ] = False,
    json: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help='Print {"url": ..., "pid": ...} on the first line instead of text for people.',
        ),
    ] = False,
) -> int:
    """Start Ketway and serve until Ctrl-C or SIGTERM.

    Jobs and results stay in the data folder; what was queued or running goes on at the next start.

    ```
    ketway up
    ketway up --port 9000 --data ./state --workers 4
    ```
    """
    from ketway.settings import Settings

    if port is not None and not 0 <= port <= 65535:
        raise CommandError("--port is to be from 0 to 65535.")
    if workers is not None and workers < 1:
        raise CommandError("--workers is to be 1 or more.")
    given = {
        "host": host,
        "port": port,
        "data": data.expanduser().absolute() if data is not None else None,
        "workers": workers,
        "clock": clock,
        "force_spawn": force_spawn or None,
    }
    try:
        settings = Settings.load(given)
    except ValueError as error:
        raise CommandError(f"{error}.", code="bad-setting") from None

    from ketway.server import ServerError, serve

    def announce(url: str) -> None:
        if json:
            emit({"url": url, "pid": os.getpid()}, one_line=True)
        else:
            _greet(url, settings.data, settings.workers)

    try:
        return serve(settings, announce)
    except ServerError as error:
        raise CommandError(str(error), Exit.FAILED, code="cannot-start") from None


def _greet(url: str, data: Path, workers: int) -> None:
    option = "" if url == DEFAULT_URL else f" --url {url}"
    bell = str(EXAMPLE) if EXAMPLE.is_file() else "-"
    line("Ketway listens at ", (url, "bold cyan"))
    line(
        (f"  {clean(data)}, {plural(workers, 'worker')}; Ctrl-C stops it and loses nothing", "dim")
    )
    line()
    line("Next, in another terminal:")
    if bell == "-":
        line(("  echo '", "green"), (BELL, "green"), (f"' | ketway run -{option}", "green"))
    else:
        line((f"  ketway run {bell}{option}", "green"))
    line((f'  eval "$(ketway env{option})"', "green"), ("    and the SDKs come here", "dim"))
    sys.stdout.flush()
