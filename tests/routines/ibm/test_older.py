"""The programs of older clients, as far as they can be tried without a server."""

from __future__ import annotations

import base64
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.routines.making import runner

from ketway.devices.loading import load
from ketway.jobs.answers import CountsAnswer, PrimitiveAnswer, QuasiAnswer, ValuesAnswer, answer_of
from ketway.jobs.failures import FailedError
from ketway.jobs.packing import pack, unpack
from ketway.routines.ibm.notes import notes_of
from ketway.routines.ibm.operators import read_operator
from ketway.routines.ibm.typed import Reading
from ketway.routines.ibm.versions import is_first
from ketway.routines.registry import find

BELL = """OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] meas; h q[0]; cx q[0], q[1];
meas = measure q;"""
TURN = """OPENQASM 3.0; include "stdgates.inc"; input float b; input float a; qubit[2] q;
bit[2] c; rx(a) q[0]; ry(b) q[1]; c = measure q;"""
TURNED = TURN.replace("c = measure q;", "")
NINE = (
    'OPENQASM 3.0; include "stdgates.inc"; qubit[70] q; bit[70] c; x q[0]; x q[69]; c = measure q;'
)


def answer(name: str, params: dict[str, Any], seed: int = 7) -> Any:
    """As an attempt goes about it, the inputs and the answer packed and unpacked on the way."""
    routine = find(name)
    inputs = routine.read(json.dumps(params).encode())
    routine.check(inputs, load().device("simulator_mps"))
    assert routine.size(inputs).circuits > 0
    again = unpack(pack(inputs), routine.inputs)
    made = runner(seed=seed)
    assert routine.plan(again, made) or name.endswith("runner")
    return unpack(pack(routine.run(again, made)), answer_of(name))


def failure(name: str, params: dict[str, Any], device: str = "simulator_mps") -> str:
    routine = find(name)
    with pytest.raises(FailedError) as caught:
        routine.check(routine.read(json.dumps(params).encode()), load().device(device))
    return caught.value.failure.message


@pytest.mark.parametrize(
    ("params", "first"),
    [
        ({"circuits": []}, True),
        ({"circuits": [], "version": 1}, True),
        ({"pubs": []}, False),
        ({"pubs": [], "circuits": []}, False),
        ({"circuits": [], "version": 2}, False),
        ({"circuits": [], "version": "x"}, False),
        ({}, False),
        ([], False),
    ],
)
def test_which_version_is_meant(params: Any, first: bool) -> None:
    assert is_first(json.dumps(params).encode()) is first


def test_a_runner_counts() -> None:
    found = answer("circuit-runner", {"circuits": [BELL, NINE, BELL], "shots": 300, "memory": True})
    assert isinstance(found, CountsAnswer)
    for circuit in found.circuits[::2]:
        assert circuit.outcomes.tolist() == [[0], [3]]
        assert circuit.counts.sum() == 300
        assert circuit.counts.tolist() == np.bincount(circuit.shots).tolist()  # type: ignore[arg-type]
        assert circuit.registers == {"meas": 2}
    assert found.circuits[0].counts.tolist() != found.circuits[2].counts.tolist()
    wide = found.circuits[1]
    assert wide.outcomes.tolist() == [[1, 0, 0, 0, 0, 0, 0, 0, 32]]
    assert (wide.bits, wide.qubits, wide.counts.tolist()) == (70, 70, [300])


def test_memory_is_kept_where_it_is_asked_for() -> None:
    found = answer("qasm3-runner", {"circuits": BELL, "shots": 5})
    assert [circuit.shots for circuit in found.circuits] == [None]


def test_bits_that_nothing_writes_are_zero() -> None:
    bare = "OPENQASM 3.0; qubit q; bit[3] c;"
    (circuit,) = answer("circuit-runner", {"circuits": [bare], "shots": 9}).circuits
    assert (circuit.outcomes.tolist(), circuit.counts.tolist()) == ([[0]], [9])


def test_quasi_distributions() -> None:
    params = {
        "circuits": [TURN, TURN],
        "parameters": [["b", "a"], ["a", "b"]],
        "parameter_values": [[0.0, math.pi], [0.0, math.pi]],
        "run_options": {"shots": 11},
    }
    found = answer("sampler", params)
    assert isinstance(found, QuasiAnswer)
    # Qubit 0 turns by a, qubit 1 by b, in whatever order they are given.
    assert [dist.outcomes.tolist() for dist in found.dists] == [[[1]], [[2]]]
    assert [dist.weights.tolist() for dist in found.dists] == [[1.0], [1.0]]
    assert found.dists[0].metadata["shots"] == 11


def parameter(name: str) -> dict[str, str]:
    """As `RuntimeEncoder` writes a parameter."""
    data = struct.pack("!H16s", len(name), b"\1" * 16) + name.encode()
    return {"__type__": "Parameter", "__value__": base64.b64encode(data).decode()}


def test_values_of_observables() -> None:
    """<Z> after a turn by t about X or Y is cos(t), and <X> after one about Y is sin(t)."""
    points = [[0.3, 1.1], [2.0, 0.4], [1.5, 2.5]]
    settings = {"__type__": "settings", "__module__": "qiskit.quantum_info", "__class__": "X"}
    op = {**settings, "__value__": {"data": ["IZ", "XI", "II"], "coeffs": [1.0, 0.5, 0.25]}}
    params = {
        "circuits": [TURNED] * 3,
        "observables": [op, "ZZ", op],
        "parameters": [[parameter("b"), parameter("a")]] * 3,
        "parameter_values": points,
        "run_options": {"shots": 100_000, "seed_simulator": 5},
        "resilience_settings": {"level": 0},
    }
    found = answer("estimator", params)
    assert isinstance(found, ValuesAnswer)
    wanted = [
        math.cos(a) + 0.5 * math.sin(b) + 0.25 if k != 1 else math.cos(a) * math.cos(b)
        for k, (b, a) in enumerate(points)
    ]
    assert found.values == pytest.approx(wanted, abs=0.02)
    spreads = [math.sqrt(one["variance"] / one["shots"]) for one in found.metadata]
    assert all(0 < spread < 0.01 for spread in spreads)


def test_the_second_version_is_still_itself() -> None:
    assert isinstance(answer("sampler", {"pubs": [[BELL, None, 5]]}), PrimitiveAnswer)
    assert isinstance(answer("estimator", {"pubs": [[TURNED, "ZZ", [0.1, 0.2]]]}), PrimitiveAnswer)


@pytest.mark.parametrize(
    ("name", "params", "said"),
    [
        ("circuit-runner", {}, "circuits: a list of at least one"),
        ("circuit-runner", {"circuits": [BELL] * 5001}, "at most 5,000, not 5,001"),
        ("circuit-runner", {"circuits": [TURN]}, "parameters"),
        ("circuit-runner", {"circuits": ["OPENQASM 3.0; qubit q;"]},
         "circuits[0]: the circuit has no classical bit"),
        ("circuit-runner", {"circuits": [7]}, "circuits[0]: a circuit is wanted"),
        ("circuit-runner", {"circuits": BELL, "shots": "1"}, "shots: a whole number from 1"),
        ("circuit-runner", {"circuits": BELL, "meas_level": 1}, "meas_level: only classified"),
        ("circuit-runner", {"circuits": BELL, "init_circuit": BELL}, "init_circuit: "),
        ("circuit-runner", {"circuits": BELL, "header": [1]}, "header: "),
        ("circuit-runner", {"circuits": BELL, "seed_simulator": -1}, "seed_simulator: "),
        ("sampler", {"circuits": [BELL], "parameters": [[], []]}, "parameters: 1 are wanted"),
        ("sampler", {"circuits": [TURN], "parameters": [["a", "c"]], "parameter_values": [[1, 2]]},
         "parameters[0]: these are not the parameters"),
        ("sampler", {"circuits": [BELL], "run_options": [1]}, "run_options: "),
        ("sampler", {"circuits": [BELL], "resilience_settings": {"level": 2}},
         "resilience_settings.level: "),
        ("estimator", {"circuits": [TURNED]}, "observables: 1 are wanted"),
        ("estimator", {"circuits": [BELL, TURNED], "observables": ["ZZ", "ZZ"],
                       "parameter_values": [[], [1]]}, "parameter_values[1]: "),
        ("estimator", {"circuits": [BELL, BELL], "observables": ["ZZ", "ZZZ"]}, "observables[1]: "),
        ("estimator", {"circuits": [BELL], "observables": ["ZZ"],
                       "resilience_settings": {"level": 2, "extrapolator": "Best"}},
         "resilience_settings.extrapolator: known are"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(name: str, params: dict[str, Any], said: str) -> None:
    assert said in failure(name, params)


def test_a_machine_names_the_circuit() -> None:
    fits = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;'
    told = failure("circuit-runner", {"circuits": [fits, fits, BELL]}, "ibm_torino")
    assert told.startswith("Circuit 2: Gate 0 (h on [0]) is no gate of ibm_torino")


def test_coefficients() -> None:
    coeffs: list[Any] = [1.0, 2.0, 3.0]
    value = {"data": ["XI", "-XI", "iZZ"], "coeffs": coeffs}
    with pytest.raises(FailedError, match="not a real number"):
        read_operator(Reading(), value, "here")
    value["data"][2] = "ZZ"
    assert read_operator(Reading(), value, "here") == {"XI": -1.0, "ZZ": 3.0}
    assert read_operator(Reading(), {"XY": 0.5}, "here") == {"XY": 0.5}
    for wrong in (7, {}, "XQ", {"data": "XI", "coeffs": [1, 2]}, {"data": []}):
        with pytest.raises(FailedError):
            read_operator(Reading(), wrong, "here")


NOTES: dict[str, str] = json.loads(Path(__file__).with_name("notes.json").read_text())


@pytest.mark.parametrize("version", NOTES)
def test_notes_of_circuits(version: str) -> None:
    assert notes_of(NOTES[version], "here") == {"xval": 0.5, "group": ["ä", 1]}


def test_every_version_has_notes() -> None:
    assert sorted(map(int, NOTES)) == list(range(10, 19))


def test_there_are_no_notes_in_a_text() -> None:
    assert notes_of(BELL, "here") == notes_of(7, "here") == {}
