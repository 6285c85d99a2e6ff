"""The coverage table of IonQ's v0.3 API, and of the calls of older versions that clients make."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import coverage_ionq
import serving
from coverage_ionq import SINGLE, Answer
from ionq_calls import V03 as CALLS

SDKS = ("qiskit-ionq", "cirq-ionq", "pennylane-ionq", "pytket-ionq", "cuda-quantum-cu13")


class Prober(coverage_ionq.Prober):
    def finished(self) -> dict[str, Any]:
        return self.done(self.call("POST", "/jobs", {"input": SINGLE, "shots": 10}))

    def ask(self, method: str, path: str) -> Answer:
        concrete = path.replace("{backend}", "qpu.forte-1")
        if "/jobs/{UUID}" in path:
            concrete = concrete.replace("{UUID}", self.finished()["id"])
        elif "{UUID}" in path:
            _, found = self.call("GET", "/characterizations/backends/qpu.forte-1/current")
            concrete = concrete.replace("{UUID}", found["id"])
        concrete = re.sub(r"\{\w+\}", self.unknown, concrete)
        body = None if method == "GET" else self.body(method, path)
        # Those of older versions have it in their path.
        send = self.send if path.startswith("/v0.") else self.call
        return self.answer(*send(method, concrete, body))

    def body(self, method: str, path: str) -> Any:
        if method == "POST":
            return {"input": SINGLE}
        if path in ("/jobs", "/jobs/status/cancel"):
            return {"ids": [self.finished()["id"]]}
        return {}


def page(server: serving.Server) -> str:
    return coverage_ionq.page(
        Prober(server, CALLS),
        SDKS,
        "Coverage of IonQ's v0.3 API",
        "the operations that IonQ's pages on v0.3 had in May 2026",
    )
