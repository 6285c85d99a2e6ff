"""What arithmetic a program may do: numbers, operators, functions, and how tightly they bind.

Integers have at most 64 bits, so that no power or product of them is ever large.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Number: TypeAlias = int | float
Binary: TypeAlias = Callable[[Number, Number], Number]

LARGEST_INTEGER: Final = 1 << 64

CONSTANTS: Final[Mapping[str, float]] = {
    "pi": math.pi,
    "π": math.pi,
    "tau": math.tau,
    "τ": math.tau,
    "euler": math.e,
    "ℇ": math.e,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A function of the topmost one or two numbers of the stack."""

    function: Callable[..., Number]
    arity: int
    name: str
    formula: str | None = None
    """What it is in a formula of inputs (`ketway.circuits.formulas`); empty if it changes nothing,
    None if it is for whole numbers alone."""


def _integers(left: Number, right: Number, name: str) -> tuple[int, int]:
    if isinstance(left, int) and isinstance(right, int):
        return left, right
    raise ValueError(f"{name} is for integers")


def small(value: Number) -> Number:
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise OverflowError("an integer is larger than 64 bits")
    return value


def _divide(left: Number, right: Number) -> Number:
    return left / right


def _remainder(left: Number, right: Number) -> Number:
    """As C and OpenQASM have it: the sign is the dividend's."""
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return math.fmod(left, right)


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        if abs(base) > 1 and exponent > 64:
            raise OverflowError("an integer is larger than 64 bits")
        return int(base**exponent)
    return math.pow(base, exponent)


def _left(value: Number, by: Number) -> Number:
    value, by = _integers(value, by, "a shift")
    if not 0 <= by <= 64:
        raise ValueError("a shift must be between 0 and 64")
    return value << by


def _right(value: Number, by: Number) -> Number:
    value, by = _integers(value, by, "a shift")
    if not 0 <= by <= 64:
        raise ValueError("a shift must be between 0 and 64")
    return value >> by


def _and(left: Number, right: Number) -> Number:
    left, right = _integers(left, right, "`&`")
    return left & right


def _or(left: Number, right: Number) -> Number:
    left, right = _integers(left, right, "`|`")
    return left | right


def _xor(left: Number, right: Number) -> Number:
    left, right = _integers(left, right, "`^`")
    return left ^ right


def _popcount(value: Number) -> Number:
    if not isinstance(value, int) or value < 0:
        raise ValueError("popcount is for integers that are not negative")
    return value.bit_count()


def _checked(function: Binary) -> Binary:
    def checked(left: Number, right: Number) -> Number:
        return small(function(left, right))

    return checked


def _operation(
    function: Callable[..., Number], arity: int, name: str, formula: str | None = None
) -> Operation:
    return Operation(_checked(function) if arity == 2 else function, arity, name, formula)


POWER: Final = _operation(_power, 2, "**", "pow")
_TIMES: Final = _operation(lambda a, b: a * b, 2, "*", "mul")
_OVER: Final = _operation(_divide, 2, "/", "div")
_MOD: Final = _operation(_remainder, 2, "%", "mod")
_PLUS: Final = _operation(lambda a, b: a + b, 2, "+", "add")
_MINUS: Final = _operation(lambda a, b: a - b, 2, "-", "sub")
_NEGATE: Final = _operation(lambda a: -a, 1, "-", "neg")
_SAME: Final = _operation(lambda a: a, 1, "+", "")
_INVERT: Final = _operation(lambda a: ~_integers(a, 0, "`~`")[0], 1, "~")

FUNCTIONS: Final[Mapping[str, Operation]] = {
    name: _operation(function, arity, name, formula)
    for name, function, arity, formula in (
        ("sin", math.sin, 1, "sin"),
        ("cos", math.cos, 1, "cos"),
        ("tan", math.tan, 1, "tan"),
        ("exp", math.exp, 1, "exp"),
        ("ln", math.log, 1, "log"),
        ("log", math.log, 1, "log"),
        ("sqrt", math.sqrt, 1, "sqrt"),
        ("arcsin", math.asin, 1, "asin"),
        ("arccos", math.acos, 1, "acos"),
        ("arctan", math.atan, 1, "atan"),
        ("asin", math.asin, 1, "asin"),
        ("acos", math.acos, 1, "acos"),
        ("atan", math.atan, 1, "atan"),
        ("ceiling", math.ceil, 1, "ceiling"),
        ("floor", math.floor, 1, "floor"),
        ("popcount", _popcount, 1, None),
        ("mod", _remainder, 2, "mod"),
        ("pow", _power, 2, "pow"),
        ("int", math.trunc, 1, "trunc"),
        ("uint", lambda value: abs(math.trunc(value)), 1, None),
        ("float", float, 1, ""),
        ("angle", float, 1, ""),
        # OpenQASM has no such functions, and Qiskit writes them.
        ("abs", abs, 1, "abs"),
        ("sign", lambda value: (value > 0) - (value < 0), 1, "sign"),
        ("conj", lambda value: value, 1, ""),
    )
}
"""Functions and casts. A cast may state a width, which is read and has no meaning here."""

CASTS: Final = frozenset({"int", "uint", "float", "angle"})

# How tightly each binds; prefix operators stand between powers and products, as in the grammar.
PREFIX_BINDING: Final = 8
BINARY: Final[Mapping[str, tuple[int, Operation]]] = {
    "**": (9, POWER),
    "*": (7, _TIMES),
    "/": (7, _OVER),
    "%": (7, _MOD),
    "+": (6, _PLUS),
    "-": (6, _MINUS),
    "<<": (5, _operation(_left, 2, "<<")),
    ">>": (5, _operation(_right, 2, ">>")),
    "&": (4, _operation(_and, 2, "&")),
    "^": (3, _operation(_xor, 2, "^")),
    "|": (2, _operation(_or, 2, "|")),
}
# OpenQASM 2 writes powers with `^`, and has no operators on the bits of integers.
BINARY_2: Final[Mapping[str, tuple[int, Operation]]] = {
    "^": (9, POWER),
    **{name: BINARY[name] for name in ("**", "*", "/", "%", "+", "-")},
}
PREFIX: Final[Mapping[str, Operation]] = {"-": _NEGATE, "+": _SAME, "~": _INVERT}
REFUSED: Final = frozenset({"&&", "||", "==", "!=", "<", ">", "<=", ">=", "!"})


def cannot_compute(name: str, reason: Exception) -> str:
    """What to tell a person about an `ArithmeticError` or a `ValueError` of an operation."""
    if isinstance(reason, ZeroDivisionError):
        return f"`{name}` divides by zero here."
    if isinstance(reason, OverflowError):
        return f"`{name}` gives a number that is too large here."
    detail = str(reason)
    if "math domain" in detail or "expected a" in detail:
        detail = "its argument is outside the range in which it is defined"
    return f"`{name}` gives no number here: {detail}."
