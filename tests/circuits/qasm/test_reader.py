"""What programs mean: registers, operands, measurements, definitions, constants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests import reference

from ketway.circuits.circuit import Circuit, Register
from ketway.circuits.gates import Kind
from ketway.circuits.qasm import Limits, read_qasm

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def gates(circuit: Circuit) -> list[tuple[Kind, int, list[int]]]:
    """Kind, number of controls and operands of every gate."""
    s = circuit.structure
    return [(Kind(int(s.kinds[g])), int(s.controls[g]), s.operands_of(g)) for g in range(s.gates)]


def test_a_bell_pair_in_every_dialect_of_the_language() -> None:
    two = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\n'
    programs = [
        two + "h q[0];\ncx q[0],q[1];\nmeasure q -> c;\n",
        two + "h q[0]; CX q[0] , q[1]; measure q[0] -> c[0]; measure q[1] -> c[1];",
        HEAD + "qubit[2] q;\nbit[2] c;\nh q[0];\ncx q[0], q[1];\nc = measure q;\n",
        HEAD + "qubit[2] q; bit[2] c; h q[0]; ctrl @ x q[0], q[1]; measure q -> c;",
        HEAD + "qubit[2] q; h q[0]; cx q[0], q[1]; bit[2] c = measure q;",
        HEAD + "bit[2] c; qubit[2] q; h q[0]; cx q[0], q[-1]; c[0] = measure q[0];"
        "c[1] = measure q[1];",
        'include "stdgates.inc"; qubit[2] q; bit[2] c; h q[0]; cx q[0], q[1]; c[0:1] = measure q;',
        "OPENQASM 3.1 ; include 'stdgates.inc'; qreg q[2]; creg c[2]; h q[{0}];"
        "cx q[0:0], q[1:-1]; measure q -> c[0:];",
    ]
    expected = [
        (Kind.H, 0, [0]), (Kind.X, 1, [0, 1]), (Kind.MEASURE, 0, [0, 0]),
        (Kind.MEASURE, 0, [1, 1]),
    ]  # fmt: skip
    for program in programs:
        circuit = read_qasm(program)
        assert gates(circuit) == expected, program
        assert circuit.registers == (Register("c", (0, 1)),)
        assert (circuit.structure.qubits, circuit.structure.bits) == (2, 2)
        assert circuit.structure.measured


def test_registers_of_bits_are_numbered_as_declared() -> None:
    circuit = read_qasm(HEAD + "bit[2] low; qubit[5] q; creg high[3]; bit one; one = measure q[4];")
    assert circuit.registers == (
        Register("low", (0, 1)), Register("high", (2, 3, 4)), Register("one", (5,)),
    )  # fmt: skip
    assert gates(circuit) == [(Kind.MEASURE, 0, [4, 5])]


def test_without_measurement_the_bits_stay_declared() -> None:
    circuit = read_qasm(HEAD + "qubit[3] q; bit[2] c; x q;")
    assert not circuit.structure.measured
    assert circuit.structure.bits == 2
    assert circuit.registers == (Register("c", (0, 1)),)


def test_measurement_and_reset_in_the_middle() -> None:
    circuit = read_qasm(
        HEAD + "qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; reset q; measure q[0] -> c[1];"
    )
    assert [kind for kind, _, _ in gates(circuit)] == [
        Kind.X, Kind.MEASURE, Kind.RESET, Kind.RESET, Kind.MEASURE,
    ]  # fmt: skip
    assert reference.distribution(circuit) == pytest.approx({0b01: 1.0})


@pytest.mark.parametrize(
    ("operands", "expected"),
    [
        ("q", [0, 1, 2, 3, 4, 5]),
        ("q[2]", [2]),
        ("q[-1]", [5]),
        ("q[1:3]", [1, 2, 3]),
        ("q[0:2:5]", [0, 2, 4]),
        ("q[5:-2:0]", [5, 3, 1]),
        ("q[:2]", [0, 1, 2]),
        ("q[4:]", [4, 5]),
        ("q[-2:-1]", [4, 5]),
        ("q[{4, 1}]", [4, 1]),
        ("q[1:4][1:2]", [2, 3]),
        ("q[5:-1:0][0]", [5]),
        ("r", [6]),
        ("pair", [5, 0]),
        ("pair[0]", [5]),
        ("even", [2, 4]),
        ("joined[1:2:3]", [0, 4]),
        ("q[two]", [2]),
        ("q[two + 2 * 1]", [4]),
    ],
)
def test_operands(operands: str, expected: list[int]) -> None:
    circuit = read_qasm(
        HEAD + "qubit[6] q; qubit r; const int two = 4 / 2; let pair = q[{5, 0}];"
        f"let even = q[2:2:5]; let joined = pair ++ even; x {operands};"
    )
    assert [ops[0] for _, _, ops in gates(circuit)] == expected


def test_broadcasting() -> None:
    circuit = read_qasm(
        HEAD + "qubit[2] a; qubit[2] b; qubit c; cx a, b; cx c, a; cx b, c; ccx a[0], b, c;"
    )
    assert [ops for _, _, ops in gates(circuit)] == [
        [0, 2], [1, 3], [4, 0], [4, 1], [2, 4], [3, 4], [0, 2, 4], [0, 3, 4],
    ]  # fmt: skip


def test_aliases_of_bits() -> None:
    circuit = read_qasm(HEAD + "qubit[2] q; bit[4] c; let top = c[2:3]; top = measure q;")
    assert [ops for _, _, ops in gates(circuit)] == [[0, 2], [1, 3]]


def test_gates_map_onto_rows_of_the_table_with_controls() -> None:
    circuit = read_qasm(
        HEAD + "qubit[5] q; cswap q[0],q[1],q[2]; ctrl(2) @ cx q[0],q[1],q[2],q[3];"
        "crz(0.5) q[3],q[4]; inv @ s q[0]; inv @ rx(0.25) q[1]; pow(3) @ rz(0.5) q[2];"
    )
    assert gates(circuit) == [
        (Kind.SWAP, 1, [0, 1, 2]), (Kind.X, 3, [0, 1, 2, 3]), (Kind.RZ, 1, [3, 4]),
        (Kind.SDG, 0, [0]), (Kind.RX, 0, [1]), (Kind.RZ, 0, [2]),
    ]  # fmt: skip
    assert circuit.params.tolist() == [0.5, -0.25, 1.5]


def test_definitions_are_expanded_with_their_parameters() -> None:
    circuit = read_qasm(
        HEAD + "gate inner(a, b) x { rz(a / 2 - -b) x; } gate outer(t) x, y "
        "{ inner(t, 1) y; barrier x, y; cx y, x; inner(2 * t, t ** 2) x; } qubit[2] q;"
        "outer(0.5) q[1], q[0];"
    )
    assert gates(circuit) == [
        (Kind.RZ, 0, [0]), (Kind.X, 1, [0, 1]), (Kind.RZ, 0, [1]),
    ]  # fmt: skip
    assert circuit.params.tolist() == [1.25, 0.75]


def test_a_definition_takes_the_place_of_the_library() -> None:
    before = 'gate rzz(t) a, b { z a; } include "stdgates.inc"; qubit[2] q; rzz(1) q[0], q[1];'
    after = 'include "stdgates.inc"; gate rzz(t) a, b { z a; } qubit[2] q; rzz(1) q[0], q[1];'
    for program in (before.replace("z a;", "U(0, 0, pi) a;"), after):
        circuit = read_qasm(program)
        assert circuit.structure.operands_of(0) == [0]
        assert gates(circuit)[0][0] in (Kind.Z, Kind.U)


def test_phases_of_definitions_are_one_gate_at_the_end() -> None:
    circuit = read_qasm(HEAD + "qubit[2] q; U(0.5, 0, 0) q; gphase(0.25); x q[0];")
    assert [kind for kind, _, _ in gates(circuit)] == [
        Kind.U, Kind.U, Kind.GLOBAL_PHASE, Kind.X, Kind.GLOBAL_PHASE,
    ]  # fmt: skip
    assert circuit.params[-1] == pytest.approx(0.5)
    two = read_qasm("OPENQASM 2.0; qreg q[1]; U(0.5, 0, 0) q[0];")
    assert [kind for kind, _, _ in gates(two)] == [Kind.U]


@pytest.mark.parametrize(
    "ignored",
    [
        "barrier q;", "barrier;", "barrier q[0], q[1];", "delay[100ns] q;", "delay[2.5us] q[0];",
        "nop q;", "// words ; and [\n", "/* x q;\n x q; */", "@annotation.of something ( [\n",
        "#pragma something x q[0]; {\n", "pragma something else\n", "\ufeff",
        "bit[2] z = \"00\";", "bit y = 0;", "const float theta = 1;", "gate f(a) b {}",
        "gate f a { } f q;", "gate f a {} pow(5) @ f q;",
    ],
)  # fmt: skip
def test_what_does_nothing(ignored: str) -> None:
    plain = read_qasm(HEAD + "qubit[2] q; x q[0]; h q[1];")
    circuit = read_qasm(HEAD + f"qubit[2] q; x q[0];\n{ignored} h q[1];")
    assert gates(circuit) == gates(plain)


def test_words_of_openqasm_3_are_names_in_openqasm_2() -> None:
    circuit = read_qasm(
        'OPENQASM 2.0; include "qelib1.inc"; qreg input[1]; qreg let[1]; creg bit[2];'
        "gate box a { x a; } box input[0]; cx input[0], let[0]; measure let[0] -> bit[1];"
    )
    assert [ops for _, _, ops in gates(circuit)] == [[0], [0, 1], [1, 1]]


def test_a_register_may_have_the_name_of_a_gate() -> None:
    circuit = read_qasm(
        'OPENQASM 2.0; include "qelib1.inc"; qreg x[2]; creg h[2]; x x; h x[1];measure x -> h;'
    )
    assert [kind for kind, _, _ in gates(circuit)] == [
        Kind.X, Kind.X, Kind.H, Kind.MEASURE, Kind.MEASURE,
    ]  # fmt: skip
    assert gates(read_qasm(HEAD + "qubit[2] x; bit[2] h; h = measure x; h[0] = measure x[1];"))[
        2
    ] == (Kind.MEASURE, 0, [1, 0])


def test_names_in_any_alphabet() -> None:
    circuit = read_qasm(
        HEAD + "qubit[1] кубит; gate поворот(θ) a { rx(θ * τ / π) a; } поворот(0.25) кубит[0];"
    )
    assert circuit.params.tolist() == [0.5]


def test_opaque_gates_may_be_declared() -> None:
    text = 'OPENQASM 2.0; include "qelib1.inc"; opaque secret(a) b, c; qreg q[1]; x q[0];'
    assert read_qasm(text).structure.gates == 1


def test_a_constant_may_take_the_name_of_a_builtin() -> None:
    circuit = read_qasm(HEAD + "qubit[1] q; rz(pi) q[0]; const float pi = 3; rz(pi) q[0];")
    assert circuit.params.tolist() == [math.pi, 3]


def test_no_name_runs_into_the_next() -> None:
    text = HEAD + "qubit[2] q; gate xq a { h a; } xq q[0];"
    assert gates(read_qasm(text)) == [(Kind.H, 0, [0])]


def test_plain_and_unusual_spellings_give_the_same_circuit() -> None:
    rng = np.random.default_rng(1)
    plain, unusual = [], []
    for _ in range(300):
        a, b = (int(v) for v in rng.choice(5, 2, replace=False))
        angle = float(rng.normal())
        plain += [
            f"rz({angle!r}) q[{a}];",
            f"cx q[{a}], q[{b}];",
            f"c[{a}] = measure q[{b}];",
            f"p(pi/{a + 1}) q[{b}];",
            f"U(1, {angle!r}, 3) q[{a}];",
            f"ctrl @ rx({angle!r}) q[{a}], q[{b}];",
            f"ctrl(2) @ s q[{a}], q[{b}], r[0];",
            f"c3x q[{a}], q[{b}], r[0], r[1];",
            f"ctrl(1) @ cx q[{a}], r[0], q[{b}];",
        ]
        unusual += [
            f"rz /**/ ( {angle!r} ) q [ {a} ] ;",
            f"cx\nq[{a} + 0], //\nq[{b}]\n;",
            f"measure q[{b}]->c[0+{a}];",
            f"p((pi)/{a + 1}) q[+{b}];",
            f"U(1,({angle!r}), 3) q[{{{a}}}];",
            f"ctrl@rx(({angle!r})) q[{a}],q[{b}];",
            f"ctrl@ctrl@s q[{a}],q[{b}],r[0];",
            f"ctrl(3) @ x q[+{a}], q[{b}], r[0], r[1];",
            f"ctrl @ ctrl @ x q[{a}], r[0], q[{b}];",
        ]
    head = HEAD + "qubit[5] q; qubit[2] r; bit[5] c;\n"
    left, right = read_qasm(head + "\n".join(plain)), read_qasm(head + "\n".join(unusual))
    assert left.structure.digest == right.structure.digest
    assert np.array_equal(left.params, right.params)


def test_a_program_at_its_limits_is_read() -> None:
    limits = Limits(qubits=3, bits=3, gates=4, nesting=4)
    text = HEAD + "qubit[3] q; bit[3] c; x q; rx((((1)))) q[0];"
    assert read_qasm(text, limits).structure.gates == 4
