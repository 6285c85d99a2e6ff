"""What is raised when QIR cannot be read: what was wrong, where, and what to do."""

from __future__ import annotations

from typing import Final

from ketway.jobs.failures import Code, FailedError, Failure

SHOWN: Final = 60
"""Names in a file are shown in messages up to this length: a name may be as long as the file."""


class QirError(FailedError):
    """A QIR file cannot be read. `where` is a place in it, in words; empty if it is all of it."""

    def __init__(self, message: str, where: str = "", code: Code = Code.PREFLIGHT) -> None:
        super().__init__(Failure(code, f"{where}: {message}" if where else message))
        self.message = message
        self.where = where


def shown(name: str) -> str:
    """A name from the file as messages show it."""
    short = name if len(name) <= SHOWN else name[: SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "`"
