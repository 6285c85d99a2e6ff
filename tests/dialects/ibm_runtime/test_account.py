"""What was used, by whom and where; workloads; the limit that a project sets itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from sqlalchemy import insert
from tests.acceptance import serving
from tests.acceptance.serving import BELL, Client
from tests.dialects.ibm_runtime.test_jobs import BASE, BELL_QASM, run
from tests.store.making import family

from ketway.dialects.ibm_runtime.routes import PREFIXES
from ketway.jobs.ids import new_id, now
from ketway.jobs.job import Job, State
from ketway.jobs.session import Mode, Session, SessionState
from ketway.store import changes, session_changes
from ketway.store.schema import projects, users
from ketway.store.store import Store, first_user

SECOND = 1_000_000


def at(day: int, hour: int = 12) -> int:
    return int(datetime(2026, 1, day, hour, tzinfo=UTC).timestamp()) * SECOND


def job(store: Store, backend: str, begun: int, queued: int, ran: int, **more: Any) -> Job:
    (found,) = family(store, state=State.COMPLETED, backend=backend)
    started = begun + queued * SECOND
    return msgspec.structs.replace(
        found,
        **{
            "dialect": "ibm_runtime",
            "routine": "sampler",
            "submitted_at": begun,
            "started_at": started,
            "completed_at": started + ran * SECOND,
        }
        | more,
    )


def session(store: Store, mode: Mode, why: str) -> Session:
    user, project, _ = store.read(first_user)
    return Session(
        id=new_id(),
        project_id=project,
        user_id=user,
        dialect="ibm_runtime",
        backend="ibm_torino",
        mode=mode,
        max_ttl=100,
        state=SessionState.CLOSED,
        accepting_jobs=False,
        why=why,
        jobs=1,
        created_at=at(12),
        started_at=at(12),
        activated_at=at(12),
        active_time=9 * SECOND,
        idle_since=at(13),
        closed_at=at(13),
    )


def strangers(store: Store, one: Job) -> Job:
    """The job of another project."""
    project, user = new_id(), "f" * 24
    person = {"id": user, "name": "x", "project_id": project, "key_id": "k", "created_at": 0}
    store.submit(
        lambda c: (
            c.execute(insert(projects), {"id": project, "name": "other", "created_at": 0}),
            c.execute(insert(users), person),
        )
    ).result()
    return msgspec.structs.replace(one, project_id=project, user_id=user)


class Past:
    """What a project has behind it: two jobs in no session, two sessions, and what is not its."""

    def __init__(self, store: Store) -> None:
        self.user, self.project, _ = store.read(first_user)
        self.crn = (
            "crn:v1:bluemix:public:quantum-computing:us-east:"
            f"a/{uuid.UUID(self.project).hex}:{self.project}::"
        )
        alone = job(store, "simulator_mps", at(10), 1, 2, tags=["alpha", "be,ta"])
        failed = job(store, "ibm_torino", at(10, 13), 3, 4, state=State.FAILED)
        dedicated = session(store, "dedicated", "canceled")
        batch = session(store, "batch", "closed")
        within = [
            job(store, "ibm_torino", at(12), 0, 1, session_id=dedicated.id),
            job(store, "ibm_torino", at(12), 1, 5, session_id=dedicated.id),
            job(store, "ibm_torino", at(12), 0, 6, session_id=batch.id),
        ]
        never = job(store, "simulator_mps", at(12), 0, 0, state=State.CANCELED)
        never = msgspec.structs.replace(never, started_at=None, completed_at=at(12))
        others = [
            job(store, "simulator", at(10), 7, 70, dialect="ionq_v04"),
            strangers(store, job(store, "simulator_mps", at(10), 7, 70)),
        ]
        for one in (dedicated, batch):
            store.submit(lambda c, s=one: session_changes.insert_session(c, s)).result()  # type: ignore[misc]
        for one_job in (alone, failed, *within, never, *others):
            store.submit(lambda c, j=one_job: changes.insert_job(c, [j], None)).result()  # type: ignore[misc]
        self.ids = [alone.id, failed.id, dedicated.id, batch.id, never.id]
        """Workloads in their order."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Past, Client]]:
    data = tmp_path_factory.mktemp("account") / "data"
    store = Store(data)
    store.open()
    past = Past(store)
    store.close()
    with serving.serving(data) as server:
        yield past, server.client(Authorization="apikey any")


@pytest.fixture
def past(served: tuple[Past, Client]) -> Past:
    return served[0]


@pytest.fixture
def client(served: tuple[Past, Client]) -> Client:
    return served[1]


def ask(client: Client, path: str, status: int = 200) -> Any:
    answer = client.ask("GET", f"{BASE}{path}")
    assert answer.status == status, answer.raw
    return answer.json


# -- analytics ------------------------------------------------------------------------------------

ALL = {
    "usage": 18_000,
    "jobs": 6,
    "sessions": 2,
    "sessions_usage": 12_000,
    "avg_sessions_usage": 6_000,
    "max_sessions_usage": 6_000,
    "batch_sessions": 1,
    "batch_sessions_usage": 6_000,
    "avg_batch_sessions_usage": 6_000,
    "max_batch_sessions_usage": 6_000,
    "dedicated_sessions": 1,
    "dedicated_sessions_usage": 6_000,
    "avg_dedicated_sessions_usage": 6_000,
    "max_dedicated_sessions_usage": 6_000,
    "individual_jobs": 3,
    "individual_jobs_usage": 6_000,
    "avg_individual_jobs_usage": 2_000,
    "max_individual_jobs_usage": 4_000,
    "queue_time": 5_000,
    "avg_queue_time": 1_000,
    "max_queue_time": 3_000,
}


def test_all_that_was_used(past: Past, client: Client) -> None:
    assert ask(client, "/analytics/usage") == ALL
    ours = f"instance={past.crn}&plan=open&user_id={past.user}&subscription_id={past.project}"
    assert ask(client, f"/analytics/usage?{ours}") == ALL


@pytest.mark.parametrize(
    ("query", "jobs", "usage"),
    [
        ("interval_start=2026-01-11T00:00:00Z", 4, 12_000),
        ("interval_end=2026-01-10T13:00:00Z", 1, 2_000),
        ("backend=simulator_mps", 2, 2_000),
        ("backend=simulator_mps&backend=ibm_torino", 6, 18_000),
        ("simulators=false", 4, 16_000),
        ("instance=crn:v1:other", 0, 0),
        ("plan=premium", 0, 0),
        ("user_id=nobody", 0, 0),
        ("subscription_id=91b2c828-2952-4f05-aed8-bedf92c6c480", 0, 0),
    ],
)
def test_some_of_what_was_used(client: Client, query: str, jobs: int, usage: int) -> None:
    found = ask(client, f"/analytics/usage?{query}")
    assert (found["jobs"], found["usage"]) == (jobs, usage)
    assert set(found) == set(ALL)


def test_told_apart(past: Past, client: Client) -> None:
    def grouped(by: str) -> dict[Any, Any]:
        data = ask(client, f"/analytics/usage_grouped?group_by={by}")["data"]
        return {one["key"]: (one["jobs"], one["usage"]) for one in data}

    assert grouped("backend") == {"ibm_torino": (4, 16_000), "simulator_mps": (2, 2_000)}
    everything = (6, 18_000)
    assert grouped("user_id") == {past.user: everything}
    assert grouped("instance") == {past.crn: everything}
    assert grouped("plan") == {"open": everything}
    assert grouped("subscription_id") == {past.project: everything}


def test_day_by_day(past: Past, client: Client) -> None:
    path = "/analytics/usage_grouped_by_date?group_by=instance"
    found = ask(client, path + "&interval_start=2026-01-01T00:00:00Z")
    assert found["interval_start"] == "2026-01-01T00:00:00.000Z"
    first, second = found["data"]
    assert (first["interval_start"], first["interval_end"]) == (
        "2026-01-10T00:00:00.000Z",
        "2026-01-11T00:00:00.000Z",
    )
    assert (first["key"], first["usage"], first["sessions"]) == (past.crn, 6_000, 0)
    assert (second["usage"], second["sessions"], second["max_sessions_usage"]) == (12_000, 2, 6_000)
    assert ask(client, path)["interval_start"] == first["interval_start"]
    empty = ask(client, path + "&interval_end=2025-01-01T00:00:00Z")
    assert (empty["data"], empty["interval_start"]) == ([], empty["interval_end"])


def test_what_there_is_to_choose_from(past: Past, client: Client) -> None:
    assert ask(client, "/analytics/filters") == {
        "backends": [{"name": "ibm_torino"}, {"name": "simulator_mps"}],
        "instances": [{"id": past.crn, "deleted": False}],
        "users": [{"id": past.user}],
        "plans": [{"name": "open"}],
        "subscriptions": [{"id": past.project, "name": "open"}],
    }
    assert set(map(str, ask(client, "/analytics/filters?instance=x").values())) == {"[]"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/analytics/usage_grouped", "group_by"),
        ("/analytics/usage_grouped?group_by=colour", "group_by"),
        ("/analytics/usage_grouped_by_date?group_by=backend", "group_by"),
        ("/analytics/usage?interval_start=noon", "interval_start"),
        ("/analytics/usage?simulators=perhaps", "simulators"),
        (
            "/analytics/usage?interval_start=2026-02-01T00:00:00Z&interval_end=2026-01-01T00:00:00Z",
            "interval_end",
        ),
        ("/workloads?limit=0", "limit"),
        ("/workloads?limit=51", "limit"),
        ("/workloads?sort=name", "sort"),
        ("/workloads?user=you", "user"),
        ("/workloads?mode=shared", "mode"),
        ("/workloads?status=lost", "status"),
        ("/workloads?next=x", "next"),
        ("/workloads?created_after=noon", "created_after"),
    ],
)
def test_what_means_nothing(client: Client, path: str, said: str) -> None:
    refused = ask(client, path, 400)
    assert said in refused["errors"][0]["message"]
    assert refused["error"]["code"] == refused["errors"][0]["code"] == 1002


# -- workloads ------------------------------------------------------------------------------------


def ids(client: Client, query: str) -> list[str]:
    return [one["id"] for one in ask(client, f"/workloads?{query}")["workloads"]]


def test_workloads(past: Past, client: Client) -> None:
    found = ask(client, "/workloads?user=me")
    assert (found["total_count"], found["limit"]) == (5, 10)
    assert "next" not in found
    assert "previous" not in found
    alone, failed, dedicated, batch, never = found["workloads"]
    assert [one["id"] for one in found["workloads"]] == past.ids
    assert alone["created"] == "2026-01-10T12:00:00.000Z"
    assert alone["ended"] == "2026-01-10T12:00:03.000Z"
    assert (alone["mode"], alone["status"], alone["accepting_jobs"]) == ("job", "completed", None)
    assert alone["tags"] == ["alpha", "be,ta"]
    assert alone["instance"] == past.crn
    assert alone["usage"] == {"qpu_charge_time_seconds": 2.0, "status": "complete"}
    assert failed["status"] == "failed"
    assert (dedicated["mode"], dedicated["status"]) == ("session", "canceled")
    assert dedicated["accepting_jobs"] is False
    assert dedicated["usage"] == {"qpu_charge_time_seconds": 9.0}  # as its elapsed_time
    assert (batch["mode"], batch["status"]) == ("batch", "completed")
    assert batch["usage"] == {"qpu_charge_time_seconds": 6.0}
    assert never["status"] == "canceled"


def test_some_workloads(past: Past, client: Client) -> None:
    alone, failed, dedicated, batch, never = past.ids
    assert ids(client, "mode=job") == [alone, failed, never]
    assert ids(client, "mode=session") == [dedicated]
    assert ids(client, "mode=batch") == [batch]
    assert ids(client, "backend=simulator_mps") == [alone, never]
    assert ids(client, "status=completed") == [alone, batch]
    assert ids(client, "status=canceled&status=failed") == [failed, dedicated, never]
    assert ids(client, "status=pending&status=in_progress") == []
    assert ids(client, "tags=alpha") == [alone]
    assert ids(client, "tags=alpha&tags=be,ta") == [alone]
    assert ids(client, "tags=be") == []
    assert ids(client, "search=lph") == [alone]
    assert ids(client, 'search=","') == []
    assert ids(client, f"search={batch}") == [batch]
    assert ids(client, "created_before=2026-01-11T00:00:00Z") == [alone, failed]
    assert ids(client, "created_after=2026-01-11T00:00:00Z") == [dedicated, batch, never]


@pytest.mark.parametrize("sort", ["createdAt", "-createdAt"])
def test_from_page_to_page_and_back(past: Past, client: Client, sort: str) -> None:
    order = past.ids if sort == "createdAt" else past.ids[::-1]

    def follow(found: Any, way: str) -> Any:
        url = urlsplit(found[way]["href"])
        assert url.netloc == urlsplit(client.url).netloc
        assert url.path == f"{BASE}/workloads"
        return ask(client, f"{url.path.removeprefix(BASE)}?{url.query}")

    def listed(found: Any) -> list[str]:
        return [one["id"] for one in found["workloads"]]

    first = ask(client, f"/workloads?limit=2&sort={sort}")
    second = follow(first, "next")
    third = follow(second, "next")
    assert listed(first) + listed(second) + listed(third) == order
    assert {one["total_count"] for one in (first, second, third)} == {5}
    assert ("next" in third, "previous" in first) == (False, False)
    back = follow(third, "previous")
    assert listed(back) == listed(second)
    beginning = follow(back, "previous")
    assert listed(beginning) == listed(first)
    assert "previous" not in beginning
    assert listed(follow(beginning, "next")) == listed(second)


# -- the instance and its limit -------------------------------------------------------------------


def test_the_account(past: Past, client: Client) -> None:
    account = uuid.UUID(past.project).hex
    (plan,) = ask(client, f"/accounts/{account}")["plans"]
    assert plan["plan_id"] == ask(client, "/instance")["plan_id"]
    assert "ibm_torino" in plan["backends"]
    assert (plan["max_ttl"], plan["interactive_ttl"]) == (8 * 3600, 60)
    assert ask(client, f"/accounts/{account}?plan_id=flex") == {"plans": []}
    assert "no account" in ask(client, "/accounts/somebody", 404)["error"]["message"]


def test_tags_of_all_jobs(client: Client) -> None:
    assert ask(client, "/tags?type=job&search=lph") == {"tags": ["alpha"]}
    assert ask(client, "/tags?search=a") == {"tags": ["alpha", "be,ta"]}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_at_every_prefix(client: Client, prefix: str) -> None:
    for path in ("/workloads", "/analytics/usage", "/instances/configuration", "/instance"):
        assert client.ask("GET", f"{prefix}{path}").status == 200, path


def test_a_limit(tmp_path: Path) -> None:
    """It is refused, said, reached, raised and taken away."""
    data = tmp_path / "data"
    store = Store(data)
    store.open()
    spent = job(store, "simulator_mps", now(), 0, 5)
    store.submit(lambda c: changes.insert_job(c, [spent], None)).result()
    store.close()
    configuration = f"{BASE}/instances/configuration"
    with serving.serving(data) as server:
        client = server.client(Authorization="apikey any")

        def limit(seconds: Any) -> int:
            return client.ask("PUT", configuration, {"instance_limit": seconds}).status

        assert ask(client, "/instances/configuration") == {}
        assert "instance_limit" not in ask(client, "/instance")
        assert [limit(wrong) for wrong in (0, -1, 2**31, "5", 1.5)] == [400] * 5
        assert client.ask("PUT", configuration, {}).status == 400
        assert limit(4) == 409
        assert limit(5) == 204
        assert ask(client, "/instances/configuration") == {"instance_limit": 5}
        instance = ask(client, "/instance")
        assert (instance["instance_limit"], instance["instance_limit_seconds"]) == (5.0, "5")
        usage = ask(client, "/instances/usage")
        assert (usage["usage_limit_seconds"], usage["usage_limit_reached"]) == (5, True)
        body = {"program_id": "sampler", "backend": "simulator_mps"}
        refused = client.ask("POST", f"{BASE}/jobs", body | {"params": {"pubs": [[BELL_QASM]]}})
        assert refused.status == 409
        assert "limit of 5 seconds a month" in refused.json["error"]["message"]
        client.completed(client.submit(BELL))  # it is a limit of this API's
        assert limit(1000) == 204
        assert ask(client, "/instances/usage")["usage_limit_reached"] is False
        assert run(client, {"pubs": [[BELL_QASM]]})["status"] == "Completed"
        legacy = client.ask("GET", "/runtime/usage").json["byInstance"][0]
        assert (legacy["quota"], legacy["pendingJobs"]) == (1000, 0)
        assert legacy["usage"] > 5
        assert limit(None) == 204
        assert "usage_limit_seconds" not in ask(client, "/instances/usage")


def test_nothing_is_told_before_the_end(client: Client, past: Past) -> None:
    answer = client.ask("GET", f"{BASE}/jobs/{past.ids[0]}/interim_results")
    assert (answer.status, answer.json) == (200, None)
    assert ask(client, "/jobs/nope/interim_results", 404)
