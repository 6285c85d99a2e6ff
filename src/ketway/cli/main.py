"""The `ketway` command: which commands there are, and how each one ends.

A command's module is imported when the command runs, so that `ketway env` costs what it needs and
not what `ketway up` needs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from ketway.cli.exits import CommandError, Exit, summary
from ketway.cli.terminal import clean, note
from ketway.version import VERSION

COMMANDS = (
    "up",
    "env",
    "run",
    "plan",
    "jobs",
    "job",
    "cancel",
    "delete",
    "sessions",
    "session",
    "backends",
    "noise",
    "doctor",
    "version",
)
"""In the order in which a newcomer needs them; `ketway.cli.<name>.<name>` is the command."""


def build() -> App:
    """The command line, with every command known by name only."""
    app = App(
        name="ketway",
        help="A quantum cloud of your own: it runs what IonQ's and IBM's SDKs submit, right here.",
        help_format="markdown",
        help_epilogue=(
            f"{summary()} The variables KETWAY_URL and KETWAY_API_KEY say which Ketway and with "
            "which key. NO_COLOR is respected."
        ),
        version=VERSION,
        suppress_keyboard_interrupt=False,
        print_error=False,
        exit_on_error=False,
        result_action="return_value",
    )
    for order, name in enumerate(COMMANDS):
        app.command(f"ketway.cli.{name}:{name}", name=name, sort_key=order)
    return app


def resolve_all(app: App) -> None:
    """Import every command, where all of them are to be described."""
    for name in COMMANDS:
        app[name]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    tokens = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")  # an old locale loses a character, not the answer
    as_json = "--json" in tokens
    try:
        app = build()
        if not tokens or tokens[0] in app.help_flags:
            resolve_all(app)
        return int(app(tokens) or 0)
    except CycloptsError as error:
        return _fail(CommandError(_usage(error)), as_json)
    except CommandError as error:
        return _fail(error, as_json)
    except KeyboardInterrupt:
        return _fail(CommandError("Interrupted.", Exit.INTERRUPTED, code="interrupted"), as_json)
    except BrokenPipeError:
        # Whoever read us (`| head`) has seen enough. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE


def _fail(error: CommandError, as_json: bool) -> int:
    if as_json:
        body = {"code": error.code, "message": error.message, "where": error.where}
        sys.stderr.write(json.dumps({"error": body}) + "\n")
    else:
        note(("Error: ", "bold red"), clean(error.message), _located(error))
    return error.exit_code


def _located(error: CommandError) -> str:
    where = error.where or {}
    keys = where.get("keys")
    if isinstance(keys, list):
        return f" (at {clean(', '.join(map(str, keys)))})"
    named = ", ".join(
        f"{name} {where[name]}" for name in ("line", "column") if where.get(name) is not None
    )
    return f" ({named})" if named else ""


def _usage(error: CycloptsError) -> str:
    return f"{str(error).strip()}\nSee `ketway --help`, or `ketway COMMAND --help`."
