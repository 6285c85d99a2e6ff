"""The flow of QRMI itself: acquire, start, wait, read, stop, release."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import expected
import pytest
import qrmi
import serving
from qiskit import QuantumCircuit, qasm3
from qiskit_ibm_runtime import RuntimeDecoder
from resources import made

SHOTS = 4000
OVER = (qrmi.TaskStatus.Completed, qrmi.TaskStatus.Failed, qrmi.TaskStatus.Cancelled)


def sampler(circuit: QuantumCircuit | str, shots: int = SHOTS) -> Any:
    text = circuit if isinstance(circuit, str) else qasm3.dumps(circuit)
    params = {"pubs": [[text, None, shots]], "version": 2, "support_qiskit": True}
    return qrmi.Payload.QiskitPrimitive(input=json.dumps(params), program_id="sampler")


def ended(resource: Any, task: str) -> Any:
    deadline = time.monotonic() + 60
    while (status := resource.task_status(task)) not in OVER:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return status


def session(server: serving.Server, token: str) -> Any:
    request = urllib.request.Request(f"{server.url}/api/v1/sessions/{token}")
    request.add_header("Authorization", "apikey mine")
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.mark.parametrize("name", ["ibm_torino", "ibmq_qasm_simulator"])
def test_a_resource(name: str) -> None:
    resource = made(name)
    assert resource.resource_id() == name
    status = resource.status()
    assert status.status == qrmi.ResourceStatusCode.Online
    assert status.pending_job_count == 0
    target = json.loads(resource.target().value)
    assert target["configuration"]["backend_name"] == name
    assert bool(target["properties"]) is (name == "ibm_torino")


def test_there_is_no_such_resource() -> None:
    resource = made("ibm_nowhere")
    with pytest.raises(qrmi.ResourceNotFoundError, match="ibm_nowhere"):
        resource.status()


def test_a_session_is_held_and_given_back(resource: Any, server: serving.Server) -> None:
    token = resource.acquire()
    assert resource.metadata() == {"backend_name": "ibm_torino", "session_id": token}
    found = session(server, token)
    assert (found["backend_name"], found["state"]) == ("ibm_torino", "open")
    circuit = 'OPENQASM 3.0; include "stdgates.inc"; bit[1] meas; x $5; meas[0] = measure $5;'
    task = resource.task_start(sampler(circuit))
    assert ended(resource, task) == qrmi.TaskStatus.Completed
    found = session(server, token)
    assert (found["state"], found["accepting_jobs"]) == ("active", True)
    resource.release(token)
    assert session(server, token)["accepting_jobs"] is False


def test_a_task_from_its_start_to_its_result() -> None:
    resource = made("ibmq_qasm_simulator")
    task = resource.task_start(sampler(expected.measured(expected.three())))
    assert ended(resource, task) == qrmi.TaskStatus.Completed
    result = json.loads(resource.task_result(task).value, cls=RuntimeDecoder)
    expected.agree(result[0].data.meas.get_counts(), expected.three())
    assert "completed" in resource.task_logs(task)
    # Of a task that is over, QRMI's stop has nothing to stop.
    resource.task_stop(task)
    assert resource.task_status(task) == qrmi.TaskStatus.Completed


def test_a_running_task_is_stopped() -> None:
    resource = made("ibmq_qasm_simulator")
    task = resource.task_start(sampler(expected.long()))
    assert resource.task_status(task) in (qrmi.TaskStatus.Queued, qrmi.TaskStatus.Running)
    with pytest.raises(qrmi.TaskNotReadyError, match="not completed"):
        resource.task_result(task)
    resource.task_stop(task)
    assert resource.task_status(task) == qrmi.TaskStatus.Cancelled


def test_what_is_wrong_is_said(resource: Any) -> None:
    task = resource.task_start(sampler("OPENQASM 3.0; qubit q; nonsense q;"))
    assert ended(resource, task) == qrmi.TaskStatus.Failed
    assert "There is no gate `nonsense`" in resource.task_logs(task)
    with pytest.raises(qrmi.TaskNotReadyError, match="Failed"):
        resource.task_result(task)
    with pytest.raises(qrmi.InvalidInputError, match="unknown program"):
        resource.task_start(qrmi.Payload.QiskitPrimitive(input="{}", program_id="nothing"))
    with pytest.raises(qrmi.TaskNotFoundError):
        resource.task_status("01a1fc6a-0840-7000-80e3-8afc2f5bfb27")
