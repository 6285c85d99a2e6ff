"""The coverage table of IBM's Qiskit Runtime API.

Its first part has the public methods of the client's own classes, with what each asks the server
for: `methods.json`, which the contract tests record. Its second part has the operations of
`operations.json`, what a running Ketway answers to each, and which clients ask for it:
`ibm_clients.json`, recorded too.
"""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.parse
from typing import Any

import recorded
import serving

BASE = "/experimental/api/v1"
KEY = "coverage"
HEAD = 'OPENQASM 3.0; include "stdgates.inc";'
SHORT = f"{HEAD} bit[1] c; x $0; c[0] = measure $0;"
LAYER = "".join(f"ry(0.3) q[{k}]; cx q[{k}], q[{(k + 1) % 25}];" for k in range(25))
LONG = f"{HEAD} qubit[25] q; bit[25] c; {LAYER * 40} c = measure q;"
"""Minutes of work."""
UNSERVED = re.compile(r"There is no (?:plan \S+;|[A-Z]+ /)")
"""How Ketway says that there is no such path."""
VARYING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
QUERIES = {
    "/tags": "?type=job",
    "/analytics/usage_grouped": "?group_by=backend",
    "/analytics/usage_grouped_by_date": "?group_by=instance",
}


class Prober:
    """Asks a running Ketway one good question for each operation."""

    def __init__(self, server: serving.Server) -> None:
        self.host = urllib.parse.urlsplit(server.url).netloc
        self.kept = self.finished()
        crn = self.send("GET", f"{BASE}/instances/usage")[1]["instance_id"]
        self.account = crn.partition(":a/")[2].partition(":")[0]

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        headers = {"Authorization": f"apikey {KEY}", "IBM-API-Version": "2026-04-15"}
        raw = None
        if path == "/identity/token":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            grant = "urn:ibm:params:oauth:grant-type:apikey"
            raw = urllib.parse.urlencode({"grant_type": grant, "apikey": KEY})
        elif body is not None:
            headers["Content-Type"] = "application/json"
            raw = json.dumps(body)
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

    def job(self, circuit: str, backend: str = "ibm_torino") -> str:
        params = {"pubs": [[circuit, None, 10]], "version": 2}
        body = {"program_id": "sampler", "backend": backend, "params": params}
        status, reply = self.send("POST", f"{BASE}/jobs", body)
        if status != 200:
            raise serving.ServerFailedError(f"A job was refused: {reply}")
        return str(reply["id"])

    def finished(self) -> str:
        job = self.job(SHORT)
        deadline = time.monotonic() + 30
        while True:
            found = self.send("GET", f"{BASE}/jobs/{job}?exclude_params=true")[1]
            if found["status"] == "Completed":
                return job
            if found["status"] == "Failed" or time.monotonic() > deadline:
                raise serving.ServerFailedError(f"A job did not finish: {found}")

    def session(self) -> str:
        body = {"mode": "batch", "backend": "ibm_torino"}
        return str(self.send("POST", f"{BASE}/sessions", body)[1]["id"])

    def ask(self, method: str, path: str) -> str:
        status, reply = self.send(method, self.concrete(method, path), self.body(method, path))
        message = ""
        if isinstance(reply, dict) and status >= 300:
            message = VARYING.sub("…", reply.get("error", {}).get("message", ""))
            if status == 404 and UNSERVED.match(message):
                return "is not served"
        return f"answers {status}" if status < 300 else f"refuses with {status}: “{message}”"

    def concrete(self, method: str, path: str) -> str:
        """With names of what is there; at the API's base, unless the path is one by itself."""
        if path.startswith(("/api/", "/runtime/", "/identity", "/v3/", "/catalog")):
            return path.replace("{plan}", "ketway-open")
        values = {"/backends": "ibm_torino", "/accounts": self.account}
        value = next((v for start, v in values.items() if path.startswith(start)), None)
        if path.endswith("/cancel"):
            value = self.job(LONG, "ibmq_qasm_simulator")
        elif path.startswith("/jobs/{id}"):
            value = self.finished() if method == "DELETE" else self.kept
        elif path.startswith("/sessions/{id}"):
            value = self.session()
        found = path.replace("{plan}", "ketway-open").replace("{id}", value or "")
        return BASE + found + QUERIES.get(path, "")

    def body(self, method: str, path: str) -> Any:
        if (method, path) == ("POST", "/jobs"):
            params = {"pubs": [[SHORT, None, 10]], "version": 2}
            return {"program_id": "sampler", "backend": "ibm_torino", "params": params}
        bodies = {
            "/sessions": {"mode": "dedicated", "backend": "ibm_fez"},
            "/sessions/{id}": {"accepting_jobs": False},
            "/jobs/{id}/tags": {"tags": ["a"]},
            "/instances/configuration": {"instance_limit": 100},
            "/v3/resources/search": {"query": "service_name:quantum-computing", "fields": ["crn"]},
            "/api/users/loginWithToken": {"apiToken": KEY},
        }
        return bodies.get(path) if method != "GET" else None

    def program(self, name: str) -> str:
        """Whether a program is known: what is wrong with its parameters makes a failed job."""
        body = {"program_id": name, "backend": "ibm_torino", "params": {}}
        status, _ = self.send("POST", f"{BASE}/jobs", body)
        return "runs" if status == 200 else "is not known"


def page(server: serving.Server) -> str:
    prober = Prober(server)
    document = json.loads(recorded.OPERATIONS.read_text())
    clients = recorded.clients()
    answered = 0
    sections: dict[str, list[str]] = {}
    for section in ("operations", "others"):
        lines = sections[section] = []
        for row in document[section]:
            call = f"{row['method']} {row['path']}"
            what = prober.ask(row["method"], row["path"])
            answered += section == "operations" and what.startswith("answers")
            callers = " | ".join("yes" if call in calls else "" for calls in clients.values())
            lines.append(f"| `{call}` | {row['what']} | {what} | {callers} |")
    head = f"| Ketway | {' | '.join(clients)} |\n|{'---|' * (3 + len(clients))}\n"
    programs = [f"| `{name}` | {prober.program(name)} |" for name in document["programs"]]
    return (
        "# Coverage of IBM's Qiskit Runtime API\n\n"
        "Written by `script/coverage-table`; do not edit. The methods are those of the client's "
        "own classes, and the contract tests call every one of them; what each asks the server for "
        "was recorded then, and so was which client asks for which operation (QRMI, which is "
        "written in Rust, cannot be listened to). What Ketway does was asked of a running "
        "Ketway.\n\n"
        f"Ketway implements {answered} of the {len(document['operations'])} operations of IBM's "
        f"document of {document['document_version']}.\n\n"
        "## Public methods of qiskit-ibm-runtime\n\n"
        f"As of {newest(clients)}. A blank: the method needs no request of its own.\n\n"
        + methods()
        + "\n## Operations of the document\n\n"
        f"| Operation | What it is {head}" + "\n".join(sections["operations"]) + "\n\n"
        "## Paths that the document leaves out\n\n"
        f"| Path | Who needs it {head}" + "\n".join(sections["others"]) + "\n\n"
        "## Programs\n\n"
        "| Program | Ketway |\n|---|---|\n" + "\n".join(programs) + "\n"
    )


def newest(clients: dict[str, list[str]]) -> str:
    versions = [name for name in clients if name.startswith("qiskit-ibm-runtime ")]
    return max(versions, key=lambda name: [int(n) for n in name.split()[1].split(".")])


def methods() -> str:
    lines = ["| Method | Requests |", "|---|---|"]
    for name, members in recorded.methods().items():
        for member, calls in members.items():
            shown = ", ".join(f"`{call}`" for call in calls)
            lines.append(f"| `{name}.{member}` | {shown} |")
    return "\n".join(lines) + "\n"
