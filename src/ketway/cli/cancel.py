"""`ketway cancel`: stop jobs."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.each import each
from ketway.cli.exits import CommandError, Exit
from ketway.cli.following import FINAL
from ketway.cli.options import Json, Url
from ketway.cli.terminal import Piece, state

DEATH_SECONDS = 10.0
"""A running attempt is dead within seconds, and only then is its job canceled."""


def cancel(
    *ids: Annotated[str, Parameter(help="Jobs' ids, or the beginnings of them.")],
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Cancel jobs, waiting or running.

    Exits with 1 if one of them had already ended otherwise.

    ```
    ketway cancel 019aa3f2
    ```
    """
    return each(ids, _cancel, _told, url=url, as_json=json, key="jobs")


def _cancel(client: Client, typed: str) -> dict[str, Any]:
    job: dict[str, Any] = client.post("jobs", typed, "cancel")
    whole = str(job["id"])
    if job["state"] not in FINAL:
        job = client.get("jobs", whole, wait=DEATH_SECONDS)
    if job["state"] in FINAL - {"canceled"}:
        ended = "completed" if job["state"] == "completed" else "failed"
        raise CommandError(f"Job {whole} had already {ended}.", Exit.FAILED, code="already-final")
    return job


def _told(job: dict[str, Any]) -> Piece:
    return state(job["state"]) if job["state"] in FINAL else ("being canceled", "magenta")
