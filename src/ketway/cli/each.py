"""The same thing done to several jobs: one that fails does not keep the others from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.finding import identifier
from ketway.cli.terminal import Piece, clean, emit, line, note


def each(
    ids: tuple[str, ...],
    act: Callable[[Client, str], dict[str, Any]],
    told: Callable[[dict[str, Any]], Piece],
    *,
    url: str,
    as_json: bool,
    key: str,
) -> int:
    """Do it to every job named; the exit code is the worst of them."""
    if not ids:
        raise CommandError("Name at least one job: its id, or the beginning of it.")
    done: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    worst: int = Exit.DONE
    with Client(url) as client:
        for typed in dict.fromkeys(ids):
            try:
                answer = act(client, identifier(typed))
            except CommandError as error:
                if error.exit_code is Exit.UNREACHABLE:
                    raise
                worst = max(worst, error.exit_code)
                errors.append({"id": typed, "code": error.code, "message": error.message})
                if not as_json:
                    note(("Error: ", "red"), clean(error.message))
            else:
                done.append(answer)
                if not as_json:
                    line(clean(answer["id"]), "  ", told(answer))
    if as_json:
        emit({key: done, "errors": errors})
    return worst
