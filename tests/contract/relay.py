"""Stands between a client and Ketway and passes everything on, in a process of its own: for clients
whose requests leave by no socket of Python's, so that the wiretap does not hear them, and which
hold Python's lock while they wait.

    python tests/contract/relay.py URL FILE

prints its own address, and writes a line to FILE for each request that was answered. Standard
library only.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple


class Exchange(NamedTuple):
    method: str
    target: str
    body: Any
    status: int
    answer: Any


class Relay(NamedTuple):
    url: str
    file: Path

    def exchanges(self) -> list[Exchange]:
        return [Exchange(*json.loads(line)) for line in self.file.read_text().splitlines()]


@contextmanager
def relayed(url: str, file: Path) -> Iterator[Relay]:
    command = [sys.executable, __file__, url, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Relay(process.stdout.readline().strip(), file)
        finally:
            process.terminate()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Passing

    def log_message(self, *what: object) -> None:
        del what

    def pass_on(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # Headers as they came, but for those that say how they travel.
        kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "expect")}
        connection = http.client.HTTPConnection(self.server.behind, timeout=30)
        connection.request(self.command, self.path, sent or None, kept)
        reply = connection.getresponse()
        answered = reply.read()
        connection.close()
        body = json.loads(sent) if sent else None
        row = Exchange(self.command, self.path, body, reply.status, json.loads(answered))
        self.server.file.write(json.dumps(row) + "\n")
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answered)))
        self.end_headers()
        self.wfile.write(answered)

    do_GET = do_POST = pass_on


class Passing(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, url: str, path: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = urllib.parse.urlsplit(url).netloc
        self.file = path.open("w", buffering=1)


def main() -> None:
    url, file = sys.argv[1:]
    passing = Passing(url, Path(file))
    sys.stdout.write(f"http://127.0.0.1:{passing.server_port}\n")
    sys.stdout.flush()
    passing.serve_forever()


if __name__ == "__main__":
    main()
