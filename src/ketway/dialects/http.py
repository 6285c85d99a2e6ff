"""What all dialects share of HTTP: an operation is declared once, served and documented from that.

A dialect is a list of `Operation`s and a way to say errors. It gets typed bodies and queries
(msgspec checks them, and says where they are wrong) and answers with values that msgspec encodes.
"""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ketway.dialects.paths import Paths
from ketway.service.accounts import Accounts, Principal

log = logging.getLogger("ketway.http")

_encoder = msgspec.json.Encoder()
_PLACE = re.compile(r"\(byte (\d+)\)")
_NO_NUMBER = re.compile(rb"-?Infinity|NaN")
_MISSING = re.compile(r"Object missing required field `(\w+)`")


class BodyTooLargeError(Exception):
    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body may not exceed {limit // (1024 * 1024)}MB.")


class BadBodyError(Exception):
    """A body or query that cannot be decoded; the message says where."""

    def __init__(self, message: str, source: str, keys: Sequence[str]) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.keys = tuple(keys)


@dataclass(slots=True)
class Call:
    """One request, decoded."""

    request: Request
    principal: Principal
    query: Any
    body: Any
    raw: bytes
    """The body as it was sent."""

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])


Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One endpoint: how it is found, what it takes, what it answers."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    name: str
    """The `operationId`."""
    handler: Handler
    summary: str
    body: Any = None
    """Type of the JSON body; None if it takes none (and ignores what is sent)."""
    raw: bool = False
    """Takes a body that is not JSON: the handler reads `Call.raw`."""
    query: type[msgspec.Struct] | None = None
    answer: Any = None
    """Type of the JSON answer, for the document."""
    status: int = 200
    also: Mapping[int, str] = field(default_factory=dict)
    """Other statuses that it succeeds with, and when."""
    public: bool = False
    """Needs no key."""
    refusals: Mapping[int, str] = field(default_factory=dict)
    """Statuses that it refuses with beside those that all share, and why."""
    media: str = "application/json"


def reply(value: Any, status: int = 200) -> Response:
    """A JSON answer; `msgspec.Raw` goes out as it is."""
    return Response(_encoder.encode(value), status, media_type="application/json")


def encoded(data: bytes, status: int = 200, media: str = "application/json") -> Response:
    return Response(data, status, media_type=media)


ErrorSpeaker = Callable[[Exception, Request], Response]


class Dialect:
    """An ASGI application made of operations, with errors in its own words."""

    def __init__(
        self,
        operations: Sequence[Operation],
        accounts: Accounts,
        speak_error: ErrorSpeaker,
        key_of: Callable[[Request], str | None],
        max_body: int,
    ) -> None:
        self.operations = tuple(operations)
        self._accounts = accounts
        self._speak_error = speak_error
        self._key_of = key_of
        self._max_body = max_body
        self._paths: Paths[_Endpoint] = Paths()
        for path in {operation.path for operation in operations}:
            self._paths.add(path, _Endpoint(self, path))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = self._paths.find(scope["path"].removeprefix(scope.get("root_path", "")))
        if found is None or scope["type"] != "http":
            await self.not_found(scope, receive, send)
            return
        endpoint, scope["path_params"] = found
        await endpoint(scope, receive, send)

    async def answer(self, server: _Server, request: Request) -> Response:
        """Decode, serve, and say what went wrong if it did."""
        try:
            principal = self.principal(request)
            raw, body = b"", None
            if server.body is not None or server.operation.raw:
                raw = await self._read(request)
            if server.body is not None:
                body = _decode(server.body, raw)
            query = None if server.query is None else server.query.read(request)
            return await server.operation.handler(Call(request, principal, query, body, raw))
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            return self._error(error, request)

    def principal(self, request: Request) -> Principal:
        """Who asks; a dialect that has tokens beside keys says otherwise."""
        return self._accounts.principal(self._key_of(request))

    def refuse_method(self, request: Request, allowed: Sequence[str]) -> Response:
        error = HTTPException(
            405, f"{request.method} is not for this path; it takes {', '.join(allowed)}."
        )
        response = self._speak_error(error, request)
        response.headers["allow"] = ", ".join(allowed)
        return response

    def _error(self, error: Exception, request: Request) -> Response:
        response = self._speak_error(error, request)
        if response.status_code >= 500:  # anything less is the client's, and was said to it
            log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return response

    async def not_found(self, scope: Any, receive: Any, send: Any) -> None:
        """No operation has this path."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        error = HTTPException(404, f"There is no {request.method} {request.url.path}.")
        await self._speak_error(error, request)(scope, receive, send)

    async def _read(self, request: Request) -> bytes:
        """The body, refused as soon as it is known to be too large."""
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self._max_body:
            raise BodyTooLargeError(self._max_body)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise BadBodyError(
                "Send the body uncompressed: Content-Encoding is not taken.", "headers", ()
            )
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > self._max_body:
                raise BodyTooLargeError(self._max_body)
            chunks.append(chunk)
        return b"".join(chunks)


class _Server:
    """An operation with its decoders, made once."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.body = None if operation.body is None else msgspec.json.Decoder(operation.body)
        self.query = None if operation.query is None else _QueryReader(operation.query)


class _Endpoint:
    """All operations of one path."""

    def __init__(self, dialect: Dialect, path: str) -> None:
        self._dialect = dialect
        self._servers: dict[str, _Server] = {
            o.method: _Server(o) for o in dialect.operations if o.path == path
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive, send)
        server = self._servers.get(request.method)
        if server is None:
            response = self._dialect.refuse_method(request, sorted(self._servers))
        else:
            response = await self._dialect.answer(server, request)
        await response(scope, receive, send)


def _decode(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        message, path = located(str(error))
        raise BadBodyError(message, "body", (path,) if path else ()) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBodyError(f"The body is not JSON: {_why(error, raw)}.", "body", ()) from None
    except RecursionError:
        raise BadBodyError("The body is nested too deeply.", "body", ()) from None


def _why(error: Exception, raw: bytes) -> str:
    """Python's `json` writes numbers that JSON has not, unless it is told not to."""
    found = _PLACE.search(str(error))
    word = None if found is None else _NO_NUMBER.match(raw, int(found[1]))
    if word is None:
        return str(error)
    return f"{word[0].decode()} at byte {word.start()} is not a number there; send null or a string"


def located(text: str) -> tuple[str, str]:
    """msgspec's message and, as people write it, the path that it ends with."""
    message, _, path = text.partition(" - at `")
    path = path.removesuffix("`").removeprefix("$").removeprefix(".")
    if (missing := _MISSING.fullmatch(message)) is not None:
        path = f"{path}.{missing[1]}" if path else missing[1]
        return f"{path} is missing", path
    return (f"{path}: {message}" if path else message), path


class _QueryReader:
    """Reads a query string into a struct; a list takes its name several times, also as `name[]`."""

    def __init__(self, type_: type[msgspec.Struct]) -> None:
        self._type = type_
        self._lists = {
            f.encode_name
            for f in msgspec.structs.fields(type_)
            if "list" in str(f.type) or "Sequence" in str(f.type)
        }

    def read(self, request: Request) -> Any:
        values: dict[str, Any] = {}
        for written, value in request.query_params.multi_items():
            name = written.removesuffix("[]")
            if name in self._lists:
                values.setdefault(name, []).append(value)
            else:
                values[name] = value
        try:
            return msgspec.convert(values, self._type, strict=False)
        except msgspec.ValidationError as error:
            message, path = located(str(error))
            raise BadBodyError(message, "query", (path,) if path else ()) from None


def docs_of(handler: Handler) -> str:
    return inspect.getdoc(handler) or ""
