"""IBM's errors: the official body and the older one together.

qiskit-ibm-runtime 0.51 reads `error.message` and `error.code`, and then the header `uber-trace-id`;
where one of them is missing it shows its user the raw body (api/session.py, `request`). Other
clients read `errors`, which is what IBM's document has.
"""

from __future__ import annotations

import uuid

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, BodyTooLargeError, reply
from ketway.service.errors import (
    ConflictError,
    NotFoundError,
    ServiceError,
    SessionClosedError,
    UnauthorizedError,
)

INTERNAL = 1000
VALIDATION = 1002
BACKEND_NOT_FOUND = 1007
NOT_AUTHORIZED = 1200
TOO_MANY_TAGS = 1204
BAD_TAG = 1205
SESSION_CLOSED = 4001
UNSUPPORTED = 7001

OUR_MISTAKE = (
    "Ketway made a mistake. The server's log has the details; please report them with the request "
    "that led here."
)


class Problem(msgspec.Struct):
    code: int
    message: str
    solution: str = ""


class Legacy(msgspec.Struct):
    code: int
    message: str


class Error(msgspec.Struct):
    trace: str
    errors: list[Problem]
    error: Legacy


class IbmError(Exception):
    """An error that only IBM's API has, or has a code for."""

    def __init__(self, status: int, code: int, message: str, solution: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code, message, solution)


def error(status: int, problem: Problem) -> Response:
    trace = str(uuid.uuid4())
    # The older form has no place for the solution, and is the one that Python's users get to see.
    told = f"{problem.message} {problem.solution}".rstrip()
    response = reply(Error(trace, [problem], Legacy(problem.code, told)), status)
    response.headers["uber-trace-id"] = trace
    return response


def speak(raised: Exception, _request: Request) -> Response:
    """Any exception as IBM would say it."""
    match raised:
        case IbmError():
            return error(raised.status, raised.problem)
        case BadBodyError():
            return error(400, Problem(VALIDATION, raised.message))
        case BodyTooLargeError():
            # Not 413: with a Retry-After the client would send all of it again.
            return error(400, Problem(VALIDATION, str(raised)))
        case UnauthorizedError():
            return error(401, Problem(NOT_AUTHORIZED, raised.message))
        case NotFoundError():
            return error(404, Problem(VALIDATION, raised.message))
        case SessionClosedError():
            # IBM's words for the code, then what is to be done here.
            closed = "Job is part of a session that's been closed."
            return error(400, Problem(SESSION_CLOSED, closed, raised.message))
        case ConflictError():
            return error(409, Problem(VALIDATION, raised.message))
        case ServiceError():
            return error(400, Problem(VALIDATION, raised.message))
        case HTTPException():
            return error(raised.status_code, Problem(VALIDATION, raised.detail))
    return error(500, Problem(INTERNAL, OUR_MISTAKE))


class IamContext(msgspec.Struct):
    requestId: str  # noqa: N815  (IBM Cloud's spelling)


class IamError(msgspec.Struct):
    """What IBM Cloud's services outside the runtime say, of which clients show the message."""

    errorCode: str  # noqa: N815
    errorMessage: str  # noqa: N815
    context: IamContext


def speak_as_cloud(raised: Exception, request: Request) -> Response:
    """The same, as IBM Cloud's own services say it: sign-in, search and catalog."""
    runtime = speak(raised, request)
    message = msgspec.json.decode(runtime.body, type=Error).error.message
    code = "BXNIM0415E" if runtime.status_code == 401 else "BXNIM0109E"
    return reply(
        IamError(code, message, IamContext(runtime.headers["uber-trace-id"])), runtime.status_code
    )
