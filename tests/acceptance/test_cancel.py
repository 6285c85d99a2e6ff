"""Cancel is real: what was canceled no longer runs, and what it held is free."""

from __future__ import annotations

import time
from typing import Any

import psutil
from tests.acceptance.serving import BELL, Server

QUBITS = 28
FREED_WITHIN = 2.0
"""Seconds, the contract of cancelling (docs: "Cancel is real")."""


def wide(qubits: int = QUBITS, layers: int = 40) -> dict[str, Any]:
    """Far more work than a test waits for, in 2 GiB."""
    gates: list[dict[str, Any]] = []
    for layer in range(layers):
        gates += [{"gate": "rx", "target": q, "rotation": 0.3 + layer + q} for q in range(qubits)]
        gates += [
            {"gate": "cnot", "control": q, "target": (q + 1 + layer % (qubits - 1)) % qubits}
            for q in range(qubits)
        ]
    return {"qubits": qubits, "gateset": "qis", "circuit": gates}


def memory_of(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def busy(server: Server, least: int) -> psutil.Process:
    """The process that holds the state vector, once it does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for process in server.workers():
            if memory_of([process]) >= least:
                return process
        time.sleep(0.02)
    raise AssertionError("no process ever held the state vector")


def test_a_canceled_job_frees_its_processor_and_memory(server: Server) -> None:
    client = server.client()
    job_id = client.submit(wide())
    client.until(job_id, "started")
    process = busy(server, least=1 << 30)
    waiting = [client.submit(BELL) for _ in range(5)]
    begun = time.monotonic()
    answer = client.ask("PUT", f"/v0.4/jobs/{job_id}/status/cancel")
    took = time.monotonic() - begun
    assert answer.status == 200
    assert answer.json == {"id": job_id, "status": "canceled"}
    assert took < FREED_WITHIN
    # It was answered when the process was dead: nothing is to be waited for here.
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert memory_of(server.workers()) < 1 << 30
    assert client.job(job_id)["state"] == "canceled"
    assert [a["state"] for a in client.job(job_id)["attempts"]] == ["killed"]
    for other in waiting:
        client.completed(other)
    shown = client.ask("GET", f"/v0.4/jobs/{job_id}").json
    assert (shown["status"], shown["results"], shown["failure"]) == ("canceled", None, None)
    assert client.ask("GET", f"/v0.4/jobs/{job_id}/results/probabilities").status == 404


def test_a_deleted_job_that_runs_is_ended_first(server: Server) -> None:
    client = server.client()
    job_id = client.submit(wide())
    process = busy(server, least=1 << 30)
    answer = client.ask("DELETE", f"/v0.4/jobs/{job_id}")
    assert (answer.status, answer.json) == (200, {"id": job_id, "status": "deleted"})
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert client.ask("GET", f"/v0.4/jobs/{job_id}").status == 404
    client.completed(client.submit(BELL))


def test_jobs_in_flight_are_canceled_together(server: Server) -> None:
    client = server.client()
    running = [client.submit(wide(24)) for _ in range(2)]
    queued = [client.submit(wide(24)) for _ in range(3)]
    done = client.submit(BELL)
    for job_id in running:
        client.until(job_id, "started")
    ids = [*running, *queued]
    answer = client.ask("PUT", "/v0.4/jobs/status/cancel", {"ids": ids})
    assert (answer.status, answer.json) == (200, {"ids": ids, "status": "canceled"})
    assert {client.job(job_id)["state"] for job_id in ids} == {"canceled"}
    client.completed(done)
