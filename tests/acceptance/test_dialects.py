"""Two vendors' APIs and Ketway's own, at one Ketway: each job is found beside the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.acceptance.serving import BELL, Client
from tests.acceptance.test_cli import House

QASM = """OPENQASM 3.0; include "stdgates.inc";
qubit[2] q; bit[2] meas; h q[0]; cx q[0], q[1]; meas = measure q;"""
QUBITS = 28
LAYERS = 40


def slow() -> str:
    """Far more work than a test waits for, in 2 GiB."""
    lines = ['OPENQASM 3.0; include "stdgates.inc";', f"qubit[{QUBITS}] q; bit[{QUBITS}] c;"]
    for layer in range(LAYERS):
        lines += [f"rx({0.3 + layer + q}) q[{q}];" for q in range(QUBITS)]
        lines += [f"cx q[{q}], q[{(q + 1 + layer % 27) % QUBITS}];" for q in range(QUBITS)]
    return "\n".join([*lines, "c = measure q;"])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    house.up()
    yield house
    assert house.down().code == 0


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[Client]:
    client = Client(house.url, {"Authorization": "apiKey any"})
    yield client
    client.close()


def to_ibm(client: Client, **more: Any) -> str:
    body = {
        "program_id": "sampler",
        "backend": "ibmq_qasm_simulator",
        "params": {"pubs": [[QASM, None, 100]], "options": {"simulator": {"seed_simulator": 1}}},
        **more,
    }
    answer = client.ask("POST", "/api/v1/jobs", body)
    assert answer.status == 200, answer.raw
    return str(answer.json["id"])


@pytest.fixture(scope="module")
def jobs(house: House, client: Client) -> dict[str, str]:
    """The same circuit through each API, one after the other."""
    (house.folder / "bell.json").write_text(json.dumps(BELL))
    return {
        "ionq_v04": client.submit(BELL, shots=100, name="from IonQ"),
        "ibm_runtime": to_ibm(client, tags=["from IBM"]),
        "control": house("run", "bell.json", "--no-wait").out.strip(),
    }


def test_all_are_in_one_list(house: House, jobs: dict[str, str]) -> None:
    listed = house("jobs", "--json").json["jobs"]
    assert [(job["dialect"], job["id"]) for job in listed] == [*reversed(jobs.items())]
    for dialect, job_id in jobs.items():
        head, row = house("jobs", "--dialect", dialect).out.splitlines()
        assert head.split()[2] == "DIALECT"
        assert (row.split()[0], row.split()[2]) == (job_id, dialect)


def test_each_is_shown_with_its_result(house: House, jobs: dict[str, str]) -> None:
    for dialect, job_id in jobs.items():
        ended = house("job", job_id, "--wait")
        assert ended.code == 0, ended.err
        assert f"dialect   {dialect}" in ended.out
        assert "00 ███" in ended.out
        assert "11 ███" in ended.out
    out = house("job", jobs["ibm_runtime"]).out
    assert "program   sampler (ibm.params), 1 circuit, 2 qubits" in out
    assert "options   options.simulator.seed_simulator=1" in out
    assert "tags      from IBM" in out
    assert "PUB 0\n  meas, 100 shots" in out
    shown = house("job", jobs["ibm_runtime"], "--json").json
    (counts,) = shown["result"]["pubs"][0]["registers"]["meas"]["counts"]
    assert sum(counts.values()) == 100


def test_each_vendors_client_sees_its_own(client: Client, jobs: dict[str, str]) -> None:
    theirs = client.ask("GET", "/api/v1/jobs").json["jobs"]
    assert [job["id"] for job in theirs] == [jobs["ibm_runtime"]]
    for other in ("ionq_v04", "control"):
        assert client.ask("GET", f"/api/v1/jobs/{jobs[other]}").status == 404


def test_a_private_result_is_left_for_its_client(house: House, client: Client) -> None:
    job_id = to_ibm(client, private=True)
    ended = house("job", job_id, "--wait")
    assert ended.code == 0, ended.err
    assert "private" in ended.out
    assert "00 █" not in ended.out
    assert "options  " not in ended.out
    results = f"/api/v1/jobs/{job_id}/results"
    assert client.ask("GET", results).json["results"]
    assert client.ask("GET", results).status == 204
    assert house("job", job_id).code == 0


def test_a_job_of_ibms_is_canceled_and_deleted(house: House, client: Client) -> None:
    job_id = to_ibm(client, params={"pubs": [[slow()]]})
    client.until(job_id, "started")
    canceled = house("cancel", job_id[:30], "--json")
    assert (canceled.code, canceled.json["jobs"][0]["state"]) == (0, "canceled"), canceled
    one = f"/api/v1/jobs/{job_id}"
    assert client.ask("GET", one).json["status"] == "Cancelled"
    assert house("delete", job_id).out == f"{job_id}  deleted\n"
    assert client.ask("GET", one).status == 404
    assert client.ask("GET", f"{one}/results").status == 404


def test_a_session_of_ibms_is_seen_and_closed(house: House, client: Client) -> None:
    body = {"backend": "ibmq_qasm_simulator", "mode": "batch"}
    session_id = client.ask("POST", "/api/v1/sessions", body).json["id"]
    job_id = to_ibm(client, session_id=session_id)
    client.completed(job_id)
    _, row = house("sessions", "--alive").out.splitlines()
    told = [session_id, "active", "batch", "ibm_runtime", "ibmq_qasm_simulator", "1", "0", "0"]
    assert row.split()[:8] == told
    listed = house("jobs", "--session", session_id[:30], "--json").json["jobs"]
    assert [job["id"] for job in listed] == [job_id]
    assert f"session   {session_id}" in house("job", job_id).out
    closed = house("session", session_id, "--close")
    assert closed.out.splitlines()[0] == f"Session {session_id}  closed"
    assert "no more jobs: it was closed" in closed.out
    assert client.ask("GET", f"/api/v1/sessions/{session_id}").json["state"] == "closed"
    assert house("sessions", "--alive").err == "No such sessions.\n"
