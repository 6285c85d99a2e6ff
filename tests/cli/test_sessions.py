from __future__ import annotations

from typing import Any

import pytest

IDENTIFIER = "019aa3f2-6f5e-7c41-8a3b-2f9d1c0e7b55"


@pytest.fixture
def session() -> dict[str, Any]:
    """An active session as the control dialect shows it in a list."""
    return {
        "id": IDENTIFIER,
        "state": "active",
        "mode": "dedicated",
        "dialect": "ibm_runtime",
        "backend": "ibm_torino",
        "name": None,
        "accepting_jobs": True,
        "why": None,
        "jobs": {"submitted": 3, "waiting": 1, "running": 1},
        "seconds_used": 2.5,
        "max_ttl": 28800,
        "interactive_ttl": 60,
        "created_at": None,
        "started_at": "2026-11-20T23:50:12.004Z",
        "closed_at": None,
    }


@pytest.fixture
def closed(session: dict[str, Any]) -> dict[str, Any]:
    history = [
        {"at": "2026-11-20T23:50:12.000Z", "kind": "opened", "state": "open", "why": None},
        {"at": "2026-11-20T23:50:13.000Z", "kind": "shut", "state": "closed", "why": "closed"},
    ]
    return session | {
        "state": "closed",
        "accepting_jobs": False,
        "why": "it was closed",
        "name": "mine\x1b[2J",
        "history": history,
    }


def test_the_table(ketway: Any, fake: Any, session: Any) -> None:
    fake.answers["GET /sessions"] = {"sessions": [session], "next": "cursor"}
    head, row, more = ketway("sessions", "--limit", "1").out.splitlines()
    heads = "ID STATE MODE DIALECT BACKEND JOBS WAITING RUNNING USED AGE"
    assert " ".join(head.split()) == heads
    told = f"{IDENTIFIER} active dedicated ibm_runtime ibm_torino 3 1 1 2.5 s -"
    assert " ".join(row.split()) == told
    assert more == "There are more: --limit N or --all shows them."
    assert fake.seen[0][0] == "GET /sessions?limit=1"
    ketway("sessions", "--alive", "--dialect", "ibm_runtime", "--json")
    assert fake.seen[1][0] == "GET /sessions?limit=20&dialect=ibm_runtime&alive=true"


def test_no_sessions(ketway: Any, fake: Any) -> None:
    fake.answers["GET /sessions"] = {"sessions": [], "next": None}
    assert ketway("sessions").err == "No sessions.\n"
    assert ketway("sessions", "--alive").err == "No such sessions.\n"
    assert ketway("sessions", "--json").json == {"sessions": [], "next": None}
    assert ketway("sessions", "--limit", "0").code == 2


def test_one_session(ketway: Any, fake: Any, closed: Any) -> None:
    fake.answers["GET /sessions/019aa3f2"] = closed
    out = ketway("session", "019AA3F2").out
    for said in (
        f"Session {IDENTIFIER}  closed",
        "name      mine\\x1b[2J",
        "jobs      3 submitted, 1 waiting, 1 running",
        "used      2.5 s",
        "lasts     8 h 0 min from the start of its first job, active for 60 s without one",
        "takes     no more jobs: it was closed",
        "opened    2026-11-20T23:50:12.000Z  open",
        "shut      2026-11-20T23:50:13.000Z  closed (closed)",
    ):
        assert said in out, (said, out)
    assert ketway("session", "019aa3f2", "--json").json == {"session": closed}


def test_its_end(ketway: Any, fake: Any, closed: Any) -> None:
    for way in ("close", "cancel"):
        fake.answers[f"POST /sessions/{IDENTIFIER}/{way}"] = closed
        ended = ketway("session", IDENTIFIER, f"--{way}")
        assert (ended.code, ended.out.splitlines()[0]) == (0, f"Session {IDENTIFIER}  closed")
    both = ketway("session", IDENTIFIER, "--close", "--cancel")
    assert (both.code, both.err.count("do not go together")) == (2, 1)
    assert len(fake.seen) == 2


def test_what_is_no_session(ketway: Any, fake: Any) -> None:
    assert ketway("session", IDENTIFIER).code == 2
    ended = ketway("session", "../jobs")
    assert (ended.code, "is not a session's id" in ended.err) == (2, True)
    assert ketway("session").code == 2
    assert len(fake.seen) == 1
