"""What is raised when QPY bytes cannot be read: what was wrong, where, and what to do."""

from __future__ import annotations

from typing import Final

from ketway.jobs.failures import Code, FailedError, Failure

SHOWN: Final = 40
"""Names in a file are shown in messages up to this length: a name may be 64 KiB."""


class QpyError(FailedError):
    """A QPY file cannot be read. `where` is a place in it, in words; empty if it is all of it."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(Failure(Code.PREFLIGHT, f"{where}: {message}" if where else message))
        self.message = message
        self.where = where

    def inside(self, where: str, place: str) -> QpyError:
        """The same error, located more exactly: at `place` of `where`, and there where it was."""
        rest = self.where.removeprefix(where) if self.where.startswith(where) else ""
        return QpyError(self.message, f"{where}, {place}{rest}")


def shown(name: str) -> str:
    """A name from the file as messages show it."""
    short = name if len(name) <= SHOWN else name[: SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "`"
