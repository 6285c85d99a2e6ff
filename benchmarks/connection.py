"""A client that costs next to nothing, so that what is measured is the server.

An SDK spends one to several milliseconds of its own on a request. This one keeps its connection,
sends bytes that are ready and reads no more of the answer than its status and length.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

FIRST_PAUSE = 0.005
LONGEST_PAUSE = 0.25
"""pennylane-ionq asks every 10 ms, the others every second or less."""
SHORT_PAUSE = 0.02
"""For one long job: a longer pause would be measured instead of the server."""
PATIENCE = 300.0


class UnexpectedAnswerError(Exception):
    """The server answered otherwise than it must for the figures to mean anything."""


def message(method: str, path: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Authorization: apiKey bench"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes]:
        """The status and the body of the next answer."""
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            raise UnexpectedAnswerError(f"no content-length: {head!r}")
        length = int(head[at:].split(b"\r\n", 2)[1].removeprefix(b"content-length:"))
        chunks, have = [data[end + 4 :]], len(data) - end - 4
        while have < length:
            chunks.append(self._more())
            have += len(chunks[-1])
        body = b"".join(chunks)
        self._rest = body[length:]
        return int(head[9:12]), body[:length]

    def _more(self) -> bytes:
        data = self.socket.recv(1 << 18)
        if not data:
            raise UnexpectedAnswerError("the server closed the connection")
        return data

    def ask(self, request: bytes, expected: int = 200) -> bytes:
        self.send(request)
        status, body = self.receive()
        if status != expected:
            raise UnexpectedAnswerError(f"{status} instead of {expected}: {body[:500]!r}")
        return body

    def get(self, path: str) -> Any:
        return json.loads(self.ask(message("GET", path)))

    # -- what a user does ---------------------------------------------------------------------

    def submit(self, request: bytes) -> str:
        return str(json.loads(self.ask(request, 201))["id"])

    def completed(self, job_id: str, longest_pause: float = LONGEST_PAUSE) -> None:
        """Ask until the job is completed, less and less often, as SDKs do."""
        request, pause = message("GET", f"/v0.4/jobs/{job_id}"), FIRST_PAUSE
        deadline = time.monotonic() + PATIENCE
        while (status := json.loads(self.ask(request))["status"]) != "completed":
            if status in ("failed", "canceled") or time.monotonic() > deadline:
                raise UnexpectedAnswerError(f"job {job_id} is {status}")
            time.sleep(pause)
            pause = min(pause * 1.5, longest_pause)
