"""What Ketway's own API shows of jobs that came through IBM's."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.acceptance.serving import BELL, Client
from tests.dialects.ibm_runtime.test_jobs import ASYMMETRIC, BASE, BELL_QASM, run

from ketway.dialects.control.routines import answer_view, options_of
from ketway.jobs.answers import (
    Bits,
    CountsAnswer,
    CountsOfCircuit,
    CustomAnswer,
    LearnedAnswer,
    LearnedLayer,
    PrimitiveAnswer,
    PubAnswer,
    Quasi,
    QuasiAnswer,
    ValuesAnswer,
    Written,
)
from ketway.routines.executor.answer import Answer, encode

CONTROL = "/ketway/v1"
ESTIMATOR = {
    "program_id": "estimator",
    "params": {
        "pubs": [[BELL_QASM.replace("meas = measure q;", ""), {"ZZ": 1.0}, None, 0.1]],
        "options": {"seed_estimator": 3},
        "resilience_level": 0,
    },
}


def ask(client: Client, path: str, status: int = 200) -> Any:
    answer = client.ask("GET", f"{CONTROL}{path}")
    assert answer.status == status, answer.raw
    return answer.json


def test_counts_of_pubs_and_registers(client: Client) -> None:
    params = {"pubs": [[BELL_QASM, None, 100], [ASYMMETRIC]], "shots": 7, "version": 2}
    job = run(client, params, tags=["counts here"])
    first, second = ask(client, f"/jobs/{job['id']}/result")["pubs"]
    assert (first["index"], first["shape"]) == (0, [])
    (counts,) = first["registers"]["meas"]["counts"]
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 100
    assert second["registers"] == {
        "a": {"bits": 2, "counts": [{"01": 7}]},
        "b": {"bits": 1, "counts": [{"0": 7}]},
    }
    view = ask(client, f"/jobs/{job['id']}")
    assert (view["dialect"], view["routine"]) == ("ibm_runtime", "sampler")
    assert (view["tags"], view["private"]) == (["counts here"], False)
    assert ask(client, f"/jobs/{job['id']}/options")["options"] == {"shots": 7, "version": 2}
    listed = ask(client, "/jobs?dialect=ibm_runtime&tag=counts+here&limit=5")["jobs"]
    assert [one["id"] for one in listed] == [job["id"]]
    assert ask(client, "/jobs?dialect=ionq_v04&tag=counts+here")["jobs"] == []


def test_values(client: Client) -> None:
    job = run(client, **ESTIMATOR)
    (pub,) = ask(client, f"/jobs/{job['id']}/result")["pubs"]
    assert pub["values"]["evs"] == 1.0
    assert pub["values"]["stds"] == 0.0
    assert pub["registers"] == {}
    told = ask(client, f"/jobs/{job['id']}/options")["options"]
    assert told == {"options": {"seed_estimator": 3}, "resilience_level": 0}


def test_a_private_job_keeps_its_result_for_whoever_submitted_it(client: Client) -> None:
    job = run(client, {"pubs": [[BELL_QASM]]}, private=True)
    assert ask(client, f"/jobs/{job['id']}")["private"]
    assert ask(client, f"/jobs/{job['id']}/options")["options"] == {}
    assert "is private" in ask(client, f"/jobs/{job['id']}/result", 409)["error"]["message"]
    first, again = (client.ask("GET", f"{BASE}/jobs/{job['id']}/results") for _ in range(2))
    assert json.loads(first.raw)["results"]
    assert again.status == 204


def test_a_job_without_options_has_none(client: Client) -> None:
    job_id = client.submit(BELL)
    assert ask(client, f"/jobs/{job_id}/options") == {"options": {}}
    failed = run(client, [1, 2])
    assert failed["status"] == "Failed"
    assert ask(client, f"/jobs/{failed['id']}/options") == {"options": {}}


@pytest.mark.parametrize("params", [b"", b"[1]", b"{", b"null", b"[" * 5000, b'{"a": {'])
def test_parameters_that_are_none(params: bytes) -> None:
    assert options_of(params) == {}


def test_a_sweep_and_registers_of_any_width() -> None:
    wide = np.zeros((2, 3, 5, 2), np.uint8)
    wide[1, 2, :, 0] = 1  # the highest bit of nine
    empty = np.zeros((2, 3, 5, 0), np.uint8)
    bits = {"wide": Bits(9, wide), "empty": Bits(0, empty)}
    values = {"iq": np.array([[1 + 2j] * 3] * 2)}
    view = answer_view(PrimitiveAnswer([PubAnswer((2, 3), bits, values)]), "sampler")
    assert isinstance(view.pubs, list)
    (pub,) = view.pubs
    assert pub.registers["wide"].counts == [{"0" * 9: 5}] * 5 + [{"1" + "0" * 8: 5}]
    assert pub.registers["empty"].counts == [{"": 5}] * 6
    assert pub.values["iq"] == [[[1.0, 2.0]] * 3] * 2


@pytest.mark.parametrize("version", ["v0.1", "v1.0", "v2.0"])
def test_shots_of_an_executor_are_shown_without_their_flips(version: Any) -> None:
    shots = np.zeros((3, 4, 10), np.bool_)
    shots[1, :, 0] = True
    flips = np.zeros((3, 1, 10), np.bool_)
    flips[1:, :, 9] = True
    items = (
        {"meas": shots, "measurement_flips.meas": flips},
        {"c": np.zeros((4, 1), np.bool_), "c_iq": np.array([1.5, 2.5])},
    )
    text = encode(Answer(items, (), "sampler_v2", b"{}"), version)
    view = answer_view(Written(text), "executor")
    assert isinstance(view.pubs, list)
    first, second = view.pubs
    assert first.shape == [3]
    flipped = "1" + "0" * 9
    assert first.registers["meas"].counts == [{"0" * 10: 4}, {"1" + "0" * 8 + "1": 4}, {flipped: 4}]
    assert first.values == {}
    assert second.registers["c"].counts == [{"0": 4}]
    assert second.values == {"c_iq": [1.5, 2.5]}


def pubs(answer: Any) -> Any:
    return json.loads(msgspec.json.encode(answer_view(answer, "")))["pubs"]


def test_answers_of_older_programs() -> None:
    outcomes = np.array([[1, 0], [0, 2]], np.uint8)
    registers = {"a": 1, "b": 9}
    circuit = CountsOfCircuit("bell", 10, 10, registers, outcomes, np.array([3, 4]))
    (shown,) = pubs(CountsAnswer([circuit], 7))
    counts = {"0" * 9 + "1": 3, "1" + "0" * 9: 4}
    assert shown["registers"] == {"a, b": {"bits": 10, "counts": [counts]}}
    (shown,) = pubs(QuasiAnswer([Quasi(10, outcomes, np.array([1.25, -0.25]))]))
    assert shown["outcomes"] == {"0" * 9 + "1": 1.25, "1" + "0" * 9: -0.25}
    first, second = pubs(ValuesAnswer(np.array([0.5, -1.0]), [{"shots": 3}, {}]))
    assert (first["values"], first["metadata"]) == ({"evs": 0.5}, {"shots": 3})
    assert (second["index"], second["values"]) == (1, {"evs": -1.0})


def test_rates_are_named_by_the_qubits_of_the_machine() -> None:
    layer = LearnedLayer(b"", [7, 3], [("X", (0,)), ("ZY", (0, 1))], [0.1, 0.2], [0, 0], "lindblad")
    view = answer_view(LearnedAnswer([layer], {}), "noise-learner")
    assert isinstance(view.layers, list)
    (shown,) = view.layers
    assert (shown.qubits, shown.protocol) == ([7, 3], "lindblad")
    assert shown.rates == {"X7": 0.1, "Z7 Y3": 0.2}


def test_what_an_operators_program_returned() -> None:
    value = {"grid": np.eye(2), "z": np.array(1 + 2j), "rest": ("a", [1, None])}
    view = answer_view(CustomAnswer(value), "mine")
    assert json.loads(msgspec.json.encode(view)) == {
        "answer": {"grid": [[1.0, 0.0], [0.0, 1.0]], "z": [1.0, 2.0], "rest": ["a", [1, None]]}
    }


def test_calibrations(client: Client) -> None:
    params = {"schema_version": "v0.1", "options": {"experimental": {}}}
    job = run(client, params, program_id="calibrate", backend="ibm_torino")
    assert job["status"] == "Completed", job
    told = ask(client, f"/jobs/{job['id']}/result")["answer"]
    assert told == json.loads(client.ask("GET", f"{BASE}/jobs/{job['id']}/results").raw)
