"""Jobs by ionq-core: bodies made of its models, and the way from one to its answer."""

from __future__ import annotations

import json
from typing import Any

from ionq_core import APIError, wait_for_job
from ionq_core.api.default import create_job, get_job_artifact, get_job_probabilities
from ionq_core.models import CircuitJobCreationPayload, JSONMultiCircuitJob

import circuits

POLL = 0.02
QASM = """OPENQASM 3.0;
include "stdgates.inc";
bit[2] low;
bit[1] high;
qubit[3] q;
x q[0];
ry(0.8) q[2];
cx q[2], q[1];
low[0] = measure q[0];
low[1] = measure q[1];
high[0] = measure q[2];
"""


def single(gates: list[dict[str, Any]], qubits: int = circuits.QUBITS, **options: Any) -> Any:
    body = {
        "type": "ionq.circuit.v1",
        "backend": "simulator",
        "input": {"qubits": qubits, "gateset": "qis", "circuit": gates},
    }
    return CircuitJobCreationPayload.from_dict(body | options)


def native(gates: list[dict[str, Any]], **options: Any) -> Any:
    return single([], input={"qubits": 3, "gateset": "native", "circuit": gates}, **options)


def multi(family: list[list[dict[str, Any]]], **options: Any) -> Any:
    body = {
        "type": "ionq.multi-circuit.v1",
        "backend": "simulator",
        "input": {
            "gateset": "qis",
            "qubits": circuits.QUBITS,
            "circuits": [{"name": f"c{k}", "circuit": gates} for k, gates in enumerate(family)],
        },
    }
    return JSONMultiCircuitJob.from_dict(body | options)


def qasm(text: str, **options: Any) -> Any:
    body = {"type": "ionq.qasm3.v1", "backend": "simulator", "input": {"data": text}}
    return CircuitJobCreationPayload.from_dict(body | options)


def submitted(client: Any, body: Any) -> str:
    created = create_job.sync(client=client, body=body)
    assert created.status == "submitted"
    assert created.session_id is None
    return str(created.id)


def completed(client: Any, body: Any) -> Any:
    job = wait_for_job(client, submitted(client, body), poll_interval=POLL, timeout=60)
    assert job.status == "completed"
    return job


def canceled(client: Any, job_id: str) -> Any:
    return wait_for_job(client, job_id, poll_interval=POLL, timeout=30)


def distribution(client: Any, job_id: str, **query: Any) -> dict[int, float]:
    found = get_job_probabilities.sync(uuid=job_id, client=client, **query)
    return {int(k): v for k, v in found.additional_properties.items()}


def artifact(client: Any, job_id: str, artifact_id: str) -> Any:
    answer = get_job_artifact.sync_detailed(uuid=job_id, artifact_id=artifact_id, client=client)
    assert answer.status_code == 200
    return json.loads(answer.content)


def assert_refused(error: APIError, status: tuple[int, ...] = (400, 404)) -> None:
    """A clear refusal in IonQ's shape, never a fake success and never a 5xx."""
    assert error.status_code in status
    assert isinstance(error.body, dict)
    assert error.body["statusCode"] == error.status_code
    assert isinstance(error.body["error"], str)
    assert len(error.body["message"]) > 20, "a refusal says what is refused"
