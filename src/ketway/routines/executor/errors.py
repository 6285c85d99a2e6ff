"""What is raised when an executor job cannot be read or run: what was wrong, where, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def placed(item: int) -> Iterator[None]:
    """What is wrong in there is said to be in that item of the program."""
    try:
        yield
    except FailedError as error:
        where = f"quantum_program.items[{item}]"
        if isinstance(error, ExecutorError) and error.where:
            where = f"{where}, {error.where}"
        message = error.message if isinstance(error, ExecutorError) else error.failure.message
        raise ExecutorError(message, where, error.failure.code) from None


def shown(name: str) -> str:
    """A name from the job as messages show it."""
    short = name if len(name) <= SHOWN else name[: SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "`"
