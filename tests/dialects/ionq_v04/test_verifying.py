"""Symmetry verification: what no ideal run gives is left out, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ionq_v04.finishing import finished, run_on

GHZ = [
    {"gate": "h", "target": 0},
    *({"gate": "cnot", "control": k, "target": k + 1} for k in range(4)),
]
TURNED = [*GHZ, *({"gate": "ry", "target": k, "rotation": 0.4 + k} for k in range(5))]


def mitigation(verify: Any, debias: bool = False) -> dict[str, Any]:
    asked = {"symmetry_verification": verify, "debiasing": debias}
    return {"error_mitigation": asked}


def run(client: Client, gates: Any, verify: Any, debias: bool = False,
        backend: str = "qpu.harmony") -> dict[str, Any]:  # fmt: skip
    job = run_on(client, backend, 2000, 5, gates, settings=mitigation(verify, debias))
    assert job["status"] == "completed", job["failure"]
    return job


def get(client: Client, job: dict[str, Any], path: str) -> Any:
    answer = client.ask("GET", f"/v0.4/jobs/{job['id']}/{path}")
    assert answer.status == 200, answer.raw
    return answer.json


def test_only_allowed_states_are_left(client: Client) -> None:
    plain = run(client, GHZ, verify=False)
    job = run(client, GHZ, verify=True)
    assert len(get(client, plain, "results/probabilities")) > 2
    found = get(client, job, "results/probabilities")
    assert set(found) == {"0", "31"}
    assert sum(found.values()) == pytest.approx(1)
    told = job["output"]["error_mitigation"]["symmetry_verification"]
    assert told == {"num_allowed_states": 2, "applied": True}
    counts = get(client, job, "results/histogram")
    assert set(counts) == {"0", "31"}
    assert 1000 < sum(counts.values()) < 2000
    shots = get(client, job, "results/shots")
    assert {k: shots.count(k) for k in counts} == counts
    assert {k: v / sum(counts.values()) for k, v in counts.items()} == pytest.approx(found)
    for name in ("ionq.result.histogram.json.v2", "ionq.result.probabilities.json.v2"):
        artifact = get(client, job, f"artifacts/{job['results'][name]['id']}")
        (kind,) = artifact
        assert set(artifact[kind]["registers"]["output_all"]) == {"00000", "11111"}
    assert job["settings"]["error_mitigation"]["symmetry_verification"] is True


def test_the_answer_is_the_same_at_every_reading(client: Client) -> None:
    job = run(client, GHZ, verify=True)
    path = f"/v0.4/jobs/{job['id']}/results/probabilities"
    assert client.ask("GET", path).raw == client.ask("GET", path).raw


def test_a_circuit_without_symmetries_keeps_everything(client: Client) -> None:
    job = run(client, TURNED, verify=True)
    told = job["output"]["error_mitigation"]["symmetry_verification"]
    assert told == {"num_allowed_states": 32, "applied": False}
    assert sum(get(client, job, "results/histogram").values()) == 2000


@pytest.mark.parametrize("how", ["average", "voting", "dnl"])
def test_it_goes_with_debiasing(client: Client, how: str) -> None:
    job = run(client, GHZ, verify=True, debias=True)
    found = get(client, job, f"results/probabilities?aggregation={how}")
    assert set(found) <= {"0", "31"}
    assert sum(found.values()) == pytest.approx(1)
    mitigated = job["output"]["error_mitigation"]
    assert mitigated["symmetry_verification"]["applied"] is True
    artifact = get(client, job, f"artifacts/{mitigated['aggregations'][how]['id']}")
    assert set(artifact["histogram"]["registers"]["output_all"]) <= {"00000", "11111"}
    variant = mitigated["debiasing"]["variants"][0]
    raw = get(client, job, f"variants/{variant['variant_id']}/results/histogram")
    assert sum(raw.values()) == variant["shots"]


def test_each_circuit_has_its_own(client: Client) -> None:
    flips = [{"circuit": [{"gate": "x", "target": k}]} for k in range(3)]
    body = {"type": "ionq.multi-circuit.v1", "backend": "qpu.harmony", "shots": 3000,
            "settings": mitigation(True),
            "input": {"gateset": "qis", "qubits": 5, "circuits": flips}}  # fmt: skip
    job = finished(client, client.ask("POST", "/v0.4/jobs", body).json["id"])
    found = get(client, job, "results/probabilities/aggregated")
    assert list(found.values()) == [{str(1 << k): 1.0} for k in range(3)]
    child = client.ask("GET", f"/v0.4/jobs/{job['child_job_ids'][2]}").json
    told = child["output"]["error_mitigation"]["symmetry_verification"]
    assert told == {"num_allowed_states": 1, "applied": True}


def test_a_simulator_is_as_it_is(client: Client) -> None:
    job = run_on(client, "simulator", 2000, 5, GHZ, settings=mitigation(True),
                 noise={"model": "harmony", "seed": 1})  # fmt: skip
    assert sum(get(client, job, "results/histogram").values()) == 2000
    assert "error_mitigation" not in job["output"]


def test_a_word_is_no_answer(client: Client) -> None:
    body = {"type": "ionq.circuit.v1", "backend": "qpu.harmony", "settings": mitigation("yes"),
            "input": {"qubits": 5, "gateset": "qis", "circuit": GHZ}}  # fmt: skip
    answer = client.ask("POST", "/v0.4/jobs", body)
    assert answer.status == 400
    assert "symmetry_verification must be true or false" in answer.json["message"]
