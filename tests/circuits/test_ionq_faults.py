"""Each way to write a circuit wrongly: what is said, and where."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import IONQ_NATIVE, IONQ_QIS, Kind
from ketway.circuits.ionq import (
    CircuitObject,
    GateObject,
    Gateset,
    ReadError,
    read_circuit,
    read_multi,
)
from ketway.circuits.ionq.reader import MOST_OPERANDS

WHERE = "input.circuits[17].circuit"


def read(gates: list[dict[str, Any]], gateset: Gateset = "qis", qubits: int | None = 4) -> Circuit:
    decoded = msgspec.json.decode(msgspec.json.encode(gates), type=list[GateObject])
    return read_circuit(decoded, gateset, qubits, WHERE)


PAULI = {"gate": "pauliexp", "targets": [0, 1], "terms": ["XX"], "coefficients": [1], "time": 1}
MS = {"gate": "ms", "targets": [0, 1], "phases": [0, 0]}
ZZ = {"gate": "zz", "targets": [0, 1]}

QIS: list[tuple[dict[str, Any], str, str]] = [
    ({"gate": "hh", "target": 0}, "gate",
     "unknown gate 'hh'; did you mean 'h'? QIS gates are x, not, cnot, y, z, h"),
    ({"gate": "CNOT", "target": 0}, "gate", "unknown gate 'CNOT'; did you mean 'cnot'?"),
    ({"gate": "@@@@", "target": 0}, "gate", "unknown gate '@@@@'; QIS gates are x"),
    ({"gate": "q" * 99}, "gate", f"unknown gate '{'q' * 40}...'; QIS"),
    ({"target": 0}, "gate", "a gate needs its name"),
    ({"gate": "gpi", "target": 0, "phase": 0}, "gate",
     "'gpi' is a native gate and this circuit's gateset is 'qis'; the two cannot be mixed; "
     "QIS gates are x, not, cnot"),
    ({"gate": "nop"}, "gate", "'nop' is a native gate"),
    ({"gate": "h"}, "targets", "gate 'h' has no targets; it takes at least one"),
    ({"gate": "h", "targets": []}, "targets", "gate 'h' has no targets; it takes at least one"),
    ({"gate": "h", "target": 5}, "target",
     "qubit 5 is outside the circuit's 4 qubits (0 to 3)"),
    ({"gate": "h", "targets": [0, 4.0]}, "targets[1]",
     "qubit 4 is outside the circuit's 4 qubits (0 to 3)"),
    ({"gate": "cnot", "target": 0, "controls": [1, -1]}, "controls[1]",
     "qubit -1 is outside the circuit's 4 qubits (0 to 3)"),
    ({"gate": "h", "target": 10**30}, "target", "qubit (over 20 digits) is outside"),
    ({"gate": "h", "target": -(10**400)}, "target", "qubit -(over 20 digits) is outside"),
    ({"gate": "h", "target": 1e300}, "target", "qubit 1e+300 is outside"),
    ({"gate": "h", "target": 1.5}, "target", "qubit 1.5 is not a whole number"),
    ({"gate": "h", "targets": [2, 2]}, "targets[1]", "qubit 2 is used twice by gate 'h'"),
    ({"gate": "swap", "targets": [2, 2.0]}, "targets[1]", "qubit 2 is used twice"),
    ({"gate": "cnot", "target": 1, "control": 1}, "target", "qubit 1 is used twice"),
    ({"gate": "x", "target": 1, "controls": [0, 2, 0]}, "controls[2]", "qubit 0 is used twice"),
    ({"gate": "h", "target": 1, "targets": [2]}, "target", "target or targets, not both"),
    ({"gate": "x", "target": 1, "control": 0, "controls": [2]}, "control",
     "control or controls, not both"),
    ({"gate": "cnot", "target": 0}, "control", "gate 'cnot' needs a control"),
    ({"gate": "cnot", "targets": [0, 1]}, "control", "gate 'cnot' needs a control"),
    ({"gate": "cnot", "target": 0, "controls": []}, "control", "gate 'cnot' needs a control"),
    ({"gate": "swap", "target": 0}, "target", "gate 'swap' has 1 target; it takes exactly two"),
    ({"gate": "swap", "targets": [0]}, "targets",
     "gate 'swap' has 1 target; it takes exactly two"),
    ({"gate": "swap", "targets": [0, 1, 2]}, "targets",
     "gate 'swap' has 3 targets; it takes exactly two"),
    ({"gate": "swap", "targets": [0, 1], "control": 2}, "control",
     "gate 'swap' cannot be controlled"),
    ({"gate": "xx", "target": 0, "rotation": 1}, "target", "it takes exactly two"),
    ({"gate": "zz", "rotation": 1}, "targets", "gate 'zz' has no targets; it takes exactly two"),
    ({"gate": "x", "target": 0, "controls": list(range(256))}, "controls",
     "gate 'x' has 256 controls; at most 7"),
    ({"gate": "rx", "target": 0}, "rotation", "gate 'rx' needs a rotation, in radians"),
    ({"gate": "rx", "target": 0, "phase": 0.5}, "rotation", "a QIS gate's angle is its rotation"),
    ({**ZZ, "angle": 0.5}, "rotation", "a QIS gate's angle is its rotation, in radians"),
    ({"gate": "x", "target": 0, "rotation": 1}, "rotation", "gate 'x' takes no rotation"),
    ({"gate": "h", "target": 0, "rotation": 0}, "rotation", "gate 'h' takes no rotation"),
    ({**PAULI, "targets": []}, "targets", "has no targets; it takes one or more"),
    ({**PAULI, "targets": None}, "targets", "has no targets; it takes one or more"),
    ({**PAULI, "terms": None}, "terms", "gate 'pauliexp' needs terms"),
    ({**PAULI, "terms": []}, "terms", "gate 'pauliexp' needs terms"),
    ({**PAULI, "terms": ["XX", "XXX"], "coefficients": [1, 1]}, "terms[1]",
     "term 'XXX' has 3 letters for 2 targets"),
    ({**PAULI, "terms": ["Xx"]}, "terms[0]",
     "term 'Xx' may only have the letters I, X, Y and Z"),
    ({**PAULI, "coefficients": None}, "coefficients", "needs coefficients, one for each term"),
    ({**PAULI, "coefficients": [1, 2]}, "coefficients", "has 1 terms and 2 coefficients"),
    ({**PAULI, "coefficients": [1e308], "time": 1e308}, "coefficients[0]",
     "coefficient times time is inf; it must be finite"),
    ({**PAULI, "time": None}, "time", "gate 'pauliexp' needs a time, zero or more"),
    ({**PAULI, "time": -1}, "time", "gate 'pauliexp' has time -1.0; it must be zero or more"),
    ({**PAULI, "targets": [1, 1]}, "targets[1]", "qubit 1 is used twice"),
]  # fmt: skip

NATIVE: list[tuple[dict[str, Any], str, str]] = [
    ({"gate": "h", "target": 0}, "gate",
     "'h' is a QIS gate and this circuit's gateset is 'native'; the two cannot be mixed; "
     "native gates are gpi, gpi2, ms, zz, nop"),
    ({"gate": "msx", "target": 0}, "gate", "unknown gate 'msx'; did you mean 'ms'?"),
    ({"gate": "gpi", "target": 0}, "phase", "gate 'gpi' needs a phase, in turns"),
    ({"gate": "gpi2", "target": 0, "phase": 1.01}, "phase",
     "gate 'gpi2' has 1.01 here; native phases and angles are in turns, from -1 to 1"),
    ({"gate": "gpi", "target": 0, "phase": 0, "control": 1}, "control",
     "native gate 'gpi' cannot be controlled"),
    ({"gate": "nop", "target": 0, "controls": [1]}, "controls",
     "native gate 'nop' cannot be controlled"),
    ({"gate": "nop", "target": 9}, "target", "qubit 9 is outside"),
    ({**MS, "phases": None}, "phases", "gate 'ms' needs phases: two"),
    ({**MS, "phases": [0]}, "phases", "gate 'ms' has 1 phases; it takes two"),
    ({**MS, "phases": [0, -2]}, "phases[1]", "gate 'ms' has -2.0 here"),
    ({**MS, "angle": 7}, "angle", "gate 'ms' has 7.0 here"),
    ({**MS, "targets": [0]}, "targets", "gate 'ms' has 1 target; it takes exactly two"),
    (ZZ, "angle", "native gate 'zz' needs an angle, in turns"),
    ({**ZZ, "rotation": 1}, "angle", "rotation, in radians, is the QIS zz's"),
    ({**ZZ, "phase": 0.1, "angle": 0.2}, "phase", "has angle 0.2 and phase 0.1; give one"),
    ({**ZZ, "phase": -2}, "phase", "gate 'zz' has -2.0 here"),
    ({**ZZ, "angle": -2}, "angle", "gate 'zz' has -2.0 here"),
]  # fmt: skip

CASES = [("qis", *case) for case in QIS] + [("native", *case) for case in NATIVE]


@pytest.mark.parametrize(("gateset", "gate", "field", "message"), CASES)
def test_a_wrong_gate_is_named_with_its_place(
    gateset: Gateset, gate: dict[str, Any], field: str, message: str
) -> None:
    good = {"gate": "h" if gateset == "qis" else "nop", "target": 0}
    with pytest.raises(ReadError) as caught:
        read([good, good, good, gate, good], gateset)
    error = caught.value
    assert error.path == f"{WHERE}[3].{field}"
    assert error.gate == 3
    assert message in error.message
    assert str(error) == f"{error.path}: {error.message}"
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"gate": "h", "target": -1}, "qubit -1 is negative; qubits are numbered from 0"),
        ({"gate": "h", "target": 2**31}, "qubit 2147483648 is beyond the highest there can be"),
    ],
)
def test_operands_when_qubits_is_missing(gate: dict[str, Any], message: str) -> None:
    with pytest.raises(ReadError, match=message):
        read([gate], qubits=None)


def test_small_circuits_are_spoken_of_rightly() -> None:
    with pytest.raises(ReadError, match=r"outside the circuit's 1 qubit \(0\)$"):
        read([{"gate": "h", "target": 1}], qubits=1)
    with pytest.raises(ReadError, match=r"outside the circuit's 0 qubits$"):
        read([{"gate": "h", "target": 0}], qubits=0)


@pytest.mark.parametrize("qubits", [-1, 2**31, 10**30])
def test_impossible_numbers_of_qubits(qubits: int) -> None:
    with pytest.raises(ReadError, match="a circuit cannot have") as caught:
        read_circuit([], "qis", qubits, "input.circuit")
    assert (caught.value.path, caught.value.gate) == ("input.qubits", None)


@pytest.mark.parametrize(
    ("own", "job", "path"), [(-1, 3, "input.circuits[1].qubits"), (None, -1, "input.qubits")]
)
def test_impossible_numbers_of_qubits_of_several(own: int | None, job: int, path: str) -> None:
    circuits = [CircuitObject([], qubits=1), CircuitObject([], qubits=own)]
    with pytest.raises(ReadError) as caught:
        read_multi(circuits, "qis", job)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "gate",
    [
        {"gate": "gpi", "target": 0, "phase": 0},
        {"gate": "h", "target": 7},
        {"gate": "swap", "targets": [1, 1]},
        {"gate": "h", "target": 0.5},
    ],
)
def test_the_path_names_the_circuit(gate: dict[str, Any]) -> None:
    good = CircuitObject([GateObject("h", target=0)], qubits=2)
    bad = CircuitObject([GateObject("h", target=0), GateObject(**gate)], qubits=2)
    with pytest.raises(ReadError) as caught:
        read_multi([good, good, bad, good], "qis")
    assert caught.value.path.startswith("input.circuits[2].circuit[1].")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_cannot_hold(value: float) -> None:
    """From Python objects only: msgspec refuses them when it decodes."""
    cases: list[tuple[Gateset, GateObject, str]] = [
        ("qis", GateObject("h", target=value), "target"),
        ("qis", GateObject("rx", target=0, rotation=value), "rotation"),
        ("qis", GateObject("z", target=0, rotation=value), "rotation"),
        ("native", GateObject("gpi", target=0, phase=value), "phase"),
        ("native", GateObject("ms", targets=[0, 1], phases=[0, 0], angle=value), "angle"),
    ]
    for gateset, gate, field in cases:
        with pytest.raises(ReadError) as caught:
            read_circuit([gate], gateset, None, "circuit")
        assert caught.value.path == f"circuit[0].{field}"


@pytest.mark.parametrize("text", ["NaN", "1e999", "-1e999", "1" * 400])
def test_numbers_that_are_not_decoded(text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(f'[{{"gate":"rx","rotation":{text}}}]', type=list[GateObject])


def test_targets_cannot_be_multiplied_without_end() -> None:
    """A few megabytes of JSON must not become gigabytes of gates."""
    many = GateObject("x", targets=list(range(255, 70_000)), controls=list(range(255)))
    assert MOST_OPERANDS < 255 * 69_000
    with pytest.raises(ReadError, match="the circuit grows too large here") as caught:
        read_circuit([many], "qis", None, "circuit")
    assert caught.value.path == "circuit[0].targets"


QUBITS = st.sampled_from([0, 1, 2, 3, 4, 2.0, -1, 7, 1.5, 2**31, 10**30, 1e300]) | st.integers(0, 4)
ANGLES = st.sampled_from([0, 0.5, -1.0, 1.5, 1e308, -1e308])
TERMS = st.text("IXYZ", min_size=1, max_size=3) | st.sampled_from(["", "xx", "A", "I\u017f"])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


NAMES = st.sampled_from([*sorted({*IONQ_QIS, *IONQ_NATIVE}), None, "", "hh", "\u0000"])
ANY_GATES = st.fixed_dictionaries(
    {"gate": NAMES},
    optional={
        "target": maybe(QUBITS),
        "targets": maybe(st.lists(QUBITS, max_size=4)),
        "control": maybe(QUBITS),
        "controls": maybe(st.lists(QUBITS, max_size=3)),
        "rotation": maybe(ANGLES),
        "phase": maybe(ANGLES),
        "phases": maybe(st.lists(ANGLES, max_size=3)),
        "angle": maybe(ANGLES),
        "terms": maybe(st.lists(TERMS, max_size=3)),
        "coefficients": maybe(st.lists(ANGLES, max_size=3)),
        "time": maybe(ANGLES),
    },
)


# Gates drawn field by field are nearly all refused; these are often read.
LIKELY: dict[str, list[dict[str, Any]]] = {
    "qis": [
        {"gate": "h"},
        {"gate": "z", "rotation": 1},
        {"gate": "cnot", "control": 3},
        {"gate": "xx", "targets": [0, 1], "rotation": 1},
        {"gate": "pauliexp", "targets": [2, 1], "terms": ["XX"], "coefficients": [1], "time": 1},
    ],
    "native": [
        {"gate": "gpi", "phase": 0},
        {"gate": "ms", "targets": [0, 1], "phases": [0, 0]},
        {"gate": "zz", "targets": [0, 1], "angle": 0},
        {"gate": "nop"},
    ],
}


def likely_gates(gateset: Gateset) -> st.SearchStrategy[list[dict[str, Any]]]:
    changes: dict[str, st.SearchStrategy[Any]] = {
        "targets": st.lists(QUBITS, max_size=3),
        "controls": st.lists(QUBITS, max_size=2),
    }
    wrong = st.fixed_dictionaries({}, optional=changes)
    right = st.permutations(range(4)).map(lambda qubits: {"targets": qubits[:2]})
    gates = st.builds(
        lambda base, change: {**base, **change},
        st.sampled_from(LIKELY[gateset]),
        right | right | wrong,
    )
    return st.lists(gates, min_size=1, max_size=3)


@st.composite
def requests(draw: st.DrawFn) -> tuple[list[dict[str, Any]], Gateset, int | None]:
    gateset: Gateset = draw(st.sampled_from(("qis", "native")))
    gates = draw(st.lists(ANY_GATES, max_size=2) | likely_gates(gateset))
    return gates, gateset, draw(st.sampled_from([None, 4, 5, 1, 0, -1]))


@given(requests())
@settings(suppress_health_check=[HealthCheck.too_slow])
@example(([{"gate": "swap", "targets": [0, 1.5]}], "qis", None))
def test_whatever_is_decoded_is_read_or_refused(
    request_: tuple[list[dict[str, Any]], Gateset, int | None],
) -> None:
    """And what is read is a sound circuit."""
    gates, gateset, qubits = request_
    try:
        decoded = msgspec.json.decode(msgspec.json.encode(gates), type=list[GateObject])
    except msgspec.ValidationError:
        return
    try:
        circuit = read_circuit(decoded, gateset, qubits, "input.circuit")
    except ReadError as error:
        assert error.message
        assert error.path.startswith("input.")
        assert error.gate is None or 0 <= error.gate < len(gates)
        return
    structure = circuit.structure
    assert np.isfinite(circuit.params).all()
    assert structure.params == len(circuit.params)
    letters = 0
    for gate in range(structure.gates):
        operands = structure.operands_of(gate)
        assert len(set(operands)) == len(operands) > structure.controls[gate]
        assert all(0 <= qubit < circuit.qubits for qubit in operands)
        if structure.kinds[gate] == Kind.PAULIEXP:
            terms = int(structure.param_starts[gate + 1] - structure.param_starts[gate])
            letters += terms * (len(operands) - int(structure.controls[gate]))
    assert len(structure.letters) == letters
    assert (structure.letters < 4).all()
