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
    newest = get(client, "/backends/qpu.forte-1")["characterization_id"]
    get(client, "/backends/qpu.forte-1/characterizations")
    get(client, f"/backends/qpu.forte-1/characterizations/{newest}")


def test_whoami(client: Client) -> None:
    who = get(client, "/whoami")
    assert set(who) == {"key_id", "key_name", "project_id"}
    assert str(uuid.UUID(who["key_id"])) == who["key_id"]
