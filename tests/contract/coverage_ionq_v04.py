"""The coverage table of IonQ's v0.4 API."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import coverage_ionq
import serving
from coverage_ionq import SINGLE, Answer
from ionq_calls import V04 as CALLS

SDKS = ("ionq-core", "qiskit-ionq", "cirq-ionq", "pennylane-ionq", "ionq")
ANSATZ = 'OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[1] q; ry(a) q[0];'
ENERGY = {
    "type": "hamiltonian-energy",
    "data": {
        "hamiltonian": [{"pauli_string": "Z", "coefficient": 1}],
        "ansatz": {"data": ANSATZ},
    },
}
INPUTS: dict[str, dict[str, Any]] = {
    "ionq.circuit.v1": SINGLE,
    "ionq.multi-circuit.v1": {
        "gateset": "qis",
        "qubits": 2,
        "circuits": [{"circuit": SINGLE["circuit"]}],
    },
    "ionq.qasm3.v1": {"data": 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; h q[0];'},
    "quantum-function": {"data": ENERGY, "params": [0.1]},
    "optimization": {"quantum_function": ENERGY, "method": "COBYLA", "maxiter": 5},
    "qctrl.qaoa.v1": {
        "problem_type": "maxcut",
        "problem": {
            "nodes": [{"id": 0}, {"id": 1}],
            "adjacency": [[{"id": 1}], [{"id": 0}]],
        },
    },
}
QUERIES = {
    "/jobs/estimate": "?backend=qpu.forte-1&qubits=2",
    "/organizations/{organization_id}/usage": (
        "?start_date=2026-01-01&end_date=2026-01-31&group_by=job&modality=daily"
    ),
}
SAMPLED = ("/results/histogram", "/results/shots")


class Prober(coverage_ionq.Prober):
    def finished(self, kind: str = "ionq.circuit.v1", backend: str = "simulator") -> dict[str, Any]:
        body = {"type": kind, "backend": backend, "input": INPUTS[kind], "shots": 10}
        return self.done(self.call("POST", "/jobs", body))

    def ask(self, method: str, path: str) -> Answer:
        concrete, body = path, None
        if path.startswith("/jobs/{UUID}"):
            kind = "ionq.multi-circuit.v1" if path.endswith("/aggregated") else "ionq.circuit.v1"
            backend = "qpu.forte-1" if path.endswith(SAMPLED) else "simulator"
            if path.endswith("/progress"):
                kind = "optimization"
            job = self.finished(kind, backend)
            concrete = concrete.replace("{UUID}", job["id"])
            if "{artifactId}" in concrete:
                artifact = next(iter(job["results"].values()))["id"]
                concrete = concrete.replace("{artifactId}", artifact)
        elif "{UUID}" in path:
            _, found = self.call("GET", "/backends/qpu.forte-1/characterizations?limit=1")
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
        return self.answer(*self.call(method, concrete, body))

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
        return self.answer(*self.call("POST", "/jobs", body))


def page(server: serving.Server) -> str:
    prober = Prober(server, CALLS)
    dated = json.loads(CALLS.operations.read_text())["document_date"]
    types = [f"| `{kind}` | {prober.ask_type(kind)} |" for kind in INPUTS]
    return coverage_ionq.page(
        prober,
        SDKS,
        "Coverage of IonQ's v0.4 API",
        f"the operations of IonQ's document of {dated}",
        "\n## Job types\n\n| Type | Ketway |\n|---|---|\n" + "\n".join(types) + "\n",
    )
