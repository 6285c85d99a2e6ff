"""A real Ketway in a process of its own, and a client that knows nothing of it but HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""Seconds until a wait for something that must happen gives up: a hang, not a slow machine."""

BELL = {
    "qubits": 2,
    "gateset": "qis",
    "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}],
}


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Client:
    """One connection at a time, kept open; use one per thread."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    _connection: http.client.HTTPConnection | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """`body` is JSON unless it is bytes. Raises `OSError` or `HTTPException` if cut off."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if self._connection is None:
            host = urlsplit(self.url).netloc
            self._connection = http.client.HTTPConnection(host, timeout=PATIENCE)
        try:
            self._connection.request(
                method, path, body=data, headers={**self.headers, **(headers or {})}
            )
            response = self._connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- what most tests do -------------------------------------------------------------------

    def submit(self, input_: Any, type_: str = "ionq.circuit.v1", **more: Any) -> str:
        body = {"type": type_, "backend": "simulator", "input": input_, **more}
        answer = self.ask("POST", "/v0.4/jobs", body)
        assert answer.status == 201, answer.raw
        return str(answer.json["id"])

    def job(self, job_id: str, wait: float = 0.0) -> dict[str, Any]:
        """The job in Ketway's own words; `wait` for it to end."""
        answer = self.ask("GET", f"/ketway/v1/jobs/{job_id}?wait={wait:g}")
        assert answer.status == 200, answer.raw
        return dict(answer.json)

    def ended(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while (job := self.job(job_id, wait=10))["completed_at"] is None:
            assert time.monotonic() < deadline, f"job {job_id} does not end: {job}"
        return job

    def completed(self, job_id: str) -> dict[str, Any]:
        job = self.ended(job_id)
        assert job["state"] == "completed", job["failure"]
        return job

    def until(self, job_id: str, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while (job := self.job(job_id))["state"] != state:
            assert time.monotonic() < deadline, f"job {job_id} is not {state}: {job}"
            time.sleep(0.01)
        return job


@dataclass
class Server:
    url: str
    data: Path
    process: subprocess.Popen[str]
    log: Path
    _clients: list[Client] = field(default_factory=list)

    def client(self, **headers: str) -> Client:
        """Closed with the server."""
        self._clients.append(Client(self.url, dict(headers)))
        return self._clients[-1]

    def workers(self) -> list[psutil.Process]:
        """Everything that the server has started, however deep."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()
        self._release()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """As an operator would; the exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self._release()

    def _release(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()
        for client in self._clients:
            client.close()


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KETWAY_")}
    # Measuring the machine is nothing to two hundred servers that live for a second.
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "KETWAY_CALIBRATE": "0"}


def command(data: Path, *options: str, port: int = 0) -> list[str]:
    up = [sys.executable, "-m", "ketway", "up", "--port", str(port), "--data", str(data)]
    return [*up, "--json", *options]


def start(data: Path, *options: str, env: Mapping[str, str] | None = None, port: int = 0) -> Server:
    """Returns when the server says that it listens."""
    log = data.parent / f"{data.name}.log"
    with log.open("a") as errors:
        process = subprocess.Popen(
            command(data, *options, port=port),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**environment(), **(env or {})},
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait()
        process.stdout.close()
        raise AssertionError(f"the server did not start:\n{log.read_text()[-4000:]}")
    return Server(json.loads(line)["url"], data, process, log)


@contextmanager
def serving(
    data: Path, *options: str, env: Mapping[str, str] | None = None, port: int = 0
) -> Iterator[Server]:
    server = start(data, *options, env=env, port=port)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
