from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ibm_runtime.test_jobs import BASE, BELL_QASM, ended

SAMPLER = {"program_id": "sampler", "params": {"pubs": [[BELL_QASM, None, 5]]}}
NAME = "simulator_statevector"


def opened(client: Client, **more: Any) -> Any:
    answer = client.ask("POST", f"{BASE}/sessions", {"backend": NAME, **more})
    assert answer.status == 200, answer.raw
    return answer.json


def seen(client: Client, session_id: str) -> Any:
    return client.ask("GET", f"{BASE}/sessions/{session_id}").json


def submitted(client: Client, session_id: str, backend: str = NAME) -> Any:
    body = {**SAMPLER, "backend": backend, "session_id": session_id}
    return client.ask("POST", f"{BASE}/jobs", body)


def test_a_batch_from_beginning_to_end(client: Client) -> None:
    session = opened(client, mode="batch", instance="crn:v1", max_ttl=100)
    assert (session["state"], session["mode"], session["max_ttl"]) == ("open", "batch", 100)
    assert session["started_at"] is None
    assert session["elapsed_time"] is None
    answer = submitted(client, session["id"])
    assert answer.json["session_id"] == session["id"]
    assert ended(client, answer.json["id"])["session_id"] == session["id"]
    listed = client.ask("GET", f"{BASE}/jobs?session_id={session['id']}").json
    assert listed["count"] == 1
    active = seen(client, session["id"])
    assert (active["state"], active["accepting_jobs"]) == ("active", True)
    assert active["elapsed_time"] > 0
    one = f"{BASE}/sessions/{session['id']}"
    assert client.ask("PATCH", one, {"accepting_jobs": False}).status == 204
    closed = seen(client, session["id"])
    assert (closed["state"], closed["accepting_jobs"]) == ("closed", False)
    assert [t["status"] for t in closed["timestamps"]] == ["open", "active", "closed"]
    refused = submitted(client, session["id"])
    assert refused.status == 400
    assert refused.json["errors"][0]["code"] == 4001
    assert "takes no more jobs" in refused.json["error"]["message"]
    assert client.ask("PATCH", one, {"accepting_jobs": True}).status == 400
    assert client.ask("PATCH", one, {"accepting_jobs": False}).status == 204  # done is done


def test_who_does_not_say_what_it_is_opens_a_dedicated_one(client: Client) -> None:
    session = opened(client, backend_name=NAME)
    assert session["mode"] == "dedicated"
    assert client.ask("DELETE", f"{BASE}/sessions/{session['id']}/close").status == 204
    assert seen(client, session["id"])["state"] == "closed"


@pytest.mark.parametrize(
    "body",
    [{}, {"backend": "nope"}, {"backend": NAME, "mode": "shared"}, {"backend": NAME, "max_ttl": 0}],
)
def test_what_is_no_session(client: Client, body: Any) -> None:
    assert client.ask("POST", f"{BASE}/sessions", body).status == 400


def test_a_session_that_is_none(client: Client) -> None:
    for session_id in ("01a1fc6a-0840-7000-80e3-8afc2f5bfb27", "x"):
        assert client.ask("GET", f"{BASE}/sessions/{session_id}").status == 404
        assert (
            client.ask("PATCH", f"{BASE}/sessions/{session_id}", {"accepting_jobs": False}).status
            == 404
        )
        refused = submitted(client, session_id)
        assert (refused.status, refused.json["errors"][0]["code"]) == (400, 1002)


def test_a_job_elsewhere_is_none_of_it(client: Client) -> None:
    session = opened(client, mode="batch")
    refused = submitted(client, session["id"], "simulator_mps")
    assert refused.status == 400
    assert f"is one on {NAME}" in refused.json["errors"][0]["message"]
