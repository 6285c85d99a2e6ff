"""What is said about programs that cannot be read: message, line and column."""

from __future__ import annotations

import pytest

from ketway.circuits.qasm import Limits, QasmError, read_qasm
from ketway.jobs.failures import Code

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\nbit[2] c;\n'
TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[2];\n'


def error_of(text: str, limits: Limits | None = None) -> QasmError:
    with pytest.raises(QasmError) as caught:
        read_qasm(text, limits) if limits else read_qasm(text)
    return caught.value


# Each statement stands alone in line 5; the column is where the mistake is.
STATEMENTS = [
    ("x q[3];", 5, "`q` has 3 qubits: the index 3 is not between 0 and 2."),
    ("x q[-4];", 5, "the index -4 is not between"),
    ("x q[0:3];", 7, "the index 3 is not between"),
    ("x q[2:0];", 5, "The slice from 2 to 0 in steps of 1 selects nothing."),
    ("x q[0:0:2];", 5, "The step of a slice cannot be 0."),
    ("x q[0.5];", 5, "An index must be a whole number; this is 0.5."),
    ("x q[{0, 0}];", 10, "An index set names the same index twice."),
    ("x q[{}];", 6, "An index set must name at least one index."),
    ("x q[0][0];", 7, "`q` is one qubit and has no parts"),
    ("x r[0];", 3, "`r` is not declared: declare `qubit[n] r;`"),
    ("x c[0];", 3, "`c` is a register of bits; a qubit is needed here."),
    ("x $0;", 3, "`$0` names a qubit of the machine, and this program declares"),
    ("cx q[0];", 1, "`cx` acts on 2 qubits; 1 operand is given."),
    ("x q[0], q[1];", 1, "`x` acts on 1 qubit; 2 operands are given."),
    ("ctrl @ x q[0];", 8, "`x` acts on 1 qubit and 1 control; 1 operand is given."),
    ("cx q[1], q[1];", 1, "`cx` has the same qubit twice"),
    ("cx q, q;", 1, "`cx` has the same qubit twice"),
    ("cx q[0:1], q;", 12, "registers of 2 and 3 qubits"),
    ("rz q[0];", 1, "`rz` takes 1 parameter and has 0 here."),
    ("rz(1, 2) q[0];", 1, "`rz` takes 1 parameter and has 2 here."),
    ("rz(1 / 0) q[0];", 6, "`/` divides by zero here."),
    ("rz(theta) q[0];", 4, "`theta` is not declared"),
    ("rz(c[0]) q[0];", 4, "`c` is a register of bits, and an expression is computed before"),
    ("rz(1 q[0];", 6, "`q` stands where `,` or `)` should stand."),
    ("hh q[0];", 1, "There is no gate `hh`: define it with `gate` before it is used."),
    ("x q[0]", 7, "The program ends where `;` after the operands of `x` should stand."),
    ("xq[0];", 1, "There is no gate `xq`"),
    ("q[0] = 1;", 1, "`q` is a register of qubits and cannot be assigned to."),
    ("c = measure q;", 1, "3 qubits cannot be measured into 2 bits"),
    ("measure q[0];", 1, "This measurement goes nowhere: write `c[0] = measure q[0];`"),
    ("measure q -> d;", 14, "`d` is not declared: declare `bit[n] d;`"),
    ("qubit[2] q;", 10, "`q` is declared already, as a register of qubits"),
    ("qubit[0] r;", 7, "`r` has 0 qubits: a register has at least 1."),
    ("qubit[1.5] r;", 7, "The size of a register must be a whole number; this is 1.5."),
    ("let a = q ++ q[0];", 14, "One of these qubits is joined twice"),
    ("let a = q ++ c;", 14, "Qubits and bits cannot be joined"),
    ("qubit gate;", 7, "`gate` is a word of OpenQASM: choose another name."),
    ("const bool b = 1;", 7, "A constant cannot be `bool` here"),
    ("const int n = 1.5;", 15, "A `const int` must be a whole number; this is 1.5."),
    ("const float sin = 1;", 13, "`sin` is a function: choose another name."),
    ("gate f a { f a; }", 12, "`f` calls itself: no gate may."),
    ("gate f a { x b; }", 14, "`b` is not a qubit of this gate"),
    ("gate f a { x a[0]; }", 14, "`a` is one qubit of the gate and has no parts"),
    ("gate f a { cx a, a; }", 12, "`cx` has the same qubit twice"),
    ("gate f a { measure a; }", 12, "`measure` cannot stand in a gate"),
    (
        "gate f a { for int i in [0:1] { x a; } }",
        12,
        "`for` cannot stand in a gate: a gate is the same",
    ),
    ("gate f a { x a;", 10, "The definition of `f` never ends: close it with `}`."),
    ("gate f(a) a { }", 6, "Two parameters or qubits of `f` have the same name."),
    ("gate f { }", 8, "`{` stands where a qubit of the gate should stand."),
    ("gate U a { }", 6, "The gate `U` is defined already"),
    ("ctrl(0) @ x q[0];", 6, "`ctrl` needs at least 1 control; this is 0."),
    ("ctrl(300) @ x q[0];", 1, "A gate has more than 255 controls here"),
    ("ctrl x q[0], q[1];", 6, "`x` stands where `@` after the modifier `ctrl` should stand."),
    ("pow(0.5) @ cu(1, 2, 3, 4) q[0], q[1];", 5, "only one-qubit definitions have fractional"),
    ("pow(2 ** 70) @ x q[0];", 7, "`**` gives a number that is too large here."),
    ("OPENQASM 3.0;", 1, "`OPENQASM` must be the first statement"),
    ('include "/etc/passwd";', 9, "`/etc/passwd` cannot be included: programs never read files"),
    ("include stdgates;", 9, "the name of a library in quotation marks"),
    (
        "input float theta;",
        1,
        "The input `theta` has no value: inputs are bound by IBM's primitives",
    ),
    ("output bit[2] d;", 1, "`output` is not supported"),
    ("float i = 1;", 1, "`float` is not supported: values that change while a program runs"),
    ("if (c == 1) x q[0]", 19, "The program ends where `;`"),
    ("if (c == 1) {", 1, "This block never ends: close it with `}`."),
    ("if (c == 1)", 1, "The program ends where a statement should stand."),
    ("if c x q[0];", 4, "`c` stands where `(` and a condition after `if` should stand."),
    ("if (q[0]) x q[1];", 5, "`q` is a register of qubits, and only bits and numbers"),
    ("if (measure q[0]) x q[1];", 5, "A measurement cannot stand in an expression"),
    ("if (d) x q[1];", 5, "`d` is not declared: declare `bit[n] d;`"),
    ("if (c[2]) x q[1];", 7, "the index 2 is not between 0 and 1"),
    ("if (sin(c)) x q[1];", 5, "`sin` cannot be computed while a program runs"),
    ("if (c > 0.5) x q[1];", 7, "0.5 is not a whole number"),
    ('if (c == "012") x q[1];', 10, "is no string of 1 to 64 bits"),
    ("if (c ** 2 == 4) x q[1];", 7, "`**` cannot be computed while a program runs."),
    ("if ((c == 1 x q[1];", 5, "This parenthesis is never closed"),
    ("if (c) qubit r;", 8, "`qubit` cannot stand in a block: declare qubits before the block."),
    ("if (c) gate f a { x a; }", 8, "`gate` cannot stand in a block"),
    ("else x q[0];", 1, "`else` is not supported"),
    ("x q[0]; }", 9, "`}` closes nothing here: delete it."),
    ("break;", 1, "`break` stands outside a loop."),
    ("if (c) { continue; }", 10, "`continue` stands outside a loop."),
    ("case 1 { x q[0]; }", 1, "`case` stands outside a `switch`."),
    ("switch (c) { x q[0]; }", 14, "`x` stands where `case`, `default` or `}` should stand."),
    ("switch (c) { case 0.5 { } }", 19, "A case must be a whole number"),
    ("for float i in [0:2] { x q[0]; }", 5, "A loop's variable cannot be `float` here"),
    ("for uint i in c { x q[0]; }", 15, "A loop goes over numbers that are known before"),
    ("for uint i in [0:0:2] { x q[0]; }", 15, "A range is `[first:last]`"),
    ("for uint i in [0:3] { x q[i]; }", 27, "the index 3 is not between 0 and 2"),
    ("for uint q in [0:2] { x q[0]; }", 10, "`q` is declared already"),
    ("for uint i in [0:1] x q[i]; x q[i];", 33, "`i` is not declared"),
    ("if (c) { bit tt; } tt = 1;", 20, "`tt` is not declared: declare `bit tt;`"),
    ("uint[65] n;", 6, "A type has from 1 to 64 bits; this one has 65."),
    ("uint[4] n; n = measure q[0];", 12, "`n` is a variable of type `uint`: measure into a"),
    ("uint[4] n; x n[0];", 14, "`n` is a variable of type `uint`; a qubit is needed here."),
    ("int[4] n; n = n / 2;", 17, "`/` of a signed number is not supported while a program runs"),
    ("bit[99] d; if (d < 3) x q[0];", 18, "A register of 99 bits can only be compared by `==`"),
    ("bit[99] d; d = d << 1;", 18, "A register of 99 bits can only be compared by `==`"),
    ("def f(qubit a) { x a; }", 1, "`def` is not supported: subroutines"),
    ("extern f(int) -> int;", 1, "`extern` is not supported"),
    ("cal { nonsense !? }", 1, "`cal` is not supported: pulses"),
    ("defcal x $0 { }", 1, "`defcal` is not supported: pulses"),
    ('defcalgrammar "openpulse";', 1, "`defcalgrammar` is not supported"),
    ("box x q[0];", 5, "`x` stands where `{` and the statements of a `box` should stand."),
    ("duration d = 100ns;", 1, "`duration` is not supported: times are not computed"),
    ("durationof(x);", 1, "`durationof` is not supported: times are not computed"),
    ("array[int, 2] a;", 1, "`array` is not supported"),
    ("end;", 1, "`end` is not supported"),
    ("#pragma braket noise bit_flip(0.1) q[0]", 2, "The pragma `braket noise` acts on qubits"),
    ("delay[100ns q;", 6, "This `[` is never closed: write `]`."),
    ("/* x", 1, "This comment never ends: close it with `*/`."),
    ('include "stdgates', 9, "This string never ends"),
    ("x q[0] ? ;", 8, "The character `?` means nothing in OpenQASM here: delete it."),
    (";", 1, "`;` stands where a statement should stand."),
    ("x q[0]; y q[1", 14, "The program ends where"),
    ("gphase(0.1) q[0];", 1, "`gphase` acts on 0 qubits; 1 operand is given."),
]


@pytest.mark.parametrize(("statement", "column", "message"), STATEMENTS)
def test_statements_of_openqasm_3(statement: str, column: int, message: str) -> None:
    error = error_of(HEAD + statement)
    assert message in error.message
    assert (error.line, error.column) == (5, column)


STATEMENTS_2 = [
    ("if (c) x q[0];", 6, "`)` stands where `==` and a number: OpenQASM 2 has no other"),
    ("if (c == -1) x q[0];", 10, "A register is never -1."),
    ("if (c == 1) { x q[0]; }", 13, "`{` stands where a statement should stand."),
    ("qubit[2] r;", 1, "`qubit` belongs to OpenQASM 3, and this program says 2.0"),
    ("ctrl @ x q[0], q[1];", 1, "`ctrl` belongs to OpenQASM 3, and this program says 2.0"),
    ("gphase(1);", 1, "`gphase` acts on 1 qubit; 0 operands are given."),
    ("qreg r;", 7, "`[` and the size of the register"),
    ("x r[0];", 3, "`r` is not declared: declare `qreg r[n];` before it is used."),
    ("opaque o a; o q[0];", 13, "`o` is declared `opaque`, so nobody knows what it does"),
    ("rz(1 ** 0.5 && 1) q[0];", 13, "`&&` decides something, and a number is needed here"),
]


@pytest.mark.parametrize(("statement", "column", "message"), STATEMENTS_2)
def test_statements_of_openqasm_2(statement: str, column: int, message: str) -> None:
    error = error_of(TWO + statement)
    assert message in error.message
    assert (error.line, error.column) == (5, column)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("OPENQASM 4.0;", 1, 10, "OpenQASM 4.0 is not known: write `OPENQASM 3.0;`"),
        ("\n  OPENQASM;", 2, 3, "The header must name a version"),
        ("qubit q;\nh q;", 2, 1, 'write `include "stdgates.inc";` before it'),
        ("OPENQASM 2.0; qreg q[1];\nh q[0];", 2, 1, 'write `include "qelib1.inc";` before it'),
        ("qubit q;\r\nh q;", 2, 1, "stdgates.inc"),
    ],
)
def test_the_start_of_a_program(text: str, line: int, column: int, message: str) -> None:
    error = error_of(text)
    assert message in error.message
    assert (error.line, error.column) == (line, column)


def test_an_error_is_a_failure_of_the_job() -> None:
    failure = error_of(HEAD + "x q[7];").failure
    assert failure.code == Code.PREFLIGHT
    assert (failure.line, failure.column) == (5, 5)


@pytest.mark.parametrize(
    ("statement", "column", "message", "limits"),
    [
        ("qubit[2] r;", 7, "the program has 5 qubits; at most 4 are read", Limits(qubits=4)),
        ("bit[2] d;", 5, "the program has 4 bits; at most 3 are read", Limits(bits=3)),
        ("x q; x q[0]; x q[1];", 14, "the program would have 5 gates", Limits(gates=4)),
        ("reset q; measure q[0:1] -> c;", 10, "would have 5 gates", Limits(gates=4)),
        ("rx((((((1))))) * 1) q[0];", 8, "nested deeper than 4", Limits(nesting=4)),
        ("inv @ inv @ inv @ x q[0];", 13, "more than 2 modifiers", Limits(nesting=2)),
        ("rx(1 + 1 + 1 + 1) q[0];", 4, "more than 3 terms", Limits(terms=3)),
    ],
)
def test_limits(statement: str, column: int, message: str, limits: Limits) -> None:
    error = error_of(HEAD + statement, limits)
    assert message in error.message
    assert (error.line, error.column) == (5, column)


def test_a_text_that_is_too_long_is_not_looked_at() -> None:
    assert "at most 10 are read" in error_of("?" * 11, Limits(text=10)).message


def test_a_doubling_definition_is_refused_before_it_is_expanded() -> None:
    doubling = "gate f0 a { x a; }\n" + "".join(
        f"gate f{k} a {{ f{k - 1} a; f{k - 1} a; }}\n" for k in range(1, 200)
    )
    error = error_of(HEAD + doubling + "f199 q[0];")
    assert "the program would have very many gates" in error.message
    assert (error.line, error.column) == (5 + 200, 1)


def test_a_doubling_definition_of_nothing_is_nothing() -> None:
    doubling = "gate f0 a { }\n" + "".join(
        f"gate f{k} a {{ f{k - 1} a; f{k - 1} a; }}\n" for k in range(1, 200)
    )
    assert read_qasm(HEAD + doubling + "f199 q[0];").structure.gates == 0


def test_definitions_nest_only_so_deep() -> None:
    chain = "gate f0 a { x a; }\n" + "".join(
        f"gate f{k} a {{ f{k - 1} a; }}\n" for k in range(1, 300)
    )
    error = error_of(HEAD + chain)
    assert "nested deeper than 256" in error.message
    assert error.line == 5 + 256


def test_roots_of_roots_nest_only_so_deep() -> None:
    chain = "gate f0 a { x a; }\n" + "".join(
        f"gate f{k} a {{ pow(0.5) @ f{k - 1} a; }}\n" for k in range(1, 300)
    )
    assert "fractional powers of fractional powers" in error_of(HEAD + chain).message


@pytest.mark.parametrize(
    "text",
    [
        "rx(" + "(" * 100_000 + "1" + ")" * 100_000 + ") q[0];",
        "rx(" + "-" * 100_000 + "1) q[0];",
        "rx(" + "sin(" * 100_000 + "1" + ")" * 100_000 + ") q[0];",
        "rx(" + "2 ** " * 100_000 + "1) q[0];",
        "rx(9 ** 9 ** 9 ** 9) q[0];",
        "rx(1 << 1000000) q[0];",
        "rx(" + "9" * 100_000 + ") q[0];",
        "ctrl @ " * 100_000 + "x q[0];",
        "inv @ " * 100_000 + "x q[0];",
        "pow(1e300) @ pow(1e300) @ " * 100 + "cu(1,2,3,4) q[0], q[1];",
        "pow(9e18) @ pow(9e18) @ rx(1) q[0];",
        "x q" + "[0" * 100_000,
        "{" * 100_000,
        "gate f a { " * 100_000,
        "qubit[1000000000000] r;",
        "bit[99999999999999999999] r;",
        "x" * 1_000_000 + " q[0];",
        "gate f a, b { cx a, b; } pow(1000000000) @ f q[0], q[1];",
    ],
)
def test_what_is_built_to_break_readers_is_refused(text: str) -> None:
    error = error_of(HEAD + text)
    assert error.line == 5
    assert len(error.message) < 500


def test_names_of_the_program_are_shortened_in_messages() -> None:
    message = error_of(HEAD + "ab" * 500 + " q[0];").message
    assert "ab" * 19 in message
    assert len(message) < 200


def test_no_file_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    assert read_qasm(HEAD + "x q;").structure.gates == 3
    assert "never read files" in error_of(HEAD + 'include "other.inc";').message


def test_an_error_while_a_definition_is_expanded_is_shown_at_the_call() -> None:
    for call in ("f(0) q[0];", "f( 0 ) q[{0}];"):
        error = error_of(HEAD + "gate f(a) b { rx(1 / a) b; }\n" + call)
        assert "divides by zero" in error.message
        assert (error.line, error.column) == (6, 1)
