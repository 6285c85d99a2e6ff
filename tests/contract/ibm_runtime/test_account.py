"""What the client says of its account, its instance and what it used."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
import serving
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import Batch, QiskitRuntimeService, SamplerV2

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_account_in_use(service: Any, variables: dict[str, str]) -> None:
    account = service.active_account()
    assert account["url"] == variables["QISKIT_IBM_URL"]
    assert account["token"] == variables["QISKIT_IBM_TOKEN"]
    assert account["instance"] == service.active_instance()
    assert [one["crn"] for one in service.instances()] == [service.active_instance()]
    assert QiskitRuntimeService.saved_accounts() == {}


@pytest.fixture
def measured() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def test_usage_grows(service: Any, measured: QuantumCircuit) -> None:
    before = service.usage()
    job = SamplerV2(mode=service.backend("simulator_mps")).run([measured])
    job.result()
    after = service.usage()
    assert after["instance_id"] == service.active_instance()
    grown = after["usage_consumed_seconds"] - before["usage_consumed_seconds"]
    assert grown == pytest.approx(job.usage())
    assert grown > 0


def test_what_is_left_of_a_limit(server: serving.Server, service: Any) -> None:
    def limit(seconds: int | None) -> None:
        request = urllib.request.Request(
            f"{server.url}/api/v1/instances/configuration",
            data=json.dumps({"instance_limit": seconds}).encode(),
            headers={"Authorization": "apikey any"},
            method="PUT",
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 204

    limit(100_000)
    try:
        usage = service.usage()
        left = usage["usage_limit_seconds"] - usage["usage_consumed_seconds"]
        assert usage["usage_remaining_seconds"] == pytest.approx(left)
        assert 0 < left < 100_000
    finally:
        limit(None)
    assert "usage_remaining_seconds" not in service.usage()


def test_workloads(service: Any, measured: QuantumCircuit) -> None:
    """Through the client's own adapter, which it has and makes no use of."""
    workloads = service._get_api_client()._api.workloads_get
    sampler = SamplerV2(mode=service.backend("simulator_mps"))
    sampler.options.environment.job_tags = ["of workloads"]
    job = sampler.run([measured])
    job.result()
    with Batch(backend=service.backend("ibm_torino")) as batch:
        pass
    newest = workloads(user="me", sort="-createdAt", limit=2)["workloads"]
    assert [one["id"] for one in newest] == [batch.session_id, job.job_id()]
    assert [one["mode"] for one in newest] == ["batch", "job"]
    assert {one["status"] for one in newest} == {"completed"}
    tagged = workloads(tags=["of workloads"], status=["completed", "failed"], mode="job")
    assert [one["id"] for one in tagged["workloads"]] == [job.job_id()]
    assert tagged["total_count"] == 1
