"""Plain HTTP to Ketway, and IonQ's bodies, for the tests that use no SDK."""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

import circuits

POLL = 0.01
STATUSES = {"submitted", "ready", "started", "canceled", "failed", "completed"}
BELL = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    def __init__(self, api: str, key: str) -> None:
        self.address = urllib.parse.urlsplit(api)
        self.key = key

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request; bytes go as they are, anything else as JSON. No header that is not given,
        except the key."""
        connection = http.client.HTTPConnection(self.address.netloc, timeout=60)
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Authorization": f"apiKey {self.key}"} if headers is None else headers
        try:
            connection.request(method, self.address.path + path, raw, sent)
            answer = connection.getresponse()
            reply = Reply(
                answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()
        assert reply.status < 500, f"{method} {path}: {reply.status} {reply.body[:500]!r}"
        return reply

    def create(self, body: dict[str, Any]) -> str:
        reply = self.send("POST", "/jobs", body)
        assert reply.status == 201, reply.body
        answer = reply.json()
        assert answer == {"id": answer["id"], "status": "submitted", "session_id": None}
        return str(answer["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        reply = self.send("GET", f"/jobs/{job_id}")
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json()
        assert found["status"] in STATUSES
        return found

    def finished(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            job = self.job(job_id)
            if job["status"] in ("completed", "failed", "canceled"):
                return job
            assert time.monotonic() < deadline, job
            time.sleep(POLL)

    def completed(self, body: dict[str, Any]) -> dict[str, Any]:
        job = self.finished(self.create(body))
        assert job["status"] == "completed", job["failure"]
        return job

    def get(self, path: str) -> Any:
        reply = self.send("GET", path.removeprefix("/v0.4"))
        assert reply.status == 200, reply.body
        return reply.json()


def circuit(gates: Any, qubits: Any = 2, **more: Any) -> dict[str, Any]:
    body = {
        "type": "ionq.circuit.v1",
        "backend": "simulator",
        "input": {"gateset": "qis", "qubits": qubits, "circuit": gates},
    }
    return body | more


def batch(family: list[Any], qubits: int = circuits.QUBITS, **more: Any) -> dict[str, Any]:
    body = {
        "type": "ionq.multi-circuit.v1",
        "backend": "simulator",
        "input": {"gateset": "qis", "qubits": qubits, "circuits": [{"circuit": c} for c in family]},
    }
    return body | more


def numbers(distribution: dict[str, float]) -> dict[int, float]:
    return {int(k): v for k, v in distribution.items()}


def assert_error(reply: Reply, *statuses: int) -> dict[str, Any]:
    """IonQ's error shape, whatever the error."""
    assert reply.status in statuses, (reply.status, reply.body)
    assert reply.headers["content-type"].startswith("application/json")
    body: dict[str, Any] = reply.json()
    assert body["statusCode"] == reply.status
    for name in ("error", "message"):
        assert isinstance(body[name], str)
        assert body[name]
    if reply.status == 400:
        assert body["error"] == "Bad Request"
    if "validation" in body:
        assert isinstance(body["validation"]["source"], str)
        assert all(isinstance(name, str) for name in body["validation"]["keys"])
    return body
