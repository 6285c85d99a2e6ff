"""Speaks the control dialect (`/ketway/v1`) to a running Ketway.

On the standard library alone: a command should be done before another HTTP library is imported.
Whatever goes wrong becomes a `CommandError` with a sentence that says what to do about it.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from ketway.cli.address import normalised
from ketway.cli.exits import CommandError, Exit

BASE = "/ketway/v1"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
"""How long an answer may take, beside the time that a request asks the server to wait."""


class Client:
    """One connection to one Ketway, opened at the first request and used again."""

    def __init__(self, url: str, key: str | None = None, patience: float = CONNECT_SECONDS) -> None:
        self.url = normalised(url)
        self._key = key or os.environ.get("KETWAY_API_KEY") or None
        if self._key and not (self._key.isascii() and self._key.isprintable()):
            raise CommandError("KETWAY_API_KEY has characters that no key has.", code="bad-key")
        self._patience = patience
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, *path: str, wait: float = 0.0, **query: Any) -> Any:
        """GET; `wait` asks the server to hold the answer back up to that many seconds."""
        if wait:
            query["wait"] = f"{wait:g}"
        return self._request("GET", path, query=query, wait=wait)

    def post(self, *path: str, body: Any = None) -> Any:
        return self._request("POST", path, body=body)

    def delete(self, *path: str) -> Any:
        return self._request("DELETE", path)

    def _request(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        wait: float = 0.0,
    ) -> Any:
        target = "/".join(
            [urlsplit(self.url).path + BASE, *(quote(part, safe="") for part in path)]
        )
        given = {name: value for name, value in (query or {}).items() if value is not None}
        if given:
            target += "?" + urlencode(given, doseq=True)  # a list is its name several times
        headers = {"Accept": "application/json", "User-Agent": "ketway-cli"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        payload = None
        if body is not None:
            payload = json.dumps(body, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        try:
            status, content = self._exchange(method, target, payload, headers, wait)
        except TimeoutError:
            self.close()
            raise self._unreachable(f"The Ketway at {self.url} does not answer in time.") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise self._no_answer(error) from None
        return self._answer(status, content)

    def _exchange(
        self, method: str, target: str, payload: bytes | None, headers: dict[str, str], wait: float
    ) -> tuple[int, bytes]:
        used_before = self._connection is not None
        try:
            return self._once(method, target, payload, headers, wait)
        except (ConnectionError, http.client.RemoteDisconnected):
            # A server may close a connection that was idle. Only a request that changes nothing is
            # repeated: a POST may have been heard although its answer was lost.
            self.close()
            if not used_before or method != "GET":
                raise
            return self._once(method, target, payload, headers, wait)

    def _once(
        self, method: str, target: str, payload: bytes | None, headers: dict[str, str], wait: float
    ) -> tuple[int, bytes]:
        connection = self._connection or self._connect()
        assert connection.sock is not None
        connection.sock.settimeout(ANSWER_SECONDS + wait)
        connection.request(method, target, payload, headers)
        response = connection.getresponse()
        content = response.read()
        if response.will_close or connection.sock is None:
            self.close()
        return response.status, content

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=self._patience)
        connection.connect()
        self._connection = connection
        return connection

    def _answer(self, status: int, content: bytes) -> Any:
        try:
            value = json.loads(content) if content else {}
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise self._stranger(status)
        if status < 400:
            return value
        error = value.get("error")
        if not isinstance(error, dict) or "message" not in error:
            raise self._stranger(status)
        where = error.get("where")
        raise CommandError(
            str(error["message"]),
            _exit_code(status),
            code=str(error.get("code", f"http-{status}")),
            where=where if isinstance(where, dict) else None,
        )

    def _no_answer(self, error: Exception) -> CommandError:
        if isinstance(error, ConnectionRefusedError):
            return self._unreachable(
                f"No Ketway answers at {self.url}. "
                "Start one with `ketway up`, or name another with --url."
            )
        if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
            return self._unreachable(
                f"What listens at {self.url} does not speak HTTP as a Ketway does."
            )
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self._unreachable(
            f"No Ketway answers at {self.url} ({detail}). "
            "Start one with `ketway up`, or name another with --url."
        )

    def _stranger(self, status: int) -> CommandError:
        return self._unreachable(
            f"What answers at {self.url} is not a Ketway (HTTP {status} without Ketway's JSON). "
            "Name another with --url."
        )

    def _unreachable(self, message: str) -> CommandError:
        return CommandError(message, Exit.UNREACHABLE, code="unreachable")


def _exit_code(status: int) -> Exit:
    if status >= 500 or status == 429:
        return Exit.UNREACHABLE
    return Exit.FAILED if status == 409 else Exit.USAGE
