from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client

from ketway.devices import loading
from ketway.routines.ibm.checking import MOST_EXECUTIONS
from ketway.service.submission import MAX_CIRCUITS

BASE = "/experimental/api/v1"
CATALOGUE = loading.load()
BOTH = [*CATALOGUE.of("ibm"), *CATALOGUE.of("ionq")]
SIMULATORS = [device for device in CATALOGUE.of("ibm") if device.kind == "simulator"]
MACHINES = [CATALOGUE.device(name) for name in ("ibm_torino", "ibm_boston", "ibm_cairo", "ibmqx2")]
NEW = {"IBM-API-Version": "2026-04-15"}


def get(client: Client, path: str, status: int = 200, **headers: str) -> Any:
    answer = client.ask("GET", BASE + path, headers={**NEW, **headers})
    assert answer.status == status, answer.raw
    return answer.json


def listed(client: Client, version: str | None) -> Any:
    headers = {} if version is None else {"IBM-API-Version": version}
    return client.ask("GET", f"{BASE}/backends", headers=headers).json["devices"]


def test_the_list_is_as_the_version_has_it(client: Client) -> None:
    names = {device.name for device in BOTH}
    for version in (None, "2024-01-01"):
        assert set(listed(client, version)) == names
    for version in ("2025-05-01", "2026-04-15", "2031-01-01"):
        found = listed(client, version)
        assert {b["name"] for b in found} == names
        assert all(b["status"]["name"] == "online" for b in found)
        assert {b["name"]: b["qubits"] for b in found} == {d.name: d.qubits for d in BOTH}
    assert get(client, "/backends", 400, **{"IBM-API-Version": "newest"})["error"]


@pytest.mark.parametrize("device", SIMULATORS, ids=lambda device: device.name)
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


@pytest.mark.parametrize(
    "device", [SIMULATORS[0], MACHINES[0], *CATALOGUE.of("ionq")], ids=lambda device: device.name
)
def test_limits_are_said_also_where_a_device_has_none(client: Client, device: Any) -> None:
    """Clients before 0.41 leave out a backend that says nothing of them."""
    found = get(client, f"/backends/{device.name}/configuration")
    assert found["max_shots"] == (device.max_shots or MOST_EXECUTIONS)
    assert found["max_experiments"] == (device.max_circuits or MAX_CIRCUITS)
    assert found["multi_meas_enabled"] is True


@pytest.mark.parametrize("device", MACHINES, ids=lambda device: device.name)
def test_a_machine_is_said_as_it_was_measured(client: Client, device: Any) -> None:
    """Places, and figures digit by digit; `tests/contract` compares all of them as the client
    understands them."""
    snapshot = device.snapshot
    shown = get(client, f"/backends/{device.name}/configuration")
    assert shown["coupling_map"] == [list(pair) for pair in snapshot.couplings]
    assert shown["basis_gates"] == [*snapshot.basis, *snapshot.fractional]
    assert shown["simulator"] is False
    assert shown["dt"] == snapshot.dt
    measured = get(client, f"/backends/{device.name}/properties")
    assert measured["last_update_date"].endswith("Z")
    found = {
        (gate["gate"], tuple(gate["qubits"])): {p["name"]: p["value"] for p in gate["parameters"]}
        for gate in measured["gates"]
    }
    places = list(snapshot.places())
    assert len(found) == len(places)
    for place in places:
        figures = found[place.gate, place.qubits]
        assert (figures.get("gate_error"), figures.get("gate_length")) == (
            place.error,
            place.length,
        )
    first = {item["name"]: item for item in measured["qubits"][0]}
    assert first["T1"]["unit"] == "us"
    assert first["readout_error"]["value"] == snapshot.readout_errors()[0]
    on = {gate["name"]: gate["coupling_map"] for gate in shown["gates"]}
    for name, pairs in on.items():
        assert {tuple(p) for p in pairs or []} <= {p.qubits for p in places if p.gate == name}
    assert get(client, f"/backends/{device.name}/status")["backend_version"] == snapshot.version


def test_properties_of_a_day(client: Client) -> None:
    path = "/backends/ibm_torino/properties?updated_before="
    assert get(client, path + "2025-02-26T20:26:08%2B00:00")["qubits"]
    assert get(client, path + "2025-02-26T15:26:08-05:00")["qubits"]
    assert get(client, path + "2025-02-26T20:26:07Z") == {}
    assert "updated_before" in get(client, path + "yesterday", 400)["errors"][0]["message"]


def test_what_a_list_says_of_a_machine(client: Client) -> None:
    lines = {line["name"]: line for line in get(client, "/backends")["devices"]}
    torino = lines["ibm_torino"]
    assert torino["processor_type"] == {"family": "Heron", "revision": "1"}
    assert torino["clops"] == {"type": "hardware", "value": 210000}
    best = torino["performance_metrics"]["two_q_error_best"]
    assert best["gate"] == "cz"
    assert best["value"] < torino["performance_metrics"]["two_q_error_median"]["value"]
    layered = lines["ibm_kingston"]["performance_metrics"]["two_q_error_layered"]["value"]
    assert layered == pytest.approx(1 - 0.6514528361483042 ** (1 / 99))
    assert "wait_time_seconds" not in torino
    (asked,) = (
        line
        for line in get(client, "/backends?fields=wait_time_seconds")["devices"]
        if line["name"] == "ibm_torino"
    )
    assert asked["wait_time_seconds"] == {"average": 0, "p50": 0, "p95": 0}
    assert "processor_type" not in lines["simulator_mps"]
    names = list(lines)
    assert names.index("ibm_torino") < names.index("simulator_mps") < names.index("simulator")


def test_mocks_are_listed_for_those_who_ask(client: Client) -> None:
    lines = get(client, "/backends?include_mocks=True")["devices"]
    mocks = {line["name"] for line in lines if line.get("class") == "mock"}
    assert {"mock_torino", "mock_manila", "mock_nighthawk"} <= mocks
    assert not {"mock", "mock_mps"} & mocks
    assert len({line["name"] for line in lines}) == len(lines)
    assert get(client, "/backends/mock_torino/configuration")["backend_name"] == "mock_torino"
    assert get(client, "/backends/mock_torino/properties")["backend_name"] == "mock_torino"


def test_ionqs_backends_by_qiskits_names(client: Client) -> None:
    shown = get(client, "/backends/qpu.forte-1/configuration")
    assert {"cx", "sxdg", "rxx", "rzz", "id"} <= set(shown["basis_gates"])
    assert not {"cnot", "gpi", "pauliexp", "vi"} & set(shown["basis_gates"])
    assert (shown["simulator"], shown["coupling_map"]) == (False, None)
    assert get(client, "/backends/simulator/configuration")["simulator"] is True


@pytest.mark.parametrize("view", ["configuration", "properties", "status", "defaults"])
@pytest.mark.parametrize("name", ["nope", "mock", "mock_nope", "qpu.forte-9"])
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
    assert set(get(client, "/instance")["backends"]) == {device.name for device in BOTH}
    usage = get(client, "/instances/usage")
    assert usage["usage_consumed_seconds"] == 0
    assert usage["instance_id"].startswith("crn:v1:")
    versions = [v["version"] for v in get(client, "/versions")["versions"]]
    assert "2026-04-15" in versions
    assert get(client, "/tags?type=job&search=x") == {"tags": []}
    assert get(client, "/nowhere", 404)["errors"]
    assert get(client, "/no/where", 404)["errors"]
    assert client.ask("DELETE", f"{BASE}/backends").status == 405
