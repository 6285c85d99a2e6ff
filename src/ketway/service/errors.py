"""What the service says no with. Each dialect puts these in its vendor's words and shape."""

from __future__ import annotations


class ServiceError(Exception):
    """Something that a client asked for cannot be done; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFoundError(ServiceError):
    """There is no such thing, or it belongs to another project: the answer is the same."""


class RefusedError(ServiceError):
    """The request means nothing here, or asks for what is not offered."""

    def __init__(self, message: str, *keys: str) -> None:
        super().__init__(message)
        self.keys = keys
        """Paths of the values that are at fault."""


class UnauthorizedError(ServiceError):
    """Who asks is not known: the key or token is missing, wrong or expired."""


class ConflictError(ServiceError):
    """It would contradict something that is there."""


class SessionClosedError(ConflictError):
    """The job is for a session that takes no more jobs."""


class NotCompletedError(ServiceError):
    """The job has no result, or none yet."""
