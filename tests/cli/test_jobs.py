from __future__ import annotations

from typing import Any

import pytest

IDENTIFIER = "019aa3f2-6f5e-7c41-8a3b-2f9d1c0e7b55"
OTHER = "019aa3f2-7000-7c41-8a3b-2f9d1c0e7b55"


def listed(job: dict[str, Any], *identifiers: str, following: str | None = None) -> dict[str, Any]:
    return {"jobs": [job | {"id": one} for one in identifiers], "next": following}


def test_the_table(ketway: Any, fake: Any, job: Any) -> None:
    evil = job | {"id": OTHER, "name": "a\x1b]0;title\x07\nb", "shots": 0, "submitted_at": None}
    fake.answers["GET /jobs"] = {"jobs": [job, evil], "next": "cursor"}
    ended = ketway("jobs", "--limit", "2", "--state", "completed", "--backend", "simulator")
    head, first, second, more = ended.out.splitlines()
    heads = "ID STATE DIALECT BACKEND ROUTINE CIRCUITS QUBITS SHOTS AGE NAME / TAGS"
    assert " ".join(head.split()) == heads
    told = [IDENTIFIER, "completed", "control", "simulator", "circuits", "1", "2", "100"]
    assert first.split()[:8] == told
    assert second.split()[7:9] == ["exact", "-"]
    assert second.endswith("a\\x1b]0;title\\x07 b")
    assert "\x1b" not in ended.out
    assert more == "There are more: --limit N or --all shows them."
    assert fake.seen[0][0] == "GET /jobs?limit=2&state=completed&backend=simulator"


def test_no_jobs(ketway: Any, fake: Any, job: Any) -> None:
    fake.answers["GET /jobs"] = listed(job)
    ended = ketway("jobs")
    assert (ended.code, ended.out, ended.err) == (0, "", "No jobs.\n")
    assert ketway("jobs", "--json").json == {"jobs": [], "next": None}


def test_every_page(ketway: Any, fake: Any, job: Any) -> None:
    fake.answers["GET /jobs"] = [listed(job, IDENTIFIER, following="c1"), listed(job, OTHER)]
    found = ketway("jobs", "--all", "--json").json
    assert [one["id"] for one in found["jobs"]] == [IDENTIFIER, OTHER]
    assert [line for line, _, _ in fake.seen] == [
        "GET /jobs?limit=100",
        "GET /jobs?limit=100&next=c1",
    ]


def test_bad_options(ketway: Any, fake: Any) -> None:
    assert ketway("jobs", "--state", "done").code == 2
    assert ketway("jobs", "--limit", "0").code == 2
    assert fake.seen == []


def test_one_job_in_full(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    fake.answers |= {
        f"GET /jobs/{IDENTIFIER}": job,
        f"GET /jobs/{IDENTIFIER}/result": result,
        f"GET /jobs/{IDENTIFIER}/events": {"events": [{"seq": 1, "at": "", "kind": "submitted"}]},
    }
    out = ketway("job", IDENTIFIER).out
    for said in (
        f"Job {IDENTIFIER}  completed",
        "name      bell",
        "program   ionq.circuit.v1, 1 circuit, 2 qubits, gates 1 1q, 1 2q",
        "shots     100",
        "noise     aria-1, seed 7",
        "started   2026-11-20T23:50:12.004Z  (+4 ms)",
        "plan      dense: two qubits (64 B, 1 ms, double)",
        "attempt 1 finished, after 8 ms",
        "00 ███",
    ):
        assert said in out, said
    shown = ketway("job", IDENTIFIER, "--json").json
    assert shown["job"] == job
    assert shown["result"] == result
    assert shown["events"][0]["kind"] == "submitted"


def test_a_job_that_is_not_final_has_no_result(ketway: Any, fake: Any, job: Any) -> None:
    fake.answers[f"GET /jobs/{IDENTIFIER}"] = job | {"state": "ready", "started_at": None}
    ended = ketway("job", IDENTIFIER)
    assert ended.code == 0
    assert "█" not in ended.out


@pytest.fixture
def routine(job: Any) -> Any:
    """A job of IBM's sampler."""
    return job | {
        "name": None,
        "dialect": "ibm_runtime",
        "format": "ibm.params",
        "routine": "sampler",
        "tags": ["x", "y z"],
        "session_id": OTHER,
        "noise": None,
    }


def test_a_routine_in_the_table(ketway: Any, fake: Any, routine: Any) -> None:
    fake.answers["GET /jobs"] = {"jobs": [routine, routine | {"shots": 0}], "next": None}
    fake.answers[f"GET /sessions/{OTHER[:9]}"] = {"id": OTHER}
    narrowed = ["--dialect", "ibm_runtime", "--tag", "x", "--tag", "y z", "--session", OTHER[:9]]
    _, first, second = ketway("jobs", *narrowed).out.splitlines()
    assert first.split()[2:8] == ["ibm_runtime", "simulator", "sampler", "1", "2", "100"]
    assert first.endswith("x, y z")
    assert second.split()[7] == "-"  # known when its parameters have been read
    query = f"limit=20&dialect=ibm_runtime&tag=x&tag=y+z&session={OTHER}"
    assert fake.seen[-1][0] == f"GET /jobs?{query}"
    assert ketway("jobs", "--dialect", "ibm").code == 2


def shown(ketway: Any, fake: Any, job: Any, pubs: list[Any], options: Any = None) -> str:
    fake.answers |= {
        f"GET /jobs/{IDENTIFIER}": job,
        f"GET /jobs/{IDENTIFIER}/options": {"options": options or {}},
        f"GET /jobs/{IDENTIFIER}/result": {"pubs": pubs},
    }
    ended = ketway("job", IDENTIFIER)
    assert ended.code == 0, ended.err
    return str(ended.out)


def pub(index: int, shape: list[int], **more: Any) -> Any:
    return {"index": index, "shape": shape, "registers": {}, "values": {}, "metadata": {}} | more


def test_counts_of_each_pub_and_register(ketway: Any, fake: Any, routine: Any) -> None:
    pubs = [
        pub(0, [], registers={"meas": {"bits": 2, "counts": [{"00": 49, "11": 51}]}}),
        pub(1, [2, 1], registers={"c": {"bits": 1, "counts": [{"0": 5}, {"1": 5}]}}),
    ]
    options = {"version": 2, "options": {"twirling": {"enable_gates": True}, "dd": None}}
    out = shown(ketway, fake, routine, pubs, options)
    for said in (
        "dialect   ibm_runtime",
        "program   sampler (ibm.params), 1 circuit, 2 qubits",
        "options   version=2, options.twirling.enable_gates=true\n",
        "tags      x, y z",
        f"session   {OTHER}",
        "PUB 0\n  meas, 100 shots\n00 ██",
        "0.5100         51\nPUB 1, 2x1 points\n  c[0, 0], 5 shots\n0 ██",
        "c[1, 0], 5 shots\n1 ██",
    ):
        assert said in out, (said, out)


def test_values_with_their_errors(ketway: Any, fake: Any, routine: Any) -> None:
    values = {
        "evs": [0.5, -1.0],
        "stds": [0.0123, 0.0],
        "ensemble_standard_error": [0.01, 0.0],
        "evs_noise_factors": [[0.5, 0.4], [0.1, 0.2]],
    }
    pubs = [pub(0, [2], values=values), pub(1, [], values={"evs": 1.0})]
    out = shown(ketway, fake, routine | {"routine": "estimator"}, pubs)
    told = "PUB 0, 2 points\n  [0] +0.5 ± 0.012\n  [1] -1 ± 0\n  evs_noise_factors: 2x2 numbers\n"
    assert f"{told}PUB 1\n  +1\n" in out


def test_of_many_points_the_first_are_shown(ketway: Any, fake: Any, routine: Any) -> None:
    counts = [{"0": 5}] * 30
    pubs = [
        pub(0, [30], registers={"c": {"bits": 1, "counts": counts}}),
        pub(1, [3], values={"evs": [0.0, 0.1, 0.2]}),
    ]
    out = shown(ketway, fake, routine, pubs)
    assert out.count("5 shots") == 20
    assert "+0.1" not in out
    assert out.endswith("and 13 more points: --json has them all\n")


def test_quasi_distributions_layers_and_whatever_else(ketway: Any, fake: Any, routine: Any) -> None:
    out = shown(ketway, fake, routine, [pub(0, [], outcomes={"0": 1.25, "1": -0.25})])
    assert "1.2500" in out
    assert "-0.2500" in out
    layer = {"index": 0, "qubits": [7, 3], "protocol": "lindblad"}
    rates = {"X7": 0.1, "Z7 Y3": 0.2} | {f"X{qubit}": 0.01 for qubit in range(20, 40)}
    result = f"GET /jobs/{IDENTIFIER}/result"
    fake.answers[result] = {"layers": [layer | {"rates": rates}]}
    out = ketway("job", IDENTIFIER).out
    assert "Layer 0, lindblad, qubits 7, 3\n  Z7 Y3       0.2\n  X7          0.1\n" in out
    assert out.endswith("and 2 smaller rates: --json has them all\n")
    fake.answers[result] = {"answer": {"x": [1, 2]}}
    assert '{"x": [1, 2]}' in ketway("job", IDENTIFIER).out


def test_nothing_is_asked_of_a_private_job(ketway: Any, fake: Any, routine: Any) -> None:
    fake.answers |= {
        f"GET /jobs/{IDENTIFIER}": routine | {"private": True},
        f"GET /jobs/{IDENTIFIER}/options": {"options": {}},
        f"GET /jobs/{IDENTIFIER}/events": {"events": []},
    }
    ended = ketway("job", IDENTIFIER, "--json")
    assert (ended.code, ended.json["result"]) == (0, None)
    assert "private   circuits and result are" in ketway("job", IDENTIFIER).out
    assert not any("result" in line for line, _, _ in fake.seen)


def test_waiting_for_a_job_gives_its_exit_code(ketway: Any, fake: Any, job: Any) -> None:
    failure = {"code": "SimulationError", "message": "It broke.", "circuit": None}
    failed = job | {"state": "failed", "failure": failure}
    fake.answers[f"GET /jobs/{IDENTIFIER}"] = [job | {"state": "ready"}, failed]
    ended = ketway("job", IDENTIFIER, "--wait")
    assert ended.code == 1
    assert "SimulationError: It broke." in ended.out
    assert "ended     2026" in ended.out
    assert "wait=" in fake.seen[-1][0]


def test_the_server_completes_the_beginning_of_an_id(
    ketway: Any, fake: Any, job: Any, result: Any
) -> None:
    fake.answers |= {"GET /jobs/019aa3f2-6": job, f"GET /jobs/{IDENTIFIER}/result": result}
    assert ketway("job", "019AA3F2-6").code == 0
    assert ketway("job", "../health").code == 2
    assert len(fake.seen) == 2


def test_an_unknown_job(ketway: Any) -> None:
    ended = ketway("job", OTHER)
    assert (ended.code, ended.err) == (2, "Error: No such job.\n")


def test_cancel(ketway: Any, fake: Any, job: Any) -> None:
    fake.answers |= {
        f"POST /jobs/{IDENTIFIER}/cancel": job | {"state": "started"},
        f"GET /jobs/{IDENTIFIER}": job | {"state": "canceled"},
        f"POST /jobs/{OTHER}/cancel": job | {"id": OTHER, "state": "completed"},
    }
    ended = ketway("cancel", IDENTIFIER)
    assert (ended.code, ended.out) == (0, f"{IDENTIFIER}  canceled\n")
    both = ketway("cancel", OTHER, IDENTIFIER)
    assert (both.code, both.out) == (1, f"{IDENTIFIER}  canceled\n")
    assert both.err == f"Error: Job {OTHER} had already completed.\n"
    shown = ketway("cancel", OTHER, IDENTIFIER, "--json")
    assert [one["id"] for one in shown.json["jobs"]] == [IDENTIFIER]
    assert shown.json["errors"][0]["code"] == "already-final"
    assert shown.code == 1
    assert ketway("cancel").code == 2


def test_delete(ketway: Any, fake: Any) -> None:
    fake.answers[f"DELETE /jobs/{IDENTIFIER}"] = {"id": IDENTIFIER, "status": "deleted"}
    ended = ketway("delete", IDENTIFIER, IDENTIFIER)
    assert (ended.code, ended.out) == (0, f"{IDENTIFIER}  deleted\n")
    unknown = ketway("delete", OTHER, IDENTIFIER)
    assert (unknown.code, unknown.out) == (2, f"{IDENTIFIER}  deleted\n")
