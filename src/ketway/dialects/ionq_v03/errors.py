"""IonQ's errors, with v0.3's names for what is wrong."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from ketway.dialects.ionq import errors
from ketway.dialects.ionq.errors import Error
from ketway.service.errors import RefusedError

__all__ = ["Error", "speak"]

_NAMES: Final = {"backend": "target"}


def speak(problem: Exception, request: Request) -> Response:
    if isinstance(problem, RefusedError):
        problem = RefusedError(problem.message, *(_NAMES.get(key, key) for key in problem.keys))
    return errors.speak(problem, request)
