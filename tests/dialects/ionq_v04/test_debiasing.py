"""Debiased jobs: when they are, what they show, and that everything adds up."""

from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ionq_v04.finishing import finished

GHZ = [{"gate": "h", "target": 0}, *(
    {"gate": "cnot", "control": k, "target": k + 1} for k in range(3))]  # fmt: skip
QIS = {"qubits": 4, "gateset": "qis", "circuit": GHZ}
NATIVE = {"qubits": 1, "gateset": "native", "circuit": [{"gate": "gpi", "target": 0, "phase": 0}]}


def submit(client: Client, shots: int = 1000, **more: Any) -> dict[str, Any]:
    body = {"type": "ionq.circuit.v1", "backend": "qpu.aria-1", "shots": shots, "input": QIS}
    answer = client.ask("POST", "/v0.4/jobs", {**body, **more})
    assert answer.status == 201, answer.raw
    return finished(client, answer.json["id"])


def asked(on: bool) -> dict[str, Any]:
    return {"error_mitigation": {"debiasing": on}}


@pytest.mark.parametrize(("more", "expected"), [
    ({}, True),
    ({"shots": 499}, False),
    ({"settings": asked(False)}, False),
    ({"input": NATIVE}, False),
    ({"input": NATIVE, "settings": asked(True)}, True),
    ({"backend": "simulator", "settings": asked(True)}, False),
    ({"backend": "simulator", "noise": {"model": "aria-1"}}, False),
])  # fmt: skip
def test_a_qpu_debiases_from_500_shots_unless_told_otherwise(
    client: Client, more: dict[str, Any], expected: bool
) -> None:
    job = submit(client, **more)
    assert job["status"] == "completed"
    assert ("error_mitigation" in job["output"]) is expected


def test_too_few_shots_for_it_are_refused(client: Client) -> None:
    body = {"type": "ionq.circuit.v1", "backend": "qpu.aria-1", "shots": 100, "input": QIS}
    answer = client.ask("POST", "/v0.4/jobs", {**body, "settings": asked(True)})
    assert answer.status == 400
    assert "at least 500 shots" in answer.json["message"]
    assert answer.json["validation"]["keys"] == ["shots"]


def get(client: Client, path: str) -> Any:
    answer = client.ask("GET", f"/v0.4/{path}")
    assert answer.status == 200, answer.raw
    return answer.json


def test_variants_add_up_to_the_average(client: Client) -> None:
    job = submit(client, 1003)
    mitigation = job["output"]["error_mitigation"]
    assert mitigation["debiasing"]["aggregation_method"] == "average"
    variants = mitigation["debiasing"]["variants"]
    assert len(variants) == 25
    assert sum(one["shots"] for one in variants) == 1003
    total: dict[str, int] = {}
    for one in variants:
        assert len(set(one["qubit_map"])) == 4
        path = f"jobs/{job['id']}/variants/{one['variant_id']}/results"
        counts = get(client, f"{path}/histogram")
        assert sum(counts.values()) == one["shots"] == len(get(client, f"{path}/shots"))
        shares = get(client, f"{path}/probabilities")
        assert shares == {key: value / one["shots"] for key, value in counts.items()}
        described = one["results"]["ionq.result.histogram.json.v1"]["id"]
        assert get(client, f"jobs/{job['id']}/artifacts/{described}") == counts
        for key, value in counts.items():
            total[key] = total.get(key, 0) + value
    base = f"jobs/{job['id']}/results"
    assert get(client, f"{base}/histogram") == total
    assert len(get(client, f"{base}/shots")) == 1003
    probabilities = get(client, f"{base}/probabilities")
    assert probabilities == {key: value / 1003 for key, value in total.items()}
    assert get(client, f"{base}/probabilities?aggregation=average") == probabilities
    assert get(client, f"{base}/probabilities?sharpen=false") == probabilities


@pytest.mark.parametrize("how", ["average", "voting", "dnl"])
def test_aggregations_are_distributions_and_artifacts(client: Client, how: str) -> None:
    job = submit(client, 2000)
    path = f"jobs/{job['id']}/results/probabilities?aggregation={how}"
    shares = get(client, path)
    assert sum(shares.values()) == pytest.approx(1)
    assert get(client, path) == shares, "nothing is drawn again"
    if how == "voting":
        assert get(client, f"jobs/{job['id']}/results/probabilities?sharpen=True") == shares
    described = job["output"]["error_mitigation"]["aggregations"][how]
    assert described["format"] == "ionq.result.histogram.json.v2"
    found = get(client, f"jobs/{job['id']}/artifacts/{described['id']}")
    counts = found["histogram"]["registers"]["output_all"]
    assert sum(counts.values()) == pytest.approx(2000)
    assert {str(int(key, 2)): value / 2000 for key, value in counts.items()} == pytest.approx(
        shares
    )


def test_circuits_of_one_job_have_variants_each(client: Client) -> None:
    circuits = [{"qubits": 4, "circuit": GHZ}] * 3
    several = {"gateset": "qis", "circuits": circuits}
    job = submit(client, 600, type="ionq.multi-circuit.v1", input=several)
    maps = []
    sharp = get(client, f"jobs/{job['id']}/results/probabilities/aggregated?sharpen=true")
    for child_id in job["child_job_ids"]:
        child = get(client, f"jobs/{child_id}")
        variants = child["output"]["error_mitigation"]["debiasing"]["variants"]
        maps.append([one["qubit_map"] for one in variants])
        own = get(client, f"jobs/{child_id}/results/probabilities?sharpen=true")
        assert own == sharp[child_id]
        one = variants[3]
        path = f"jobs/{child_id}/variants/{one['variant_id']}/results/histogram"
        assert sum(get(client, path).values()) == one["shots"] == 24
    assert maps[0] != maps[1] != maps[2]


def test_what_is_not_there_says_so(client: Client) -> None:
    plain, debiased = submit(client, 100), submit(client)
    nobody = "00000000-0000-5000-8000-000000000000"
    for path, says in (
        (f"jobs/{plain['id']}/variants/{nobody}/results/histogram", "was not debiased"),
        (f"jobs/{debiased['id']}/variants/{nobody}/results/histogram", "no variant"),
        (f"jobs/{debiased['id']}/variants/{nobody}/results/pictures", "no results of the kind"),
    ):
        answer = client.ask("GET", f"/v0.4/{path}")
        assert answer.status == 404
        assert says in answer.json["message"]
    wrong = client.ask("GET", f"/v0.4/jobs/{debiased['id']}/results/probabilities?aggregation=x")
    assert wrong.status == 400
    assert wrong.json["validation"]["keys"] == ["aggregation"]


def test_the_older_version_sharpens_too(client: Client) -> None:
    job = submit(client, 1000)
    sharp = client.ask("GET", f"/v0.3/jobs/{job['id']}/results?sharpen=true").json
    assert sharp == get(client, f"jobs/{job['id']}/results/probabilities?sharpen=true")
    shown = client.ask("GET", f"/v0.3/jobs/{job['id']}").json
    assert shown["error_mitigation"] == {"debias": True}


def test_a_clone_is_debiased_by_its_own_shots(client: Client) -> None:
    job = submit(client, 1000)
    few = client.ask("POST", f"/v0.4/jobs/{job['id']}/clone", {"shots": 100})
    assert few.status == 201, few.raw
    assert "error_mitigation" not in finished(client, few.json["id"])["output"]
    plain = submit(client, 1000, settings=asked(False))
    again = client.ask("POST", f"/v0.4/jobs/{plain['id']}/clone", {}).json
    assert "error_mitigation" not in finished(client, again["id"])["output"]
