"""Waiting for a job: until it is final, or the person has seen enough."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.terminal import clean, interactive, seconds

CIRCUITS = "circuits"
"""The routine of a job that runs its circuits as they are."""
FINAL = frozenset({"completed", "failed", "canceled"})
PATIENT_SECONDS = 25.0
"""How long one request waits at the server when nobody looks."""
LOOKING_SECONDS = 1.0
"""How long when somebody does, so that the state on the screen is never old."""


class Progress(Protocol):
    def update(self, status: str) -> None: ...


def follow(client: Client, job: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    """The job when it is final. `quiet` shows no progress even in a terminal."""
    watched = not quiet and interactive(sys.stderr)
    wait = LOOKING_SECONDS if watched else PATIENT_SECONDS
    began = time.monotonic()
    identifier = str(job["id"])
    try:
        with _progress(watched) as progress:
            while job["state"] not in FINAL:
                elapsed = seconds(round(time.monotonic() - began))
                progress.update(f"{clean(job['state'])}, {elapsed}  ({identifier})")
                job = client.get("jobs", identifier, wait=wait)
    except KeyboardInterrupt:
        raise CommandError(
            f"Not waiting any longer; job {identifier} goes on.\n"
            f"  follow it:  ketway job {identifier} --wait\n"
            f"  cancel it:  ketway cancel {identifier}",
            Exit.INTERRUPTED,
            code="interrupted",
            where={"job": identifier},
        ) from None
    except CommandError as error:
        if error.exit_code is Exit.UNREACHABLE:
            raise CommandError(
                f"{error.message}\nJob {identifier} was accepted and is not lost: "
                f"`ketway job {identifier} --wait` follows it when that Ketway is back.",
                error.exit_code,
                code=error.code,
                where={"job": identifier},
            ) from None
        raise
    return job


def result_of(client: Client, job: dict[str, Any]) -> dict[str, Any] | None:
    """The job's result; None if it has none, or is private."""
    if job["state"] != "completed" or job["private"]:
        return None
    result: dict[str, Any] = client.get("jobs", str(job["id"]), "result")
    return result


def options_of(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """What its routine was asked with; a job that runs circuits as they are has no such options."""
    if job["routine"] == CIRCUITS:
        return {}
    options: dict[str, Any] = client.get("jobs", str(job["id"]), "options")["options"]
    return options


def outcome(job: dict[str, Any]) -> Exit:
    """The exit code for a job that was waited for."""
    return Exit.DONE if job["state"] == "completed" else Exit.FAILED


class _Silent:
    def update(self, status: str) -> None:
        pass


@contextmanager
def _progress(watched: bool) -> Iterator[Progress]:
    if not watched:
        yield _Silent()
        return
    from rich.console import Console
    from rich.status import Status

    with Status("", console=Console(file=sys.stderr, highlight=False)) as status:
        yield status
