"""Whatever the text, reading ends with a circuit within the limits, or with a `QasmError`."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ketway.circuits.circuit import Circuit
from ketway.circuits.qasm import Limits, QasmError, read_qasm

LIMITS = Limits(qubits=50, bits=50, gates=500, nesting=8, terms=50, text=5_000)

PROGRAM = """OPENQASM 3.0;
include "stdgates.inc";
// A little of everything.
const int n = 2 ** 2; const float corner = pi / n;
gate inner(a, b) x { rz(a / b) x; U(a, 0, b) x; gphase(a); }
gate outer(t) x, y { inner(t, 2) x; negctrl @ pow(0.5) @ inner(t, t) y, x; barrier x, y; }
qubit[n] q; qubit single; bit[n] c; bit[2] d = "00";
let some = q[0:2:3] ++ single;
h q; cx q[0], some[1]; outer(corner) q[1], q[{2}]; inv @ outer(-0.5e-1) q[-1], single;
ctrl(2) @ pow(-3) @ t q[0], q[1], q[2]; pow(1/3) @ swap q[0], q[1]; cu(1, 2, 3, 4) q[0], q[1];
delay[100ns] q; reset single; @note x
#pragma something
c[0:1] = measure q[2:3]; measure single -> d[0]; c = measure q; gphase(sin(0x1F) % 3);
"""

WORDS = [
    "OPENQASM", "3.0", "2.0", ";", "include", '"stdgates.inc"', '"qelib1.inc"', "qubit", "[", "]",
    "bit", "q", "c", "qreg", "creg", "gate", "f", "g", "{", "}", "(", ")", ",", "x", "cx", "U",
    "gphase", "ctrl", "negctrl", "inv", "pow", "@", "1", "2", "0.5", "1e308", "-", "+", "*", "/",
    "**", "%", "<<", "^", "~", "pi", "sin", "mod", "measure", "->", "=", "reset", "barrier", "let",
    "++", ":", "const", "int", "float", "if", "for", "delay", "100ns", "$0", "//", "/*", "*/", "\n",
    "#pragma", "opaque", "a", "b", "u3", "cu", "swap", "id", "9223372036854775807", "\ufeff",
]  # fmt: skip

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome(text: str) -> Circuit | QasmError:
    try:
        return read_qasm(text, LIMITS)
    except QasmError as error:
        return error


def survives(text: str) -> None:
    circuit = outcome(text)
    if isinstance(circuit, QasmError):
        lines = text.split("\n")
        assert circuit.message.endswith((".", "`", "?"))
        assert 1 <= circuit.line <= len(lines)
        assert 1 <= circuit.column <= len(lines[circuit.line - 1]) + 1
        return
    structure = circuit.structure
    assert structure.qubits <= LIMITS.qubits
    assert structure.bits <= LIMITS.bits
    # The phases of definitions may add one gate at the end.
    assert structure.gates <= LIMITS.gates + 1
    assert sum(len(register.bits) for register in circuit.registers) == structure.bits


def test_the_program_that_is_mutated_is_read() -> None:
    assert read_qasm(PROGRAM).structure.gates > 30


@slow
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    survives(text)


@slow
@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=200))
def test_any_text_after_a_head(text: str) -> None:
    survives('include "stdgates.inc"; qubit[3] q; bit[3] c; ' + text)


@slow
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_any_words(words: list[str]) -> None:
    survives(
        'include "stdgates.inc"; qubit[3] q; bit[3] c; gate f(a) b { rx(a) b; } ' + " ".join(words)
    )


@slow
@given(st.data())
def test_mutations_of_a_program(data: st.DataObject) -> None:
    text = PROGRAM
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 12))
        word = data.draw(st.sampled_from([*WORDS, ""]))
        text = text[:start] + word + text[start + length :]
    survives(text)


@slow
@given(st.data())
def test_statements_in_any_order(data: st.DataObject) -> None:
    statements = PROGRAM.replace("\n", " \n").split(";")
    survives(";".join(data.draw(st.permutations(statements))))


@slow
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["", "inv @ ", "pow(3) @ ", "pow(0.5) @ "])),
        max_size=30,
    )
)
def test_definitions_of_definitions(calls: list[tuple[int, str]]) -> None:
    lines = ['include "stdgates.inc";', "gate f0(a) b { rx(a) b; u3(a, 1, 2) b; }"]
    for place, (known, modifier) in enumerate(calls, 1):
        inner = min(known, place - 1)
        lines.append(
            f"gate f{place}(a) b {{ {modifier}f{inner}(a * 2) b; f{place - 1}(a / 3) b; }}"
        )
    survives("\n".join([*lines, f"qubit q; f{len(calls)}(1) q;"]))
