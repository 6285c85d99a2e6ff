"""What is wrong with a request is said in IonQ's shape: the status, a sentence, and where."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.acceptance.serving import Answer, Client, Server
from tests.circuits.qir import programs as qir

H = {"gate": "h", "target": 0}
TITLES = {400: "Bad Request", 404: "Not Found Error", 405: "Method Not Allowed"}
NOBODY = "01a08d98-4b5e-7000-8000-8111ee2dccbc"


def job(**more: Any) -> dict[str, Any]:
    return {
        "type": "ionq.circuit.v1",
        "backend": "simulator",
        "input": {"qubits": 2, "gateset": "qis", "circuit": [H]},
        **more,
    }


def circuit(*gates: Any, gateset: str = "qis", qubits: Any = 2, **more: Any) -> dict[str, Any]:
    given = {"gateset": gateset, "circuit": list(gates), **more}
    return job(input=given if qubits is None else {"qubits": qubits, **given})


def several(*circuits: Any, gateset: str | None = "qis", **more: Any) -> dict[str, Any]:
    given = {"circuits": list(circuits), **more}
    if gateset is not None:
        given["gateset"] = gateset
    return job(type="ionq.multi-circuit.v1", input=given)


def assert_says(
    answer: Answer, status: int, says: str, keys: list[str] | None = None, source: str = "body"
) -> None:
    assert answer.status == status, answer.raw
    assert answer.headers["content-type"] == "application/json"
    said = answer.json
    assert (said["statusCode"], said["error"]) == (status, TITLES.get(status, said["error"]))
    assert says.lower() in said["message"].lower(), said
    if keys is None:
        assert "validation" not in said or said["validation"]["keys"] == []
    else:
        assert said["validation"] == {"source": source, "keys": keys}


BODIES: dict[str, tuple[Any, str, list[str] | None]] = {
    "not an object": ([], "expected `object`", None),
    "no type": ({"backend": "simulator", "input": {}}, "type is missing", ["type"]),
    "no backend": ({"type": "ionq.circuit.v1", "input": {}}, "backend is missing", ["backend"]),
    "no input": (
        {"type": "ionq.circuit.v1", "backend": "simulator"}, "input is missing", ["input"]),
    "backend of the wrong type": (job(backend=1), "expected `str`", ["backend"]),
    "input of the wrong type": (job(input=[]), "expected `object`", ["input"]),
    "circuit of the wrong type": (
        job(input={"gateset": "qis", "circuit": {}}), "expected `array", ["input.circuit"]),
    "gate of the wrong type": (circuit("h"), "expected `object`", ["input.circuit[0]"]),
    "target of the wrong type": (
        circuit(H, {"gate": "h", "target": "0"}), "", ["input.circuit[1].target"]),
    "unknown gate set": (circuit(H, gateset="pulse"), "pulse", ["input.gateset"]),
    "no gate set": (job(input={"qubits": 1, "circuit": [H]}), "gateset", ["input.gateset"]),
    "no circuit": (job(input={"qubits": 1, "gateset": "qis"}), "circuit", ["input.circuit"]),
    "circuits in a single job": (
        job(input={"gateset": "qis", "circuits": []}), "multi-circuit", ["input.circuit"]),
    "both": (
        job(input={"gateset": "qis", "circuit": [H], "circuits": []}), "both",
        ["input.circuits"]),
    "unknown gate": (
        circuit(H, {"gate": "hadamar", "target": 0}), "hadamar", ["input.circuit[1].gate"]),
    "qubit out of range": (
        circuit(H, {"gate": "x", "target": 2}), "qubit 2 is outside", ["input.circuit[1].target"]),
    "negative qubit": (circuit({"gate": "x", "target": -1}), "-1", ["input.circuit[0].target"]),
    "half a qubit": (
        circuit({"gate": "x", "target": 0.5}), "whole number", ["input.circuit[0].target"]),
    "repeated operand": (
        circuit({"gate": "cnot", "control": 1, "target": 1}), "twice",
        ["input.circuit[0].target"]),
    "no target": (circuit({"gate": "x"}), "target", ["input.circuit[0].targets"]),
    "no angle": (circuit({"gate": "rx", "target": 0}), "rotation", ["input.circuit[0].rotation"]),
    "negative qubits": (circuit(qubits=-1), "-1", ["input.qubits"]),
    "qubits of the wrong type": (circuit(qubits="2"), "expected `int", ["input.qubits"]),
    "no circuits": (several(), "circuits", ["input.circuits"]),
    "circuit beside circuits": (
        several({"circuit": [H]}, circuit=[H]), "circuit", ["input.circuit"]),
    "no gate set for a child": (
        several({"circuit": [H], "gateset": "qis"}, {"circuit": [H]}, gateset=None), "circuit 1",
        ["input.gateset", "input.circuits[1].gateset"]),
    "wrong in the third circuit": (
        several(*[{"qubits": 1, "circuit": [H]}] * 2,
                {"qubits": 1, "circuit": [{"gate": "x", "target": 4}]}),
        "qubit 4", ["input.circuits[2].circuit[0].target"]),
    "register out of range": (
        several({"qubits": 1, "circuit": [H], "registers": {"c": [0, 3]}}), "register 'c'",
        ["input.circuits[0].registers"]),
    "no bitcode": (job(type="ionq.qir.v1", input={}), "bitcode in base64", ["input.data"]),
    "no program": (job(type="ionq.qasm3.v1", input={}), "OpenQASM", ["input.data"]),
    "unknown type": (job(type="ionq.circuit.v9"), "unknown job type", ["type"]),
    "session": (job(session_id=NOBODY), "no session", ["session_id"]),
    "debiasing on a QPU": (
        job(backend="qpu.forte-1", settings={"error_mitigation": {"debiasing": True}}),
        "at least 500 shots", ["shots"]),
    "debiasing of the wrong type": (
        job(backend="qpu.forte-1", settings={"error_mitigation": {"debiasing": 1}}),
        "true or false", ["settings.error_mitigation.debiasing"]),
    "unknown backend": (
        job(backend="simulater"), "unknown backend 'simulater'; did you mean 'simulator'",
        ["backend"]),
    "unknown noise model": (
        job(noise={"model": "aria1"}), "aria-1", ["noise.model"]),
    "noise on a QPU": (
        job(backend="qpu.forte-1", noise={"model": "aria-1"}), "noise", ["noise"]),
    "seed too small": (job(noise={"model": "aria-1", "seed": -1}), "seed", ["noise.seed"]),
    "seed too large": (job(noise={"model": "aria-1", "seed": 2**63}), "seed", ["noise.seed"]),
    "no shots": (job(shots=0), "shots", ["shots"]),
    "too many shots": (job(shots=1_000_001), "1,000,001", ["shots"]),
    "shots beyond any number": (job(shots=10**40), "shots", ["shots"]),
    "shots as a word": (job(shots="many"), "shots", ["shots"]),
    "half a shot": (job(shots=1.5), "shots", ["shots"]),
    "metadata of the wrong type": (job(metadata=[]), "metadata", ["metadata"]),
    "metadata that is not text": (job(metadata={"a": 1}), "metadata", ["metadata"]),
    "too much metadata": (
        job(metadata={str(i): "" for i in range(11)}), "11 keys", ["metadata"]),
    "metadata key too long": (job(metadata={"k" * 41: ""}), "40", ["metadata"]),
    "metadata value too long": (job(metadata={"k": "v" * 40_001}), "40,000", ["metadata.k"]),
    "name of the wrong type": (job(name=5), "expected `str", ["name"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_is_wrong_is_refused_with_where(client: Client, what: str) -> None:
    body, says, keys = BODIES[what]
    assert_says(client.ask("POST", "/v0.4/jobs", body), 400, says, keys)


@pytest.mark.parametrize("raw", [
    b"", b"{", b"nonsense", b"\xff\xfe", b'{"type": "a"', b'"\xed\xa0\x80"', b"null", b"1e999",
    b'{"type":"ionq.circuit.v1","backend":"simulator","input":' + b"[" * 200_000,
    b'{"type":"ionq.circuit.v1","backend":"simulator","x":' + b'{"a":' * 100_000,
])  # fmt: skip
def test_what_is_not_json_is_refused(client: Client, raw: bytes) -> None:
    assert_refused_anyhow(client.ask("POST", "/v0.4/jobs", raw))


@pytest.mark.parametrize("angle", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", '"1"'])
def test_angles_that_are_no_numbers_are_refused(client: Client, angle: str) -> None:
    for gate in (
        f'{{"gate":"rx","target":0,"rotation":{angle}}}',
        f'{{"gate":"pauliexp","targets":[0],"terms":["X"],"coefficients":[{angle}],"time":1}}',
    ):
        body = json.dumps(job()).replace('{"gate": "h", "target": 0}', gate)
        assert body != json.dumps(job())
        assert_refused_anyhow(client.ask("POST", "/v0.4/jobs", body.encode()))


def assert_refused_anyhow(answer: Answer) -> None:
    assert answer.status == 400, answer.raw
    assert answer.json["statusCode"] == 400


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_only_python_writes_are_named(client: Client, word: str) -> None:
    raw = json.dumps(job()).replace('"backend"', f'"shots": {word}, "backend"').encode()
    answer = client.ask("POST", "/v0.4/jobs", raw)
    assert_says(answer, 400, f"{word.removeprefix('-')} at byte")


@pytest.mark.parametrize("name", ['"\\ud800"', '"\\udfff\\ud800"'])
def test_text_that_is_no_unicode_is_refused(client: Client, name: str) -> None:
    for field in ("name", "type"):
        body = json.dumps(job(**{field: "XX"})).replace('"XX"', name)
        assert_refused_anyhow(client.ask("POST", "/v0.4/jobs", body.encode()))


def test_metadata_that_is_no_utf_8_is_refused(client: Client) -> None:
    body = json.dumps(job(metadata={"k": "XX"})).encode().replace(b"XX", b"\xff\xfe")
    assert_refused_anyhow(client.ask("POST", "/v0.4/jobs", body))


def test_names_and_metadata_may_have_any_character(client: Client) -> None:
    odd = "\x00\x01\x1e\x1f\u2028'\"\\\U0001f600é"
    answer = client.ask("POST", "/v0.4/jobs", job(name=odd, metadata={odd: odd}))
    assert answer.status == 201
    shown = client.ask("GET", f"/v0.4/jobs/{answer.json['id']}").json
    assert (shown["name"], shown["metadata"]) == (odd, {odd: odd})


def test_too_many_circuits_and_gates_are_refused(client: Client) -> None:
    one = {"qubits": 1, "circuit": [H]}
    answer = client.ask("POST", "/v0.4/jobs", several(*[one] * 5_001))
    assert_says(answer, 400, "at most 5,000 circuits", ["input.circuits"])
    answer = client.ask("POST", "/v0.4/jobs", circuit(*[H] * 150_001))
    assert_says(answer, 400, "150,001", ["input"])
    half = {"qubits": 1, "circuit": [H] * 75_001}
    assert_says(client.ask("POST", "/v0.4/jobs", several(half, half)), 400, "150,002", ["input"])


# -- what is well formed, but cannot be done ------------------------------------------------------


def failed(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert (answer.status, answer.json["status"]) == (201, "submitted"), answer.raw
    job_id = answer.json["id"]
    client.ended(job_id)
    shown = dict(client.ask("GET", f"/v0.4/jobs/{job_id}").json)
    assert shown["status"] == "failed"
    assert shown["results"] is None
    assert shown["failure"]["error"] == shown["failure"]["message"]
    missing = client.ask("GET", f"/v0.4/jobs/{job_id}/results/probabilities")
    assert_says(missing, 404, "failed")
    return dict(shown["failure"])


def test_what_a_backend_cannot_do_fails_the_job_with_a_code(client: Client) -> None:
    controls = {"gate": "x", "target": 8, "controls": list(range(8))}
    failure = failed(client, circuit(controls, qubits=9))
    assert failure["code"] == "TooManyControls"
    assert "8 controls" in failure["message"]
    wide = circuit({"gate": "rx", "target": 39, "rotation": 0.1}, qubits=40)
    assert failed(client, wide)["code"] == "NotEnoughQubits"
    small = circuit(H, qubits=37) | {"backend": "qpu.forte-1"}
    assert failed(client, small)["code"] == "NotEnoughQubits"
    native = circuit({"gate": "zz", "targets": [0, 1], "angle": 0.1}, gateset="native")
    assert failed(client, native | {"backend": "qpu.aria-1"})["code"] == "UnsupportedGate"


def test_a_program_that_cannot_be_read_fails_with_its_line(client: Client) -> None:
    for text in ("OPENQASM 3.0;\nqubit[2] q;\nnonsense q;", "(" * 5_000, "OPENQASM 3.0; qubit[1] "):
        failure = failed(client, job(type="ionq.qasm3.v1", input={"data": text}))
        assert failure["code"] == "PreflightError"
    where = failed(client, job(type="ionq.qasm3.v1", input={"data": "OPENQASM 3.0;\nqubit q;\n%"}))
    assert "Line 3" in where["message"]


def test_qir_that_cannot_be_read_fails_with_its_call(client: Client) -> None:
    data = qir.bitcode(qir.qis("h__body", qir.q(0)), qir.qis("foo__body", qir.q(0)))
    given = {"data": base64.b64encode(data).decode()}
    failure = failed(client, job(type="ionq.qir.v1", input=given))
    assert failure["code"] == "UnsupportedGate"
    assert "call 1 (`__quantum__qis__foo__body`)" in failure["message"]
    for cut in (30, 400, len(data) - 8):
        given = {"data": base64.b64encode(data[:cut]).decode()}
        failure = failed(client, job(type="ionq.qir.v1", input=given))
        assert failure["code"] == "PreflightError", failure


# -- bodies too large -----------------------------------------------------------------------------

LIMIT = 10 * 1024 * 1024


def large(size: int) -> bytes:
    head, tail = json.dumps(job(x="X")).encode().split(b"X")
    return head + b"x" * (size - len(head) - len(tail)) + tail


def test_the_largest_body_is_taken_and_a_byte_more_is_not(client: Client) -> None:
    assert client.ask("POST", "/v0.4/jobs", large(LIMIT)).status == 201
    answer = client.ask("POST", "/v0.4/jobs", large(LIMIT + 1))
    assert (answer.status, answer.json["error"]) == (413, "Payload Too Large")
    assert "10MB" in answer.json["message"]


def test_a_body_of_undeclared_length_is_refused_when_it_has_become_too_large(
    server: Server,
) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    whole = large(LIMIT + 1)
    pieces = [whole[i : i + (1 << 18)] for i in range(0, len(whole), 1 << 18)]
    connection.request("POST", "/v0.4/jobs", body=iter(pieces), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    response = connection.getresponse()
    assert response.status == 413
    assert json.loads(response.read())["statusCode"] == 413
    connection.close()


def test_a_compressed_body_is_refused(client: Client) -> None:
    answer = client.ask("POST", "/v0.4/jobs", b"...", {"Content-Encoding": "gzip"})
    assert_says(answer, 400, "uncompressed", [], "headers")


# -- paths and queries ----------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/jobs/{}"), ("DELETE", "/jobs/{}"), ("POST", "/jobs/{}/clone"),
    ("POST", "/jobs/{}/move"), ("PUT", "/jobs/{}/status/cancel"), ("GET", "/jobs/{}/cost"),
    ("GET", "/jobs/{}/results/probabilities"), ("GET", "/jobs/{}/results/histogram"),
    ("GET", "/jobs/{}/results/probabilities/aggregated"), ("GET", "/jobs/{}/results/shots"),
    ("GET", "/jobs/{}/artifacts/probabilities"), ("GET", "/jobs/{}/circuits/native"),
    ("GET", "/jobs/{}/variants/v/results/shots"),
])  # fmt: skip
def test_a_job_that_is_not_there_is_404_everywhere(client: Client, method: str, path: str) -> None:
    body = {} if method == "POST" else None
    for job_id in (NOBODY, "nonsense", "%00", "%0A", "..%2f..", "a" * 500, f"{NOBODY}x"):
        answer = client.ask(method, "/v0.4" + path.format(job_id), body)
        assert_says(answer, 404, "there is no")


@pytest.mark.parametrize(("method", "path", "says"), [
    ("GET", "/sessions/x", "no session x"), ("POST", "/sessions/x/end", "no session x"),
    ("GET", "/sessions/x/jobs", "no session x"), ("GET", "/jobs/estimate?backend=x", "backend 'x'"),
    ("GET", f"/jobs/{NOBODY}/cost", "no job"), ("GET", "/nothing", "There is no GET"),
    ("GET", "/", "There is no GET"), ("GET", "/backends/qpu.qpu", "qpu.qpu"),
    ("GET", "/backends/simulator/characterizations/x", "no characterization"),
    ("GET", "/schemas/formats/ionq.result.x", "no format"),
])  # fmt: skip
def test_what_is_not_there_says_so(client: Client, method: str, path: str, says: str) -> None:
    assert_says(client.ask(method, "/v0.4" + path, {} if method == "POST" else None), 404, says)


@pytest.mark.parametrize(("query", "key"), [
    ("limit=0", "limit"), ("limit=x", "limit"), ("limit=-5", "limit"), ("next=x", "next"),
    ("status=running", "status"), ("status=", "status"), ("next=%00", "next"),
])  # fmt: skip
def test_a_query_that_is_wrong_is_refused(client: Client, query: str, key: str) -> None:
    answer = client.ask("GET", f"/v0.4/jobs?{query}")
    assert answer.status == 400
    assert answer.json["validation"]["keys"] == [key]


def test_a_wrong_method_says_which_are_right(client: Client) -> None:
    answer = client.ask("PATCH", "/v0.4/jobs")
    assert_says(answer, 405, "DELETE, GET, POST")
    assert answer.headers["allow"] == "DELETE, GET, POST"


def test_bulk_operations_touch_nothing_unless_all_are_there(client: Client) -> None:
    job_id = client.submit(job()["input"])
    client.completed(job_id)
    for method, path in (("DELETE", "/v0.4/jobs"), ("PUT", "/v0.4/jobs/status/cancel")):
        for bad in (NOBODY, "x"):
            assert_says(client.ask(method, path, {"ids": [job_id, bad]}), 404, "there is no job")
        assert client.ask(method, path, {}).status == 400
        assert client.ask(method, path, {"ids": "x"}).status == 400
    assert client.ask("GET", f"/v0.4/jobs/{job_id}").status == 200
