"""Errors of Ketway's own API: a code for programs, a sentence for people, and where."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ketway.circuits.ionq import ReadError
from ketway.dialects.http import BadBodyError, BodyTooLargeError, reply
from ketway.service.errors import (
    ConflictError,
    NotCompletedError,
    NotFoundError,
    RefusedError,
    ServiceError,
)


class Detail(msgspec.Struct):
    code: str
    message: str
    where: dict[str, Any] | None = None


class Error(msgspec.Struct):
    error: Detail


def _say(status: int, code: str, message: str, keys: tuple[str, ...] = ()) -> Response:
    where = {"keys": list(keys)} if keys else None
    message = message[:1].upper() + message[1:] if not keys else message
    return reply(Error(Detail(code, message, where)), status)


def speak(problem: Exception, _request: Request) -> Response:
    match problem:
        case BadBodyError():
            return _say(400, "bad-request", problem.message, problem.keys)
        case ReadError():
            return _say(400, "bad-circuit", problem.message, (problem.path,))
        case RefusedError():
            return _say(400, "refused", problem.message, problem.keys)
        case BodyTooLargeError():
            return _say(413, "too-large", str(problem))
        case NotFoundError():
            return _say(404, "not-found", problem.message)
        case ConflictError():
            return _say(409, "conflict", problem.message)
        case NotCompletedError():
            return _say(409, "not-completed", problem.message)
        case ServiceError():
            return _say(400, "refused", problem.message)
        case HTTPException():
            return _say(problem.status_code, "http", problem.detail)
    return _say(500, "internal", "Ketway made a mistake. The server's log has the details.")
