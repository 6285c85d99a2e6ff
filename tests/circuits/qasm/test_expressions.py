"""Arithmetic of programs, against Python's own, written by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketway.circuits.qasm import QasmError, read_qasm


def value(text: str, version: str = "3.0") -> float:
    """What an expression is, read as a constant parameter and as one of a definition."""
    if version == "2.0":
        return float(read_qasm(f"OPENQASM 2.0; qreg q[1]; U({text},0,0) q[0];").params[0])
    direct = read_qasm(f"qubit q; gphase({text});").params
    assert len(direct) == 1
    return float(direct[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("2 ** -1 * 4", 2),
        ("2 - 3 - 4", -5),
        ("16 / 4 / 2", 2),
        ("1 / 2", 0.5),
        ("- - 3", 3),
        ("+3 - +2", 1),
        ("7 % 4", 3),
        ("-7 % 4", -3),
        ("mod(7.5, 2)", 1.5),
        ("pi", math.pi),
        ("π / 2", math.pi / 2),
        ("tau + τ", 2 * math.tau),
        ("euler * ℇ", math.e**2),
        ("3*pi", 3 * math.pi),
        ("1_000.5_0", 1000.5),
        (".5e1", 5),
        ("1.", 1),
        ("1E-2", 0.01),
        ("0x1F + 0b101 + 0o17", 51),
        ("0xFF_FF", 65535),
        ("sin(pi / 2) + cos(0)", 2),
        ("tan(0.5)", math.tan(0.5)),
        ("exp(1) + ln(2) + log(2)", math.e + 2 * math.log(2)),
        ("sqrt(2)", math.sqrt(2)),
        ("arcsin(1) + arccos(1) + arctan(1)", 0.75 * math.pi),
        ("ceiling(1.2) + floor(1.8)", 3),
        ("pow(2, 10)", 1024),
        ("pow(2, 0.5)", math.sqrt(2)),
        ("popcount(13)", 3),
        ("1 << 4 | 3 & 2 ^ 1", 19),
        ("~0", -1),
        ("2 ^ 3", 1),
        ("64 >> 2 + 1", 8),
        ("float(3) / int[32](2.9)", 1.5),
        ("angle[32](pi)", math.pi),
        ("sin(((1)))", math.sin(1)),
    ],
)
def test_values(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected, abs=1e-15)


def test_a_caret_is_a_power_in_openqasm_2() -> None:
    assert value("2^3", "2.0") == 8
    assert value("-2^2", "2.0") == -4
    assert value("3*pi/4+ln(2)", "2.0") == pytest.approx(0.75 * math.pi + math.log(2))


def test_parameters_of_a_definition() -> None:
    text = (
        "gate f(a, b) q { gphase(-a ** 2 + sin(b) * (a - b) / 2 - floor(a)); } qubit q;"
        "f(1.5, 0.25) q;"
    )
    expected = -(1.5**2) + math.sin(0.25) * 1.25 / 2 - 1
    assert read_qasm(text).params[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    ["1/0", "1 % 0", "ln(0)", "ln(-1)", "sqrt(-1)", "arcsin(2)", "exp(1000)", "10 ** 400",
     "(-1) ** 0.5", "0 ** -1", "2 ** 64 * 2", "1e300 * 1e300", "mod(1, 0)", "1 << 65", "1 << 0.5",
     "popcount(-1)", "popcount(0.5)", "tan()", "pow(1)", "pow(1,2,3)", "sin(1,2)", "(1,2)", "1 +",
     "* 2", "()", "(", ")", "1 2", "1 == 1", "!1", "1 && 1", "true", "2im", "3ns", "q", "nothing",
     "call(1)", "__import__(1)", "1__0", "1_", "0x", "0b2", "1e", "1e400", "99999999999999999999",
     "\"01\"", "$0", "sin 1", "sin", "int[", "int[32", "float[x](1)"],
)  # fmt: skip
@pytest.mark.parametrize(
    "place",
    [
        "qubit q; gphase({});",
        "gate f(a) q {{ gphase({}); }}",
        "gate f(a) q {{ gphase(a * ({})); }} qubit q; f(1) q;",
    ],
)
def test_what_is_no_number_is_refused(text: str, place: str) -> None:
    with pytest.raises(QasmError):
        read_qasm(place.format(text))


def test_what_has_no_value_for_a_parameter_is_refused_where_it_is_called() -> None:
    for body, argument in (("1 / a", "0"), ("ln(a)", "-1"), ("exp(a)", "1000"), ("a * a", "1e200")):
        with pytest.raises(QasmError) as error:
            read_qasm(f"gate f(a) q {{ gphase({body}); }}\nqubit q;\nf({argument}) q;")
        assert (error.value.line, error.value.column) == (3, 1)


numbers = st.integers(0, 50) | st.floats(0.01, 50).map(lambda v: round(v, 3))


def combine(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(parts, st.sampled_from("+-*/"), parts).map(" ".join),
        parts.map(lambda text: f"({text})"),
        parts.map(lambda text: f"-{text}"),
        parts.map(lambda text: f"sin({text})"),
        st.tuples(parts, st.just("**"), st.integers(0, 3).map(str)).map(" ".join),
    )


def fits(text: str) -> bool:
    """Whether every integer on the way has at most 64 bits, which is more than Python asks."""
    try:
        value(text)
    except QasmError as error:
        return "too large" not in error.message
    return True


@given(st.recursive(numbers.map(repr), combine, max_leaves=12))
def test_random_arithmetic_is_pythons(text: str) -> None:
    try:
        # The strategy makes nothing but digits, operators and `sin`.
        expected = float(eval(text, {"__builtins__": {}, "sin": math.sin}))
    except (ArithmeticError, ValueError):
        return
    if abs(expected) > 1e300 or not fits(text):
        return
    assert value(text) == pytest.approx(expected, rel=1e-12, abs=1e-12)
