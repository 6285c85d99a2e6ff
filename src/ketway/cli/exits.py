"""How a command ends: the exit codes, once, and the error that carries one.

Scripts branch on these numbers, so a number never changes its meaning.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    INTERRUPTED = 130


MEANINGS: dict[Exit, tuple[str, str]] = {
    Exit.DONE: ("done", "Done. For `run` and `job --wait`: the job completed."),
    Exit.FAILED: (
        "the job failed or the answer is no",
        "The answer is no: the job failed or was canceled, a check of `doctor` failed, the state "
        "of a job does not allow what was asked, or `up` cannot start.",
    ),
    Exit.USAGE: (
        "wrong usage or input",
        "The command or its input is wrong: an unknown option, a file that cannot be read, a "
        "circuit that Ketway refuses, a job that does not exist, a key that is not accepted.",
    ),
    Exit.UNREACHABLE: (
        "no Ketway answers",
        "No Ketway answers at the URL, or it cannot do its work just now. Trying again later may "
        "help.",
    ),
    Exit.INTERRUPTED: (
        "interrupted",
        "Interrupted by Ctrl-C. A job that was submitted goes on.",
    ),
}
"""What each means, in a few words and in full."""


def summary() -> str:
    return (
        "Exit codes: " + ", ".join(f"{code:d} {few}" for code, (few, _) in MEANINGS.items()) + "."
    )


class CommandError(Exception):
    """Ends a command: a sentence for the person, a code and an exit code for the script."""

    def __init__(
        self,
        message: str,
        exit_code: Exit = Exit.USAGE,
        *,
        code: str = "usage",
        where: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.code = code
        self.where = where
