"""The operations of v0.3, over the wire, as IonQ's pages and its older SDKs have them."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.acceptance.serving import BELL, Client, Server

H = {"gate": "h", "target": 0}
ONE = {"format": "ionq.circuit.v0", "qubits": 1, "circuit": [H]}

# IonQ's own, from its page on jobs of several circuits.
TWO_CIRCUITS = """{
  "target": "simulator",
  "shots": 1024,
  "name": "Multicircuit Job Example",
  "input": {
    "format": "ionq.circuit.v0",
    "gateset": "qis",
    "qubits": 3,
    "circuits": [
      {
        "name": "Circuit 1",
        "circuit": [
          {"gate": "rz", "targets": [0], "rotation": -0.7853981633974474},
          {"gate": "ry", "targets": [0], "rotation": 3.141592653589793}
        ]
      },
      {
        "name": "Circuit 2",
        "circuit": [
          {"gate": "h", "targets": [1]},
          {"gate": "x", "targets": [2], "controls": [1]}
        ]
      }
    ]
  }
}"""
THREE_HADAMARDS = """{
  "target": "simulator",
  "shots": 100,
  "input": [
    {"format": "ionq.circuit.v0", "qubits": 1, "circuit": [{"gate": "h", "target": 0}]},
    {"format": "ionq.circuit.v0", "qubits": 1, "circuit": [{"gate": "h", "target": 0}]},
    {"format": "ionq.circuit.v0", "qubits": 1, "circuit": [{"gate": "h", "target": 0}]}
  ]
}"""


def get(client: Client, path: str, status: int = 200) -> Any:
    answer = client.ask("GET", f"/v0.3{path}")
    assert answer.status == status, answer.raw
    return answer.json


def create(client: Client, input_: Any = ONE, **more: Any) -> str:
    answer = client.ask("POST", "/v0.3/jobs", {"input": input_, **more})
    assert answer.status == 200, answer.raw
    return str(answer.json["id"])


def run(client: Client, input_: Any = ONE, **more: Any) -> str:
    job_id = create(client, input_, **more)
    client.completed(job_id)
    return job_id


def curled(server: Server, *arguments: str) -> Any:
    command = ["curl", "-sS", "-H", "Authorization: apiKey your-api-key", *arguments]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (TWO_CIRCUITS, [{"1": 1.0}, {"0": 0.5, "6": 0.5}]),
        (THREE_HADAMARDS, [{"0": 0.5, "1": 0.5}] * 3),
    ],
)
def test_the_examples_of_ionqs_pages_by_curl(server: Server, body: str, wanted: Any) -> None:
    """As they are printed there, but for the host."""
    api = f"{server.url}/v0.3/jobs"
    created = curled(server, "-X", "POST", api, "-H", "Content-Type: application/json", "-d", body)
    assert created["status"] == "ready"
    assert abs(created["request"] - time.time()) < 60
    deadline = time.monotonic() + 30
    while (job := curled(server, f"{api}/{created['id']}"))["status"] != "completed":
        assert time.monotonic() < deadline, job
    results = curled(server, f"{api}/{created['id']}/results")
    assert list(results) == job["children"]
    for found, expected in zip(results.values(), wanted, strict=True):
        assert found == pytest.approx(expected, abs=1e-12)


def test_a_completed_job(client: Client) -> None:
    job_id = run(client, BELL, name="bell", metadata={"b": "2", "a": "1"}, shots=50)
    job = get(client, f"/jobs/{job_id}")
    times = {name: job.pop(name) for name in ("request", "start", "response", "execution_time")}
    assert times["request"] <= times["start"] <= times["response"] <= time.time() + 1
    assert all(isinstance(value, int) for value in times.values())
    assert isinstance(job.pop("predicted_execution_time"), int)
    assert job == {
        "id": job_id,
        "status": "completed",
        "type": "ionq.circuit.v1",
        "target": "simulator",
        "name": "bell",
        "metadata": {"b": "2", "a": "1"},
        "shots": 50,
        "noise": {"model": "ideal"},
        "qubits": 2,
        "circuits": 1,
        "gate_counts": {"1q": 1, "2q": 1},
        "results_url": f"/v0.3/jobs/{job_id}/results",
        "dry_run": False,
    }
    assert list(job["metadata"]) == ["b", "a"]
    assert client.ask("GET", job["results_url"]).json == {"0": 0.5, "3": 0.5}


@pytest.mark.parametrize("key", ["input", "body"])
@pytest.mark.parametrize("shots", [200, "200", 200.0])
def test_what_older_clients_write(client: Client, key: str, shots: Any) -> None:
    """cirq-ionq: `body` and `lang`, shots as text. CUDA-Q: a control character as `qubits`."""
    asked = {key: BELL, "lang": "json", "shots": shots, "qubits": "\u001d", "target": "qpu.aria-1"}
    answer = client.ask("POST", "/v0.3/jobs", asked)
    assert answer.status == 200, answer.raw
    client.completed(answer.json["id"])
    assert get(client, f"/jobs/{answer.json['id']}")["shots"] == 200
    results = get(client, f"/jobs/{answer.json['id']}/results")
    assert sum(round(200 * share, 9) for share in results.values()) == 200


def test_the_smallest_job(client: Client) -> None:
    """IonQ's page says that all but a list of gates may be left out."""
    job_id = run(client, {"circuit": [{"gate": "x", "target": 2}]})
    assert get(client, f"/jobs/{job_id}/results") == {"4": 1.0}
    assert get(client, f"/jobs/{job_id}")["shots"] == 100


def test_several_circuits(client: Client) -> None:
    circuits = [
        {"name": f"c{i}", "circuit": [{"gate": "x", "target": i}], "registers": {"m": [i, None]}}
        for i in (2, 0, 1)
    ]
    job_id = run(client, {"qubits": 3, "circuits": circuits}, metadata={"k": "v"})
    job = get(client, f"/jobs/{job_id}")
    assert (job["circuits"], job["type"]) == (3, "ionq.multi-circuit.v1")
    children = [get(client, f"/jobs/{child}") for child in job["children"]]
    assert [child["name"] for child in children] == ["c2", "c0", "c1"]
    assert [child["registers"] for child in children] == [{"m": [i, None]} for i in (2, 0, 1)]
    assert "children" not in children[0]
    results = get(client, f"/jobs/{job_id}/results?sharpen=True")
    assert list(results.items()) == list(
        zip(job["children"], [{"4": 1.0}, {"1": 1.0}, {"2": 1.0}], strict=True)
    )
    assert get(client, f"/jobs/{job['children'][0]}/results") == {"4": 1.0}


def test_registers_come_back_as_they_went(client: Client) -> None:
    registers = {"meas_mapped": [1, None, 0]}
    job_id = run(client, BELL, registers=registers)
    assert get(client, f"/jobs/{job_id}")["registers"] == registers
    assert "registers" not in get(client, f"/jobs/{run(client, BELL, registers={})}")
    later = client.ask("GET", f"/v0.4/jobs/{job_id}").json
    assert later["settings"] == {}


@pytest.mark.parametrize(
    "text",
    [
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[3]; creg c[3]; x q[1]; measure q -> c;',
        'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; x q[1]; c = measure q;',
    ],
)
@pytest.mark.parametrize("name", ["openqasm", "qasm", "qasm2", "qasm3", "ionq.qasm3.v1"])
def test_openqasm(client: Client, text: str, name: str) -> None:
    job_id = run(client, {"format": name, "data": text})
    assert get(client, f"/jobs/{job_id}/results") == {"2": 1.0}
    assert get(client, f"/jobs/{job_id}")["type"] == "ionq.qasm3.v1"


def test_metadata_is_given_back_byte_for_byte(client: Client) -> None:
    kept = b'{"a":"\\u001f0,1\\u001e","b":"' + b"QUJD" * 10_000 + b'","c":"\xc3\xa9 \\"\\\\"}'
    body = b'{"input":' + json.dumps(ONE).encode() + b',"metadata":' + kept + b"}"
    answer = client.ask("POST", "/v0.3/jobs", body)
    assert answer.status == 200, answer.raw
    assert kept in client.ask("GET", f"/v0.3/jobs/{answer.json['id']}").raw
    assert kept in client.ask("GET", f"/v0.4/jobs/{answer.json['id']}").raw


def test_noise_with_a_seed_repeats(client: Client) -> None:
    noise = {"model": "harmony", "seed": 100}
    first, second = (run(client, BELL, noise=noise, shots=500) for _ in range(2))
    assert get(client, f"/jobs/{first}/results") == get(client, f"/jobs/{second}/results")
    assert get(client, f"/jobs/{first}")["noise"] == noise


@pytest.mark.parametrize("shots", [100, 1000, 997])
@pytest.mark.parametrize("target", ["simulator", "qpu.harmony"])
def test_a_quantum_log_multiplies_to_whole_shots(client: Client, shots: int, target: str) -> None:
    """As CUDA-Q reads it: times the number of shots, and the fraction dropped."""
    gates = [{"gate": "ry", "target": q, "rotation": 0.4 + q} for q in range(4)]
    job_id = run(client, {"circuit": gates}, shots=shots, target=target)
    found = get(client, f"/jobs/{job_id}/results?format=qir.quantum-log.v0&sharpen=true")
    assert sum(int(value * shots) for value in found.values()) == shots
    assert sum(value * shots for value in found.values()) == pytest.approx(shots, abs=1e-9)


def test_cuda_q_finds_its_job_by_a_query(client: Client) -> None:
    job_id = run(client)
    (found,) = get(client, f"/jobs?id={job_id}")["jobs"]
    assert found == get(client, f"/jobs/{job_id}")


def test_lists_are_pages_newest_first(client: Client) -> None:
    ids = [run(client, name="listed") for _ in range(3)]
    page = get(client, "/jobs?limit=2")
    assert [job["id"] for job in page["jobs"]] == ids[:0:-1]
    following = get(client, f"/jobs?limit=2&next={page['next']}")
    assert following["jobs"][0]["id"] == ids[0]
    both = "&".join(f"id[]={job_id}" for job_id in ids[:2])
    assert [job["id"] for job in get(client, f"/jobs?{both}")["jobs"]] == ids[1::-1]
    assert "next" not in get(client, f"/jobs?{both}")
    assert get(client, f"/jobs?{both}&status=running") == {"jobs": []}
    assert get(client, f"/jobs?{both}&target=qpu.aria-1") == {"jobs": []}
    assert get(client, f"/jobs?{both}&submitter_id=somebody-else") == {"jobs": []}


def test_fields_are_chosen(client: Client) -> None:
    job_id = run(client, metadata={"large": "x" * 100})
    some = get(client, f"/jobs/{job_id}?include[]=name&include[]=qubits")
    assert some == {"id": job_id, "status": "completed", "qubits": 1}
    less = get(client, f"/jobs/{job_id}?exclude=metadata&exclude=status")
    assert "metadata" not in less
    assert less["status"] == "completed"
    (listed,) = get(client, f"/jobs?id={job_id}&exclude=metadata")["jobs"]
    assert listed == less
    refused = client.ask("GET", f"/v0.3/jobs/{job_id}?include=colour")
    assert refused.status == 400
    assert "a job has no field 'colour'" in refused.json["message"]


def test_cancel_and_delete(client: Client) -> None:
    long = [{"gate": "rx", "target": q % 26, "rotation": 0.1 + q} for q in range(3000)]
    long += [{"gate": "cnot", "control": q % 26, "target": (q + 1) % 26} for q in range(3000)]
    first, second, third = (create(client, {"circuit": long}) for _ in range(3))
    canceled = client.ask("PUT", f"/v0.3/jobs/{first}/status/cancel")
    assert canceled.json == {"id": first, "status": "canceled"}
    answer = client.ask("PUT", "/v0.3/jobs/status/cancel", {"ids": [second, third]})
    assert answer.json == {"ids": [second, third], "status": "canceled"}
    assert get(client, f"/jobs/{first}")["status"] == "canceled"
    assert client.ask("DELETE", f"/v0.3/jobs/{first}").json == {"id": first, "status": "deleted"}
    gone = {"ids": [second], "status": "deleted"}
    assert client.ask("DELETE", "/v0.3/jobs", {"ids": [second]}).json == gone
    gone["ids"] = [third]
    assert client.ask("DELETE", f"/v0.3/jobs?ids[]={third}").json == gone
    for job_id in (first, second, third):
        get(client, f"/jobs/{job_id}", 404)


def test_a_job_that_runs_is_running(client: Client) -> None:
    long = [{"gate": "rx", "target": q % 26, "rotation": 0.1 + q} for q in range(3000)]
    long += [{"gate": "cnot", "control": q % 26, "target": (q + 1) % 26} for q in range(3000)]
    job_id = create(client, {"circuit": long})
    client.until(job_id, "started")
    job = get(client, f"/jobs/{job_id}")
    assert (job["status"], "start" in job, "results_url" in job) == ("running", True, False)
    assert job_id in [found["id"] for found in get(client, "/jobs?status=running")["jobs"]]
    refused = client.ask("GET", f"/v0.3/jobs/{job_id}/results")
    assert (refused.status, refused.json["statusCode"]) == (404, 404)
    client.ask("PUT", f"/v0.3/jobs/{job_id}/status/cancel")


def test_a_failure_says_why(client: Client) -> None:
    gates = [{"gate": "rx", "target": q, "rotation": 0.3} for q in range(40)]
    job_id = create(client, {"circuit": gates})
    client.ended(job_id)
    job = get(client, f"/jobs/{job_id}")
    assert job["failure"]["code"] == "NotEnoughQubits"
    assert "40" in job["failure"]["error"]
    assert "results_url" not in job


def test_each_version_shows_the_jobs_of_the_other(client: Client) -> None:
    older, newer = run(client, BELL, name="older"), client.submit(BELL, name="newer")
    client.completed(newer)
    seen = client.ask("GET", f"/v0.4/jobs/{older}").json
    assert (seen["name"], seen["type"], seen["stats"]["qubits"]) == ("older", "ionq.circuit.v1", 2)
    assert get(client, f"/jobs/{newer}")["name"] == "newer"
    assert get(client, f"/jobs/{newer}/results") == {"0": 0.5, "3": 0.5}
    listed = client.ask("GET", "/v0.4/jobs").json["jobs"]
    assert {older, newer} <= {job["id"] for job in listed}
    dialects = {older: "ionq_v03", newer: "ionq_v04"}
    assert {job_id: client.job(job_id)["dialect"] for job_id in dialects} == dialects


def test_mitigation_that_was_asked_for_is_shown_in_each_version(client: Client) -> None:
    job_id = run(client, BELL, error_mitigation={"debias": True})
    job = get(client, f"/jobs/{job_id}")
    assert job["error_mitigation"] == {"debias": True}
    assert job["warning"] == {"messages": ["Debiasing has no effect on the simulator."]}
    later = client.ask("GET", f"/v0.4/jobs/{job_id}").json
    assert later["settings"] == {"error_mitigation": {"debiasing": True}}


def test_backends(client: Client) -> None:
    found = {entry["backend"]: entry for entry in get(client, "/backends")}
    assert found["simulator"]["qubits"] == 29
    assert "aria-1" in found["simulator"]["noise_models"]
    assert {entry["status"] for entry in found.values()} <= {"available", "unavailable"}
    assert all(isinstance(entry["last_updated"], int) for entry in found.values())
    verbose = {entry["backend"]: entry for entry in get(client, "/backends?status=verbose")}
    for name, entry in verbose.items():
        assert entry["status"] == ("running" if found[name]["status"] == "available" else "offline")


def test_the_report_of_an_organization(client: Client) -> None:
    run(client, BELL)
    today = datetime.now(UTC).date().isoformat()
    report = get(client, "/report/organizations/com.example")
    assert (report["organization_id"], report["end_date"]) == ("com.example", today)
    (member,) = report["members"]
    assert member["jobs"] >= 1
    used = {entry["qpu_name"]: entry["usage"] for entry in report["qpus"]}
    assert used["simulator"] > 0
    assert sum(used.values()) == pytest.approx(member["execution_time"])
    past = get(client, "/report/organizations/x?start_date=2001-01-01&end_date=2001-01-31")
    assert (past["qpus"], past["members"]) == ([], [])


def test_pytkets_calls_of_v01_and_v02(client: Client) -> None:
    body = {"lang": "json", "body": {"qubits": 2, "circuit": [{"gate": "x", "target": 1}]}}
    answer = client.ask("POST", "/v0.1/jobs/", {**body, "target": "simulator", "shots": 10})
    assert (answer.status, answer.json["status"]) == (200, "ready")
    client.completed(answer.json["id"])
    job = client.ask("GET", f"/v0.1/jobs/{answer.json['id']}").json
    assert (job["status"], job["qubits"]) == ("completed", 2)
    assert job["data"] == {"histogram": {"2": 1.0}}
    assert "error" not in job
    listed = client.ask("GET", "/v0.2/backends").json
    assert {"simulator", "qpu.harmony"} <= {entry["backend"] for entry in listed}
    refused = client.ask("POST", "/v0.1/jobs/", {"body": {}})
    assert (refused.status, refused.json["error"]) == (400, "Bad Request")
