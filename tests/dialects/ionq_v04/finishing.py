"""Jobs as IonQ's API shows them when they have ended."""

from __future__ import annotations

from typing import Any

from tests.acceptance.serving import Client


def run_on(
    client: Client, backend: str, shots: int, qubits: int, gates: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """A job with one circuit."""
    body = {"type": "ionq.circuit.v1", "backend": backend, "shots": shots,
            "input": {"qubits": qubits, "gateset": "qis", "circuit": gates}, **more}  # fmt: skip
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 201, answer.raw
    return finished(client, answer.json["id"])


def finished(client: Client, job_id: str) -> dict[str, Any]:
    client.ended(job_id)
    shown: dict[str, Any] = client.ask("GET", f"/v0.4/jobs/{job_id}").json
    return shown
