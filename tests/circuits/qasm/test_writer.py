"""Circuits written as programs: read back they are the same, bit for bit."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import reference

from ketway.circuits.circuit import Builder, Circuit, Register
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qasm import QasmError, read_qasm, write_qasm
from ketway.circuits.qasm.gates.preamble import DEFINITIONS
from ketway.jobs.failures import Code, FailedError

NOT_WRITTEN = (
    Kind.PAULIEXP, Kind.MEASURE, Kind.RESET, Kind.JUMP, Kind.ASSIGN, Kind.DRESSING
)  # fmt: skip
WRITTEN = [k for k in Kind if k not in NOT_WRITTEN]


def same(left: Circuit, right: Circuit) -> bool:
    return (
        left.structure.digest == right.structure.digest
        and left.params.tobytes() == right.params.tobytes()
    )


@st.composite
def circuits(draw: st.DrawFn) -> Circuit:
    builder = Builder(6, 4)
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from([*WRITTEN, Kind.MEASURE, Kind.RESET]))
        qubits = draw(st.permutations(range(6)))
        row = GATES[kind]
        if kind == Kind.MEASURE:
            builder.add(kind, (qubits[0], draw(st.integers(0, 3))))
            continue
        # A global phase with controls comes back as the phase gate that it is.
        most = 0 if kind in (Kind.RESET, Kind.GLOBAL_PHASE) else 6 - row.targets
        controls = draw(st.integers(0, most))
        values = draw(
            st.lists(
                st.floats(allow_nan=False, allow_infinity=False),
                min_size=row.params,
                max_size=row.params,
            )
        )
        builder.add(kind, qubits[controls : controls + row.targets], values, qubits[:controls])
    return builder.circuit((Register("a", (0,)), Register("b", (1, 2, 3))))


@settings(deadline=None)
@given(circuits())
def test_what_is_written_reads_back_the_same(circuit: Circuit) -> None:
    back = read_qasm(write_qasm(circuit))
    assert same(circuit, back)
    assert back.registers == circuit.registers


@pytest.mark.parametrize("kind", WRITTEN, ids=lambda kind: kind.name)
@pytest.mark.parametrize("controls", [0, 1, 2, 5])
def test_every_gate_with_controls(kind: Kind, controls: int) -> None:
    row = GATES[kind]
    builder = Builder(controls + row.targets)
    values = [0.1, -2.5e-7, 1 / 3][: row.params]
    builder.add(kind, range(controls, controls + row.targets), values, range(controls))
    circuit = builder.circuit()
    back = read_qasm(write_qasm(circuit))
    if kind == Kind.GLOBAL_PHASE and controls:
        assert np.allclose(reference.unitary_of(back), reference.unitary_of(circuit))
        assert back.structure.kinds.tolist() == [Kind.PHASE]
    else:
        assert same(circuit, back)


@pytest.mark.parametrize("kind", DEFINITIONS, ids=lambda kind: kind.name)
def test_definitions_of_the_preamble_say_what_the_gate_does(kind: Kind) -> None:
    """Under another name they are gates like any other, so their bodies are expanded."""
    text = DEFINITIONS[kind].replace("gate ", "gate other_", 1)
    row = GATES[kind]
    values = [0.3, -0.7, 0.2][: row.params]
    operands = ", ".join(f"q[{k}]" for k in range(row.targets + 1))
    found = reference.unitary_of(
        read_qasm(
            f'include "stdgates.inc"; {text} qubit[{row.targets + 1}] q;'
            f"ctrl @ other_{row.name}({', '.join(map(repr, values))}) {operands};"
        )
    )
    builder = Builder(row.targets + 1)
    builder.add(kind, range(1, row.targets + 1), values, [0])
    assert np.allclose(found, reference.unitary_of(builder.circuit()), atol=1e-12)


def test_a_program_for_people() -> None:
    builder = Builder(3, 2)
    builder.add(Kind.H, [0])
    builder.add(Kind.X, [1], controls=[0])
    builder.add(Kind.RZ, [2], [0.5], controls=[0, 1])
    builder.add(Kind.GPI, [1], [0.25])
    builder.add(Kind.SXDG, [0])
    builder.add(Kind.GLOBAL_PHASE, [], [-0.125])
    builder.add(Kind.RESET, [2])
    builder.add(Kind.MEASURE, [1, 0])
    assert write_qasm(builder.circuit((Register("out", (0, 1)),))) == (
        "OPENQASM 3.0;\n"
        'include "stdgates.inc";\n'
        "gate gpi(turns) q { p(-2*pi*turns) q; x q; p(2*pi*turns) q; }\n"
        "qubit[3] q;\n"
        "bit[2] out;\n"
        "h q[0];\n"
        "cx q[0], q[1];\n"
        "ctrl(2) @ rz(0.5) q[0], q[1], q[2];\n"
        "gpi(0.25) q[1];\n"
        "inv @ sx q[0];\n"
        "gphase(-0.125);\n"
        "reset q[2];\n"
        "out[0] = measure q[1];\n"
    )


@pytest.mark.parametrize(
    "registers",
    [
        (),
        (Register("a", (1, 0)),),
        (Register("a", (0,)),),
        (Register("a", (0,)), Register("a", (1,))),
        (Register("measure", (0, 1)),),
        (Register("no name", (0, 1)),),
        (Register("pi", (0, 1)),),
        (Register("x", (0, 1)),),
    ],
)
def test_registers_that_cannot_be_declared_become_one(registers: tuple[Register, ...]) -> None:
    builder = Builder(1, 2)
    builder.add(Kind.MEASURE, [0, 1])
    circuit = builder.circuit(registers)
    back = read_qasm(write_qasm(circuit))
    assert same(circuit, back)
    assert back.registers == (Register("c", (0, 1)),)


def test_the_qubits_give_way_to_a_register_of_their_name() -> None:
    builder = Builder(1, 1)
    builder.add(Kind.MEASURE, [0, 0])
    circuit = builder.circuit((Register("q", (0,)),))
    back = read_qasm(write_qasm(circuit))
    assert same(circuit, back)
    assert back.registers == circuit.registers


def test_an_empty_circuit() -> None:
    assert same(Builder(0).circuit(), read_qasm(write_qasm(Builder(0).circuit())))


def test_pauliexp_is_refused_by_name() -> None:
    builder = Builder(2)
    builder.add(Kind.H, [0])
    builder.add_pauliexp([0, 1], ["XX"], [0.5])
    with pytest.raises(FailedError) as caught:
        write_qasm(builder.circuit())
    assert caught.value.failure.code == Code.UNSUPPORTED_GATE
    assert caught.value.failure.gate == 1
    assert "pauliexp" in caught.value.failure.message


def test_a_parameter_that_is_no_number_is_refused() -> None:
    builder = Builder(1)
    builder.add(Kind.H, [0])
    builder.add(Kind.U, [0], [1, 2, math.inf])
    with pytest.raises(FailedError) as caught:
        write_qasm(builder.circuit())
    assert caught.value.failure.gate == 1


def test_a_definition_that_differs_in_one_word_is_not_the_gate() -> None:
    text = DEFINITIONS[Kind.GPI].replace("x q;", "y q;")
    circuit = read_qasm(f'include "stdgates.inc"; {text} qubit q; gpi(0.25) q;')
    assert circuit.structure.kinds.tolist() == [Kind.PHASE, Kind.Y, Kind.PHASE]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_parameters_keep_every_bit(value: float) -> None:
    builder = Builder(1)
    builder.add(Kind.RZ, [0], [value])
    back = read_qasm(write_qasm(builder.circuit())).params.tolist()
    assert struct.pack("d", back[0]) == struct.pack("d", value)


def test_names_do_not_leak_into_the_next_program() -> None:
    builder = Builder(1)
    builder.add(Kind.GPI, [0], [0.5])
    read_qasm(write_qasm(builder.circuit()))
    with pytest.raises(QasmError):
        read_qasm('include "stdgates.inc"; qubit q; gpi(0.5) q;')
