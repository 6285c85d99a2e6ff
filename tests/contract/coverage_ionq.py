"""The coverage table of a version of IonQ's API.

Rows are the operations of its `operations.json`. What Ketway does with each is asked of a running
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import serving  # noqa: E402
import templates  # noqa: E402
from ionq_calls import Calls  # noqa: E402

BELL = [{"gate": "h", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]
SINGLE = {"gateset": "qis", "qubits": 2, "circuit": BELL}


@dataclass
class Answer:
    status: int
    message: str

    def __str__(self) -> str:
        if self.status < 300:
            return f"answers {self.status}"
        return f"refuses with {self.status}: “{self.message}”"


class Prober:
    """Asks a running Ketway one good question for each operation of a version."""

    def __init__(self, server: serving.Server, calls: Calls) -> None:
        self.host = urllib.parse.urlsplit(server.url).netloc
        self.calls = calls
        self.unknown = str(uuid.uuid4())

    def ask(self, method: str, path: str) -> Answer:
        raise NotImplementedError

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        raw = None if body is None else json.dumps(body)
        headers = {"Authorization": "apiKey coverage", "Content-Type": "application/json"}
        try:
            connection.request(method, path, raw, headers)
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        try:
            return reply.status, json.loads(text)
        except ValueError:
            return reply.status, text.decode(errors="replace")

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return self.send(method, self.calls.prefix + path, body)

    def served(self) -> list[re.Pattern[str]]:
        """The operations in Ketway's own document, as patterns."""
        _, document = self.call("GET", "/api-docs")
        return [
            templates.pattern(f"{method.upper()} {path.removeprefix(self.calls.prefix)}")
            for path, methods in document["paths"].items()
            for method in methods
            if method in ("get", "post", "put", "patch", "delete")
        ]

    def done(self, created: tuple[int, Any]) -> dict[str, Any]:
        """A job that is done, so that there is something to ask about."""
        status, reply = created
        deadline = time.monotonic() + 30
        while status < 300 and time.monotonic() < deadline:
            status, job = self.call("GET", f"/jobs/{reply['id']}")
            if job["status"] in ("completed", "failed", "canceled"):
                found: dict[str, Any] = job
                return found
            time.sleep(0.01)
        raise serving.ServerFailedError(f"A job did not finish: {created}")

    @staticmethod
    def answer(status: int, reply: Any) -> Answer:
        message = reply.get("message", "") if isinstance(reply, dict) and status >= 300 else ""
        return Answer(status, re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "…", message))


def page(prober: Prober, sdks: Sequence[str], title: str, document: str, *more: str) -> str:
    """`document` says in a few words where the rows are from."""
    operations = json.loads(prober.calls.operations.read_text())
    served = prober.served()
    recorded, versions = prober.calls.read(), prober.calls.versions()
    clients = ", ".join(f"{sdk} {versions[sdk]}" for sdk in sdks)
    answered = 0
    rows: dict[str, list[str]] = {"operations": [], "others": []}
    for section, lines in rows.items():
        for row in operations[section]:
            call = f"{row['method']} {row['path']}"
            plain = re.sub(r"\{(\w+)\}", r"\1", call)
            listed = any(pattern.fullmatch(plain) for pattern in served)
            # Older versions, which have no document, are asked anyway.
            asked = listed or row["path"].startswith("/v0.")
            answer = prober.ask(row["method"], row["path"]) if asked else None
            answered += section == "operations" and answer is not None and answer.status < 300
            callers = ["yes" if call in recorded[sdk] else "" for sdk in sdks]
            what = "is not served" if answer is None else str(answer)
            note = row.get("operationId") or row["why"]
            lines.append(f"| `{call}` | {note} | {what} | {' | '.join(callers)} |")
    count = len(operations["operations"])
    summary = (
        f"Ketway implements all {count} operations."
        if answered == count
        else f"Ketway implements {answered} of the {count} operations; the others it refuses in "
        "so many words."
    )
    head = f"| Ketway | {' | '.join(sdks)} |\n|{'---|' * (3 + len(sdks))}\n"
    return (
        f"# {title}\n\n"
        f"Written by `script/coverage-table`; do not edit. The rows are {document}. What Ketway "
        "does was asked of a running Ketway; who calls an operation was recorded while the "
        f"contract tests ran ({clients}).\n\n"
        f"{summary}\n\n"
        "## Operations of the document\n\n"
        f"| Operation | Id {head}" + "\n".join(rows["operations"]) + "\n\n"
        "## Paths that the document leaves out\n\n"
        f"| Path | Who needs it {head}" + "\n".join(rows["others"]) + "\n" + "".join(more)
    )
