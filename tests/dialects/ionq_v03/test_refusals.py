"""What is wrong with a request to v0.3 is said in IonQ's shape, with v0.3's names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.acceptance.serving import Client

H = {"gate": "h", "target": 0}
NOBODY = "01a08d98-4b5e-7000-8000-8111ee2dccbc"


def job(input_: Any = None, **more: Any) -> dict[str, Any]:
    return {"input": {"qubits": 1, "circuit": [H]} if input_ is None else input_, **more}


BODIES: dict[str, tuple[Any, str, list[str]]] = {
    "no input": ({"target": "simulator"}, "input is missing", ["input"]),
    "input and body": ({**job(), "body": {"circuit": [H]}}, "both input and body", ["body"]),
    "no circuit": (job({"qubits": 1}), "input.circuit is missing", ["input.circuit"]),
    "no circuit in a body": (
        {"body": {"qubits": 1}}, "body.circuit is missing", ["body.circuit"]),
    "an empty list of circuits": (job({"circuits": []}), "is empty", ["input.circuits"]),
    "circuit beside circuits": (
        job({"circuit": [H], "circuits": [{"circuit": [H]}]}), "means nothing", ["input.circuit"]),
    "a qubit out of range": (
        job({"qubits": 1, "circuit": [{"gate": "x", "target": 4}]}), "qubit 4",
        ["input.circuit[0].target"]),
    "a qubit out of range in a list": (
        job([{"circuit": [H]}, {"qubits": 1, "circuit": [{"gate": "x", "target": 4}]}]),
        "qubit 4", ["input[1].circuit[0].target"]),
    "a list of texts": (
        job([{"format": "openqasm", "data": "OPENQASM 3;"}]), "a list takes programs in",
        ["input[0].format"]),
    "a list of lists": (job([{"circuits": []}]), "is missing", ["input[0].circuit"]),
    "an unknown format": (
        job({"format": "quil", "data": "X 0"}), "unknown format 'quil'", ["input.format"]),
    "no text": (job({"format": "openqasm"}), "an OpenQASM program as text", ["input.data"]),
    "no bitcode": (job({"format": "qir", "data": " "}), "LLVM bitcode", ["input.data"]),
    "no base64": (job({"format": "qir", "data": "BC!!"}), "is no QIR in base64", ["input.data"]),
    "an unknown gate": (
        job({"circuit": [{"gate": "hadamar", "target": 0}]}), "hadamar", ["input.circuit[0].gate"]),
    "an unknown target": (
        job(target="simulater"), "unknown backend 'simulater'; did you mean 'simulator'",
        ["target"]),
    "no whole number of shots": (job(shots=1.5), "whole number", ["shots"]),
    "shots as a word": (job(shots="many"), "whole number", ["shots"]),
    "no shots": (job(shots=0), "shots", ["shots"]),
    "a register out of range": (
        job(registers={"c": [0, 7]}), "register 'c' names a qubit outside", ["registers"]),
    "metadata of numbers": (job(metadata={"a": 1}), "every value must be a string", ["metadata"]),
    "an unknown noise model": (job(noise={"model": "loud"}), "loud", ["noise.model"]),
    "noise on a machine": (
        job(target="qpu.aria-1", noise={"model": "aria-1"}), "belong to the simulator", ["noise"]),
    "a level that the compiler has not": (
        job(settings={"compilation": {"opt": 5}}), "must be 0, 1 or 2",
        ["settings.compilation.opt"]),
    "debiasing on a machine": (
        job(target="qpu.aria-1", error_mitigation={"debias": True}), "at least 500 shots",
        ["shots"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_wrong_is_refused_with_where(client: Client, what: str) -> None:
    body, says, keys = BODIES[what]
    answer = client.ask("POST", "/v0.3/jobs", body)
    assert answer.status == 400, answer.raw
    assert answer.json["error"] == "Bad Request"
    assert answer.json["statusCode"] == 400
    assert says in answer.json["message"]
    assert answer.json["validation"] == {"source": "body", "keys": keys}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/jobs?limit=0", "limit must be 1 or more"),
        ("/jobs?status=started", "unknown status 'started'"),
        ("/jobs?next=7", "next must be"),
        ("/jobs?include=colour", "no field 'colour'"),
        ("/backends?status=loud", "status may only be verbose"),
        ("/characterizations/backends/qpu.aria-1?limit=11", "limit must be from 1 to 10"),
        ("/characterizations/backends/qpu.aria-1?start=99999999999999999", "milliseconds"),
        ("/report/organizations/a?start_date=yesterday", "must be a date"),
        ("/report/organizations/a?start_date=2026-02-01&end_date=2026-01-01", "is after"),
    ],
)
def test_a_query_that_is_wrong_is_refused(client: Client, path: str, says: str) -> None:
    if path.startswith("/jobs?include"):
        client.completed(client.submit({"gateset": "qis", "qubits": 1, "circuit": [H]}))
    answer = client.ask("GET", f"/v0.3{path}")
    assert answer.status == 400, answer.raw
    assert says in answer.json["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/jobs/{NOBODY}"),
        ("GET", f"/jobs/{NOBODY}/results"),
        ("GET", "/jobs/7"),
        ("DELETE", f"/jobs/{NOBODY}"),
        ("PUT", f"/jobs/{NOBODY}/status/cancel"),
        ("GET", f"/characterizations/{NOBODY}"),
        ("GET", "/characterizations/backends/qpu.nowhere/current"),
        ("GET", "/nothing"),
    ],
)
def test_what_is_not_there_is_404(client: Client, method: str, path: str) -> None:
    answer = client.ask(method, f"/v0.3{path}")
    assert (answer.status, answer.json["statusCode"]) == (404, 404)


def test_nothing_is_deleted_without_being_named(client: Client) -> None:
    assert client.ask("DELETE", "/v0.3/jobs").status == 400
    assert client.ask("DELETE", "/v0.3/jobs", {"id": "x"}).status == 400
    assert client.ask("DELETE", "/v0.3/jobs", b"nonsense").status == 400
    assert client.ask("DELETE", "/v0.3/jobs", {"ids": [NOBODY]}).status == 404


def test_another_format_of_results_is_refused(client: Client) -> None:
    job_id = client.submit({"gateset": "qis", "qubits": 1, "circuit": [H]})
    client.completed(job_id)
    answer = client.ask("GET", f"/v0.3/jobs/{job_id}/results?format=csv")
    assert answer.status == 400
    assert "unknown format 'csv': use qir.quantum-log.v0" in answer.json["message"]


def test_a_text_that_cannot_be_read_fails_with_its_line(client: Client) -> None:
    text = "OPENQASM 3.0;\nqubit q;\nfrobnicate q;"
    answer = client.ask("POST", "/v0.3/jobs", job({"format": "openqasm", "data": text}))
    client.ended(answer.json["id"])
    failure = client.ask("GET", f"/v0.3/jobs/{answer.json['id']}").json["failure"]
    assert failure["code"] == "PreflightError"
    assert failure["error"].startswith("Line 3, column 1:")


_scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(-2, 2), st.text())
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=8,
)
_gates = st.dictionaries(
    st.sampled_from(["gate", "target", "targets", "control", "controls", "rotation", "phase"]),
    st.one_of(_scalars, st.sampled_from(["x", "h", "cnot", "zz"]), st.lists(st.integers(-1, 4))),
    max_size=4,
)
_circuits = st.fixed_dictionaries({"circuit": st.lists(_gates)})
_programs = st.fixed_dictionaries(
    {},
    optional={
        "format": st.one_of(_scalars, st.sampled_from(["ionq.circuit.v0", "openqasm", "qir"])),
        "gateset": st.one_of(_scalars, st.sampled_from(["qis", "native"])),
        "qubits": st.one_of(_scalars, st.integers(1, 4)),
        "circuit": st.one_of(_values, st.lists(_gates, max_size=4)),
        "circuits": st.one_of(
            _values, st.lists(st.fixed_dictionaries({"circuit": st.lists(_gates)}))
        ),
        "data": _values,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "input": st.one_of(_values, _programs, st.lists(_programs, max_size=3)),
            "body": st.one_of(_values, _programs),
            "target": st.one_of(_scalars, st.sampled_from(["simulator", "qpu.aria-1"])),
            "shots": _scalars,
            "name": _values,
            "metadata": _values,
            "noise": _values,
            "registers": _values,
            "error_mitigation": _values,
            "settings": _values,
            "dry_run": _values,
        },
    )
)
def test_no_body_is_ever_the_servers_fault(client: Client, body: Any) -> None:
    answer = client.ask("POST", "/v0.3/jobs", json.dumps(body).encode("utf-8", "surrogatepass"))
    assert answer.status in (200, 400), answer.raw
    if answer.status == 400:
        assert answer.json["statusCode"] == 400
