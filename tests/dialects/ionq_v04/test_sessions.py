"""Sessions in IonQ's words: what they take, what they limit, how they end."""

from __future__ import annotations

from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ionq_v04.finishing import finished

QPU = "qpu.aria-1"
CIRCUIT = {"qubits": 1, "gateset": "qis", "circuit": [{"gate": "x", "target": 0}]}


def job(session: str | None, **more: Any) -> dict[str, Any]:
    return {"type": "ionq.circuit.v1", "backend": QPU, "input": CIRCUIT, "shots": 10,
            "session_id": session, **more}  # fmt: skip


def opened(client: Client, backend: str = QPU, **settings: Any) -> dict[str, Any]:
    answer = client.ask("POST", "/v0.4/sessions", {"backend": backend, "settings": settings})
    assert answer.status == 201, answer.raw
    session: dict[str, Any] = answer.json
    return session


def end(client: Client, session: dict[str, Any]) -> dict[str, Any]:
    answer = client.ask("POST", f"/v0.4/sessions/{session['id']}/end")
    assert answer.status == 200, answer.raw
    ended: dict[str, Any] = answer.json
    return ended


def test_a_session_from_its_beginning_to_its_end(client: Client) -> None:
    session = opened(client, duration_limit_min=60, job_count_limit=10)
    assert (session["status"], session["active"], session["started_at"]) == ("created", True, None)
    assert session["settings"] == {"job_count_limit": 10, "duration_limit_min": 60}
    created = client.ask("POST", "/v0.4/jobs", job(session["id"])).json
    assert created["session_id"] == session["id"]
    done = finished(client, created["id"])
    assert (done["status"], done["session_id"]) == ("completed", session["id"])
    path = f"/v0.4/sessions/{session['id']}"
    started = client.ask("GET", path).json
    assert (started["status"], started["active"], started["ended_at"]) == ("started", True, None)
    assert started["started_at"] is not None
    assert started["settings"]["expires_at"] > started["started_at"]
    listed = client.ask("GET", f"{path}/jobs").json["jobs"]
    assert [one["id"] for one in listed] == [created["id"]]
    ended = end(client, session)
    assert (ended["status"], ended["active"]) == ("ended", False)
    assert ended["ender_id"] == ended["creator_id"]
    assert ended["ended_at"] >= ended["started_at"]
    assert end(client, session) == ended, "what has ended stays what it is"
    refused = client.ask("POST", "/v0.4/jobs", job(session["id"]))
    assert refused.status == 400
    assert "takes no more jobs" in refused.json["message"]


def test_lists_tell_those_that_have_ended_apart(client: Client) -> None:
    first, second = opened(client), opened(client)
    end(client, first)
    alive = {one["id"] for one in client.ask("GET", "/v0.4/sessions?active=true").json["sessions"]}
    ended = {one["id"] for one in client.ask("GET", "/v0.4/sessions?active=false").json["sessions"]}
    assert second["id"] in alive - ended
    assert first["id"] in ended - alive
    end(client, second)


def test_no_more_jobs_than_its_limit(client: Client) -> None:
    session = opened(client, job_count_limit=1)
    first = client.ask("POST", "/v0.4/jobs", job(session["id"]))
    assert first.status == 201
    second = client.ask("POST", "/v0.4/jobs", job(session["id"]))
    assert second.status == 400
    assert "used up its limits" in second.json["message"]
    finished(client, first.json["id"])
    ended = client.ask("GET", f"/v0.4/sessions/{session['id']}").json
    assert (ended["status"], ended["ender_id"]) == ("ended", None)


def test_no_more_money_than_its_limit(client: Client) -> None:
    """Ten shots of one gate on Aria cost the minimum, 12.4166 USD, and it may pay two of them."""
    session = opened(client, cost_limit={"unit": "usd", "value": 30})
    ids = [client.ask("POST", "/v0.4/jobs", job(session["id"])).json["id"] for _ in range(2)]
    third = client.ask("POST", "/v0.4/jobs", job(session["id"]))
    assert third.status == 400
    assert "costs 12.4166 USD" in third.json["message"]
    assert "5.1668 more" in third.json["message"]
    assert third.json["validation"]["keys"] == ["session_id"]
    tried = client.ask("POST", "/v0.4/jobs", job(session["id"], dry_run=True))
    assert tried.status == 201, "a dry run costs nothing"
    for job_id in ids:
        assert finished(client, job_id)["status"] == "completed"
    end(client, session)


def test_a_program_whose_price_is_known_when_it_is_read(client: Client) -> None:
    session = opened(client, cost_limit={"value": 13})
    program = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
    text = job(session["id"], type="ionq.qasm3.v1", input={"data": program}, shots=100_000)
    failed = finished(client, client.ask("POST", "/v0.4/jobs", text).json["id"])
    assert failed["status"] == "failed"
    assert failed["failure"]["code"] == "QuotaExhaustedError"
    cheap = client.ask("POST", "/v0.4/jobs", {**text, "shots": 10}).json
    assert finished(client, cheap["id"])["status"] == "completed"
    end(client, session)


def test_a_session_on_the_simulator_keeps_nobody_away(client: Client) -> None:
    """qiskit-ionq calls it `ionq_simulator` there."""
    session = opened(client, backend="ionq_simulator")
    assert session["backend"] == "simulator"
    mine = client.ask("POST", "/v0.4/jobs", job(session["id"], backend="simulator")).json
    others = client.ask("POST", "/v0.4/jobs", job(None, backend="simulator")).json
    assert finished(client, others["id"])["status"] == "completed"
    assert finished(client, mine["id"])["status"] == "completed"
    end(client, session)


def test_a_job_on_another_backend_is_none_of_it(client: Client) -> None:
    session = opened(client)
    answer = client.ask("POST", "/v0.4/jobs", job(session["id"], backend="qpu.forte-1"))
    assert answer.status == 400
    assert "is one on qpu.aria-1" in answer.json["message"]
    end(client, session)


def test_moved_to_another_backend_a_job_leaves_its_session(client: Client) -> None:
    session = opened(client)
    mine = client.ask("POST", "/v0.4/jobs", job(session["id"])).json
    moved = client.ask("POST", f"/v0.4/jobs/{mine['id']}/move", {"backend": "simulator"})
    assert moved.status == 201, moved.raw
    assert finished(client, moved.json["id"])["session_id"] is None
    end(client, session)


@pytest.mark.parametrize(("body", "key"), [
    ({"backend": "qpu.x"}, None),
    ({"backend": QPU, "settings": {"job_count_limit": 0}}, "settings.job_count_limit"),
    ({"backend": QPU, "settings": {"duration_limit_min": "soon"}}, "settings.duration_limit_min"),
    ({"backend": QPU, "settings": {"cost_limit": {"value": -1}}}, "settings.cost_limit.value"),
    ({"backend": QPU, "settings": {"cost_limit": {"value": "a lot"}}}, "settings.cost_limit.value"),
    ({"backend": QPU, "settings": {"cost_limit": {"value": 1, "unit": "eur"}}},
     "settings.cost_limit.unit"),
])  # fmt: skip
def test_what_is_wrong_is_named(client: Client, body: dict[str, Any], key: str | None) -> None:
    answer = client.ask("POST", "/v0.4/sessions", body)
    if key is None:
        assert answer.status == 404
        return
    assert answer.status == 400
    assert answer.json["validation"]["keys"] == [key]


def test_texts_are_taken_where_qiskit_sends_them(client: Client) -> None:
    session = opened(client, duration_limit_min="30", cost_limit={"value": "20", "unit": "usd"})
    assert session["settings"] == {
        "duration_limit_min": 30,
        "cost_limit": {"value": 20.0, "unit": "usd"},
    }
    end(client, session)
