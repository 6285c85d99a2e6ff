"""What is raised when a program text cannot be read: what was wrong, where, and what to do."""

from __future__ import annotations

from ketway.jobs.failures import Code, FailedError, Failure

SHOWN = 40
"""Words of a program are shown in messages up to this length: a program may be one long word."""


class QasmError(FailedError):
    """A program cannot be read. Lines and columns count from 1, columns in characters."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(Failure(Code.PREFLIGHT, message, line=line, column=column))
        self.message = message
        self.line = line
        self.column = column


def shown(word: str) -> str:
    """A word of the program as messages show it."""
    short = word if len(word) <= SHOWN else word[: SHOWN - 1] + "…"
    printable = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short)
    return f"`{printable}`"


def plural(count: int, noun: str) -> str:
    """`1 qubit`, `2 qubits`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
