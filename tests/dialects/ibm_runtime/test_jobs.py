from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.acceptance import serving
from tests.acceptance.serving import BELL, Client
from tests.store.making import family

from ketway.dialects.ibm_runtime.routes import PROGRAMS
from ketway.jobs.job import State
from ketway.store import changes
from ketway.store.store import Store

BASE = "/api/v1"


def refused(client: Client, body: Any) -> tuple[int, int, str]:
    answer = client.ask("POST", f"{BASE}/jobs", body)
    (problem,) = answer.json["errors"]
    return answer.status, problem["code"], problem["message"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_are_not_run_yet(client: Client, program: str) -> None:
    body = {"program_id": program, "backend": "simulator_mps", "params": {"pubs": []}}
    status, code, message = refused(client, body)
    assert (status, code) == (400, 7001)
    assert f"does not run {program} programs yet" in message
    assert client.ask("GET", f"{BASE}/jobs").json["count"] == 0


def test_what_else_is_wrong_is_said_first(client: Client) -> None:
    sampler = {"program_id": "sampler", "backend": "simulator_mps", "params": {}}
    assert refused(client, {**sampler, "program_id": "circuit-runner"})[0] == 404
    assert refused(client, {**sampler, "backend": "nope"})[:2] == (400, 1007)
    assert refused(client, {**sampler, "backend": "simulator"})[:2] == (400, 1007)
    assert refused(client, {"program_id": "sampler"})[0] == 400
    assert refused(client, b"{")[0] == 400
    assert refused(client, [])[0] == 400


def test_a_job_that_is_none(client: Client) -> None:
    ionq = client.submit(BELL)
    for job_id in ("d1d8d3e2d25bc415db51", "01a1fc6a-0840-7000-80e3-8afc2f5bfb27", ionq):
        answer = client.ask("GET", f"{BASE}/jobs/{job_id}?exclude_params=true")
        assert answer.status == 404
        assert job_id in answer.json["errors"][0]["message"]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "offset=-1", "offset=99999999999999999999", "sort=UP",
     "created_after=noon", "pending=maybe", "tags=a"],
)  # fmt: skip
def test_a_query_that_means_nothing(client: Client, query: str) -> None:
    answer = client.ask("GET", f"{BASE}/jobs?{query}")
    assert answer.status == 400, answer.raw
    assert query.partition("=")[0] in answer.json["error"]["message"]


@contextmanager
def with_jobs(data: Path) -> Iterator[list[str]]:
    """Three finished jobs as programs will leave them, put in before the server starts."""
    store = Store(data)
    store.open()
    jobs = []
    for number, state in enumerate((State.COMPLETED, State.FAILED, State.CANCELED)):
        (job,) = family(store, state=state, backend="simulator_mps")
        jobs.append(
            msgspec.structs.replace(
                job,
                dialect="ibm_runtime",
                format="sampler" if number else "estimator",
                settings=json.dumps({"tags": [f"t{number}"], "cost": 600}),
                started_at=job.submitted_at,
                completed_at=job.submitted_at + 2_500_000,
            )
        )
    for job in jobs:
        store.submit(lambda c, job=job: changes.insert_job(c, [job], None)).result()  # type: ignore[misc]
    store.close()
    yield [job.id for job in jobs]


def test_a_list_by_pages_and_filters(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with with_jobs(data) as ids, serving.serving(data) as server:
        client = server.client(Authorization="apikey any")
        client.submit(BELL)  # IonQ's, which is in no list of IBM's

        def ask(query: str) -> Any:
            return client.ask("GET", f"{BASE}/jobs?exclude_params=true&{query}").json

        def listed(query: str) -> list[str]:
            return [job["id"] for job in ask(query)["jobs"]]

        assert listed("") == ids[::-1]
        assert listed("sort=ASC") == ids
        assert listed("limit=1&offset=1") == [ids[1]]
        assert ask("limit=1&offset=1")["count"] == 3
        assert (ask("offset=7")["count"], ask("offset=7")["jobs"]) == (7, [])
        assert listed("program=estimator") == [ids[0]]
        assert listed("pending=true") == []
        assert listed("pending=false") == ids[::-1]
        assert listed("backend=simulator_stabilizer") == []
        assert listed("created_before=2020-01-01T00:00:00%2B00:00") == []
        assert listed("created_after=2020-01-01T00:00:00%2B00:00") == ids[::-1]
        found = client.ask("GET", f"{BASE}/jobs/{ids[0]}").json
        assert found["state"]["status"] == found["status"] == "Completed"
        assert (found["program"], found["tags"], found["cost"]) == (
            {"id": "estimator"},
            ["t0"],
            600,
        )
        assert found["created"].endswith("Z")
        states = [job["status"] for job in ask("sort=ASC")["jobs"]]
        assert states == ["Completed", "Failed", "Cancelled"]
        assert client.ask("GET", f"{BASE}/tags?search=t").json == {"tags": ["t0", "t1", "t2"]}
        assert client.ask("GET", f"{BASE}/tags?search=1").json == {"tags": ["t1"]}
        usage = client.ask("GET", f"{BASE}/instances/usage").json
        assert usage["usage_consumed_seconds"] == 7.5
