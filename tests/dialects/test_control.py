"""Ketway's own API over the wire."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from tests.acceptance.serving import BELL, Answer, Client
from tests.circuits.qir import programs as qir

from ketway.devices.noise import LARGEST

BELL_QASM = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
NOBODY = "01a08d98-4b5e-7000-8000-8111ee2dccbc"


def new(**more: Any) -> dict[str, Any]:
    return {"backend": "simulator", "format": "ionq.circuit.v1", "input": BELL, **more}


def ask(client: Client, method: str, path: str, body: Any = None) -> Answer:
    return client.ask(method, f"/ketway/v1{path}", body)


def create(client: Client, **more: Any) -> dict[str, Any]:
    answer = ask(client, "POST", "/jobs", new(**more))
    assert answer.status == 201, answer.raw
    return dict(answer.json)


def run(client: Client, **more: Any) -> dict[str, Any]:
    return client.completed(create(client, **more)["id"])


def result(client: Client, job: dict[str, Any]) -> list[dict[str, Any]]:
    answer = ask(client, "GET", f"/jobs/{job['id']}/result?wait=30")
    assert answer.status == 200, answer.raw
    return list(answer.json["circuits"])


def test_a_job_from_circuits_and_one_from_a_program_answer_the_same(client: Client) -> None:
    from_json = result(client, create(client, shots=10))
    from_text = result(client, create(client, format="openqasm", input=BELL_QASM, shots=10))
    for circuits in (from_json, from_text):
        assert [circuit["outcomes"] for circuit in circuits] == [{"00": 0.5, "11": 0.5}]
        assert sum(circuits[0]["counts"].values()) == 10
        assert circuits[0]["made_by"]["engine"]


def test_a_batch(client: Client) -> None:
    flip = {"qubits": 2, "name": "flip", "circuit": [{"gate": "x", "target": 0}]}
    job = run(
        client, format="ionq.multi-circuit.v1", input={"circuits": [flip, BELL], "gateset": "qis"}
    )
    circuits = result(client, job)
    assert [c["id"] for c in circuits] == job["child_ids"]
    assert [c["index"] for c in circuits] == [0, 1]
    assert (circuits[0]["name"], circuits[0]["outcomes"]) == ("flip", {"01": 1.0})
    (child,) = result(client, {"id": job["child_ids"][0]})
    assert child["outcomes"] == {"01": 1.0}


CORPUS = Path(__file__).parents[1] / "circuits" / "qpy" / "corpus"


def qpy(name: str, version: int = 17) -> str:
    """A file by real Qiskit, in base64."""
    text: str = json.loads((CORPUS / f"v{version}.json").read_text())[name]["qpy"]
    return text


@pytest.mark.parametrize(("format_", "outcome"), [("qir", "1"), ("ionq.qir.v1", "1000")])
def test_a_qir_file(client: Client, format_: str, outcome: str) -> None:
    """Its results, or as IonQ has it every qubit."""
    data = qir.bitcode(
        qir.qis("x__body", qir.q(3)),
        qir.qis("mz__body", qir.q(3), qir.r(0)),
        qir.rt("result_record_output", qir.r(0), "i8* null"),
    )
    text = base64.b64encode(data).decode()
    (circuit,) = result(client, create(client, format=format_, input=text, shots=20))
    assert circuit["outcomes"] == {outcome: 1.0}


def test_a_qpy_file(client: Client) -> None:
    (circuit,) = result(client, create(client, format="qpy", input=qpy("expressions"), shots=20))
    assert circuit["outcomes"] == {"11100101": 1.0}


def test_a_qpy_file_of_several_circuits(client: Client) -> None:
    """Before version 16, circuits simply follow each other: two files make one."""
    one, two = (base64.b64decode(qpy(name, 13)) for name in ("expressions", "variables"))
    data = bytearray(one + two[20:])
    struct.pack_into("!Q", data, 10, 2)
    job = run(client, format="qpy", input=base64.b64encode(data).decode(), shots=20)
    assert (job["circuits"], len(job["child_ids"]), job["qubits"]) == (2, 2, 4)
    circuits = result(client, job)
    assert [c["outcomes"] for c in circuits] == [{"11100101": 1.0}, {"011": 1.0}]
    children = [ask(client, "GET", f"/jobs/{child}").json for child in job["child_ids"]]
    assert [(child["state"], child["qubits"]) for child in children] == [
        ("completed", 4),
        ("completed", 2),
    ]
    plan = ask(client, "POST", "/plans", new(format="qpy", input=base64.b64encode(data).decode()))
    assert (plan.status, plan.json["circuits"]) == (200, 2)


def test_a_qpy_file_with_open_parameters_fails_by_their_names(client: Client) -> None:
    job = create(client, format="qpy", input=qpy("symbols"))
    ended = ask(client, "GET", f"/jobs/{job['id']}?wait=30").json
    assert ended["state"] == "failed"
    assert ended["failure"]["code"] == "PreflightError"
    assert "`alpha`, `beta`" in ended["failure"]["message"]


@pytest.mark.parametrize("text", ["", "####", "QQ==", "UUlTS0lU", "UVNLSVQ="])
def test_what_is_no_qpy_file_is_refused_at_once(client: Client, text: str) -> None:
    answer = ask(client, "POST", "/jobs", new(format="qpy", input=text))
    assert (answer.status, answer.json["error"]["code"]) == (400, "refused")


def test_a_qpy_file_that_ends_too_early_fails(client: Client) -> None:
    cut = base64.b64encode(base64.b64decode(qpy("expressions"))[:-40]).decode()
    job = create(client, format="qpy", input=cut)
    ended = ask(client, "GET", f"/jobs/{job['id']}?wait=30").json
    assert (ended["state"], ended["failure"]["code"]) == ("failed", "PreflightError")


def test_a_job_is_found_by_the_beginning_of_its_id(client: Client) -> None:
    job = run(client)
    assert ask(client, "GET", f"/jobs/{job['id'].upper()}").json["id"] == job["id"]
    several = ask(client, "GET", f"/jobs/{job['id'][:2]}")
    assert (several.status, several.json["error"]["code"]) == (400, "refused")
    none = ask(client, "GET", "/jobs/ffff")
    assert (none.status, none.json["error"]["code"]) == (404, "not-found")
    longer = ask(client, "GET", f"/jobs/{job['id']}0")
    assert longer.status == 404


def test_what_happened_to_a_job(client: Client) -> None:
    job = run(client)
    events = ask(client, "GET", f"/jobs/{job['id']}/events").json["events"]
    assert [event["kind"] for event in events] == ["submitted", "ready", "started", "completed"]
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
    assert [attempt["state"] for attempt in job["attempts"]] == ["finished"]


def test_a_job_without_a_result_says_so(client: Client) -> None:
    failed = create(client, input={**BELL, "qubits": 60, "circuit": [
        {"gate": "t", "target": q} for q in range(60)]})  # fmt: skip
    assert failed["state"] == "failed"
    answer = ask(client, "GET", f"/jobs/{failed['id']}/result")
    assert (answer.status, answer.json["error"]["code"]) == (409, "not-completed")
    assert "failed" in answer.json["error"]["message"]


LAB = {
    "name": "my lab",
    "two_qubit": 0.5,
    "gates": [{"gates": ["h"], "pauli": {"X": 0.25}}],
    "qubits": [{"qubit": 1, "p01": 0.5, "p10": 0.5}],
}


def test_a_noise_model_of_ones_own(client: Client) -> None:
    added = ask(client, "POST", "/noise-models", LAB)
    assert added.status == 201, added.raw
    assert ask(client, "POST", "/noise-models", LAB).status == 200
    other = ask(client, "POST", "/noise-models", {**LAB, "two_qubit": 0.1})
    assert (other.status, other.json["error"]["code"]) == (409, "conflict")
    listed = {
        view["name"]: view for view in ask(client, "GET", "/noise-models").json["noise_models"]
    }
    assert listed["my lab"]["own"]
    assert not listed["aria-1"]["own"]
    assert listed["my lab"]["model"] == ask(client, "GET", "/noise-models/my%20lab").json["model"]
    job = run(client, noise={"model": "my lab", "seed": 3}, shots=1000)
    result = ask(client, "GET", f"/jobs/{job['id']}/result").json["circuits"][0]
    assert result["made_by"]["noise"] == "my lab"
    assert result["made_by"]["rates"]["h X"] == 0.25
    assert result["counts"].keys() == {"00", "01", "10", "11"}
    again = run(client, noise={"model": "my lab", "seed": 3}, shots=1000)
    assert (
        ask(client, "GET", f"/jobs/{again['id']}/result").json["circuits"][0]["counts"]
        == (result["counts"])
    )
    assert ask(client, "DELETE", "/noise-models/my%20lab").json["status"] == "deleted"
    gone = ask(client, "POST", "/jobs", new(noise={"model": "my lab"}))
    assert (gone.status, gone.json["error"]["where"]["keys"]) == (400, ["noise.model"])
    assert ask(client, "DELETE", "/noise-models/my%20lab").status == 404
    assert ask(client, "DELETE", "/noise-models/aria-1").status == 409


def test_it_is_seen_through_the_other_dialects(client: Client) -> None:
    ask(client, "POST", "/noise-models", {"name": "loud", "one_qubit": 1.0})
    body = {
        "type": "ionq.circuit.v1",
        "backend": "simulator",
        "noise": {"model": "loud", "seed": 1},
        "shots": 500,
        "input": {"qubits": 1, "gateset": "qis", "circuit": [{"gate": "x", "target": 0}]},
    }
    sent = client.ask("POST", "/v0.4/jobs", body)
    assert sent.status == 201, sent.raw
    job = client.completed(sent.json["id"])
    assert set(ask(client, "GET", f"/jobs/{job['id']}/result").json["circuits"][0]["counts"]) == {
        "0", "1"}  # fmt: skip


@pytest.mark.parametrize(("model", "key"), [
    ({"name": "x", "one_qubit": 2}, "one_qubit"), ({"one_qubit": 0.1}, "name"),
    ({"name": "x", "gates": [{"gates": ["hh"], "depolarising": 0.1}]}, "gates[0]"),
    ({"name": "x", "figure": 1}, "figure"),
])  # fmt: skip
def test_a_noise_model_that_cannot_be_is_refused_with_where(
    client: Client, model: Any, key: str
) -> None:
    answer = ask(client, "POST", "/noise-models", model)
    assert answer.status == 400, answer.raw
    assert key in str(answer.json["error"]), answer.json


def test_a_noise_model_that_is_too_long_is_refused(client: Client) -> None:
    answer = ask(client, "POST", "/noise-models", {"name": "x", "source": "y" * LARGEST})
    assert answer.status == 400, answer.raw
    assert "at most" in answer.json["error"]["message"]


def test_a_noise_model_that_jobs_wait_for_stays(client: Client) -> None:
    ask(client, "POST", "/noise-models", {"name": "held", "two_qubit": 0.2})
    gates = [{"gate": "rx", "target": q, "rotation": 0.1 + q} for q in range(20)]
    gates += [{"gate": "cnot", "control": q, "target": q + 1} for q in range(19)]
    slow = {"qubits": 20, "circuit": gates * 20}
    job = create(client, input=slow, noise={"model": "held"}, shots=100_000)
    refused = ask(client, "DELETE", "/noise-models/held")
    assert refused.status == 409
    assert job["id"] in refused.json["error"]["message"]
    ask(client, "POST", f"/jobs/{job['id']}/cancel")
    assert ask(client, "DELETE", "/noise-models/held").status == 200


def test_a_plan_submits_nothing(client: Client) -> None:
    before = ask(client, "GET", "/jobs?limit=1").json["jobs"]
    plan = ask(client, "POST", "/plans", new()).json
    assert (plan["circuits"], plan["qubits"], plan["gates"]) == (1, 2, {"1q": 1, "2q": 1})
    (part,) = plan["plan"]
    assert part["engine"] == "dense"
    assert part["bytes"] > 0
    assert part["seconds"] > 0
    assert ask(client, "GET", "/jobs?limit=1").json["jobs"] == before
    made = run(client)
    assert made["plan"] == plan["plan"]


def test_a_text_is_read_to_be_planned(client: Client) -> None:
    text = 'OPENQASM 3; include "stdgates.inc"; qubit[20] q; h q; cx q[0], q[19];'
    plan = ask(client, "POST", "/plans", new(format="openqasm", input=text)).json
    assert (plan["qubits"], plan["plan"][0]["engine"]) == (20, "clifford")
    wrong = ask(client, "POST", "/plans", new(format="openqasm", input="OPENQASM 3; h q;")).json
    assert wrong["failure"]["line"] == 1
    assert wrong["plan"] == []


def test_a_plan_says_what_would_be_refused(client: Client) -> None:
    wide = {"qubits": 29, "circuit": [{"gate": "t", "target": q} for q in range(29)]}
    noisy = new(input=wide, noise={"model": "aria-1"})
    refused = ask(client, "POST", "/plans", noisy).json
    assert refused["failure"]["code"] == create(client, **noisy)["failure"]["code"]
    assert ask(client, "POST", "/plans", new(backend="nowhere")).status == 400


@pytest.mark.parametrize(("body", "key"), [
    (new(backend="nowhere"), "backend"), (new(shots=0), "shots"), (new(shots=10**30), "shots"),
    (new(noise={"model": "aria-1", "seed": -1}), "noise.seed"),
    (new(noise={"model": "aria-1", "seed": 2**63}), "noise.seed"),
    (new(noise={"model": "aria-9"}), "noise.model"), (new(seed=-1), "seed"),
    (new(format="quil"), "format"), (new(format="openqasm"), "input"),
    (new(format="qir"), "input"), (new(format="qir", input="QUJD"), "input"),
    (new(input="text"), "input"), (new(metadata={"a": 1}), "metadata"),
    (new(input={"circuit": [{"gate": "h", "target": 9}], "qubits": 2}), "input.circuit[0].target"),
    ({}, "backend"),
])  # fmt: skip
def test_what_is_wrong_is_refused_with_where(client: Client, body: Any, key: str) -> None:
    answer = ask(client, "POST", "/jobs", body)
    assert answer.status == 400, answer.raw
    error = answer.json["error"]
    assert error["where"]["keys"][0].startswith(key), error
    assert error["message"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "next=x", "state=running", "state="])
def test_wrong_queries_are_refused(client: Client, query: str) -> None:
    assert ask(client, "GET", f"/jobs?{query}").status == 400


@pytest.mark.parametrize("wait", ["-1", "31", "nan", "inf", "x"])
def test_no_one_waits_for_ever(client: Client, wait: str) -> None:
    job = run(client)
    assert ask(client, "GET", f"/jobs/{job['id']}?wait={wait}").status == 400


def test_jobs_are_listed_page_by_page(client: Client) -> None:
    made = [run(client)["id"] for _ in range(3)]
    page = ask(client, "GET", "/jobs?limit=2").json
    assert [job["id"] for job in page["jobs"]] == made[:0:-1]
    page = ask(client, "GET", f"/jobs?limit=1&next={page['next']}").json
    assert [job["id"] for job in page["jobs"]] == made[:1]


def test_deleting_and_canceling(client: Client) -> None:
    job = run(client)
    assert ask(client, "POST", f"/jobs/{job['id']}/cancel").json["state"] == "completed"
    deleted = ask(client, "DELETE", f"/jobs/{job['id']}")
    assert deleted.json == {"id": job["id"], "status": "deleted"}
    assert ask(client, "GET", f"/jobs/{job['id']}").status == 404
    assert ask(client, "POST", f"/jobs/{NOBODY}/cancel").status == 404


def test_health_and_checks(client: Client) -> None:
    health = ask(client, "GET", "/health").json
    assert (health["status"], health["url"]) == ("ok", client.url)
    checks = {check["name"]: check["ok"] for check in ask(client, "GET", "/doctor").json["checks"]}
    assert checks["sqlite"]
    assert checks["data folder"]


def test_a_backend_says_what_it_is(client: Client) -> None:
    listed = ask(client, "GET", "/backends").json["backends"]
    assert ask(client, "GET", "/backends/simulator").json in listed
    assert ask(client, "GET", "/backends/nowhere").status == 404


@pytest.mark.parametrize("path", ["/nothing", "/jobs/%0A", "/a%0Ab", "/"])
def test_nothing_there_is_said_in_this_dialects_words(client: Client, path: str) -> None:
    answer = ask(client, "GET", path)
    assert answer.status == 404
    assert answer.json["error"]["message"]


def test_a_path_of_nobody_names_those_that_are(client: Client) -> None:
    answer = client.ask("GET", "/v9/jobs")
    assert answer.status == 404
    assert "/v0.4" in answer.json["message"]
