"""Blocks of OpenQASM programs, by what comes of them: every branch is followed."""

from __future__ import annotations

import pytest
from tests import branches

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import Kind
from ketway.circuits.qasm import Limits, QasmError, read_qasm

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[3] c;\n'
TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'


def read(statements: str, head: str = HEAD) -> Circuit:
    return read_qasm(head + statements)


def always(statements: str, head: str = HEAD) -> int:
    """The only outcome of a program."""
    found = branches.distribution(read(statements, head))
    ((outcome, chance),) = found.items()
    assert chance == pytest.approx(1)
    return outcome


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        ("if (c[0]) c[1] = 1; else c[2] = 1;", 4),
        ("c[0] = 1; if (c[0]) c[1] = 1; else c[2] = 1;", 3),
        ("c = 5; if (c == 5) { c[1] = 1; }", 7),
        ("c = 5; if (c != 5) c = 0; else if (c > 4) c = 1; else c = 2;", 1),
        ("if (true) if (false) c = 1; else c = 2;", 2),
        ("if (c) c = 1; if (!c) c = 6;", 6),
        ("x q[1]; c[1] = measure q[1]; if (c[1]) x q[0]; c[0] = measure q[0];", 3),
        ("{ bit t = 1; c[0] = t; } { bit t; c[1] = t; }", 1),
        ("if (c[0]) { end; } c = 3;", 3),
        ("if (!c[0]) { c = 1; end; } c = 3;", 1),
        ("while (c < 5) c = c + 1;", 5),
        ("while (true) { c += 1; if (c == 3) break; }", 3),
        ("uint[3] n; while (n < 4) { n += 1; if (n == 2) continue; c = c + 1; }", 3),
        ("while (c[0] == 0) { while (true) { c[1] = 1; break; } c[0] = 1; }", 3),
        ("for uint i in [0:2] c[i] = 1;", 7),
        ("for int i in [2:-2:0] { c[i] = 1; }", 5),
        ("for uint i in {0, 2} { c[i] = 1; }", 5),
        ("for uint i in [1:0] { c[i] = 1; }", 0),
        ("for uint i in [0:2] { if (i == 1) continue; c[i] = 1; }", 5),
        ("for uint i in [0:2] { c[i] = 1; if (c[1]) break; }", 3),
        ("for uint i in [0:2] { if (i == 1) break; c[i] = 1; }", 1),
        ("for uint i in [0:2] { c[i] = 1; { continue; } c = 0; }", 7),
        ("for uint i in [0:2] { if (c[0]) continue; c[i] = 1; if (i == 1) break; }", 1),
        ("for uint i in [1:0] { break; } while (false) { break; } c = 1;", 1),
        ("for uint i in [0:1] { switch (i) { case 1 { break; } } c[i] = 1; }", 1),
        ("for uint i in [0:2] { if (i == 1) { if (false) { break; } } c[i] = 1; }", 7),
        ("for uint i in [0:1] for uint j in [0:1] c += i + j;", 4),
        ("for uint i in [0:2] { bit t; if (i == 1) t = 1; c[i] = t; }", 2),
        ("for uint i in [0:2] { const uint k = 2 - i; c[k] = i < 1; }", 4),
        ("c = 2; switch (c) { case 0, 2 { c = 5; } case 5 { c = 1; } default { c = 3; } }", 5),
        ("c = 6; switch (c) { case 0, 2 { c = 5; } case 5 { c = 1; } default { c = 3; } }", 3),
        ("c = 6; switch (c) { case 0 { c = 5; } case 6 { c = 1; } }", 1),
        ("c = 6; switch (c) { case 0 { c = 5; } }", 6),
        ("switch (2) { case 1 { c = 1; } case 2 { c = 4; } default { c = 2; } }", 4),
        ("switch (c) { case 0 { switch (q0) { default { c = 2; } } } }".replace("q0", "c"), 2),
        ("switch (c) { }  c = 1;", 1),
        ("if (c[0]) { // nothing\n } /* and */ else { c = 1; }", 1),
    ],
)
def test_statements(statements: str, outcome: int) -> None:
    assert always(statements) == outcome


@pytest.mark.parametrize(
    ("statements", "outcome"),
    [
        ("if(c==0) x q[0]; measure q[0] -> c[0];", 1),
        ("x q[1]; measure q -> c; if(c==2) x q[2]; if (c == 1) x q[0]; measure q -> c;", 6),
        ("if(c==0) measure q[0] -> c[0]; if(c==0) reset q[0];", 0),
    ],
)
def test_statements_of_openqasm_2(statements: str, outcome: int) -> None:
    assert always(statements, TWO) == outcome


def test_what_never_happens_leaves_no_gates() -> None:
    circuit = read("for uint i in [0:2] { if (i == 1) x q[i]; else if (false) { y q; z q[0]; } }")
    assert circuit.structure.kinds.tolist() == [Kind.X]
    assert not circuit.structure.has_control
    assert read("while (false) { x q; }").structure.gates == 0
    known = "for uint i in [0:9] { if (i == 1) continue; x q[0]; if (i == 2) break; y q[0]; }"
    assert read(known).structure.kinds.tolist() == [Kind.X, Kind.Y, Kind.X]


def test_variables_are_not_in_the_outcome() -> None:
    structure = read("uint[4] n = 3; bool b; if (n > 2) { bit t; bit[2] u; }").structure
    assert structure.bits == 3
    assert structure.memory == 8
    assert structure.outcome_bits == 3


def test_memory_is_used_again() -> None:
    text = "if (c[0]) { uint[4] n; } else { uint[5] n; }"
    assert read(text * 3).structure.memory == 5


@pytest.mark.parametrize(
    ("statements", "message", "limits"),
    [
        ("for uint i in [0:9] x q[0];", "too many steps .*fewer rounds", Limits(gates=9)),
        ("if (c) " * 20 + "x q[0];", "nested deeper than 8", Limits(nesting=8)),
        ("for uint i in [0:1 << 40] { }", "too many steps", Limits(gates=1000)),
        ("while (c) { c = c + 1; }", "the program would have 3 gates", Limits(gates=2)),
        ("uint[9] n;", "the program has 12 bits; at most 11", Limits(bits=11)),
        ("if (c == 1 + 1 + 1) x q[0];", "more than 3 terms", Limits(terms=3)),
        ("if (" + "(" * 9 + "c", "nested deeper than 8", Limits(nesting=8)),
    ],
)
def test_limits(statements: str, message: str, limits: Limits) -> None:
    with pytest.raises(QasmError, match=message):
        read_qasm(HEAD + statements, limits)


def test_deep_blocks_do_not_recurse() -> None:
    depth = 200
    text = "if (c[0]) { " * depth + "x q[0];" + "}" * depth
    assert read(text).structure.gates == depth + 1
