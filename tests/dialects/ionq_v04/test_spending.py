"""Estimates, costs and usage: one function behind them, so that they agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ionq_v04.finishing import run_on

GATES = [
    *({"gate": "h", "target": k} for k in range(3)),
    {"gate": "cnot", "control": 0, "target": 1},
    {"gate": "x", "target": 2, "controls": [0, 1]},
]


def submit(client: Client, backend: str, shots: int, **more: Any) -> dict[str, Any]:
    return run_on(client, backend, shots, 3, GATES, **more)


def estimate(client: Client, **query: Any) -> dict[str, Any]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    answer = client.ask("GET", f"/v0.4/jobs/estimate?{text}")
    assert answer.status == 200, answer.raw
    found: dict[str, Any] = answer.json
    return found


def cost(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.ask("GET", f"/v0.4/jobs/{job['id']}/cost").json
    return found


@pytest.mark.parametrize("backend", ["qpu.aria-1", "qpu.forte-1", "qpu.forte-enterprise-1"])
@pytest.mark.parametrize("shots", [50, 400])
def test_an_estimate_is_what_the_job_costs(client: Client, backend: str, shots: int) -> None:
    off = {"error_mitigation": {"debiasing": False}}
    job = submit(client, backend, shots, settings=off)
    counts = job["stats"]["gate_counts"]
    assert counts == {"1q": 3, "2q": 1 + 6}, "a Toffoli is 6 (3 - 2) two-qubit gates"
    found = estimate(
        client, backend=backend, shots=shots, **{"1q_gates": counts["1q"], "2q_gates": counts["2q"]}
    )
    money = {"value": found["estimated_total_cost"], "unit": found["estimated_unit"]}
    assert cost(client, job) == {"dry_run": False, "estimated_cost": money, "cost": money}
    assert found["estimated_execution_time"] == job["execution_duration_ms"]
    assert job["predicted_execution_duration_ms"] == job["execution_duration_ms"]
    micros = job["stats"]["billed_quantum_compute_time_us"]
    assert micros == job["stats"]["predicted_quantum_compute_time_us"]
    by_time = backend == "qpu.forte-enterprise-1"
    assert job["cost_model"] == ("QCT" if by_time else "2QGE_operations")
    assert found.get("estimated_quantum_compute_time_us") == (micros if by_time else None)
    (rate,) = found["rate_card"]["rates"]
    assert rate["unit"] == ("compute_second" if by_time else "gates")


def test_the_older_names_are_there_too(client: Client) -> None:
    found = estimate(client, backend="qpu.forte-1", shots=1000, session="True")
    assert found["estimated_cost"] == found["estimated_total_cost"]
    assert found["cost_unit"] == "usd"
    assert found["input_values"]["session"] is True
    assert found["rate_information"]["job_cost_minimum"] == 12.4166
    mitigated = estimate(client, backend="qpu.forte-1", error_mitigation="True")
    assert mitigated["rate_information"]["job_cost_minimum"] == 97.5


def test_a_simulator_is_free(client: Client) -> None:
    job = submit(client, "simulator", 100)
    assert cost(client, job) == {"dry_run": False, "cost": {"value": 0.0, "unit": "usd"}}
    found = estimate(client, backend="simulator", **{"1q_gates": 5})
    assert (found["estimated_total_cost"], found["rate_card"]["rates"]) == (0.0, [])


def test_a_dry_run_is_estimated_and_costs_nothing(client: Client) -> None:
    job = submit(client, "qpu.aria-1", 100, dry_run=True)
    assert (job["status"], job["results"], job["dry_run"]) == ("completed", None, True)
    assert cost(client, job) == {
        "dry_run": True,
        "estimated_cost": {"value": 12.4166, "unit": "usd"},
    }
    assert "billed_quantum_compute_time_us" not in job["stats"]


def test_a_job_that_failed_costs_nothing(client: Client) -> None:
    gates = [{"gate": "zz", "targets": [0, 1], "angle": 0.1}]
    bad = {"qubits": 2, "gateset": "native", "circuit": gates}
    job = submit(client, "qpu.aria-1", 100, input=bad)
    assert job["status"] == "failed"
    assert cost(client, job)["cost"] == {"value": 0.0, "unit": "usd"}


def usage(client: Client, group: str, modality: str = "daily") -> dict[str, Any]:
    today = datetime.now(UTC).date()
    found = client.ask(
        "GET",
        f"/v0.4/organizations/mine/usage?start_date={today - timedelta(40)}&end_date={today}"
        f"&group_by={group}&modality={modality}",
    )
    assert found.status == 200, found.raw
    shown: dict[str, Any] = found.json
    return shown


def test_usage_is_the_sum_of_the_costs(client: Client) -> None:
    before = usage(client, "project")
    jobs = [submit(client, "qpu.aria-1", 100), submit(client, "qpu.forte-1", 400)]
    submit(client, "qpu.aria-1", 100, dry_run=True)
    submit(client, "simulator", 100)
    after = usage(client, "project")
    spent = sum(cost(client, job)["cost"]["value"] for job in jobs)
    assert after["amount_total"] - before["amount_total"] == pytest.approx(spent)
    assert after["job_count"] - before["job_count"] == 2
    micros = sum(job["stats"]["billed_quantum_compute_time_us"] for job in jobs)
    assert after["time_us_total"] - before["time_us_total"] == micros
    (day, *_), (group, *_) = after["usage_data"], after["usage_data"][0]["group_usages"]
    assert date.fromisoformat(day["from"]) == datetime.now(UTC).date()
    assert group["group_id"] == jobs[0]["project_id"]
    by_job = usage(client, "job")["usage_data"][0]["group_usages"]
    assert [one["amount"] for one in by_job] == sorted(
        (one["amount"] for one in by_job), reverse=True
    )
    assert len(by_job) <= 5
    by_user = usage(client, "user", "monthly")
    assert by_user["amount_total"] == after["amount_total"]
    assert all(one["from"].endswith("-01") for one in by_user["usage_data"])
    assert by_user["usage_data"][0]["group_usages"][0]["group_id"] == jobs[0]["submitter_id"]


@pytest.mark.parametrize(("query", "key"), [
    ("end_date=2026-01-01&group_by=job&modality=daily", "start_date"),
    ("start_date=x&end_date=2026-01-01&group_by=job&modality=daily", "start_date"),
    ("start_date=2026-02-01&end_date=2026-01-01&group_by=job&modality=daily", "start_date"),
    ("start_date=2026-01-01&end_date=2026-01-01&group_by=team&modality=daily", "group_by"),
    ("start_date=2026-01-01&end_date=2026-01-01&group_by=job&modality=hourly", "modality"),
])  # fmt: skip
def test_what_is_wrong_with_a_usage_query_is_named(client: Client, query: str, key: str) -> None:
    answer = client.ask("GET", f"/v0.4/organizations/mine/usage?{query}")
    assert answer.status == 400
    assert answer.json["validation"]["keys"][0] == key


@pytest.mark.parametrize("query", ["shots=0", "qubits=0", "1q_gates=-1", "2q_gates=x"])
def test_what_is_wrong_with_an_estimate_is_named(client: Client, query: str) -> None:
    answer = client.ask("GET", f"/v0.4/jobs/estimate?backend=qpu.aria-1&{query}")
    assert answer.status == 400
    assert answer.json["validation"]["keys"] == [query.split("=")[0]]
