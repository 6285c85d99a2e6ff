"""What is raised when an executor job cannot be read or run: what was wrong, where, what to do."""

from __future__ import annotations

from typing import Final

from ketway.jobs.failures import Code, FailedError, Failure

SHOWN: Final = 60
"""Names in a job are shown in messages up to this length."""


class ExecutorError(FailedError):
    """`where` is a place in the parameters of the job, such as `items[2].samplex, node 5`."""

    def __init__(self, message: str, where: str = "", code: Code = Code.INVALID_INPUT) -> None:
        super().__init__(Failure(code, f"{where}: {message}" if where else message))
        self.message = message
        self.where = where


def shown(name: str) -> str:
    """A name from the job as messages show it."""
    short = name if len(name) <= SHOWN else name[: SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "`"
