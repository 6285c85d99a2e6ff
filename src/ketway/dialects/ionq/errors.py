"""IonQ's errors: one shape, with a `statusCode`, and with `validation` where a value is wrong.

`statusCode` is always there: qiskit-ionq 1.1.1 reads `error["type"]` of bodies without it and
crashes, since `error` is a string (qiskit_ionq/exceptions.py, `from_response`).
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ketway.circuits.ionq import ReadError
from ketway.dialects.http import BadBodyError, BodyTooLargeError, reply
from ketway.service.errors import (
    NotCompletedError,
    NotFoundError,
    RefusedError,
    ServiceError,
)

TITLES = {
    400: "Bad Request",
    401: "Unauthorized Error",
    403: "Forbidden Error",
    404: "Not Found Error",
    405: "Method Not Allowed",
    413: "Payload Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Validation(msgspec.Struct):
    source: str
    keys: list[str]


class Error(msgspec.Struct, kw_only=True):
    error: str
    message: str
    statusCode: int  # noqa: N815  (IonQ's spelling)
    validation: Validation | UnsetType = UNSET


def error(
    status: int, message: str, source: str | None = None, keys: tuple[str, ...] = ()
) -> Response:
    body = Error(error=TITLES.get(status, "Error"), message=message, statusCode=status)
    if source is not None:
        body.validation = Validation(source, list(keys))
    return reply(body, status)


def speak(problem: Exception, _request: Request) -> Response:
    """Any exception as IonQ would say it."""
    match problem:
        case BadBodyError():
            return error(400, problem.message, problem.source, problem.keys)
        case ReadError():
            return error(400, str(problem), "body", (problem.path,))
        case RefusedError():
            return error(400, _sentence(problem.message), "body", problem.keys)
        case BodyTooLargeError():
            return error(413, str(problem))
        case NotFoundError() | NotCompletedError():
            return error(404, problem.message)
        case ServiceError():
            return error(400, problem.message)
        case HTTPException():
            return error(problem.status_code, problem.detail)
    return error(
        500,
        "Ketway made a mistake. The server's log has the details; please report them with the "
        "request that led here.",
    )


def _sentence(message: str) -> str:
    return message if message.endswith((".", "!", "?")) else f"{message}."
