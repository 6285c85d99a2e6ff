"""A device of the operator's, run by the example's driver on another Ketway: real processes, which
are killed, stopped and cancelled."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.acceptance import serving
from tests.acceptance.serving import BELL, PATIENCE, ROOT, Client, Server
from tests.installing import install

EXAMPLE = ROOT / "examples" / "forward"
SLOW = {"qubits": 24, "gateset": "qis",
        "circuit": [{"gate": "h", "target": k % 24} for k in range(60_000)]}  # fmt: skip
"""Takes the other Ketway many seconds."""


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Server]:
    """The machine behind the device."""
    with serving.serving(tmp_path / "remote", "--workers", "2") as server:
        yield server


@pytest.fixture
def env(tmp_path: Path, remote: Server) -> dict[str, str]:
    folder = tmp_path / "devices"
    folder.mkdir()
    text = (EXAMPLE / "qpu.remote.toml").read_text()
    assert "http://127.0.0.1:8500" in text
    (folder / "qpu.remote.toml").write_text(text.replace("http://127.0.0.1:8500", remote.url))
    installed = tmp_path / "packages"
    installed.mkdir()
    return {**install(EXAMPLE, installed), "KETWAY_DEVICES": str(folder)}


@pytest.fixture
def front(tmp_path: Path, env: dict[str, str]) -> Iterator[Server]:
    """With a single slot for jobs of its own."""
    with serving.serving(tmp_path / "front", "--workers", "1", env=env) as server:
        yield server


def client_of(server: Server) -> Client:
    return server.client(Authorization="apiKey any")


def forwarded(remote: Server, wanted: int) -> list[dict[str, Any]]:
    """The jobs that arrived there, once there are as many."""
    client, deadline = client_of(remote), time.monotonic() + PATIENCE
    while len(jobs := client.ask("GET", "/v0.4/jobs?limit=100").json["jobs"]) < wanted:
        assert time.monotonic() < deadline, jobs
        time.sleep(0.02)
    return list(jobs)


def test_circuits_are_run_there_and_answered_here(front: Server, remote: Server) -> None:
    client = client_of(front)
    job_id = client.submit(BELL, backend="qpu.remote", shots=500)
    job = client.completed(job_id)
    assert job["plan"][0]["engine"] == "driver"
    counts = client.ask("GET", f"/v0.4/jobs/{job_id}/results/histogram").json
    assert set(counts) == {"0", "3"}
    assert sum(counts.values()) == 500
    (there,) = forwarded(remote, 1)
    assert there["name"] == f"{job_id}/0"
    assert there["shots"] == 500 if "shots" in there else True


def test_several_circuits_keep_their_order(front: Server, remote: Server) -> None:
    client = client_of(front)
    flips = [{"circuit": [{"gate": "x", "target": k}]} for k in range(5)]
    body = {"gateset": "qis", "qubits": 5, "circuits": flips}
    job_id = client.submit(body, "ionq.multi-circuit.v1", backend="qpu.remote", shots=10)
    client.completed(job_id)
    found = client.ask("GET", f"/v0.4/jobs/{job_id}/results/probabilities/aggregated").json
    assert list(found.values()) == [{str(1 << k): 1.0} for k in range(5)]
    assert len(forwarded(remote, 5)) == 5


def test_the_backend_is_listed_as_it_is(front: Server, remote: Server) -> None:
    client, deadline = client_of(front), time.monotonic() + PATIENCE
    while (found := client.ask("GET", "/v0.4/backends/qpu.remote").json)["status"] != "available":
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    assert found["qubits"] == 29
    names = [one["backend"] for one in client.ask("GET", "/v0.4/backends").json]
    assert "qpu.remote" in names
    described = client.ask("GET", "/ketway/v1/backends/qpu.remote").json["description"]
    assert described == "run by the driver forward"


def test_what_waits_there_takes_no_slot_here(front: Server) -> None:
    client = client_of(front)
    far = client.submit(SLOW, backend="qpu.remote", shots=1)
    client.until(far, "started")
    near = client.submit(BELL)
    client.completed(near)
    assert client.job(far)["state"] == "started"
    more = client.submit(BELL, backend="qpu.remote", shots=5)
    client.completed(more)
    client.ask("PUT", f"/v0.4/jobs/{far}/status/cancel")


def test_cancel_reaches_the_device(front: Server, remote: Server) -> None:
    client = client_of(front)
    job_id = client.submit(SLOW, backend="qpu.remote", shots=1)
    (there,) = forwarded(remote, 1)
    assert client.ask("PUT", f"/v0.4/jobs/{job_id}/status/cancel").status == 200
    assert client.job(job_id)["state"] == "canceled"
    assert client_of(remote).job(there["id"])["state"] == "canceled"


@pytest.mark.parametrize("gently", [False, True])
def test_a_job_goes_on_after_a_restart_and_runs_once(
    tmp_path: Path, env: dict[str, str], remote: Server, gently: bool
) -> None:
    gates = SLOW["circuit"][:6_000]
    middling = {**SLOW, "circuit": gates}
    with serving.serving(tmp_path / "front", env=env) as server:
        job_id = client_of(server).submit(middling, backend="qpu.remote", shots=20)
        forwarded(remote, 1)
        if gently:
            assert server.stop() == 0
        else:
            server.kill()
    with serving.serving(tmp_path / "front", env=env) as server:
        client_of(server).completed(job_id)
        assert len(forwarded(remote, 1)) == 1


def test_a_killed_attempt_is_taken_up_again(front: Server, remote: Server) -> None:
    client = client_of(front)
    middling = {**SLOW, "circuit": SLOW["circuit"][:6_000]}
    job_id = client.submit(middling, backend="qpu.remote", shots=20)
    forwarded(remote, 1)
    deadline = time.monotonic() + PATIENCE
    while len(client.job(job_id)["attempts"]) < 2:
        assert time.monotonic() < deadline
        grandchildren = [p for p in front.workers() if p.ppid() != front.process.pid]
        for process in grandchildren[:1]:  # the first of its kind: others may be asking how it is
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.2)
    client.completed(job_id)
    assert len(forwarded(remote, 1)) == 1


def test_a_machine_that_is_away_is_waited_for(
    tmp_path: Path, env: dict[str, str], remote: Server
) -> None:
    port = int(remote.url.rpartition(":")[2])
    remote.kill()
    with serving.serving(tmp_path / "front", env=env) as server:
        client = client_of(server)
        job_id = client.submit(BELL, backend="qpu.remote", shots=7)
        client.until(job_id, "started")
        found = client.ask("GET", "/v0.4/backends/qpu.remote").json
        assert found["status"] == "unavailable"
        with serving.serving(tmp_path / "remote", port=port):
            client.completed(job_id)


def test_jobs_of_a_device_that_was_taken_away_fail_and_others_run(
    tmp_path: Path, env: dict[str, str], remote: Server
) -> None:
    remote.kill()
    program = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; x q[0];'
    with serving.serving(tmp_path / "front", env=env) as server:
        client = client_of(server)
        lost = [client.submit(BELL, backend="qpu.remote") for _ in range(6)]
        lost.append(client.submit({"data": program}, "ionq.qasm3.v1", backend="qpu.remote"))
        client.until(lost[0], "started")
        server.kill()
    (tmp_path / "devices" / "qpu.remote.toml").unlink()
    with serving.serving(tmp_path / "front", env=env) as server:
        client = client_of(server)
        for job_id in lost:
            assert client.ended(job_id)["failure"]["code"] == "InternalError"
            assert client.ask("GET", f"/v0.4/jobs/{job_id}").status == 200
        client.completed(client.submit(BELL))
        assert client.ask("POST", f"/v0.4/jobs/{lost[0]}/clone", {}).status == 400


def test_what_it_refuses_fails_with_its_reason(front: Server) -> None:
    client = client_of(front)
    wide = {"qubits": 30, "gateset": "qis", "circuit": [{"gate": "h", "target": 29}]}
    job = client.ended(client.submit(wide, backend="qpu.remote"))
    assert job["failure"]["code"] == "NotEnoughQubits"
    body = {"type": "quantum-function", "backend": "qpu.remote",
            "input": {"data": {"type": "hamiltonian-energy", "data": {
                "hamiltonian": [{"pauli_string": "Z", "coefficient": 1}],
                "ansatz": {"data": "OPENQASM 3.0; qubit[1] q; x q[0];"}}}}}  # fmt: skip
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 400
    assert "runs circuits and nothing else" in answer.json["message"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = 3", "Expected `str`"),
        ('name = "qpu.forte-1"', "missing required field"),
        ("not toml", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    folder = tmp_path / "data" / "devices"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(text)
    with pytest.raises(AssertionError) as caught:
        serving.start(tmp_path / "data")
    assert "mine.toml" in str(caught.value)
    assert said in str(caught.value)
    assert "Traceback" not in str(caught.value)
