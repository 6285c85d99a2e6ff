"""A command as a process, and a control API small enough to be read in one look.

The real server runs in `tests/acceptance`; here each answer is written down by the test, so that
also those which a sound server never gives can be tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@dataclass
class Fake:
    """Answers by `METHOD /path`; a list is given out one by one, its last again and again."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    seen: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)
    """Requests as (method and path with query, body, headers)."""

    def bodies(self, request: str) -> list[Any]:
        return [body for line, body, _ in self.seen if line.split("?")[0] == request]


@pytest.fixture
def fake() -> Iterator[Fake]:
    fake = Fake()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            request = f"{self.command} {self.path.removeprefix('/ketway/v1')}"
            fake.seen.append((request, body, dict(self.headers)))
            missing = (
                404,
                {"error": {"code": "not-found", "message": "No such job.", "where": None}},
            )
            found = fake.answers.get(request.split("?")[0], missing)
            if isinstance(found, list):
                found = found.pop(0) if len(found) > 1 else found[0]
            status, value = found if isinstance(found, tuple) else (200, found)
            content = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Ketway:
    """Runs `python -m ketway` in a folder of its own, with an environment of its own."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ

    def __call__(self, *arguments: str, stdin: bytes = b"", **environ: str) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "ketway", *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def ketway(tmp_path: Path, fake: Fake) -> Ketway:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return Ketway(
        tmp_path,
        kept
        | {
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUTF8": "1",
            "PYTHONWARNINGS": "error",
            "KETWAY_URL": fake.url,
            "XDG_DATA_HOME": str(tmp_path / "data"),
        },
    )


IDENTIFIER = "019aa3f2-6f5e-7c41-8a3b-2f9d1c0e7b55"


@pytest.fixture
def job() -> dict[str, Any]:
    """A completed job as the control dialect shows it."""
    return {
        "id": IDENTIFIER,
        "state": "completed",
        "name": "bell",
        "backend": "simulator",
        "dialect": "control",
        "format": "ionq.circuit.v1",
        "routine": "circuits",
        "tags": [],
        "private": False,
        "session_id": None,
        "circuits": 1,
        "qubits": 2,
        "gates": {"1q": 1, "2q": 1},
        "shots": 100,
        "noise": {"model": "aria-1", "seed": 7},
        "parent_id": None,
        "child_ids": [],
        "submitted_at": "2026-11-20T23:50:12.000Z",
        "started_at": "2026-11-20T23:50:12.004Z",
        "completed_at": "2026-11-20T23:50:12.012Z",
        "failure": None,
        "plan": [
            {
                "engine": "dense",
                "reason": "two qubits",
                "bytes": 64,
                "seconds": 0.001,
                "precision": "double",
                "circuits": 1,
            }
        ],
        "attempts": [
            {
                "number": 1,
                "state": "finished",
                "started_at": "2026-11-20T23:50:12.004Z",
                "ended_at": "2026-11-20T23:50:12.012Z",
                "reason": None,
            }
        ],
        "metadata": None,
        "links": {},
    }


@pytest.fixture
def result() -> dict[str, Any]:
    return {
        "circuits": [
            {
                "index": 0,
                "id": IDENTIFIER,
                "name": None,
                "bits": 2,
                "outcomes": {"00": 0.49, "11": 0.51},
                "counts": {"00": 49, "11": 51},
                "made_by": {"engine": "dense", "version": "1", "precision": "double", "kept": 1.0},
            }
        ]
    }
