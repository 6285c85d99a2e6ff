"""Hybrid jobs over the wire: energies, optimizations and cuts, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.acceptance.serving import Client, Server
from tests.dialects.ionq_v04.finishing import finished

from ketway.routines import registry
from ketway.routines.custom import Custom

ANSATZ = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
qubit[2] q;
ry(theta) q[0];
cx q[0], q[1];
"""
TERMS = [{"pauli_string": "ZZ", "coefficient": -1.0}, {"pauli_string": "IZ", "coefficient": 0.5}]


def energy(terms: Any = None, **more: Any) -> dict[str, Any]:
    data = {"hamiltonian": TERMS if terms is None else terms, "ansatz": {"data": ANSATZ}, **more}
    return {"type": "hamiltonian-energy", "data": data}


def function(params: list[Any], backend: str = "simulator", **more: Any) -> dict[str, Any]:
    return {"type": "quantum-function", "backend": backend,
            "input": {"data": energy(), "params": params}, **more}  # fmt: skip


def optimization(method: str = "COBYLA", **more: Any) -> dict[str, Any]:
    given = {"quantum_function": energy(), "method": method, "initial_params": [0.4], **more}
    return {"type": "optimization", "backend": "simulator", "input": given}


def ring(n: int) -> dict[str, Any]:
    return {"directed": False, "multigraph": False, "graph": [],
            "nodes": [{"id": k} for k in range(n)],
            "adjacency": [[{"id": (k - 1) % n}, {"id": (k + 1) % n}] for k in range(n)],
            }  # fmt: skip


def cut(n: int = 6, backend: str = "simulator", **more: Any) -> dict[str, Any]:
    return {"type": "qctrl.qaoa.v1", "backend": backend,
            "input": {"problem_type": "maxcut", "problem": ring(n)},
            "external_settings": {"api_credentials": "do-not-keep-me"}, **more}  # fmt: skip


def run(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 201, answer.raw
    return finished(client, answer.json["id"])


def test_an_energy(client: Client) -> None:
    job = run(client, function([0.6]))
    assert job["status"] == "completed", job["failure"]
    assert job["type"] == "quantum-function"
    assert job["results"]["value"] == pytest.approx(-1 + 0.5 * math.cos(0.6))
    assert job["results"]["variance"] == pytest.approx(0.25 * math.sin(0.6) ** 2)
    assert job["output"]["value"] == job["results"]["value"]
    assert job["child_job_ids"] is None
    assert job["stats"]["qubits"] == 2
    (listed,) = client.ask("GET", f"/v0.4/jobs?ids={job['id']}").json["jobs"]
    assert listed["results"] == job["results"]


def test_an_energy_on_a_machine_is_measured_and_costs(client: Client) -> None:
    job = run(client, function([0.6], "qpu.forte-1", shots=2000))
    assert job["status"] == "completed", job["failure"]
    assert job["shots"] == 2000
    assert job["results"]["value"] == pytest.approx(-1 + 0.5 * math.cos(0.6), abs=0.15)
    assert job["results"]["variance"] > 0
    assert job["execution_duration_ms"] > 0
    cost = client.ask("GET", f"/v0.4/jobs/{job['id']}/cost").json
    assert cost["cost"]["value"] > 0
    assert "characterization_id" in job


def test_an_energy_costs_what_an_estimate_says(client: Client) -> None:
    job = run(client, function([0.6], "qpu.aria-1", shots=700))
    counts = job["stats"]["gate_counts"]
    found = client.ask(
        "GET",
        "/v0.4/jobs/estimate?backend=qpu.aria-1&qubits=2&shots=700"
        f"&1q_gates={counts['1q']}&2q_gates={counts['2q']}",
    ).json
    cost = client.ask("GET", f"/v0.4/jobs/{job['id']}/cost").json["cost"]["value"]
    assert cost == found["estimated_total_cost"] > 0
    assert job["execution_duration_ms"] == found["estimated_execution_time"]


def test_noise_is_that_of_the_model(client: Client) -> None:
    noisy = run(client, function([0.6], shots=20_000, noise={"model": "harmony", "seed": 3}))
    assert noisy["status"] == "completed", noisy["failure"]
    exact = -1 + 0.5 * math.cos(0.6)
    assert exact + 0.01 < noisy["results"]["value"] < exact + 0.3
    again = run(client, function([0.6], shots=20_000, noise={"model": "harmony", "seed": 3}))
    assert again["results"] == noisy["results"]


def test_an_optimization_has_a_solution_and_its_progress(client: Client) -> None:
    job = run(client, optimization())
    assert job["status"] == "completed", job["failure"]
    solution = job["results"]["solution"]
    assert solution["minimum_value"] == pytest.approx(-1.5, abs=1e-4)
    (best,) = solution["optimal_parameters"]
    assert math.cos(best) == pytest.approx(-1, abs=1e-4)
    progress = client.ask("GET", f"/v0.4/jobs/{job['id']}/progress").json["progress"]
    assert [one["iteration"] for one in progress] == list(range(len(progress)))
    assert min(one["value"] for one in progress) == solution["minimum_value"]
    assert progress[0]["params"] == [0.4]
    assert [one["job_id"] for one in progress] == job["child_job_ids"]
    assert all(one["finished_at"] == job["completed_at"] for one in progress)
    child = client.ask("GET", f"/v0.4/jobs/{job['child_job_ids'][0]}").json
    assert child["type"] == "quantum-function"
    assert child["parent_job_id"] == job["id"]
    assert child["results"] == {"value": progress[0]["value"]}
    listing = client.ask("GET", f"/v0.4/jobs?parent_job_id={job['id']}&limit=100").json["jobs"]
    assert {one["id"] for one in listing} == set(job["child_job_ids"])


def test_a_cut_and_its_circuits(client: Client) -> None:
    job = run(client, cut())
    assert job["status"] == "completed", job["failure"]
    found = job["results"]["qaoa_results"]
    assert found["optimal_cost"] == -6
    assert found["optimal_bitstring"] in ("010101", "101010")
    assert found["processing_status"] in ("complete", "max_iteration")
    assert job["child_job_ids"]
    child = client.ask("GET", f"/v0.4/jobs/{job['child_job_ids'][-1]}").json
    assert child["type"] == "qctrl.qaoa-circuit.v1"
    assert child["status"] == "completed"
    assert child["stats"]["gate_counts"]["2q"] == 18
    url = child["results"]["histogram"]["url"]
    assert sum(client.ask("GET", url).json.values()) == 100
    weights = client.ask("GET", child["results"]["probabilities"]["url"]).json
    assert sum(weights.values()) == pytest.approx(1)
    for format_, artifact in child["results"].items():
        if format_.startswith("ionq.result"):
            path = f"/v0.4/jobs/{child['id']}/artifacts/{artifact['id']}"
            assert client.ask("GET", path).status == 200, format_


def test_what_is_not_there_says_so(client: Client) -> None:
    job = run(client, cut())
    for path in ("results/probabilities", "results/histogram", "results/shots", "circuits/qasm3",
                 "artifacts/none", "variants/x/results/histogram"):  # fmt: skip
        answer = client.ask("GET", f"/v0.4/jobs/{job['id']}/{path}")
        assert answer.status == 404, (path, answer.raw)
    plain = run(client, {"type": "ionq.circuit.v1", "backend": "simulator",
                         "input": {"qubits": 1, "gateset": "qis", "circuit": []}})  # fmt: skip
    assert client.ask("GET", f"/v0.4/jobs/{plain['id']}/progress").status == 404


def test_credentials_of_others_are_nowhere(client: Client, server: Server) -> None:
    job = run(client, cut())
    assert "do-not-keep-me" not in client.ask("GET", f"/v0.4/jobs/{job['id']}").raw.decode()
    for file in server.data.rglob("*"):
        if file.is_file():
            assert b"do-not-keep-me" not in file.read_bytes(), file


def test_a_job_is_submitted_again_with_other_shots(client: Client) -> None:
    job = run(client, cut(n=4))
    answer = client.ask("POST", f"/v0.4/jobs/{job['id']}/clone", {"shots": 321})
    assert answer.status == 201, answer.raw
    again = finished(client, answer.json["id"])
    assert again["results"]["qaoa_results"]["optimal_cost"] == -4
    (first, *_) = again["child_job_ids"]
    counts = client.ask("GET", f"/v0.4/jobs/{first}/results/histogram").json
    assert sum(counts.values()) == 321


def test_a_dry_run_on_a_machine_computes_nothing(client: Client) -> None:
    job = run(client, cut(backend="qpu.forte-1", dry_run=True))
    assert job["status"] == "completed"
    assert job["results"] is None
    assert job["child_job_ids"] is None


def test_children_go_with_their_job(client: Client) -> None:
    job = run(client, optimization())
    assert client.ask("DELETE", f"/v0.4/jobs/{job['id']}").status == 200
    assert client.ask("GET", f"/v0.4/jobs/{job['child_job_ids'][0]}").status == 404


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another function": (
        {**function([]), "input": {"data": {"type": "qcqp", "data": {}}}}, "input.data.type"),
    "no function": ({**function([]), "input": {}}, "input.data is missing"),
    "no ansatz": (
        {**function([]), "input": {"data": {"type": "hamiltonian-energy",
                                            "data": {"hamiltonian": TERMS}}}},
        "input.data.data.ansatz is missing"),
    "a word for a number": (function(["x"]), "input.params[0]"),
    "a method that is none": (optimization("guessing"), "input.method"),
    "no shots": (function([0.1], shots=0), "shots must be from 1"),
    "another problem": (
        {**cut(), "input": {"problem_type": "knapsack", "problem": ring(3)}},
        "input.problem_type"),
    "no graph": ({**cut(), "input": {"problem_type": "maxcut"}}, "input.problem is missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_bodies_that_mean_nothing_are_refused(client: Client, name: str) -> None:
    body, said = REFUSED[name]
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 400, answer.raw
    assert said in answer.json["message"]


FAILED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a wide graph": (cut(40, "qpu.forte-1"), "NotEnoughQubits", "40 qubits"),
    "values": (function([0.1, 0.2]), "InvalidInput", "input.params"),
    "letters": (
        {**function([0.1]), "input": {"data": energy([{"pauli_string": "Z", "coefficient": 1}]),
                                      "params": [0.1]}},
        "InvalidInput", "pauli_string"),
    "a program": (
        {**function([]), "input": {"data": energy(ansatz={"data": "OPENQASM 3.0; h q;"})}},
        "PreflightError", "input.data.data.ansatz.data"),
    "options": (optimization(options={"rhobeg": []}), "InvalidInput", "input.options"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILED)
def test_jobs_that_cannot_be_done_fail_with_a_reason(client: Client, name: str) -> None:
    body, code, said = FAILED[name]
    job = run(client, body)
    assert job["status"] == "failed"
    assert job["failure"]["code"] == code
    assert said in job["failure"]["message"]


def test_ketways_own_api_shows_the_answers(client: Client) -> None:
    def result(job_id: str) -> Any:
        answer = client.ask("GET", f"/ketway/v1/jobs/{job_id}/result")
        assert answer.status == 200, answer.raw
        return answer.json["answer"]

    job = run(client, function([0.6]))
    assert result(job["id"]) == job["results"]
    job = run(client, optimization())
    solution = job["results"]["solution"]
    found = result(job["id"])
    assert found["value"] == solution["minimum_value"]
    assert found["parameters"] == solution["optimal_parameters"]
    first = result(job["child_job_ids"][0])
    assert first["parameters"] == [0.4]
    job = run(client, cut())
    assert result(job["id"])["cost"] == -6
    first = result(job["child_job_ids"][0])
    assert sum(first["counts"].values()) == 100
    assert {len(bits) for bits in first["counts"]} == {6}


def test_they_are_no_programs_of_ibms() -> None:
    """Whose API takes the names of programs, among them those of the operator's own."""
    assert not [name for name in registry.names() if "qaoa" in name or "optimization" in name]
    for name in ("qaoa", "optimization", "quantum-function"):
        assert type(registry.find(name)) is Custom


def test_other_versions_show_that_there_is_a_job(client: Client) -> None:
    job = run(client, function([0.6]))
    answer = client.ask("GET", f"/v0.3/jobs/{job['id']}")
    assert answer.status == 200
    assert answer.json["status"] == "completed"
    assert client.ask("GET", f"/v0.3/jobs/{job['id']}/results").status == 404
