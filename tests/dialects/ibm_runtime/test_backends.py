from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client

from ketway.devices import loading

BASE = "/experimental/api/v1"
IBM = loading.load().of("ibm")
NEW = {"IBM-API-Version": "2026-04-15"}


def get(client: Client, path: str, status: int = 200, **headers: str) -> Any:
    answer = client.ask("GET", BASE + path, headers={**NEW, **headers})
    assert answer.status == status, answer.raw
    return answer.json


def listed(client: Client, version: str | None) -> Any:
    headers = {} if version is None else {"IBM-API-Version": version}
    return client.ask("GET", f"{BASE}/backends", headers=headers).json["devices"]


def test_the_list_is_as_the_version_has_it(client: Client) -> None:
    names = {device.name for device in IBM}
    for version in (None, "2024-01-01"):
        assert set(listed(client, version)) == names
    for version in ("2025-05-01", "2026-04-15", "2031-01-01"):
        found = listed(client, version)
        assert {b["name"] for b in found} == names
        assert all(b["status"]["name"] == "online" for b in found)
        assert {b["name"]: b["qubits"] for b in found} == {d.name: d.qubits for d in IBM}
    assert get(client, "/backends", 400, **{"IBM-API-Version": "newest"})["error"]


@pytest.mark.parametrize("device", IBM, ids=lambda device: device.name)
def test_a_configuration_has_what_clients_need(client: Client, device: Any) -> None:
    found = get(client, f"/backends/{device.name}/configuration")
    needed = "backend_name backend_version n_qubits basis_gates gates local simulator conditional"
    needed += " open_pulse memory coupling_map online_date coords u_channel_lo"
    assert set(needed.split()) <= set(found)
    assert found["n_qubits"] == device.qubits
    assert [gate["name"] for gate in found["gates"]] == list(device.native_gates)
    assert get(client, f"/backends/{device.name}/status")["status"] == "active"
    assert get(client, f"/backends/{device.name}/properties") == {}
    assert get(client, f"/backends/{device.name}/defaults") == {}


@pytest.mark.parametrize("view", ["configuration", "properties", "status", "defaults"])
@pytest.mark.parametrize("name", ["nope", "simulator", "qpu.forte-1"])
def test_a_backend_that_is_none(client: Client, view: str, name: str) -> None:
    answer = client.ask("GET", f"{BASE}/backends/{name}/{view}")
    assert answer.status == 404
    (problem,) = answer.json["errors"]
    assert (problem["code"], answer.json["error"]["code"]) == (1007, 1007)
    assert "simulator_mps" in problem["message"]  # it says what there is instead
    assert answer.headers["uber-trace-id"] == answer.json["trace"]


def test_ionq_has_none_of_them(client: Client) -> None:
    assert client.ask("GET", "/v0.4/backends/simulator_mps").status == 404
    job = {
        "type": "ionq.circuit.v1",
        "backend": "simulator_mps",
        "input": {"gateset": "qis", "qubits": 1, "circuit": [{"gate": "h", "target": 0}]},
    }
    refused = client.ask("POST", "/v0.4/jobs", job)
    assert refused.status == 400
    assert "simulator_mps" in refused.json["message"]
    clone = client.ask("POST", "/v0.4/jobs", {**job, "backend": "simulator"}).json["id"]
    moved = client.ask("POST", f"/v0.4/jobs/{clone}/clone", {"backend": "simulator_mps"})
    assert moved.status == 400


def test_the_instance_and_the_rest(client: Client) -> None:
    assert set(get(client, "/instance")["backends"]) == {device.name for device in IBM}
    usage = get(client, "/instances/usage")
    assert usage["usage_consumed_seconds"] == 0
    assert usage["instance_id"].startswith("crn:v1:")
    versions = [v["version"] for v in get(client, "/versions")["versions"]]
    assert "2026-04-15" in versions
    assert get(client, "/tags?type=job&search=x") == {"tags": []}
    assert get(client, "/nowhere", 404)["errors"]
    assert get(client, "/no/where", 404)["errors"]
    assert client.ask("DELETE", f"{BASE}/backends").status == 405
