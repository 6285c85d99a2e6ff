"""Sessions in Ketway's own API, which sees those of every other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ibm_runtime.test_sessions import ended, opened, submitted

SESSIONS = "/ketway/v1/sessions"


def ask(client: Client, method: str, path: str = "", status: int = 200) -> Any:
    answer = client.ask(method, f"{SESSIONS}{path}")
    assert answer.status == status, answer.raw
    return answer.json


def test_a_batch_of_ibms(client: Client) -> None:
    session_id = opened(client, mode="batch")["id"]
    ended(client, submitted(client, session_id).json["id"])
    shown = ask(client, "GET", f"/{session_id[:30]}")
    assert (shown["id"], shown["dialect"], shown["mode"]) == (session_id, "ibm_runtime", "batch")
    assert shown["state"] == "active"
    assert shown["jobs"] == {"submitted": 1, "waiting": 0, "running": 0}
    assert shown["seconds_used"] > 0
    assert shown["history"][0]["state"] == "open"
    listed = ask(client, "GET", "?alive=true&dialect=ibm_runtime&limit=1")
    assert [one["id"] for one in listed["sessions"]] == [session_id]
    assert "history" not in listed["sessions"][0]
    of_it = client.ask("GET", f"/ketway/v1/jobs?session={session_id}").json["jobs"]
    assert [job["session_id"] for job in of_it] == [session_id]
    closed = ask(client, "POST", f"/{session_id}/close")
    assert (closed["state"], closed["accepting_jobs"]) == ("closed", False)
    assert closed["why"] == "it was closed"
    assert ask(client, "POST", f"/{session_id}/cancel")["why"] == "it was closed"
    alive = ask(client, "GET", "?alive=true&limit=1000")["sessions"]
    assert session_id not in [one["id"] for one in alive]


def test_page_by_page(client: Client) -> None:
    made = [opened(client, mode="batch")["id"] for _ in range(3)]
    first = ask(client, "GET", "?limit=2")
    second = ask(client, "GET", f"?limit=1&next={first['next']}")
    found = [one["id"] for page in (first, second) for one in page["sessions"]]
    assert found == made[::-1]
    for one in made:
        assert ask(client, "POST", f"/{one}/cancel")["why"] == "it was canceled"


@pytest.mark.parametrize(
    ("query", "said"), [("limit=0", "limit"), ("next=x", "next"), ("alive=perhaps", "alive")]
)
def test_what_means_nothing(client: Client, query: str, said: str) -> None:
    assert said in ask(client, "GET", f"?{query}", 400)["error"]["message"]


def test_there_is_none(client: Client) -> None:
    nobody = "01a1fc6a-0840-7000-80e3-8afc2f5bfb27"
    for method, path in (("GET", ""), ("POST", "/close"), ("POST", "/cancel")):
        assert "no session" in ask(client, method, f"/{nobody}{path}", 404)["error"]["message"]
