"""The operations on jobs, over the wire, as IonQ's document and its SDKs have them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.acceptance.serving import BELL, Client

CIRQ = {"User-Agent": "cirq/1.7.0 (python 3.11)"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
KEYS = {
    "id", "status", "type", "backend", "dry_run", "submitter_id", "project_id", "parent_job_id",
    "session_id", "metadata", "name", "submitted_at", "started_at", "completed_at",
    "predicted_wait_time_ms", "predicted_execution_duration_ms", "execution_duration_ms",
    "failure", "output", "settings", "stats", "results",
}  # fmt: skip
SEVERAL = "ionq.multi-circuit.v1"


def flips(*qubits: int, of: int = 3) -> dict[str, Any]:
    """A circuit whose only outcome has those bits."""
    gates = [{"gate": "x", "target": q} for q in qubits] or [{"gate": "z", "target": 0}]
    return {"qubits": of, "gateset": "qis", "circuit": gates}


def get(client: Client, path: str, status: int = 200, **headers: str) -> Any:
    answer = client.ask("GET", f"/v0.4{path}", headers=headers)
    assert answer.status == status, answer.raw
    return answer.json


def run(client: Client, *args: Any, **more: Any) -> str:
    job_id = client.submit(*args, **more)
    client.completed(job_id)
    return job_id


def batch(client: Client, *circuits: Any, **more: Any) -> tuple[str, list[str]]:
    job_id = run(client, {"gateset": "qis", "circuits": list(circuits)}, SEVERAL, **more)
    return job_id, get(client, f"/jobs/{job_id}")["child_job_ids"]


def test_what_is_answered_to_a_new_job(client: Client) -> None:
    body = {"type": "ionq.circuit.v1", "backend": "simulator", "input": BELL}
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 201
    assert set(answer.json) == {"id", "status", "session_id"}
    assert (answer.json["status"], answer.json["session_id"]) == ("submitted", None)


def test_a_completed_job(client: Client) -> None:
    job_id = run(client, BELL, name="bell", metadata={"b": "2", "a": "1"}, shots=50)
    job = get(client, f"/jobs/{job_id}")
    assert set(job) >= KEYS | {"child_job_ids", "noise"}
    assert (job["status"], job["type"], job["backend"]) == (
        "completed", "ionq.circuit.v1", "simulator")  # fmt: skip
    assert (job["name"], list(job["metadata"].items())) == ("bell", [("b", "2"), ("a", "1")])
    assert all(TIME.match(job[f"{what}_at"]) for what in ("submitted", "started", "completed"))
    assert job["stats"]["gate_counts"] == {"1q": 1, "2q": 1}
    assert (job["stats"]["qubits"], job["stats"]["circuits"]) == (2, 1)
    assert isinstance(job["execution_duration_ms"], int)
    assert job["failure"] is None
    assert job["child_job_ids"] is None
    assert job["noise"] == {"model": "ideal"}
    assert "shots" not in job  # the ideal simulator ignores them, and IonQ leaves them out
    assert re.fullmatch(r"[0-9a-f]{24}", job["submitter_id"])


def test_sampled_jobs_show_their_shots_and_noise(client: Client) -> None:
    noisy = run(client, BELL, noise={"model": "aria-1", "seed": 7}, shots=321)
    job = get(client, f"/jobs/{noisy}")
    assert (job["shots"], job["noise"]) == (321, {"model": "aria-1", "seed": 7})
    on_qpu = run(client, BELL, backend="qpu.forte-1", shots="20")
    job = get(client, f"/jobs/{on_qpu}")
    assert job["shots"] == 20
    assert "noise" not in job
    assert sum(get(client, f"/jobs/{on_qpu}/results/histogram").values()) == 20


def test_both_styles_of_results_lead_to_the_same(client: Client) -> None:
    job_id = run(client, BELL)
    results = get(client, f"/jobs/{job_id}")["results"]
    for entry in results.values():
        assert set(entry) >= {"id", "format", "media_type"}
        assert entry["media_type"] == "application/json"
    for name in ("probabilities", "histogram", "shots"):
        old = results[name]
        assert old["url"] == f"/v0.4/jobs/{job_id}/results/{name}"
        by_url = client.ask("GET", old["url"])
        by_id = client.ask("GET", f"/v0.4/jobs/{job_id}/artifacts/{old['id']}")
        assert by_url.status == by_id.status == 200
        assert by_url.raw == by_id.raw


def test_bit_k_of_every_key_is_qubit_k(client: Client) -> None:
    job_id = run(client, flips(0, 2, of=4), shots=3)
    results = get(client, f"/jobs/{job_id}")["results"]

    def artifact(format_: str) -> Any:
        return get(client, f"/jobs/{job_id}/artifacts/{results[format_]['id']}")

    assert artifact("ionq.result.probabilities.json.v1") == {"5": 1.0}
    assert artifact("ionq.result.histogram.json.v1") == {"5": 3}
    assert artifact("ionq.result.shots.json.v1") == ["5"] * 3
    v2 = artifact("ionq.result.probabilities.json.v2")["probabilities"]["registers"]
    assert v2 == {"output_all": {"0101": 1.0}}
    v2 = artifact("ionq.result.histogram.json.v2")["histogram"]["registers"]
    assert v2 == {"output_all": {"0101": 3}}
    v2 = artifact("ionq.result.shots.json.v2")["shots"]
    assert v2 == [{"registers": {"output_all": [1, 0, 1, 0]}}] * 3


def test_registers_of_a_circuit_show_in_the_second_formats(client: Client) -> None:
    circuit = flips(0) | {"registers": {"c": [2, 0], "hole": [None, 1]}}
    _, (child,) = batch(client, circuit)
    results = get(client, f"/jobs/{child}")["results"]
    found = get(
        client, f"/jobs/{child}/artifacts/{results['ionq.result.probabilities.json.v2']['id']}"
    )
    assert found["probabilities"]["registers"] == {"output_all": {"001": 1.0}, "c": {"10": 1.0}}


def test_every_artifact_fits_the_schema_that_is_served(client: Client) -> None:
    parent, (child, _) = batch(client, BELL, flips(1))
    sampled = run(client, BELL, noise={"model": "harmony"}, shots=30)
    seen = set()
    for job_id in (parent, child, sampled):
        for entry in get(client, f"/jobs/{job_id}")["results"].values():
            schema = get(client, f"/schemas/formats/{entry['format']}")
            assert (schema["$id"], "$schema" in schema) == (entry["format"], True)
            Draft202012Validator.check_schema(schema)
            found = get(client, f"/jobs/{job_id}/artifacts/{entry['id']}")
            Draft202012Validator(schema).validate(found)
            seen.add(entry["format"])
    assert len(seen) == 7
    # And a schema refuses what is not of its format.
    shots = get(client, "/schemas/formats/ionq.result.shots.json.v1")
    assert not Draft202012Validator(shots).is_valid(["x"])


def test_a_result_is_the_same_at_every_reading(client: Client) -> None:
    job_id = run(client, BELL, noise={"model": "aria-1"}, shots=1000)
    for path in ("shots", "histogram", "probabilities"):
        once, again = (
            client.ask("GET", f"/v0.4/jobs/{job_id}/results/{path}").raw for _ in range(2)
        )
        assert once == again
    histogram = get(client, f"/jobs/{job_id}/results/histogram")
    probabilities = get(client, f"/jobs/{job_id}/results/probabilities")
    assert probabilities == {key: count / 1000 for key, count in histogram.items()}
    shots = get(client, f"/jobs/{job_id}/results/shots")
    assert {key: shots.count(key) for key in set(shots)} == histogram


# -- several circuits -----------------------------------------------------------------------------


def test_parent_and_children(client: Client) -> None:
    parent, children = batch(
        client, {**flips(0), "name": "first"}, flips(1), {**BELL, "name": "third"}, name="all"
    )
    job = get(client, f"/jobs/{parent}")
    assert (job["type"], job["stats"]["circuits"], job["stats"]["qubits"]) == (SEVERAL, 3, 3)
    assert job["stats"]["gate_counts"] == {"1q": 3, "2q": 1}
    assert set(job["results"]) == {"probabilities", "ionq.result.probabilities-aggregate.json.v1"}
    shown = [get(client, f"/jobs/{child}") for child in children]
    assert [child["name"] for child in shown] == ["first", None, "third"]
    assert {child["parent_job_id"] for child in shown} == {parent}
    assert {child["type"] for child in shown} == {"ionq.circuit.v1"}
    assert [get(client, f"/jobs/{c}/results/probabilities") for c in children] == [
        {"1": 1.0}, {"2": 1.0}, {"0": 0.5, "3": 0.5}]  # fmt: skip
    aggregated = get(client, f"/jobs/{parent}/results/probabilities/aggregated")
    assert list(aggregated) == children
    assert list(aggregated.values()) == [{"1": 1.0}, {"2": 1.0}, {"0": 0.5, "3": 0.5}]
    for path in ("probabilities", "probabilities?sharpen=true&aggregation=voting"):
        assert get(client, f"/jobs/{parent}/results/{path}") == aggregated
    assert get(client, f"/jobs/{parent}/artifacts/probabilities-aggregate") == aggregated
    for path in ("histogram", "shots"):
        said = get(client, f"/jobs/{parent}/results/{path}", 404)
        assert "child jobs" in said["message"]


def test_a_single_job_has_an_aggregate_of_one(client: Client) -> None:
    job_id = run(client, BELL)
    found = get(client, f"/jobs/{job_id}/results/probabilities/aggregated")
    assert found == {job_id: {"0": 0.5, "3": 0.5}}


def test_the_order_of_300_circuits_is_kept_everywhere(client: Client) -> None:
    circuits = [flips(*(q for q in range(9) if i >> q & 1), of=9) for i in range(300)]
    parent, children = batch(client, *circuits)
    aggregated = get(client, f"/jobs/{parent}/results/probabilities/aggregated")
    assert list(aggregated) == children == sorted(children)
    assert [list(value) for value in aggregated.values()] == [[str(i)] for i in range(300)]
    listed = get(client, f"/jobs?parent_job_id={parent}&limit=1000")["jobs"]
    assert [job["id"] for job in listed] == children


def test_a_circuit_may_have_a_gate_set_of_its_own(client: Client) -> None:
    gates = [{"gate": "gpi", "target": 0, "phase": 0}]
    native = {"qubits": 1, "gateset": "native", "circuit": gates}
    _, children = batch(client, flips(1), native)
    assert get(client, f"/jobs/{children[1]}/results/probabilities") == {"1": pytest.approx(1.0)}


# -- listing --------------------------------------------------------------------------------------


def test_jobs_are_listed_newest_first_by_pages(client: Client) -> None:
    made = [run(client, BELL) for _ in range(5)]
    parent, children = batch(client, BELL, BELL)
    made.append(parent)
    seen: list[str] = []
    cursor = ""
    while len(seen) < 6:
        page = get(client, f"/jobs?limit=2{cursor}")
        assert len(page["jobs"]) == 2
        assert all(set(job) >= KEYS for job in page["jobs"])
        seen += [job["id"] for job in page["jobs"]]
        cursor = f"&next={page['next']}"
    assert seen == made[::-1]
    assert not set(seen) & set(children)


def test_filters(client: Client) -> None:
    qpu = run(client, BELL, backend="qpu.aria-2")
    ideal = run(client, BELL)
    both = f"ids={qpu}&ids={ideal}"

    def ids(query: str) -> list[str]:
        return [job["id"] for job in get(client, f"/jobs?{query}")["jobs"]]

    assert ids(both) == ids(f"ids[]={qpu}&ids[]={ideal}") == [ideal, qpu]
    assert ids(f"{both}&target=qpu.aria-2") == [qpu]
    assert ids(f"{both}&target=qpu.aria-2,simulator") == [ideal, qpu]
    assert ids(f"{both}&status=completed") == [ideal, qpu]
    assert ids(f"{both}&status=failed") == []
    assert ids(f"{both}&session_id=x") == []
    assert ids(f"{both}&limit=1") == [ideal]
    assert ids(f"{both}&limit=1&next={ideal}") == [qpu]


def test_cirq_gets_no_next_on_the_last_page_and_others_get_null(client: Client) -> None:
    job_id = run(client, BELL)
    assert get(client, f"/jobs?ids={job_id}")["next"] is None
    page = get(client, f"/jobs?ids={job_id}", **CIRQ)
    assert "next" not in page
    assert "failure" not in page["jobs"][0]
    assert "failure" not in get(client, f"/jobs/{job_id}", **CIRQ)
    # cirq-ionq sends its query as a body.
    answer = client.ask("GET", "/v0.4/jobs", {"limit": 1000}, CIRQ)
    assert answer.status == 200


# -- again, elsewhere, away -----------------------------------------------------------------------


def test_a_clone_is_the_job_with_what_was_changed(client: Client) -> None:
    wanted = {"name": "one", "metadata": {"k": "v"}, "noise": {"model": "aria-1"}, "shots": 9}
    job_id = run(client, flips(1), **wanted)
    answer = client.ask("POST", f"/v0.4/jobs/{job_id}/clone", {"name": "two", "shots": 11})
    assert answer.status == 201
    assert answer.json["id"] != job_id
    client.completed(answer.json["id"])
    clone = get(client, f"/jobs/{answer.json['id']}")
    assert (clone["name"], clone["metadata"], clone["shots"]) == ("two", {"k": "v"}, 11)
    assert clone["noise"]["model"] == "aria-1"
    elsewhere = client.ask("POST", f"/v0.4/jobs/{job_id}/clone", {"backend": "qpu.forte-1"})
    client.completed(elsewhere.json["id"])
    shown = get(client, f"/jobs/{elsewhere.json['id']}")
    assert (shown["backend"], shown["shots"]) == ("qpu.forte-1", 9)
    assert client.ask("POST", f"/v0.4/jobs/{job_id}/clone", {"parent": "x"}).status == 400


def test_batches_and_programs_are_cloned_whole(client: Client) -> None:
    parent, _ = batch(client, {**flips(0), "name": "a"}, flips(1))
    clone = client.ask("POST", f"/v0.4/jobs/{parent}/clone", {}).json["id"]
    client.completed(clone)
    values = list(get(client, f"/jobs/{clone}/results/probabilities/aggregated").values())
    assert values == [{"1": 1.0}, {"2": 1.0}]
    names = [job["name"] for job in get(client, f"/jobs?parent_job_id={clone}")["jobs"]]
    assert names == ["a", None]
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; x q[1];'
    program = run(client, {"data": text}, "ionq.qasm3.v1")
    clone = client.ask("POST", f"/v0.4/jobs/{program}/clone", {}).json["id"]
    client.completed(clone)
    assert get(client, f"/jobs/{clone}")["type"] == "ionq.qasm3.v1"
    assert get(client, f"/jobs/{clone}/results/probabilities") == {"2": 1.0}


def test_a_circuit_of_a_batch_is_not_handled_apart(client: Client) -> None:
    _, (child, _) = batch(client, BELL, BELL)
    for method, path in (("POST", "clone"), ("POST", "move"), ("PUT", "status/cancel")):
        answer = client.ask(method, f"/v0.4/jobs/{child}/{path}", {})
        assert answer.status == 400
        assert "circuit 0 of job" in answer.json["message"]
    assert client.ask("DELETE", f"/v0.4/jobs/{child}").status == 400


def test_moving_a_job_that_has_ended_leaves_it_as_it_is(client: Client) -> None:
    job_id = run(client, BELL)
    answer = client.ask("POST", f"/v0.4/jobs/{job_id}/move", {"backend": "qpu.forte-1"})
    assert answer.status == 201
    client.completed(answer.json["id"])
    assert get(client, f"/jobs/{job_id}")["status"] == "completed"


def test_canceling_what_has_ended_changes_nothing(client: Client) -> None:
    job_id = run(client, BELL)
    answer = client.ask("PUT", f"/v0.4/jobs/{job_id}/status/cancel")
    assert (answer.status, answer.json["id"]) == (200, job_id)
    assert get(client, f"/jobs/{job_id}")["status"] == "completed"


def test_deleted_jobs_are_gone_with_their_children(client: Client) -> None:
    parent, children = batch(client, BELL, BELL)
    others = [run(client, BELL) for _ in range(2)]
    answer = client.ask("DELETE", f"/v0.4/jobs/{parent}")
    assert (answer.status, answer.json) == (200, {"id": parent, "status": "deleted"})
    for job_id in (parent, *children):
        assert client.ask("GET", f"/v0.4/jobs/{job_id}").status == 404
    answer = client.ask("DELETE", "/v0.4/jobs", {"ids": [*others, others[0]]})
    assert answer.json == {"ids": others, "status": "deleted"}
    assert get(client, f"/jobs?ids={others[0]}&ids={others[1]}")["jobs"] == []


def test_a_dry_run_on_a_qpu_computes_nothing(client: Client) -> None:
    for args in ((BELL,), ({"data": "OPENQASM 3.0; qubit q;"}, "ionq.qasm3.v1")):
        job_id = run(client, *args, backend="qpu.forte-1", dry_run=True)
        job = get(client, f"/jobs/{job_id}")
        assert (job["dry_run"], job["results"], job["started_at"]) == (True, None, None)
        get(client, f"/jobs/{job_id}/results/probabilities", 404)


def test_a_circuit_can_be_had_in_other_languages(client: Client) -> None:
    job_id = run(client, BELL)
    qasm = get(client, f"/jobs/{job_id}/circuits/qasm3")
    again = run(client, {"data": qasm}, "ionq.qasm3.v1")
    assert get(client, f"/jobs/{again}/results/probabilities") == {"0": 0.5, "3": 0.5}
    native = json.loads(get(client, f"/jobs/{job_id}/circuits/native"))
    assert {row["gate"] for row in native["circuit"]} == {"gpi2", "zz"}
    gpi = {"qubits": 1, "gateset": "native", "circuit": [{"gate": "gpi", "target": 0, "phase": 0}]}
    native = get(client, f"/jobs/{run(client, gpi)}/circuits/native")
    assert json.loads(native)["circuit"][0]["gate"] == "gpi"
    said = get(client, f"/jobs/{job_id}/circuits/cobol", 404)
    assert "cobol" in said["message"]


def test_compiled_circuits_are_artifacts(client: Client) -> None:
    """On each backend in what it runs; and the program says the same as the circuit."""
    for backend, noise, gate in (
        ("qpu.aria-1", "ideal", "ms"), ("qpu.forte-1", "ideal", "zz"),
        ("simulator", "aria-1", "ms"), ("simulator", "forte-1", "zz"),
    ):  # fmt: skip
        more = {} if noise == "ideal" else {"noise": {"model": noise}}
        job_id = run(client, BELL, backend=backend, **more)
        job = get(client, f"/jobs/{job_id}")
        circuits = job["output"]["compilation"]["compiled_circuits"]
        found = {}
        for format_, media in (
            ("ionq.native.v1", "application/json"),
            ("ionq.qasm3.v1", "text/plain"),
        ):
            assert (circuits[format_]["format"], circuits[format_]["media_type"]) == (
                format_,
                media,
            )
            answer = client.ask("GET", f"/v0.4/jobs/{job_id}/artifacts/{circuits[format_]['id']}")
            assert answer.status == 200
            assert answer.headers["content-type"].startswith(media)
            found[format_] = answer
        native = found["ionq.native.v1"].json
        assert [row["gate"] for row in native["circuit"]].count(gate) == 1
        again = run(client, {**native, "gateset": "native"}, backend="simulator")
        assert get(client, f"/jobs/{again}/results/probabilities") == pytest.approx(
            {"0": 0.5, "3": 0.5}
        )
        text = found["ionq.qasm3.v1"].raw
        again = run(client, {"data": text.decode()}, "ionq.qasm3.v1")
        assert get(client, f"/jobs/{again}/results/probabilities") == {"0": 0.5, "3": 0.5}


def test_the_basis_can_be_chosen_where_there_is_a_choice(client: Client) -> None:
    for basis, gate in (("MS", "ms"), ("ZZ", "zz")):
        job_id = run(client, BELL, settings={"compilation": {"gate_basis": basis}})
        native = json.loads(get(client, f"/jobs/{job_id}/circuits/native"))
        assert gate in {row["gate"] for row in native["circuit"]}


SWAPPED: dict[str, Any] = {
    "qubits": 3,
    "gateset": "qis",
    "circuit": [
        {"gate": "h", "target": 0},
        {"gate": "cnot", "control": 0, "target": 1},
        {"gate": "swap", "targets": [1, 2]},
        {"gate": "zz", "targets": [0, 2], "rotation": 0.004},
        {"gate": "ry", "target": 2, "rotation": 0.3},
    ],
}


def test_the_compiler_works_as_well_as_it_is_asked_to(client: Client) -> None:
    found = {}
    for asked in (
        {"opt": 0}, {"opt": 1}, None, {"opt": 2}, {"opt": 1, "precision": "1E-2"},
        {"opt": 2, "precision": 0.01},
    ):  # fmt: skip
        more = {} if asked is None else {"settings": {"compilation": asked}}
        job_id = run(client, SWAPPED, backend="qpu.forte-1", **more)
        job = get(client, f"/jobs/{job_id}")
        native = json.loads(get(client, f"/jobs/{job_id}/circuits/native"))
        two = sum(row["gate"] == "zz" for row in native["circuit"])
        one = len(native["circuit"]) - two
        assert job["stats"]["compiled_gate_counts"] == {"1q": one, "2q": two}
        assert job["stats"]["gate_counts"] == {"1q": 2, "2q": 3}
        found[str(asked)] = two
    assert list(found.values()) == [5, 5, 5, 1, 4, 1]


def test_circuits_of_one_structure_are_compiled_together(client: Client) -> None:
    turns = [0.1, 0.5, 0.9]
    circuits = [
        {
            "qubits": 2,
            "circuit": [
                {"gate": "ry", "target": 0, "rotation": turn},
                {"gate": "cnot", "control": 0, "target": 1},
            ],
        }
        for turn in turns
    ]
    body = {"gateset": "qis", "circuits": circuits}
    job_id = run(client, body, "ionq.multi-circuit.v1", backend="qpu.aria-1")
    job = get(client, f"/jobs/{job_id}")
    children = [get(client, f"/jobs/{one}") for one in job["child_job_ids"]]
    counts = [child["stats"]["compiled_gate_counts"] for child in children]
    assert [each["2q"] for each in counts] == [1, 1, 1]
    assert job["stats"]["compiled_gate_counts"] == {
        key: sum(each[key] for each in counts) for key in ("1q", "2q")
    }
    for child, turn in zip(children, turns, strict=True):
        native = json.loads(get(client, f"/jobs/{child['id']}/circuits/native"))
        again = run(client, {**native, "gateset": "native"}, backend="simulator")
        assert get(client, f"/jobs/{again}/results/probabilities") == pytest.approx(
            {"0": math.cos(turn / 2) ** 2, "3": math.sin(turn / 2) ** 2}
        )


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"opt": 3}, "opt"), ({"opt": "much"}, "opt"), ({"opt": True}, "opt"),
        ({"opt": [1]}, "opt"), ({"precision": "fine"}, "precision"),
        ({"precision": -1}, "precision"), ({"precision": 0.5}, "precision"),
        ({"precision": "nan"}, "precision"), ({"precision": {}}, "precision"),
    ],
)  # fmt: skip
def test_what_no_compiler_can_do_is_refused(
    client: Client, asked: dict[str, Any], where: str
) -> None:
    body = {"type": "ionq.circuit.v1", "backend": "simulator", "input": BELL,
            "settings": {"compilation": asked}}  # fmt: skip
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 400
    assert answer.json["validation"]["keys"] == [f"settings.compilation.{where}"]


def test_what_cannot_be_compiled_is_said(client: Client) -> None:
    text = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; c = measure q; x q;'
    job_id = run(client, {"data": text}, "ionq.qasm3.v1")
    circuits = get(client, f"/jobs/{job_id}")["output"]["compilation"]["compiled_circuits"]
    path = f"/jobs/{job_id}/artifacts/{circuits['ionq.native.v1']['id']}"
    assert "cannot be compiled to native gates" in get(client, path, 404)["message"]
    assert "Gate 0 (measure)" in get(client, f"/jobs/{job_id}/circuits/native", 404)["message"]


SLOPPY: list[dict[str, Any]] = [
    {"shots": "20", "lang": "json"},
    {"input": {**BELL, "format": "ionq.circuit.v0"}},
    {"noise": {"model": "ideal", "seed": None}},
    {"settings": {"compilation": {"opt": 1, "precision": "1E-3", "service_version": "v0.4"},
                  "error_mitigation": {"debiasing": False}}},
    {"metadata": None, "name": None, "session_id": None, "dry_run": None},
    {"input": {"qubits": 2, "gateset": "qis", "circuit": [{"gate": "h", "targets": [0]}]}},
    {"unheard": {"of": [1, {"a": None}]}},
]  # fmt: skip


@pytest.mark.parametrize("more", SLOPPY)
def test_what_sdks_send_beside_the_document_is_taken(client: Client, more: dict[str, Any]) -> None:
    body = {"type": "ionq.circuit.v1", "backend": "simulator", "input": BELL, **more}
    answer = client.ask("POST", "/v0.4/jobs", body, {"Content-Type": "text/plain"})
    assert answer.status == 201, answer.raw
    client.completed(answer.json["id"])
    shown = get(client, f"/jobs/{answer.json['id']}")
    assert shown["settings"] == more.get("settings", {})


def test_metadata_comes_back_byte_for_byte(client: Client) -> None:
    raw = b'{"a": "\\u001e\\u001f\\u0000",  "z":"' + "é".encode() + b'", "a2":"x"}'
    body = b'{"type":"ionq.circuit.v1","backend":"simulator","metadata":' + raw
    body += b',"input":{"qubits":1,"gateset":"qis","circuit":[{"gate":"h","target":0}]}}'
    job_id = client.ask("POST", "/v0.4/jobs", body).json["id"]
    assert raw in client.ask("GET", f"/v0.4/jobs/{job_id}").raw


@pytest.mark.parametrize("circuit", [
    {"qubits": 1, "gateset": "qis", "circuit": []},
    {"qubits": 3, "gateset": "native", "circuit": [{"gate": "nop", "targets": [], "time": 1.0}]},
])  # fmt: skip
def test_a_circuit_of_nothing_stays_where_it_was(client: Client, circuit: Any) -> None:
    job_id = run(client, circuit)
    assert get(client, f"/jobs/{job_id}/results/probabilities") == {"0": 1.0}


def test_a_circuit_without_any_qubit_ends_one_way_or_the_other(client: Client) -> None:
    for circuit in ({"gateset": "qis", "circuit": []}, {**BELL, "qubits": 0, "circuit": []}):
        answer = client.ask(
            "POST",
            "/v0.4/jobs",
            {"type": "ionq.circuit.v1", "backend": "simulator", "input": circuit},
        )
        assert answer.status in (201, 400), answer.raw
        if answer.status == 201:
            assert client.ended(answer.json["id"])["state"] in ("completed", "failed")
