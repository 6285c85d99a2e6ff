"""QPY from strangers, sent to IBM's programs as their client sends circuits: each file is refused
in IBM's words, and the server lives on."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from tests.acceptance import serving
from tests.acceptance.serving import Client, Server
from tests.circuits.qpy import hostile

BASE = "/experimental/api/v1"
VALIDATION = 1002
OVER = ("Completed", "Failed", "Cancelled")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Whose log is looked at when all is over."""
    with serving.serving(tmp_path_factory.mktemp("hostile") / "data") as server:
        yield server
        assert server.process.poll() is None
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return server.client(Authorization="apikey stranger", **{"IBM-API-Version": "2026-04-15"})


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def parameters(program: str, data: bytes) -> dict[str, Any]:
    """As qiskit-ibm-runtime sends a circuit to that program."""
    circuit = {"__type__": "QuantumCircuit", "__value__": packed(data)}
    if program == "sampler":
        return {"pubs": [[circuit, None, 10]], "version": 2, "support_qiskit": True}
    if program == "estimator":
        return {"pubs": [[circuit, {"ZZZ": 1.0}]], "version": 2, "support_qiskit": True}
    none = {"data": packed(b""), "shape": [0], "dtype": "f64"}
    item = {"item_type": "circuit", "circuit_arguments": none, "shape": [], "chunk_size": "auto"}
    circuits = {"b64_data": packed(data), "qpy_version": 17, "num_programs": 1}
    quantum_program = {"shots": 10, "circuits": circuits, "items": [item]}
    return {"schema_version": "v2.0", "quantum_program": quantum_program, "options": {}}


def sent(client: Client, program: str, params: dict[str, Any]) -> str:
    """A job; what is wrong inside is found later, in a process that can die alone."""
    body = {"program_id": program, "backend": "ibmq_qasm_simulator", "params": params}
    answer = client.ask("POST", f"{BASE}/jobs", body)
    assert answer.status == 200, answer.raw
    return str(answer.json["id"])


def ended(client: Client, job_id: str) -> dict[str, Any]:
    while True:
        answer = client.ask("GET", f"{BASE}/jobs/{job_id}?exclude_params=true")
        assert answer.status == 200, answer.raw
        if answer.json["state"]["status"] in OVER:
            return dict(answer.json)


def refused(client: Client, job: dict[str, Any]) -> None:
    """As the client reads it: a state with a reason and IBM's code, and the reason as results."""
    state = job["state"]
    assert (job["status"], state["status"]) == ("Failed", "Failed"), job
    assert state["reason_code"] == VALIDATION
    assert len(state["reason"]) > 10
    assert "Traceback" not in state["reason"]
    answer = client.ask("GET", f"{BASE}/jobs/{job['id']}/results")
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (200, "text/plain")
    assert state["reason"] in answer.raw.decode()


def runs(client: Client, program: str = "sampler") -> None:
    """A job that nothing is wrong with."""
    good = parameters(program, hostile.file(17, "registers"))
    job = ended(client, sent(client, program, good))
    assert job["status"] == "Completed", job["state"]


@pytest.mark.parametrize("program", ["sampler", "estimator", "executor"])
def test_what_no_reader_should_take(client: Client, program: str) -> None:
    files = hostile.refused()
    if program != "sampler":  # the same reader: a few of each kind will do
        files = {name: data for i, (name, data) in enumerate(files.items()) if i % 3 == 0}
    jobs = {name: sent(client, program, parameters(program, data)) for name, data in files.items()}
    for name, job_id in jobs.items():
        try:
            refused(client, ended(client, job_id))
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    runs(client, program)


def test_files_of_which_bytes_were_changed(client: Client) -> None:
    """Some of them still mean something; the others are refused, and none is our mistake."""
    files = hostile.changed(60)
    jobs = [sent(client, "sampler", parameters("sampler", data)) for data in files.values()]
    found = [ended(client, job_id) for job_id in jobs]
    for job in found:
        if job["status"] != "Completed":
            refused(client, job)
    assert sum(job["status"] == "Failed" for job in found) > 20
    runs(client)


@pytest.mark.parametrize(
    "value",
    [
        "####",
        "UVVJU0tJVA==",
        base64.b64encode(b"not compressed").decode(),
        packed(hostile.file(17, "registers"))[:-40],
        base64.b64encode(zlib.compress(bytes(400_000_000), 1)).decode(),
        7,
        None,
        ["QISKIT"],
    ],
    ids=["symbols", "magic", "plain", "cut", "bomb", "number", "nothing", "list"],
)
def test_what_is_no_file(client: Client, value: Any) -> None:
    params = parameters("sampler", b"")
    params["pubs"][0][0]["__value__"] = value
    refused(client, ended(client, sent(client, "sampler", params)))
    runs(client)
