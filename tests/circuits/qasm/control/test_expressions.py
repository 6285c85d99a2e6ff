"""What programs compute while they run, against the arithmetic of Python."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.branches import codes_of, value_of

from ketway.circuits.qasm import QasmError, read_qasm

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit q;\nbit[4] c;\nbit[5] d;\nint[4] i;\n'
"""Bits 0 to 3 are c, 4 to 8 are d; those behind them are i."""

C, D, MINUS = 11, 22, -3
BITS = tuple((C | D << 4 | (MINUS % 16) << 9) >> k & 1 for k in range(13))


def value(text: str) -> int:
    circuit = read_qasm(f"{HEAD}uint[64] n = 0; n = {text};")
    return value_of(codes_of(circuit)[-1], BITS)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("c", 11),
        ("c[0]", 1),
        ("c[-1]", 1),
        ("c[1:2]", 1),
        ("c + d", (11 + 22) % 32),
        ("c - d", (11 - 22) % 32),
        ("c + 1", 12),
        ("c + 5", 0),
        ("c + 16", 27),
        ("c * 2", 6),
        ("d / c", 2),
        ("d % c", 0),
        ("d / 0", 0),
        ("d % 0", 0),
        ("c << 1", 6),
        ("c << 64", 0),
        ("c >> 2", 2),
        ("d >> 70", 0),
        ("~c", 4),
        ("-c", 5),
        ("c & d", 2),
        ("c | d", 31),
        ("c ^ d", 29),
        ("!c", 0),
        ("!c[2]", 1),
        ("~c[2]", 1),
        ("c == 11", 1),
        ("c == 27", 0),
        ('c == "1011"', 1),
        ("c != d", 1),
        ("c < d", 1),
        ("c > d", 0),
        ("c >= 11 && d <= 22", 1),
        ("c < 11 || d < 22", 0),
        ("c[0] && !c[2] || false", 1),
        ("true && c[2]", 0),
        ("i == -3", 1),
        ("i < 0", 1),
        ("i < c", 1),
        ("c > i", 1),
        ("c < -1", 0),
        ("i + 1 == -2", 1),
        ("i * 3 == 7", 1),
        ("-i == 3", 1),
        ("~i == 2", 1),
        ("uint[4](i)", 13),
        ("int[2](c) == -1", 1),
        ("bool(d)", 1),
        ("bool(0)", 0),
        ("uint[2](d)", 2),
        ("bit[3](c)", 3),
        ("uint[8](c) + 5", 16),
        ("c == 2 + 3 * 3", 1),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("c & 3 == 3", 1),
        ("(c & 3) == 3", 1),
        ("2 ** 3 + c", 3),
        ("d - 2 - 1", 19),
        ("d - (2 - 1)", 21),
        ("1 << 2 << 1", 8),
        ("1 + (c < d)", 2),
        ("c[0] + c[1] + c[2] + c[3]", 3),
        ("c[0] << 3", 8),
    ],
)
def test_values(text: str, wanted: int) -> None:
    assert value(text) == wanted


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> tuple[str, int]:
    """An expression of c and d as 64-bit numbers, and what it is."""
    if depth == 0 or draw(st.booleans()):
        if draw(st.booleans()):
            return draw(st.sampled_from([("uint[64](c)", C), ("uint[64](d)", D)]))
        number = draw(st.integers(0, 40))
        return str(number), number
    left, a = draw(expressions(depth - 1))
    right, b = draw(expressions(depth - 1))
    sign = draw(st.sampled_from(["+", "*", "&", "|", "^", "==", "<", "<=", "!="]))
    found = {
        "+": a + b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b, "==": int(a == b),
        "<": int(a < b), "<=": int(a <= b), "!=": int(a != b),
    }[sign]  # fmt: skip
    return f"({left} {sign} {right})", found % 2**64


@settings(deadline=None, max_examples=60)
@given(expressions())
def test_any_expression(expression: tuple[str, int]) -> None:
    text, wanted = expression
    assert value(text) == wanted


def test_wide_registers_are_compared_in_parts() -> None:
    circuit = read_qasm(
        "bit[150] a; bit[150] b; bit r;\nr = a == 5; r = a == b; r = a != 0; r = !a; r = bool(a);"
    )
    five, none = (1, 0, 1, *[0] * 298), (0,) * 301
    high = (*[0] * 149, 1, *[0] * 151)
    found = [[value_of(code, bits) for bits in (five, none, high)] for code in codes_of(circuit)]
    assert found == [[1, 0, 0], [0, 1, 0], [1, 0, 1], [0, 1, 0], [1, 0, 1]]


def test_an_expression_may_be_only_so_deep() -> None:
    with pytest.raises(QasmError, match="nested too deeply"):
        value("(c + " * 70 + "c" + ")" * 70)
