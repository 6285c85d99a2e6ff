"""Starting, stopping, starting again, and what refuses to start."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from tests.acceptance import serving
from tests.acceptance.serving import BELL, Server
from tests.acceptance.test_cancel import busy, wide

from ketway.store.store import DATABASE


def refused(*command: str) -> str:
    """What a server says that does not start."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=serving.environment(),
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


VECTOR = 150 << 20
"""More than a process has before it holds a state vector of 24 qubits."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_the_next_start_goes_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    data = tmp_path / "data"
    with serving.serving(data, "--workers", "1") as server:
        client = server.client()
        done = client.submit(BELL)
        before = client.ended(done)
        interrupted = client.submit(wide(22, layers=20))
        client.until(interrupted, "started")
        queued = [client.submit(BELL) for _ in range(3)]
        batch = client.submit({"gateset": "qis", "circuits": [BELL, BELL]}, "ionq.multi-circuit.v1")
        workers = server.workers()
        assert server.stop(number) == 0
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive
        assert "Traceback" not in server.log.read_text()
    with serving.serving(data) as server:
        client = server.client()
        assert client.job(done) == before
        for job_id in [*queued, batch]:
            client.completed(job_id)
        job = client.completed(interrupted)
        assert [a["state"] for a in job["attempts"]] == ["interrupted", "finished"]
        assert server.stop() == 0


def test_a_job_that_runs_when_the_server_is_killed_is_run_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving.serving(data) as server:
        client = server.client()
        job_id = client.submit(wide(22, layers=20))
        client.until(job_id, "started")
        workers = server.workers()
        server.kill()
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert not alive, "what the server had started outlived it"
    with serving.serving(data) as server:
        job = server.client().completed(job_id)
        assert [a["state"] for a in job["attempts"]] == ["lost", "finished"]


def test_a_second_server_on_the_same_folder_is_refused(server: Server) -> None:
    said = refused(*serving.command(server.data))
    assert "Another Ketway uses the data folder" in said
    assert str(server.data) in said
    client = server.client()
    client.completed(client.submit(BELL))


def test_a_folder_is_free_again_when_its_server_was_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = serving.start(data)
    server.kill()
    with serving.serving(data) as again:
        assert again.client().ask("GET", "/livez").status == 200


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(*serving.command(tmp_path / "data", port=port))
    assert f"Port {port}" in said
    assert "--port" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
def test_it_listens_on_loopback_only(tmp_path: Path, host: str) -> None:
    said = refused(*serving.command(tmp_path / "data", "--host", host))
    assert f"does not listen on {host}" in said
    assert "keys" in said


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    said = refused(*serving.command(in_the_way / "data"))
    assert str(in_the_way / "data") in said.replace("\n", "")
    assert "--data" in said


def test_a_folder_that_cannot_be_written_is_named() -> None:
    """Of the kernel's own, so that it holds for root too."""
    said = refused(*serving.command(Path("/proc/ketway")))
    assert "/proc/ketway" in said
    assert "cannot be used" in said


def test_a_damaged_database_is_named_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / DATABASE).write_bytes(b"not a database" * 1000)
    said = refused(*serving.command(data))
    assert DATABASE in said
    assert (data / DATABASE).read_bytes() == b"not a database" * 1000


def test_a_stop_does_not_wait_for_a_client_that_waits(server: Server) -> None:
    client = server.client()
    job_id = client.submit(wide(24, layers=400))
    client.until(job_id, "started")
    with socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1]))) as waiting:
        waiting.sendall(
            f"GET /ketway/v1/jobs/{job_id}?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        )
        time.sleep(0.2)
        assert server.stop() == 0


def test_spawned_processes_do_all_that_forked_ones_do(tmp_path: Path) -> None:
    with serving.serving(tmp_path / "data", "--force-spawn", "--workers", "1") as server:
        client = server.client()
        client.completed(client.submit(BELL))
        batch = client.submit({"gateset": "qis", "circuits": [BELL, BELL]}, "ionq.multi-circuit.v1")
        client.completed(batch)
        bell = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
        client.completed(client.submit({"data": bell}, "ionq.qasm3.v1"))
        running = client.submit(wide(24, layers=400))
        client.until(running, "started")
        assert client.ask("PUT", f"/v0.4/jobs/{running}/status/cancel").status == 200
        assert client.job(running)["state"] == "canceled"
        crashing = client.submit(wide(24, layers=6))
        busy(server, least=VECTOR).kill()
        job = client.completed(crashing)
        assert [a["state"] for a in job["attempts"]] == ["lost", "finished"]
        assert server.stop() == 0


def test_a_job_whose_processes_die_again_and_again_fails(tmp_path: Path) -> None:
    with serving.serving(tmp_path / "data", env={"KETWAY_MAX_LOSSES": "2"}) as server:
        client = server.client()
        job_id = client.submit(wide(24, layers=400))
        for _ in range(2):
            process = busy(server, least=VECTOR)
            process.kill()
            psutil.wait_procs([process])
        job = client.ended(job_id)
        assert [a["state"] for a in job["attempts"]] == ["lost", "failed"]
        assert (job["state"], job["failure"]["code"]) == ("failed", "SystemCancel")
        assert "2 attempts" in job["failure"]["message"]
        client.completed(client.submit(BELL))
