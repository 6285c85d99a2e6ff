from __future__ import annotations

import uuid
from typing import Any

from tests.acceptance.serving import Client

from ketway.devices import loading

NATIVE = {"gpi", "gpi2", "ms", "zz", "nop"}


def get(client: Client, path: str, status: int = 200) -> Any:
    answer = client.ask("GET", f"/v0.4{path}")
    assert answer.status == status, answer.raw
    return answer.json


def test_every_device_of_the_catalogue_is_a_backend(client: Client) -> None:
    listed = get(client, "/backends")
    assert {b["backend"] for b in listed} == {d.name for d in loading.load().of("ionq")}
    for backend in listed:
        # The time of answering is in it.
        one = {**get(client, f"/backends/{backend['backend']}"), "last_updated": None}
        assert one == {**backend, "last_updated": None}
        assert backend["qubits"] > 0
        assert backend["has_access"] is True
        assert set(backend["supported_native_gates"]) <= NATIVE


def test_backends_need_no_key(client: Client) -> None:
    client.headers.clear()
    get(client, "/backends")
    get(client, "/backends/simulator")
    get(client, "/backends/qpu.forte-1/characterizations")


def test_the_figures_of_a_device(client: Client) -> None:
    page = get(client, "/backends/qpu.forte-1/characterizations")
    assert page["pages"] == 0
    (found,) = page["characterizations"]
    backend = get(client, "/backends/qpu.forte-1")
    assert backend["characterization_id"] == found["id"] == str(uuid.UUID(found["id"]))
    assert found["qubits"] == backend["qubits"]
    pairs = found["connectivity"]
    assert len(pairs) == found["qubits"] * (found["qubits"] - 1) // 2
    assert all(0 < found["fidelity"][kind]["median"] <= 1 for kind in ("spam", "1q", "2q"))
    assert get(client, f"/backends/qpu.forte-1/characterizations/{found['id']}") == found
    day = found["date"][:10]
    for query, count in (("start=1999-01-01", 1), ("start=2999-01-01", 0), (f"end={day}", 1),
                         ("end=1999-01-01", 0), ("page=2", 0), ("limit=1", 1)):  # fmt: skip
        page = get(client, f"/backends/qpu.forte-1/characterizations?{query}")
        assert len(page["characterizations"]) == count, query
    for query in ("limit=0", "limit=11", "page=0", "start=yesterday", "limit=x"):
        get(client, f"/backends/qpu.forte-1/characterizations?{query}", 400)
    assert get(client, "/backends/simulator/characterizations")["characterizations"] == []


def test_calibrations_are_as_cirq_reads_them(client: Client) -> None:
    current = get(client, "/calibrations/current")
    assert get(client, "/calibrations") == {"calibrations": [current]}
    assert current["target"] == "qpu.forte-1"
    assert "mean" in current["fidelity"]["2q"]
    assert "." in current["date"]


def test_whoami(client: Client) -> None:
    who = get(client, "/whoami")
    assert set(who) == {"key_id", "key_name", "project_id"}
    assert str(uuid.UUID(who["key_id"])) == who["key_id"]
