"""Control that is written reads back as the same circuit, or is refused by name."""

from __future__ import annotations

import pytest
from tests import branches

from ketway.circuits import control
from ketway.circuits.circuit import Builder
from ketway.circuits.control import Op
from ketway.circuits.gates import Kind
from ketway.circuits.qasm import read_qasm, write_qasm
from ketway.jobs.failures import FailedError

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[2] c;\nbit r;\n'


@pytest.mark.parametrize(
    "statements",
    [
        "if (c[0]) x q[0]; else { y q[1]; z q[2]; } h q[0];",
        "if (c == 2) { if (c[0]) x q[0]; else y q[0]; } else if (r) z q[0];",
        "while (c != 3) { h q[0]; c[0] = measure q[0]; if (c[0]) break; }",
        "while (true) { h q[0]; r = measure q[0]; if (r) break; else continue; }",
        "while (!r) { while (true) { r = 1; break; } c = c + 1; }",
        "switch (c) { case 0, 1 { x q[0]; } case 2 { } default { z q[0]; } }",
        "uint[4] n; while (n < 3 && !r) { n += 1; if (n[0]) continue; x q[0]; }",
        "int[8] k = -2; k = k * 3 - 1; if (k < -3) { end; } c = ~c;",
        "if (uint[4](c) << 2 == 8 || (c & 1) == 0) { x q; } c = c ^ 3; r = c[0] & !c[1];",
        "if (c) { } if (c[0]) { } else x q[0];",
        "if (c[0]) { x q[0]; if (c[1]) { } else { } }",
        "bool b = c[0]; if (b) { bit t; t = measure q[0]; if (t) x q[1]; }",
        "if (c[0] + c[1] + (c == 3) == 2) x q[0]; c = r << 1; c = (c[0] & r) + uint[1](r);",
        "c = c + 1; r = c > 1; c[0:1] = c * c % 3;",
    ],
)
def test_statements_come_back(statements: str) -> None:
    circuit = read_qasm(HEAD + statements)
    assert circuit.structure.has_control
    back = read_qasm(write_qasm(circuit))
    assert back.structure.digest == circuit.structure.digest
    assert back.registers == circuit.registers


def test_what_is_cut_wider_than_its_parts_keeps_its_meaning() -> None:
    b = Builder(1, bits=5)
    b.assign([0, 1], control.number(3))
    total = [*control.bits([0, 1]), *control.bits([0, 1]), Op.ADD, Op.LOW, 3]
    b.assign([2, 3, 4], total)
    circuit = b.circuit()
    back = read_qasm(write_qasm(circuit))
    assert branches.distribution(circuit) == branches.distribution(back) == {0b11011: 1.0}


def test_jumps_that_are_no_statements_are_refused_with_their_gate() -> None:
    b = Builder(1, bits=1)
    first = b.jump(control.bits([0]))
    second = b.jump(control.bits([0]))
    b.add(Kind.X, [0])
    b.land(first)
    b.add(Kind.Y, [0])
    b.land(second)
    with pytest.raises(
        FailedError, match=r"Gate 1 is classical control .* blocks overlap"
    ) as caught:
        write_qasm(b.circuit())
    assert caught.value.failure.gate == 1


def test_a_loop_with_its_condition_at_the_end_is_refused() -> None:
    b = Builder(1, bits=1)
    b.add(Kind.X, [0])
    b.jump(control.bits([0]), 0)
    with pytest.raises(FailedError, match=r"Gate 1 .* goes back only sometimes"):
        write_qasm(b.circuit())


def test_scattered_bits_have_no_name() -> None:
    b = Builder(1, bits=3)
    b.assign([0, 2], control.number(1))
    with pytest.raises(FailedError, match=r"Gate 0 .* do not follow each other"):
        write_qasm(b.circuit())
