"""Programs of an operator's own, in a package that pip installed, run over IBM's API."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.acceptance import serving
from tests.acceptance.serving import ROOT, Client, Server
from tests.dialects.ibm_runtime.test_jobs import ASYMMETRIC, BASE, BELL_QASM, ended
from tests.installing import install

AWRY = ROOT / "tests" / "programs" / "awry"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("custom")
    variables = install(AWRY, folder)
    with serving.serving(folder / "data", env=variables) as server:
        yield server


@pytest.fixture
def client(running: Server) -> Client:
    return running.client(Authorization="apikey any")


def job(client: Client, program: str, params: Any, qiskit: bool = False, **more: Any) -> Any:
    body = {"program_id": program, "backend": "ibmq_qasm_simulator", "params": params, **more}
    headers = {"X-Qx-Client-Application": "qiskit-version-2/2.6.2"} if qiskit else {}
    answer = client.ask("POST", f"{BASE}/jobs", body, headers)
    assert answer.status == 200, answer.raw
    return ended(client, answer.json["id"])


def result(client: Client, program: str, params: Any, **more: Any) -> Any:
    found = job(client, program, params, **more)
    assert found["status"] == "Completed", found
    return json.loads(client.ask("GET", f"{BASE}/jobs/{found['id']}/results").raw)


def npy(numbers: Any) -> dict[str, str]:
    file = io.BytesIO()
    np.save(file, numbers)
    text = base64.b64encode(zlib.compress(file.getvalue())).decode()
    return {"__type__": "ndarray", "__value__": text}


def test_plain_in_and_plain_out(client: Client) -> None:
    found = job(client, "echo", {"numbers": [[1, 2.5]], "factor": 1, "seed": 5})
    place = f"{BASE}/jobs/{found['id']}"
    answer = json.loads(client.ask("GET", f"{place}/results").raw)
    assert answer["scaled"] == [[[1.0, 0.0], [2.5, 0.0]]]
    assert (answer["factor"], answer["sum"]) == ([1.0, 0.0], 3.5)
    again = result(client, "echo", {"numbers": [[1, 2.5]], "factor": 1, "seed": 5})
    assert again == answer
    other = result(client, "echo", {"numbers": [[1, 2.5]], "factor": 1, "seed": 6})
    assert other["drawn"] != answer["drawn"]
    assert "2 numbers\n" in client.ask("GET", f"{place}/logs").raw.decode()
    assert client.ask("GET", place).json["params"] == {
        "numbers": [[1, 2.5]],
        "factor": 1,
        "seed": 5,
    }


def test_typed_in_and_typed_out(client: Client) -> None:
    params = {
        "numbers": npy(np.array([1.0, 2.0])),
        "factor": {"__type__": "complex", "__value__": [0.0, 2.0]},
    }
    answer = result(client, "echo", params, qiskit=True)
    assert answer["factor"] == {"__type__": "complex", "__value__": [0.0, 2.0]}
    data = zlib.decompress(base64.b64decode(answer["scaled"]["__value__"]))
    assert np.load(io.BytesIO(data)).tolist() == [2j, 4j]


def test_circuits_run_on_the_jobs_backend(client: Client) -> None:
    params = {"numbers": [], "circuit": ASYMMETRIC}
    assert result(client, "echo", params)["counts"] == {"a": {"01": 100}, "b": {"0": 100}}
    turned = """OPENQASM 3.0; include "stdgates.inc"; input float t; qubit q; bit c; rx(t) q;
    c = measure q;"""
    params = {"numbers": [], "circuit": turned, "values": [[0.0], [np.pi]]}
    answer = result(client, "echo", params)
    assert answer["counts"] == {"c": {"0": 100, "1": 100}}
    assert answer["noisy"] is False
    fits = BELL_QASM.replace("h q[0]; cx q[0], q[1]", "sx q[0]; cz q[0], q[1]")
    params = {"numbers": [], "circuit": fits}
    assert result(client, "echo", params, backend="ibm_torino")["noisy"] is True


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "params: Object missing required field `numbers`"),
        ({"numbers": "x"}, "numbers: "),
        ({"numbers": [1, "x"]}, "numbers: the lists must hold numbers"),
        ({"numbers": npy(np.array([1j]))}, "numbers: an array of float64 is wanted"),
        ({"numbers": [], "circuit": "OPENQASM 3.0; qubit q; wrong q;"}, "circuit: "),
        ({"numbers": [], "seed": "x"}, "seed: "),
        ({"numbers": {"__type__": "Aer", "__value__": 1}}, "numbers: a value of type Aer"),
    ],
)
def test_inputs_are_checked(client: Client, params: Any, said: str) -> None:
    found = job(client, "echo", params)
    assert found["status"] == "Failed"
    assert said in found["state"]["reason"]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("raises", "The program 'raises' failed: LookupError: no such molecule (awry.py, line "),
        ("leaves", "The program 'leaves' failed: SystemExit: I had enough (awry.py, line "),
        ("eats", "it needed more than the 1,073,741,824 bytes of memory that it is granted"),
        (
            "opaque",
            "The program 'opaque' failed: TypeError: result.of[1]: a value of "
            "type object cannot be returned",
        ),
        ("unchecked", "its first parameter is not annotated with a msgspec.Struct"),
        ("unreadable", "its inputs cannot be read: If a type union"),
        ("greedy", "it needs 1,152,921,504,606,846,976 bytes of memory"),
        ("absent", "it cannot be imported: AttributeError"),
    ],
)
def test_what_goes_wrong_is_said(client: Client, program: str, said: str) -> None:
    found = job(client, program, {})
    assert found["status"] == "Failed"
    assert said in found["state"]["reason"]


def test_a_program_that_dies_is_a_job_that_failed(client: Client) -> None:
    assert job(client, "dies", {})["status"] == "Failed"
    assert result(client, "echo", {"numbers": [1]})["sum"] == 1.0


def test_which_programs_there_are(client: Client) -> None:
    """Ketway's own come first, and no package can take their place."""
    body = {"program_id": "teleport", "backend": "ibmq_qasm_simulator", "params": {}}
    answer = client.ask("POST", f"{BASE}/jobs", body)
    assert answer.status == 404
    (problem,) = answer.json["errors"]
    assert problem["message"] == "There is no program 'teleport'."
    known = problem["solution"].removeprefix("Known are ").removesuffix(".").split(", ")
    assert known[0] == "sampler"
    assert known.count("sampler") == 1
    assert {"echo", "noise-learner", "circuit-runner"} < set(known)
    assert result(client, "sampler", {"pubs": [[ASYMMETRIC]]})["results"]


def test_the_example(tmp_path: Path) -> None:
    """The lowest energy of a pair of spins in a field, against its matrix."""
    variables = install(ROOT / "examples" / "minimise", tmp_path)
    text = """OPENQASM 3.0; include "stdgates.inc"; input float a; input float b; qubit[2] q;
    ry(a) q[0]; ry(b) q[1]; cx q[0], q[1]; ry(0.5 * a) q[0];"""
    params = {
        "circuit": text,
        "observable": {"ZZ": 1.0, "XI": 0.5, "IX": 0.5},
        "start": [0.1, 0.2],
        "rounds": 300,
        "seed": 7,
    }
    with serving.serving(tmp_path / "data", env=variables) as server:
        client = server.client(Authorization="apikey any")
        found = result(client, "minimise", params)
        refused = job(client, "minimise", {**params, "round": 3})
        assert "unknown field `round`" in refused["state"]["reason"]
        refused = job(client, "minimise", {**params, "start": [0.1]})
        assert "start has shape (1,)" in refused["state"]["reason"]
    lowest = -np.sqrt(2.0)  # of ZZ + (XI + IX) / 2
    assert lowest - 1e-9 <= found["energy"] < found["history"][0]
    assert found["energy"] == pytest.approx(min(found["history"]), abs=0.02)
    assert len(found["values"]) == 2
