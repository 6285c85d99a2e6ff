"""What a client may send that means nothing: a clear 4xx in IonQ's shape, never a 5xx."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from wires import BELL, Wire, assert_error, batch, circuit, numbers

import circuits
import reference

SDK = None

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no type", {k: v for k, v in circuit(BELL).items() if k != "type"}, "type"),
    ("unknown type", circuit(BELL, type="ionq.circuit.v9"), "type"),
    ("type is a number", circuit(BELL, type=4), "type"),
    ("no backend", {k: v for k, v in circuit(BELL).items() if k != "backend"}, "backend"),
    ("unknown backend", circuit(BELL, backend="qpu.nowhere"), "backend"),
    ("backend is a list", circuit(BELL, backend=["simulator"]), "backend"),
    ("no input", {k: v for k, v in circuit(BELL).items() if k != "input"}, "input"),
    ("input is a list", circuit(BELL, input=[]), "input"),
    ("input is null", circuit(BELL, input=None), "input"),
    ("no circuit", circuit(BELL, input={"qubits": 2, "gateset": "qis"}), "circuit"),
    ("circuit is an object", circuit({"gate": "h"}), "circuit"),
    ("circuit is a string", circuit("h 0"), "circuit"),
    ("gate is a string", circuit(["h"]), "circuit"),
    ("gate is null", circuit([None]), "circuit"),
    ("gate has no name", circuit([{"target": 0}]), "gate"),
    ("gate name is a number", circuit([{"gate": 4, "target": 0}]), "gate"),
    ("unknown gate", circuit([{"gate": "frob", "target": 0}]), "gate"),
    ("native gate in qis", circuit([{"gate": "gpi", "target": 0, "phase": 0.1}]), "gate"),
    ("no target", circuit([{"gate": "h"}]), "target"),
    ("target out of range", circuit([{"gate": "h", "target": 2}]), "target"),
    ("negative target", circuit([{"gate": "h", "target": -1}]), "target"),
    ("huge target", circuit([{"gate": "h", "target": 2**70}]), "target"),
    ("target is a fraction", circuit([{"gate": "h", "target": 0.5}]), "target"),
    ("target is a string", circuit([{"gate": "h", "target": "0"}]), "target"),
    ("target is a truth", circuit([{"gate": "h", "target": True}]), "target"),
    ("no targets", circuit([{"gate": "swap", "targets": []}]), "target"),
    ("one target for swap", circuit([{"gate": "swap", "targets": [0]}]), "target"),
    ("same target twice", circuit([{"gate": "swap", "targets": [1, 1]}]), "target"),
    ("control is target", circuit([{"gate": "x", "target": 1, "control": 1}]), "circuit[0]"),
    ("control out of range", circuit([{"gate": "x", "target": 1, "control": 7}]), "control"),
    ("controls is a number", circuit([{"gate": "x", "target": 1, "controls": 0}]), "control"),
    ("no rotation", circuit([{"gate": "rx", "target": 0}]), "rotation"),
    ("rotation is null", circuit([{"gate": "rx", "target": 0, "rotation": None}]), "rotation"),
    ("rotation is text", circuit([{"gate": "rx", "target": 0, "rotation": "pi"}]), "rotation"),
    ("rotation NaN", circuit([{"gate": "rx", "target": 0, "rotation": float("nan")}]), ""),
    ("rotation infinite", circuit([{"gate": "rx", "target": 0, "rotation": float("inf")}]), ""),
    ("zero qubits with a gate", circuit(BELL, 0), ""),
    ("negative qubits", circuit(BELL, -1), "qubits"),
    ("qubits is text", circuit(BELL, "2x"), "qubits"),
    ("unknown gateset", circuit(BELL, input={"gateset": "x", "qubits": 2, "circuit": BELL}), ""),
    ("shots zero", circuit(BELL, shots=0), "shots"),
    ("shots negative", circuit(BELL, shots=-5), "shots"),
    ("shots too many", circuit(BELL, shots=1_000_001), "shots"),
    ("shots is text", circuit(BELL, shots="many"), "shots"),
    ("shots is a fraction", circuit(BELL, shots=1.5), "shots"),
    ("metadata is a list", circuit(BELL, metadata=["a"]), "metadata"),
    ("metadata has an object", circuit(BELL, metadata={"a": {"b": "c"}}), "metadata"),
    ("name is an object", circuit(BELL, name={}), "name"),
    ("unknown noise model", circuit(BELL, noise={"model": "perfect"}), "noise"),
    ("noise without model", circuit(BELL, noise={"seed": 1}), "noise"),
    ("noise is text", circuit(BELL, noise="aria-1"), "noise"),
    ("seed is text", circuit(BELL, noise={"model": "aria-1", "seed": "x"}), "seed"),
    ("settings is a list", circuit(BELL, settings=[]), "settings"),
    ("no circuits", batch([]), "circuits"),
    ("circuits is an object", batch([]) | {"input": {"gateset": "qis", "circuits": {}}}, ""),
    ("circuit beside circuits", batch([BELL]) | {
        "input": {"gateset": "qis", "qubits": 2, "circuits": [{"circuit": BELL}], "circuit": BELL}
    }, "circuit"),
    ("qasm without data", {"type": "ionq.qasm3.v1", "backend": "simulator", "input": {}}, "data"),
    ("qasm data is a list", {
        "type": "ionq.qasm3.v1", "backend": "simulator", "input": {"data": []}
    }, "data"),
    ("pauliexp without time", circuit([
        {"gate": "pauliexp", "targets": [0], "terms": ["X"], "coefficients": [1]}
    ]), ""),
    ("pauliexp unknown letter", circuit([
        {"gate": "pauliexp", "targets": [0], "terms": ["W"], "coefficients": [1], "time": 1}
    ]), ""),
    ("pauliexp wrong length", circuit([
        {"gate": "pauliexp", "targets": [0, 1], "terms": ["X"], "coefficients": [1], "time": 1}
    ]), ""),
    ("pauliexp too few coefficients", circuit([
        {"gate": "pauliexp", "targets": [0], "terms": ["X", "Y"], "coefficients": [1], "time": 1}
    ]), ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"), [(b, f) for _, b, f in REFUSED], ids=[n for n, _, _ in REFUSED]
)
def test_refused_body(wire: Wire, body: dict[str, Any], field: str) -> None:
    error = assert_error(wire.send("POST", "/jobs", body), 400)
    if field:
        assert error["validation"]["keys"], error
        said = " ".join(error["validation"]["keys"]) + " " + error["message"]
        assert field in said, error


def test_which_circuit_is_said(wire: Wire) -> None:
    family = [*circuits.family(3), [{"gate": "frob", "target": 0}]]
    error = assert_error(wire.send("POST", "/jobs", batch(family)), 400)
    assert "3" in " ".join(error["validation"]["keys"]) + error["message"]
    assert "frob" in error["message"]


MALFORMED = {
    "nothing": b"",
    "white space": b"  \n",
    "half an object": b'{"type": "ionq.circuit.v1", ',
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "a string": b'"job"',
    "two objects": b"{}{}",
    "single quotes": b"{'type': 'x'}",
    "not utf-8": b'{"type": "\xff\xfe"}',
    "utf-16": '{"type": "x"}'.encode("utf-16"),
    "a lone surrogate": b'{"type": "\\ud800"}',
    "a bare NaN": b'{"shots": NaN}',
    "a number too large": b'{"shots": 1e999}',
    "binary": bytes(range(256)),
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep in input": b'{"type":"ionq.circuit.v1","backend":"simulator","input":'
    + b'{"circuit":[' * 5_000
    + b"]}" * 5_000
    + b"}",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_body(wire: Wire, body: bytes) -> None:
    for method, path in (
        ("POST", "/jobs"),
        ("DELETE", "/jobs"),
        ("PUT", "/jobs/status/cancel"),
    ):
        headers = {"Authorization": f"apiKey {wire.key}", "Content-Type": "application/json"}
        assert_error(wire.send(method, path, body, headers), 400)


def test_deep_metadata_of_a_good_job(wire: Wire) -> None:
    raw = json.dumps(circuit(BELL)).encode()[:-1]
    raw += b', "extra": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    reply = wire.send("POST", "/jobs", raw)
    if reply.status != 201:
        assert_error(reply, 400)


def test_too_large_a_body(wire: Wire) -> None:
    body = circuit(BELL, metadata={"large": "x" * (10 * 1024 * 1024 + 10)})
    error = assert_error(wire.send("POST", "/jobs", body), 413)
    assert "10MB" in error["message"].replace(" ", "")


def test_too_many_circuits(wire: Wire) -> None:
    family = [[{"gate": "h", "target": 0}]] * 5001
    error = assert_error(wire.send("POST", "/jobs", batch(family, 1)), 400)
    assert "5000" in error["message"].replace(",", "").replace("_", "")


def test_too_many_gates(wire: Wire) -> None:
    family = [[{"gate": "h", "target": 0}] * 50_000] * 3 + [[{"gate": "h", "target": 0}]]
    error = assert_error(wire.send("POST", "/jobs", batch(family, 1)), 400)
    assert "150000" in error["message"].replace(",", "").replace("_", "")


def test_as_many_circuits_as_allowed(wire: Wire) -> None:
    family = [[{"gate": "rx", "target": 0, "rotation": 0.001 * k}] for k in range(5000)]
    job_id = wire.create(batch(family, 1))
    job = wire.finished(job_id)
    assert job["status"] == "completed", job["failure"]
    assert len(job["child_job_ids"]) == 5000
    aggregate = wire.get(job["results"]["probabilities"]["url"])
    assert list(aggregate) == job["child_job_ids"]
    last = numbers(aggregate[job["child_job_ids"][-1]])
    reference.assert_same(last, reference.probabilities(family[-1], 1))


def test_too_many_controls(wire: Wire) -> None:
    """IonQ has a failure code for it; a refusal at the door is as clear."""
    gate = {"gate": "x", "target": 0, "controls": list(range(1, 9))}
    reply = wire.send("POST", "/jobs", circuit([gate], 9))
    if reply.status == 201:
        job = wire.finished(reply.json()["id"])
        assert job["status"] == "failed"
        assert job["failure"]["code"] == "TooManyControls"
    else:
        assert_error(reply, 400)


@pytest.mark.parametrize(("model", "qubits"), [("aria-1", 26), ("harmony", 12), ("forte-1", 30)])
def test_a_noise_model_has_its_machines_qubits(wire: Wire, model: str, qubits: int) -> None:
    body = circuit(circuits.too_wide(qubits), qubits, noise={"model": model}, shots=1)
    reply = wire.send("POST", "/jobs", body)
    if reply.status == 201:
        job = wire.finished(reply.json()["id"])
        assert job["status"] == "failed"
        assert job["failure"]["code"] == "NotEnoughQubits"
    else:
        assert_error(reply, 400)


@pytest.mark.parametrize("model", ["ideal", "aria-1", "aria-2", "forte-1", "forte-enterprise-1"])
def test_every_noise_model_runs(wire: Wire, model: str) -> None:
    job = wire.completed(circuit(BELL, noise={"model": model, "seed": 1}, shots=50))
    assert job["noise"]["model"] == model
    found = wire.get(job["results"]["probabilities"]["url"])
    assert abs(sum(found.values()) - 1) < 1e-9


def test_unusual_paths_and_methods(wire: Wire) -> None:
    for method, path in (
        ("GET", "/nothing"),
        ("GET", "/jobs/not-a-uuid"),
        ("GET", f"/jobs/{uuid.uuid4()}"),
        ("GET", "/jobs/%00"),
        ("GET", "/jobs/..%2f..%2fetc"),
        ("PUT", f"/jobs/{uuid.uuid4()}/status/cancel"),
        ("DELETE", f"/jobs/{uuid.uuid4()}"),
        ("GET", "/schemas/formats/nothing"),
        ("GET", f"/jobs/{uuid.uuid4()}/artifacts/x"),
        ("GET", f"/jobs/{uuid.uuid4()}/results/probabilities/aggregated"),
        ("PATCH", "/jobs"),
        ("POST", "/whoami"),
    ):
        assert_error(wire.send(method, path), 400, 404, 405)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "status=running", "limit=99999999999999999999", "ids="],
)
def test_unusual_queries(wire: Wire, query: str) -> None:
    """qiskit-ionq asks for `status=queued`, which does not exist; errors keep their shape."""
    reply = wire.send("GET", f"/jobs?{query}")
    if reply.status == 200:
        assert isinstance(reply.json()["jobs"], list)
    else:
        assert_error(reply, 400)
