"""`ketway delete`: remove jobs and their results."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.each import each
from ketway.cli.options import Json, Url
from ketway.cli.terminal import Piece, clean


def delete(
    *ids: Annotated[str, Parameter(help="Jobs' ids, or the beginnings of them.")],
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Delete jobs with their results. There is no way back.

    ```
    ketway delete 019aa3f2
    ```
    """
    return each(ids, _delete, _told, url=url, as_json=json, key="jobs")


def _delete(client: Client, typed: str) -> dict[str, Any]:
    answer: dict[str, Any] = client.delete("jobs", typed)
    return answer


def _told(answer: dict[str, Any]) -> Piece:
    return clean(answer["status"]), "magenta"
