"""Programs beside the primitives of the second version, as they answer callers without Qiskit."""

from __future__ import annotations

import json
from typing import Any

from tests.acceptance.serving import Client
from tests.dialects.ibm_runtime.test_jobs import ASYMMETRIC, BASE, BELL_QASM, ended


def result(client: Client, program: str, params: Any, **more: Any) -> Any:
    body = {"program_id": program, "backend": "ibmq_qasm_simulator", "params": params, **more}
    answer = client.ask("POST", f"{BASE}/jobs", body)
    assert answer.status == 200, answer.raw
    job = ended(client, answer.json["id"])
    assert job["status"] == "Completed", job
    assert job["program"] == {"id": program}
    return json.loads(client.ask("GET", f"{BASE}/jobs/{job['id']}/results").raw)


def test_a_runner(client: Client) -> None:
    params = {
        "circuits": [BELL_QASM, ASYMMETRIC],
        "shots": 50,
        "memory": True,
        "seed_simulator": 3,
        "header": {"mine": 1},
    }
    found = result(client, "circuit-runner", params)
    assert found["backend_name"] == "ibmq_qasm_simulator"
    assert (found["success"], found["status"], found["header"]) == (True, "COMPLETED", {"mine": 1})
    bell, other = found["results"]
    assert set(bell["data"]["counts"]) == {"0x0", "0x3"}
    memory = bell["data"]["memory"]
    assert {text: memory.count(text) for text in memory} == bell["data"]["counts"]
    assert (bell["shots"], bell["seed"], bell["meas_level"]) == (50, 3, 2)
    assert other["data"]["counts"] == {"0x1": 50}
    assert other["header"]["creg_sizes"] == [["a", 2], ["b", 1]]
    assert other["header"]["clbit_labels"] == [["a", 0], ["a", 1], ["b", 0]]
    assert (other["header"]["memory_slots"], other["header"]["n_qubits"]) == (3, 3)


def test_a_runner_of_openqasm(client: Client) -> None:
    """One whose circuit decides by what it measured."""
    text = """OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0];
    c[0] = measure q[0]; if (c[0]) { x q[1]; } c[1] = measure q[1];"""
    found = result(client, "qasm3-runner", {"circuits": text, "shots": 200})
    (one,) = found["results"]
    assert set(one["data"]["counts"]) == {"0x0", "0x3"}
    assert "memory" not in one["data"]
    assert "seed" not in one


def test_a_first_sampler(client: Client) -> None:
    params = {"circuits": [ASYMMETRIC, BELL_QASM], "run_options": {"shots": 40}}
    found = result(client, "sampler", params)
    assert found["quasi_dists"][0] == {"001": 1.0}
    assert set(found["quasi_dists"][1]) == {"00", "11"}
    assert [one["shots"] for one in found["metadata"]] == [40, 40]


def test_a_first_estimator(client: Client) -> None:
    turned = """OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; x q[0];"""
    params = {
        "circuits": [turned, turned],
        "observables": ["IZ", {"ZI": 0.5, "ZZ": 2.0}],
        "resilience_settings": {"level": 0},
    }
    found = result(client, "estimator", params)
    assert found["values"] == [-1.0, -1.5]
    assert [one["variance"] for one in found["metadata"]] == [0.0, 0.0]


def test_a_machine(client: Client) -> None:
    """Its noise, and its version in what a runner answers."""
    text = """OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; sx q[0]; cz q[0], q[1];
    c = measure q;"""
    params = {"circuits": [text], "shots": 4000}
    found = result(client, "circuit-runner", params, backend="ibm_torino")
    shown = client.ask("GET", f"{BASE}/backends/ibm_torino/configuration").json
    assert found["backend_version"] == shown["backend_version"]
    assert len(found["results"][0]["data"]["counts"]) == 4


def test_a_calibration(client: Client) -> None:
    """It takes the machine as it is; a simulator has nothing to measure."""
    params = {"schema_version": "v0.1", "options": {"experimental": {}}}
    found = result(client, "calibrate", params, backend="ibm_torino")
    assert found["schema_version"] == "v0.1"
    assert found["start"] <= found["stop"]
    for backend, given, said in (
        ("ibmq_qasm_simulator", params, "calibrate a machine"),
        ("ibm_torino", {}, "schema_version: known is v0.1"),
    ):
        body = {"program_id": "calibrate", "backend": backend, "params": given}
        job = ended(client, client.ask("POST", f"{BASE}/jobs", body).json["id"])
        assert job["status"] == "Failed"
        assert said in job["state"]["reason"]
