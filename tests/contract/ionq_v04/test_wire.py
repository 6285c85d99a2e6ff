"""The wire itself, without any SDK: the ten rules of v0.4.

The rules are numbered as the facts were gathered; each is here because a released client needs it.
"""

from __future__ import annotations

import base64
import json
import os
import uuid
from typing import Any

import pytest
from wires import BELL, Wire, assert_error, batch, circuit, numbers

import circuits
import reference

SDK = None
REQUIRED = {
    "id",
    "status",
    "type",
    "backend",
    "dry_run",
    "submitter_id",
    "project_id",
    "parent_job_id",
    "session_id",
    "metadata",
    "name",
    "submitted_at",
    "started_at",
    "completed_at",
    "predicted_wait_time_ms",
    "predicted_execution_duration_ms",
    "execution_duration_ms",
    "failure",
    "output",
    "settings",
    "stats",
    "results",
}


# Rule 1 and 2: both result styles; a root-relative url that contains /v0.4/.


def test_results_in_both_styles(wire: Wire) -> None:
    job = wire.completed(circuit(BELL))
    results = job["results"]
    assert results["probabilities"]["url"] == f"/v0.4/jobs/{job['id']}/results/probabilities"
    for entry in results.values():
        assert {"id", "format", "media_type"} <= entry.keys()
    descriptor = results["ionq.result.probabilities.json.v1"]
    assert descriptor["format"] == "ionq.result.probabilities.json.v1"
    by_url = wire.get(results["probabilities"]["url"])
    assert by_url == wire.get(f"/jobs/{job['id']}/artifacts/{descriptor['id']}")
    reference.assert_same(numbers(by_url), {0: 0.5, 3: 0.5})


def test_results_of_a_batch_in_both_styles(wire: Wire) -> None:
    job = wire.completed(batch(circuits.family(2)))
    base = f"/v0.4/jobs/{job['id']}/results/probabilities"
    assert job["results"]["probabilities"]["url"] == f"{base}/aggregated"
    for entry in job["results"].values():
        assert {"id", "format", "media_type"} <= entry.keys()
    descriptor = job["results"]["ionq.result.probabilities-aggregate.json.v1"]
    by_id = wire.get(f"/jobs/{job['id']}/artifacts/{descriptor['id']}")
    assert by_id == wire.get(f"{base}/aggregated")


def test_results_are_null_before(wire: Wire) -> None:
    job_id = wire.create(circuit(circuits.endless(), 26))
    assert wire.job(job_id)["results"] is None
    assert_error(wire.send("GET", f"/jobs/{job_id}/results/probabilities"), 404)
    wire.send("PUT", f"/jobs/{job_id}/status/cancel")
    assert wire.finished(job_id)["status"] == "canceled"


def test_results_do_not_change_when_read_again(wire: Wire) -> None:
    body = circuit(circuits.asymmetric(), 4, backend="qpu.aria-1", shots=500)
    job = wire.completed(body)
    path = f"/jobs/{job['id']}/results/probabilities"
    replies = {wire.send("GET", path).body for _ in range(3)}
    assert len(replies) == 1


def test_sharpen_in_any_case(wire: Wire) -> None:
    job = wire.completed(circuit(BELL))
    path = f"/jobs/{job['id']}/results/probabilities"
    plain = wire.get(path)
    for spelling in ("true", "True", "false", "False", "TRUE"):
        assert wire.get(f"{path}?sharpen={spelling}") == plain


# Rule 4: the order of an aggregated result is the order of submission.


def test_aggregated_order_of_a_hundred(wire: Wire) -> None:
    family = [[{"gate": "ry", "target": 0, "rotation": 0.03 * k}] for k in range(100)]
    job = wire.completed(batch(family, 1))
    aggregate = wire.get(job["results"]["probabilities"]["url"])
    assert list(aggregate) == job["child_job_ids"]
    assert len(aggregate) == 100
    for k, found in enumerate(aggregate.values()):
        reference.assert_same(numbers(found), reference.probabilities(family[k], 1))


# Rule 5: sloppy bodies.


def test_what_cirq_sends(wire: Wire) -> None:
    body = circuit(BELL, shots="20", lang="json", metadata={"shots": "20"})
    assert wire.completed(body)["metadata"] == {"shots": "20"}
    sampled = wire.completed(circuit(BELL, shots="20", noise={"model": "aria-1"}))
    assert sampled["shots"] == 20


def test_no_content_type(wire: Wire) -> None:
    raw = json.dumps(circuit(BELL)).encode()
    reply = wire.send("POST", "/jobs", raw, {"Authorization": f"apiKey {wire.key}"})
    assert reply.status == 201


def test_body_on_get(wire: Wire) -> None:
    reply = wire.send("GET", "/jobs", {"limit": 1000})
    assert reply.status == 200
    assert isinstance(reply.json()["jobs"], list)


@pytest.mark.parametrize(
    "more",
    [
        {"noise": {"model": "ideal", "seed": None}},
        {"noise": {"model": "aria-1", "seed": None}, "shots": 10},
        {"settings": {"compilation": {"opt": 0, "precision": "1E-3", "service_version": "v0.4"}}},
        {"settings": {"error_mitigation": {"debiasing": False}}},
        {"something_new": {"deep": [1]}},
        {"name": None},
        {"session_id": None},
        {"metadata": {}},
    ],
    ids=str,
)
def test_extra_and_null_keys(wire: Wire, more: dict[str, Any]) -> None:
    wire.completed(circuit(BELL, **more))


def test_input_extras(wire: Wire) -> None:
    body = circuit(BELL)
    body["input"] |= {"format": "ionq.circuit.v0", "extra": 1}
    wire.completed(body)


@pytest.mark.parametrize(
    "gate",
    [
        {"gate": "x", "target": 1},
        {"gate": "x", "targets": [1]},
        {"gate": "x", "targets": [1.0]},
        {"gate": "not", "target": 1},
        {"gate": "x", "target": 1, "controls": []},
    ],
    ids=str,
)
def test_spellings_of_one_gate(wire: Wire, gate: dict[str, Any]) -> None:
    job = wire.completed(circuit([gate]))
    reference.assert_same(numbers(wire.get(job["results"]["probabilities"]["url"])), {2: 1.0})


@pytest.mark.parametrize(
    "gate",
    [
        {"gate": "cnot", "control": 0, "target": 1},
        {"gate": "cnot", "controls": [0], "targets": [1]},
        {"gate": "x", "control": 0, "target": 1},
        {"gate": "x", "controls": [0], "targets": [1]},
    ],
    ids=str,
)
def test_spellings_of_cnot(wire: Wire, gate: dict[str, Any]) -> None:
    gates = [{"gate": "ry", "target": 0, "rotation": 0.7}, gate]
    job = wire.completed(circuit(gates))
    found = numbers(wire.get(job["results"]["probabilities"]["url"]))
    reference.assert_same(found, reference.probabilities(gates, 2))


def test_several_targets(wire: Wire) -> None:
    gates = [{"gate": "ry", "targets": [0, 2], "rotation": 0.9}]
    job = wire.completed(circuit(gates, 3))
    found = numbers(wire.get(job["results"]["probabilities"]["url"]))
    reference.assert_same(found, reference.probabilities(gates, 3))


def test_many_controls_and_phases(wire: Wire) -> None:
    gates: list[dict[str, Any]] = [{"gate": "h", "target": q} for q in range(8)]
    gates += [
        {"gate": "z", "target": 7, "controls": [0, 1, 2, 3, 4, 5, 6], "rotation": 0.9},
        {"gate": "xx", "targets": [1, 4], "rotation": 0.6, "control": 2},
        {"gate": "rz", "target": 3, "rotation": 0.4, "controls": [5, 0]},
        {"gate": "v", "target": 6, "control": 1},
        {"gate": "h", "targets": list(range(8))},
    ]
    job = wire.completed(circuit(gates, 8))
    found = numbers(wire.get(job["results"]["probabilities"]["url"]))
    reference.assert_same(found, reference.probabilities(gates, 8))


def test_pauliexp(wire: Wire) -> None:
    gates: list[dict[str, Any]] = [
        {"gate": "ry", "target": 0, "rotation": 0.5},
        {"gate": "rx", "target": 2, "rotation": 1.1},
        {
            "gate": "pauliexp",
            "targets": [2, 0, 1],
            "terms": ["XYZ", "IIX", "ZIY"],
            "coefficients": [0.4, -0.7, 0.2],
            "time": 1.3,
        },
        {"gate": "pauliexp", "targets": [1], "terms": ["Y"], "coefficients": [1], "time": 0},
    ]
    job = wire.completed(circuit(gates, 3))
    found = numbers(wire.get(job["results"]["probabilities"]["url"]))
    reference.assert_same(found, reference.probabilities(gates, 3))


def test_native_zz_by_angle_and_by_phase(wire: Wire) -> None:
    for name in ("angle", "phase"):
        gates = [
            {"gate": "gpi2", "target": 0, "phase": 0.1},
            {"gate": "gpi2", "target": 1, "phase": 0.3},
            {"gate": "zz", "targets": [0, 1], name: 0.17},
            {"gate": "nop", "target": 0},
            {"gate": "gpi2", "target": 0, "phase": 0.2},
        ]
        body = circuit(gates)
        body["input"]["gateset"] = "native"
        job = wire.completed(body)
        found = numbers(wire.get(job["results"]["probabilities"]["url"]))
        reference.assert_same(found, reference.probabilities(gates, 2, native=True))


def test_no_gates_at_all(wire: Wire) -> None:
    job = wire.completed(circuit([], 2))
    assert wire.get(job["results"]["probabilities"]["url"]) == {"0": 1}


# Rule 3 and 6: metadata comes back byte for byte.


def test_metadata_is_exact(wire: Wire) -> None:
    metadata = {
        "measurement0": "m\x1f0,1\x1eanother\x1f2",
        "qiskit_header": base64.b64encode(os.urandom(30_000)).decode()[:40_000],
        "quote": 'a "quoted" \\ back\\slash / \u2028 \u00e9 \U0001f600 \x00 \t',
        "empty": "",
    }
    job = wire.completed(circuit(BELL, metadata=metadata))
    assert job["metadata"] == metadata
    (listed,) = wire.get(f"/jobs?ids={job['id']}")["jobs"]
    assert listed["metadata"] == metadata


def test_no_metadata_is_null(wire: Wire) -> None:
    assert wire.completed(circuit(BELL))["metadata"] is None


# Rule 7: backends without a key.


def test_backends_need_no_key(wire: Wire) -> None:
    listed = wire.send("GET", "/backends", headers={})
    assert listed.status == 200
    names = {backend["backend"]: backend for backend in listed.json()}
    assert {"simulator", "qpu.forte-1", "qpu.aria-1", "qpu.aria-2", "qpu.harmony"} <= set(names)
    for name, backend in names.items():
        one = wire.send("GET", f"/backends/{name}", headers={})
        assert one.status == 200
        assert one.json()["qubits"] == backend["qubits"]
        assert backend["status"] in ("available", "unavailable", "retired")
        assert {"average_queue_time", "last_updated"} <= backend.keys()
    assert "aria-1" in names["simulator"]["noise_models"]
    found = wire.send("GET", "/backends/qpu.forte-1/characterizations", headers={})
    assert found.status == 200
    assert found.json()["characterizations"]
    none = wire.send("GET", "/backends/simulator/characterizations", headers={})
    assert not (none.json().get("characterizations") if none.status == 200 else None)


def test_backend_that_is_not_there(wire: Wire) -> None:
    assert_error(wire.send("GET", "/backends/qpu.qpu", headers={}), 404)


# Rule 8 and 9: what a job has.


def test_a_job_has_every_key(wire: Wire) -> None:
    job = wire.completed(circuit(circuits.asymmetric(), 4))
    assert set(job) >= REQUIRED | {"child_job_ids"}
    assert job["stats"]["qubits"] == 4
    assert job["stats"]["circuits"] == 1
    assert isinstance(job["execution_duration_ms"], int | float)
    for name in ("output", "settings", "stats"):
        assert isinstance(job[name], dict)
    assert "shots" not in job, "an ideal simulation has no shots"
    assert job["submitted_at"].endswith("Z")
    (listed,) = wire.get(f"/jobs?ids={job['id']}")["jobs"]
    assert set(listed) >= REQUIRED
    parent = wire.completed(batch(circuits.family(3)))
    assert set(parent) >= REQUIRED
    assert parent["stats"]["circuits"] == 3
    assert len(parent["child_job_ids"]) == 3


def test_failure_in_both_spellings(wire: Wire) -> None:
    job = wire.finished(wire.create(circuit(circuits.too_wide(), 40)))
    assert job["status"] == "failed"
    failure = job["failure"]
    assert failure["code"] == "NotEnoughQubits"
    assert failure["message"] == failure["error"]
    assert "40" in failure["message"]


# Rule 10: `next`.


def test_next_is_null_on_the_last_page(wire: Wire) -> None:
    job_id = wire.create(circuit(BELL))
    reply = wire.get(f"/jobs?ids={job_id}")
    assert reply["next"] is None


def test_next_is_absent_for_cirq(wire: Wire) -> None:
    job_id = wire.create(circuit(BELL))
    headers = {
        "Authorization": f"apiKey {wire.key}",
        "User-Agent": "cirq/1.7.0 (python/3.11.0)",
    }
    reply = wire.send("GET", f"/jobs?ids={job_id}", headers=headers)
    assert "next" not in reply.json()
    wire.create(circuit(BELL))
    first = wire.send("GET", "/jobs?limit=1", headers=headers).json()
    assert first["next"]


def test_a_cursor_that_is_nonsense(wire: Wire) -> None:
    assert_error(wire.send("GET", "/jobs?next=nonsense"), 400)


# Keys.


def test_a_request_without_a_key(wire: Wire) -> None:
    """On loopback any key will do; without one the answer may be 401, in IonQ's shape."""
    reply = wire.send("POST", "/jobs", circuit(BELL), headers={})
    if reply.status != 201:
        assert_error(reply, 401)
    assert wire.send("GET", "/whoami", headers={"Authorization": "apiKey anything"}).status == 200


def test_the_document_is_served(wire: Wire) -> None:
    reply = wire.send("GET", "/api-docs", headers={})
    assert reply.status == 200
    document = reply.json()
    assert document["openapi"].startswith("3.")
    assert any(path.endswith("/jobs") for path in document["paths"])


def test_paths_the_document_leaves_out(wire: Wire) -> None:
    body = circuit(circuits.asymmetric(), 4, backend="qpu.aria-1", shots=40)
    job = wire.completed(body)
    base = f"/jobs/{job['id']}"
    histogram = wire.get(f"{base}/results/histogram")
    shots = wire.get(f"{base}/results/shots")
    assert sum(histogram.values()) == 40
    assert {k: shots.count(k) for k in shots} == histogram
    assert_error(wire.send("GET", f"{base}/variants/none/results/probabilities"), 404)
    program = wire.send("GET", f"{base}/circuits/qasm3")
    if program.status == 200:
        assert "OPENQASM 3" in program.json()
    else:
        assert_error(program, 403, 404)


def test_deleted_is_gone_with_its_children(wire: Wire) -> None:
    job = wire.completed(batch(circuits.family(2)))
    reply = wire.send("DELETE", f"/jobs/{job['id']}")
    assert reply.json() == {"id": job["id"], "status": "deleted"}
    for gone in (job["id"], *job["child_job_ids"]):
        assert_error(wire.send("GET", f"/jobs/{gone}"), 404)
    assert_error(wire.send("DELETE", f"/jobs/{job['id']}"), 404)


def test_bulk_with_a_stranger(wire: Wire) -> None:
    """Undocumented whether it is refused; it must be said in one of IonQ's two shapes."""
    stranger = str(uuid.uuid4())
    for method, path in (("DELETE", "/jobs"), ("PUT", "/jobs/status/cancel")):
        reply = wire.send(method, path, {"ids": [stranger]})
        if reply.status == 200:
            assert stranger not in reply.json()["ids"]
        else:
            assert_error(reply, 400, 404)


def test_cancel_of_a_completed_job_keeps_its_result(wire: Wire) -> None:
    job = wire.completed(circuit(BELL))
    wire.send("PUT", f"/jobs/{job['id']}/status/cancel")
    after = wire.job(job["id"])
    assert after["status"] == "completed"
    assert wire.get(after["results"]["probabilities"]["url"]) == {"0": 0.5, "3": 0.5}
