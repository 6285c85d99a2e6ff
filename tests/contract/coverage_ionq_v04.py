"""The coverage table of IonQ's v0.4 API.

Rows are the operations of `operations.json`. What Ketway does with each is asked of a running
Ketway: whether its own document lists the operation, and what it answers. Who calls it is
`calls.json`, which the contract tests record.
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "ionq_v04"))
sys.path.insert(0, str(HERE))

import calls  # noqa: E402
import serving  # noqa: E402
import templates  # noqa: E402

SDKS = ("ionq-core", "qiskit-ionq", "cirq-ionq", "pennylane-ionq")
BELL = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]
SINGLE = {"gateset": "qis", "qubits": 2, "circuit": BELL}
INPUTS: dict[str, dict[str, Any]] = {
    "ionq.circuit.v1": SINGLE,
    "ionq.multi-circuit.v1": {"gateset": "qis", "qubits": 2, "circuits": [{"circuit": BELL}]},
    "ionq.qasm3.v1": {"data": 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; h q[0];'},
    "quantum-function": {
        "data": {
            "type": "hamiltonian-energy",
            "data": {
                "hamiltonian": [{"pauli_string": "Z", "coefficient": 1}],
                "ansatz": {"data": 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; h q[0];'},
            },
        }
    },
    "qctrl.qaoa.v1": {"problem_type": "maxcut", "problem": {"nodes": [], "adjacency": []}},
}
QUERIES = {
    "/jobs/estimate": "?backend=qpu.forte-1&qubits=2",
    "/organizations/{organization_id}/usage": (
        "?start_date=2026-01-01&end_date=2026-01-31&group_by=job&modality=daily"
    ),
}
SAMPLED = ("/results/histogram", "/results/shots")


@dataclass
class Answer:
    status: int
    message: str

    def __str__(self) -> str:
        if self.status < 300:
            return f"answers {self.status}"
        return f"refuses with {self.status}: “{self.message}”"


class Prober:
    """Asks a running Ketway one good question for each operation."""

    def __init__(self, server: serving.Server) -> None:
        self.address = urllib.parse.urlsplit(server.ionq_v04)
        self.unknown = str(uuid.uuid4())

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.address.netloc, timeout=30)
        raw = None if body is None else json.dumps(body)
        headers = {"Authorization": "apiKey coverage", "Content-Type": "application/json"}
        try:
            connection.request(method, self.address.path + path, raw, headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        try:
            return reply.status, json.loads(text)
        except ValueError:
            return reply.status, text.decode(errors="replace")

    def served(self) -> list[re.Pattern[str]]:
        """The operations in Ketway's own document, as patterns."""
        _, document = self.send("GET", "/api-docs")
        return [
            templates.pattern(f"{method.upper()} {path.removeprefix(calls.PREFIX)}")
            for path, methods in document["paths"].items()
            for method in methods
            if method in ("get", "post", "put", "patch", "delete")
        ]

    def finished(self, kind: str = "ionq.circuit.v1", backend: str = "simulator") -> dict[str, Any]:
        """A job that is done, so that there is something to ask about."""
        body = {"type": kind, "backend": backend, "input": INPUTS[kind], "shots": 10}
        status, created = self.send("POST", "/jobs", body)
        deadline = time.monotonic() + 30
        while status < 300 and time.monotonic() < deadline:
            status, job = self.send("GET", f"/jobs/{created['id']}")
            if job["status"] in ("completed", "failed", "canceled"):
                found: dict[str, Any] = job
                return found
            time.sleep(0.01)
        raise serving.ServerFailedError(f"A {kind} job on {backend} did not finish: {created}")

    def ask(self, method: str, path: str) -> Answer:
        concrete, body = path, None
        if path.startswith("/jobs/{UUID}"):
            kind = "ionq.multi-circuit.v1" if path.endswith("/aggregated") else "ionq.circuit.v1"
            backend = "qpu.forte-1" if path.endswith(SAMPLED) else "simulator"
            job = self.finished(kind, backend)
            artifact = next(iter(job["results"].values()))["id"]
            concrete = concrete.replace("{UUID}", job["id"]).replace("{artifactId}", artifact)
        elif "{UUID}" in path:
            _, found = self.send("GET", "/backends/qpu.forte-1/characterizations?limit=1")
            concrete = concrete.replace("{UUID}", found["characterizations"][0]["id"])
        for name, value in (
            ("backend", "qpu.forte-1"),
            ("format", "ionq.result.probabilities.json.v1"),
            ("lang", "qasm3"),
        ):
            concrete = concrete.replace(f"{{{name}}}", value)
        concrete = re.sub(r"\{\w+\}", self.unknown, concrete) + QUERIES.get(path, "")
        if method != "GET":
            body = self.body(method, path)
        status, reply = self.send(method, concrete, body)
        return self.answer(status, reply)

    def body(self, method: str, path: str) -> Any:
        if (method, path) == ("POST", "/jobs"):
            return {"type": "ionq.circuit.v1", "backend": "simulator", "input": SINGLE}
        if path in ("/jobs", "/jobs/status/cancel"):
            return {"ids": [self.finished()["id"]]}
        if path == "/sessions":
            return {"backend": "qpu.forte-1"}
        return {}

    def ask_type(self, kind: str) -> Answer:
        body = {"type": kind, "backend": "simulator", "input": INPUTS[kind]}
        if kind == "qctrl.qaoa.v1":
            body["external_settings"] = {"api_credentials": "none"}
        return self.answer(*self.send("POST", "/jobs", body))

    @staticmethod
    def answer(status: int, reply: Any) -> Answer:
        message = reply.get("message", "") if isinstance(reply, dict) and status >= 300 else ""
        return Answer(status, re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", message))


def page(server: serving.Server) -> str:
    prober = Prober(server)
    document = json.loads(calls.OPERATIONS.read_text())
    served = prober.served()
    recorded = json.loads(calls.CALLS.read_text())
    versions = ", ".join(f"{sdk} {recorded[sdk]['version']}" for sdk in SDKS)
    answered = 0
    rows = {"operations": [], "others": []}  # type: dict[str, list[str]]
    for section, lines in rows.items():
        for row in document[section]:
            call = f"{row['method']} {row['path']}"
            plain = re.sub(r"\{(\w+)\}", r"\1", call)
            listed = any(pattern.fullmatch(plain) for pattern in served)
            answer = prober.ask(row["method"], row["path"]) if listed else None
            answered += section == "operations" and answer is not None and answer.status < 300
            callers = ["yes" if call in recorded[sdk]["calls"] else "" for sdk in SDKS]
            what = "is not served" if answer is None else str(answer)
            note = row.get("operationId") or row["why"]
            lines.append(f"| `{call}` | {note} | {what} | {' | '.join(callers)} |")
    types = [f"| `{kind}` | {prober.ask_type(kind)} |" for kind in INPUTS]
    head = f"| Ketway | {' | '.join(SDKS)} |\n|{'---|' * (3 + len(SDKS))}\n"
    return (
        "# Coverage of IonQ's v0.4 API\n\n"
        "Written by `script/coverage-table`; do not edit. The rows are the operations of IonQ's "
        f"document of {document['document_date']}. What Ketway does was asked of a running Ketway; "
        f"who calls an operation was recorded while the contract tests ran ({versions}).\n\n"
        f"Ketway implements {answered} of the {len(document['operations'])} operations; the others "
        "it refuses in so many words.\n\n"
        "## Operations of the document\n\n"
        f"| Operation | Id {head}" + "\n".join(rows["operations"]) + "\n\n"
        "## Paths that the document leaves out\n\n"
        f"| Path | Who needs it {head}" + "\n".join(rows["others"]) + "\n\n"
        "## Job types\n\n"
        "| Type | Ketway |\n|---|---|\n" + "\n".join(types) + "\n"
    )
