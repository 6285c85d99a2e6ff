"""What is written is read back as the same circuit."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.ionq import CircuitObject, Gateset, read_circuit, write_native, write_qis
from ketway.jobs.failures import Code, FailedError

QUBITS = 6
TURNS = st.floats(-1, 1)
ANGLES = st.floats(allow_nan=False, allow_infinity=False)
QIS = sorted({kind for kind, gate in GATES.items() if gate.ionq_qis} | {Kind.PHASE})
NATIVE = sorted(kind for kind, gate in GATES.items() if gate.ionq_native)


@st.composite
def circuits(draw: st.DrawFn, kinds: list[Kind], angles: st.SearchStrategy[float]) -> Circuit:
    builder = Builder(QUBITS)
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(kinds))
        qubits = draw(st.permutations(range(QUBITS)))
        width = GATES[kind].targets or draw(st.integers(1, 3))
        most = 0 if kind is Kind.SWAP or kinds is NATIVE else QUBITS - width
        controls = qubits[width : width + draw(st.integers(0, most))]
        if kind is Kind.PAULIEXP:
            terms = draw(st.lists(st.text("IXYZ", min_size=width, max_size=width), min_size=1))
            coefficients = [draw(angles) for _ in terms]
            builder.add_pauliexp(qubits[:width], terms, coefficients, controls)
        else:
            params = [draw(angles) for _ in range(GATES[kind].params)]
            builder.add(kind, qubits[:width], params, controls)
    return builder.circuit()


def read_back(written: dict[str, Any], gateset: Gateset) -> Circuit:
    circuit = msgspec.json.decode(msgspec.json.encode(written), type=CircuitObject)
    return read_circuit(circuit.circuit, gateset, circuit.qubits, "circuit")


@given(circuits(QIS, ANGLES))
def test_qis_round_trip(circuit: Circuit) -> None:
    back = read_back(write_qis(circuit), "qis")
    assert back.structure.digest == circuit.structure.digest
    assert back.params.tolist() == circuit.params.tolist()


@given(circuits(NATIVE, TURNS))
def test_native_round_trip(circuit: Circuit) -> None:
    back = read_back(write_native(circuit), "native")
    assert back.structure.digest == circuit.structure.digest
    assert back.params.tolist() == circuit.params.tolist()


@pytest.mark.parametrize("kind", [kind for kind in NATIVE if kind is not Kind.NOP])
@given(st.lists(st.floats(-9, 9), min_size=3, max_size=3))
def test_many_turns_are_written_as_few_with_the_same_matrix(kind: Kind, turns: list[float]) -> None:
    gate = GATES[kind]
    builder = Builder(2)
    builder.add(kind, range(gate.targets), turns[: gate.params])
    circuit = builder.circuit()
    back = read_back(write_native(circuit), "native")
    assert gate.matrices is not None
    expected, actual = gate.matrices(circuit.params[None]), gate.matrices(back.params[None])
    np.testing.assert_allclose(actual, expected, atol=1e-12)


def test_gates_as_they_are_written() -> None:
    builder = Builder(3)
    builder.add(Kind.X, [1], [], [0, 2])
    builder.add(Kind.PHASE, [1], [0.5], [0])
    builder.add(Kind.RZZ, [2, 0], [0.25])
    builder.add(Kind.GLOBAL_PHASE, [], [1.0])
    builder.add_pauliexp([2, 0], ["XY"], [0.5])
    assert write_qis(builder.circuit()) == {
        "qubits": 3,
        "circuit": [
            {"gate": "x", "target": 1, "controls": [0, 2]},
            {"gate": "z", "target": 1, "controls": [0], "rotation": 0.5},
            {"gate": "zz", "targets": [2, 0], "rotation": 0.25},
            {"gate": "pauliexp", "targets": [2, 0], "terms": ["YX"], "coefficients": [0.5],
             "time": 1.0},
        ],
    }  # fmt: skip
    native = Builder(2)
    native.add(Kind.GPI2, [1], [0.75])
    native.add(Kind.MS, [1, 0], [0, 0.5, 0.25])
    native.add(Kind.MS, [1, 0], [0, 0.5, 0.1])
    native.add(Kind.ZZ, [1, 0], [0.1])
    native.add(Kind.NOP, [0])
    assert write_native(native.circuit()) == {
        "qubits": 2,
        "circuit": [
            {"gate": "gpi2", "target": 1, "phase": 0.75},
            {"gate": "ms", "targets": [1, 0], "phases": [0.0, 0.5]},
            {"gate": "ms", "targets": [1, 0], "phases": [0.0, 0.5], "angle": 0.1},
            {"gate": "zz", "targets": [1, 0], "angle": 0.1},
            {"gate": "nop", "target": 0},
        ],
    }


@pytest.mark.parametrize(
    ("write", "gate", "text"),
    [
        (write_qis, (Kind.U, [0], [1, 2, 3]), "Gate 1 (u) is none of IonQ's QIS gates"),
        (write_qis, (Kind.GPI, [0], [0.5]), "Gate 1 (gpi) is none"),
        (write_qis, (Kind.RESET, [0]), "Gate 1 (reset) is none"),
        (write_qis, (Kind.SWAP, [0, 1], [], [2]), "Gate 1 (controlled swap) is none"),
        (write_qis, (Kind.GLOBAL_PHASE, [], [1], [2]), "Gate 1 (controlled gphase) is none"),
        (write_native, (Kind.H, [0]), "Gate 1 (h) is none of IonQ's native gates"),
        (write_native, (Kind.GPI, [0], [0.5], [1]), "Gate 1 (controlled gpi) is none"),
    ],
)
def test_gates_without_a_name_are_refused(write: Any, gate: tuple[Any, ...], text: str) -> None:
    builder = Builder(3)
    builder.add(*((Kind.X, [0]) if write is write_qis else (Kind.NOP, [0])))
    builder.add(*gate)
    with pytest.raises(FailedError) as caught:
        write(builder.circuit())
    failure = caught.value.failure
    assert (failure.code, failure.gate) == (Code.UNSUPPORTED_GATE, 1)
    assert text in failure.message
