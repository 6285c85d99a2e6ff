from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.acceptance import serving
from tests.acceptance.serving import BELL, Client
from tests.store.making import family

from ketway.jobs.job import State
from ketway.store import changes
from ketway.store.store import Store

BASE = "/api/v1"


def refused(client: Client, body: Any) -> tuple[int, int, str]:
    answer = client.ask("POST", f"{BASE}/jobs", body)
    (problem,) = answer.json["errors"]
    return answer.status, problem["code"], problem["message"]


def run(client: Client, params: Any, **more: Any) -> Any:
    """A sampler job, and what it is when it has ended."""
    body = {"program_id": "sampler", "backend": "ibmq_qasm_simulator", "params": params, **more}
    answer = client.ask("POST", f"{BASE}/jobs", body)
    assert answer.status == 200, answer.raw
    assert answer.json["backend"] == body["backend"]
    return ended(client, answer.json["id"])


def ended(client: Client, job_id: str) -> Any:
    while True:
        job = client.ask("GET", f"{BASE}/jobs/{job_id}?exclude_params=true").json
        if job["state"]["status"] not in ("Queued", "Running"):
            return job


BELL_QASM = """OPENQASM 3.0; include "stdgates.inc";
qubit[2] q; bit[2] meas; h q[0]; cx q[0], q[1]; meas = measure q;"""
ASYMMETRIC = """OPENQASM 3.0; include "stdgates.inc";
qubit[3] q; bit[2] a; bit[1] b; x q[0]; a[0] = measure q[0]; a[1] = measure q[1];
b[0] = measure q[2];"""


def test_openqasm_without_qiskit(client: Client) -> None:
    params = {"pubs": [[BELL_QASM, None, 100], [ASYMMETRIC]], "shots": 7, "version": 2}
    job = run(client, params, tags=["x", "y"], cost=60)
    assert (job["status"], job["program"], job["tags"]) == (
        "Completed",
        {"id": "sampler"},
        ["x", "y"],
    )
    answer = client.ask("GET", f"{BASE}/jobs/{job['id']}/results")
    assert answer.headers["content-type"].startswith("text/plain")
    first, second = json.loads(answer.raw)["results"]
    assert first["data"]["meas"]["num_bits"] == 2
    samples = first["data"]["meas"]["samples"]
    assert len(samples) == 100
    assert set(samples) == {"0x0", "0x3"}
    assert second["data"] == {
        "a": {"samples": ["0x1"] * 7, "num_bits": 2},
        "b": {"samples": ["0x0"] * 7, "num_bits": 1},
    }
    shown = client.ask("GET", f"{BASE}/jobs/{job['id']}").json
    assert shown["params"] == params
    metrics = client.ask("GET", f"{BASE}/jobs/{job['id']}/metrics").json
    assert metrics["usage"]["status"] == "complete"
    assert set(metrics["timestamps"]) == {"created", "running", "finished"}


def test_a_seed_gives_the_same_shots(client: Client) -> None:
    params = {"pubs": [[BELL_QASM, None, 64]], "options": {"simulator": {"seed_simulator": 5}}}
    results = [
        client.ask("GET", f"{BASE}/jobs/{run(client, params)['id']}/results").raw for _ in range(2)
    ]
    assert results[0] == results[1]


def test_a_private_job_is_read_once(client: Client) -> None:
    job = run(client, {"pubs": [[BELL_QASM]]}, private=True)
    assert job["private"] is True
    assert "params" not in client.ask("GET", f"{BASE}/jobs/{job['id']}").json
    assert client.ask("GET", f"{BASE}/jobs/{job['id']}/results").status == 200
    assert client.ask("GET", f"{BASE}/jobs/{job['id']}/results").status == 204


@pytest.mark.parametrize(
    ("params", "where"),
    [
        ({}, "pubs: "),
        ({"pubs": []}, "pubs: "),
        ({"pubs": [[]]}, "pubs[0]: "),
        ({"pubs": [[7]]}, "pubs[0][0]: a circuit is wanted"),
        ({"pubs": [["AAAA"]]}, "pubs[0][0]: this is not compressed with zlib"),
        ({"pubs": [[BELL_QASM, [1.0]]]}, "pubs[0][1]: the circuit has no parameters"),
        ({"pubs": [[BELL_QASM, None, 0]]}, "pubs[0][2]: shots are"),
        ({"pubs": [[BELL_QASM, None, 100_000_001]]}, "asks for 100,000,001"),
        ({"pubs": [["OPENQASM 3.0; qubit q;"]]}, "no classical register"),
        ({"pubs": [["OPENQASM 3.0; qubit q; wrong q;"]]}, "pubs[0][0]: "),
        ({"pubs": [[BELL_QASM]], "options": {"twirling": {"strategy": "some"}}},
         "options.twirling.strategy: "),
        ({"pubs": [["OPENQASM 3.0; qubit[33] q; bit[33] c; c = measure q;"]]}, "33 qubits"),
    ],
)  # fmt: skip
def test_wrong_parameters_fail_the_job(client: Client, params: Any, where: str) -> None:
    job = run(client, params)
    assert job["status"] == "Failed"
    assert where in job["state"]["reason"]
    assert job["state"]["reason_code"] in (1002, 1109, 6000, 7000)
    assert where in client.ask("GET", f"{BASE}/jobs/{job['id']}/results").raw.decode()


def test_a_job_that_runs_too_long(client: Client) -> None:
    """26 qubits and as many noisy layers as take more than the second that is given."""
    gates = "".join(f"h q[{i}]; cx q[{i}], q[{(i + 1) % 26}]; t q[{i}];" for i in range(26)) * 40
    text = f'OPENQASM 3.0; include "stdgates.inc"; qubit[26] q; bit[26] c; {gates} c = measure q;'
    job = run(client, {"pubs": [[text, None, 10]]}, cost=1)
    assert job["state"]["status"] == "Cancelled"
    assert job["state"]["reason_code"] == 1305
    assert job["status"] == "Cancelled - Ran too long"


def test_ending_and_deleting(client: Client) -> None:
    gates = "".join(f"h q[{i}]; cx q[{i}], q[{(i + 1) % 26}]; t q[{i}];" for i in range(26)) * 40
    text = f'OPENQASM 3.0; include "stdgates.inc"; qubit[26] q; bit[26] c; {gates} c = measure q;'
    body = {
        "program_id": "sampler",
        "backend": "simulator_statevector",
        "params": {"pubs": [[text]]},
    }
    job_id = client.ask("POST", f"{BASE}/jobs", body).json["id"]
    assert client.ask("DELETE", f"{BASE}/jobs/{job_id}").status == 409
    assert client.ask("GET", f"{BASE}/jobs/{job_id}/results").status == 204
    assert client.ask("POST", f"{BASE}/jobs/{job_id}/cancel").status == 204
    assert ended(client, job_id)["state"] == {"status": "Cancelled"}
    assert client.ask("POST", f"{BASE}/jobs/{job_id}/cancel").status == 409
    assert client.ask("PUT", f"{BASE}/jobs/{job_id}/tags", {"tags": ['n"1']}).status == 204
    assert client.ask("GET", f"{BASE}/jobs?tags=n%221").json["count"] == 1
    assert client.ask("GET", f"{BASE}/jobs?tags=n%221&tags=m").json["count"] == 0
    assert client.ask("PUT", f"{BASE}/jobs/{job_id}/tags", {"tags": ["x" * 87]}).status == 400
    assert "submitted" in client.ask("GET", f"{BASE}/jobs/{job_id}/logs").raw.decode()
    assert client.ask("DELETE", f"{BASE}/jobs/{job_id}").status == 204
    assert client.ask("GET", f"{BASE}/jobs/{job_id}").status == 404


def test_what_else_is_wrong_is_said_first(client: Client) -> None:
    sampler = {"program_id": "sampler", "backend": "simulator_mps", "params": {}}
    assert refused(client, {**sampler, "program_id": "teleport"})[0] == 404
    assert refused(client, {**sampler, "backend": "nope"})[:2] == (400, 1007)
    assert refused(client, {**sampler, "backend": "qpu.forte-9"})[:2] == (400, 1007)
    assert refused(client, {"program_id": "sampler"})[0] == 400
    assert refused(client, b"{")[0] == 400
    assert refused(client, [])[0] == 400


def test_a_job_that_is_none(client: Client) -> None:
    ionq = client.submit(BELL)
    for job_id in ("d1d8d3e2d25bc415db51", "01a1fc6a-0840-7000-80e3-8afc2f5bfb27", ionq):
        answer = client.ask("GET", f"{BASE}/jobs/{job_id}?exclude_params=true")
        assert answer.status == 404
        assert job_id in answer.json["errors"][0]["message"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "offset=-1", "offset=99999999999999999999", "sort=UP",
     "created_after=noon", "pending=maybe"],
)  # fmt: skip
def test_a_query_that_means_nothing(client: Client, query: str) -> None:
    answer = client.ask("GET", f"{BASE}/jobs?{query}")
    assert answer.status == 400, answer.raw
    assert query.partition("=")[0] in answer.json["error"]["message"]


@contextmanager
def with_jobs(data: Path) -> Iterator[list[str]]:
    """Three finished jobs as programs will leave them, put in before the server starts."""
    store = Store(data)
    store.open()
    jobs = []
    for number, state in enumerate((State.COMPLETED, State.FAILED, State.CANCELED)):
        (job,) = family(store, state=state, backend="simulator_mps")
        jobs.append(
            msgspec.structs.replace(
                job,
                dialect="ibm_runtime",
                routine="sampler" if number else "estimator",
                settings=json.dumps({"cost": 600}),
                tags=[f"t{number}"],
                started_at=job.submitted_at,
                completed_at=job.submitted_at + 2_500_000,
            )
        )
    for job in jobs:
        store.submit(lambda c, job=job: changes.insert_job(c, [job], None)).result()  # type: ignore[misc]
    store.close()
    yield [job.id for job in jobs]


def test_a_list_by_pages_and_filters(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with with_jobs(data) as ids, serving.serving(data) as server:
        client = server.client(Authorization="apikey any")
        client.submit(BELL)  # IonQ's, which is in no list of IBM's

        def ask(query: str) -> Any:
            return client.ask("GET", f"{BASE}/jobs?exclude_params=true&{query}").json

        def listed(query: str) -> list[str]:
            return [job["id"] for job in ask(query)["jobs"]]

        assert listed("") == ids[::-1]
        assert listed("sort=ASC") == ids
        assert listed("limit=1&offset=1") == [ids[1]]
        assert ask("limit=1&offset=1")["count"] == 3
        assert (ask("offset=7")["count"], ask("offset=7")["jobs"]) == (7, [])
        assert listed("program=estimator") == [ids[0]]
        assert listed("pending=true") == []
        assert listed("pending=false") == ids[::-1]
        assert listed("backend=simulator_stabilizer") == []
        assert listed("created_before=2020-01-01T00:00:00%2B00:00") == []
        assert listed("created_after=2020-01-01T00:00:00%2B00:00") == ids[::-1]
        found = client.ask("GET", f"{BASE}/jobs/{ids[0]}").json
        assert found["state"]["status"] == found["status"] == "Completed"
        assert (found["program"], found["tags"], found["cost"]) == (
            {"id": "estimator"},
            ["t0"],
            600,
        )
        assert found["created"].endswith("Z")
        states = [job["status"] for job in ask("sort=ASC")["jobs"]]
        assert states == ["Completed", "Failed", "Cancelled"]
        assert client.ask("GET", f"{BASE}/tags?search=t").json == {"tags": ["t0", "t1", "t2"]}
        assert client.ask("GET", f"{BASE}/tags?search=1").json == {"tags": ["t1"]}
        usage = client.ask("GET", f"{BASE}/instances/usage").json
        assert usage["usage_consumed_seconds"] == 7.5
