"""Values that a program computes while it runs: their types, and the code that computes them.

What is known while a program is read is computed at once, as in constant expressions. All else
becomes code for the stack of `ketway.circuits.control`. A value has a width; sums and products are
cut to the wider of their two sides, and a number that is written out is as wide as it must be. A
single bit that is computed with is as wide as an `int`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ketway.circuits.control import MOST_BITS, Op, bits, number
from ketway.circuits.qasm.arithmetic import BINARY, PREFIX, Number, cannot_compute

Sort: TypeAlias = Literal["bool", "uint", "int"]

DEFAULT_WIDTH: Final = 32
"""Of `int` and `uint` without brackets."""


class ComputingError(Exception):
    """A value cannot be computed; the reader adds where it stands."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number that is known, or the code that computes one."""

    sort: Sort
    width: int
    code: list[int]
    known: Number | None = None
    wide: Sequence[int] = ()
    """The bits of a register that is too wide for a value: it can be compared, and no more."""


def known(value: Number) -> Value:
    if isinstance(value, bool):
        return Value("bool", 1, [], value)
    if isinstance(value, float):
        return Value("int", MOST_BITS, [], value)
    signed = value < 0
    return Value("int" if signed else "uint", max(1, value.bit_length() + signed), [], value)


def of_bits(numbers: Sequence[int], sort: Sort) -> Value:
    """The value of some bits of the program."""
    if len(numbers) > MOST_BITS:
        return Value("uint", len(numbers), [], None, numbers)
    code = bits(numbers)
    if sort == "int":
        code += [Op.SIGNED, len(numbers)]
    return Value(sort, len(numbers), code)


def truth(value: Value) -> Value:
    """Whether it is anything but 0."""
    if value.known is not None:
        return known(bool(value.known))
    if value.sort == "bool":
        return value
    if value.wide:
        return _compared("!=", value, known(0))
    return Value("bool", 1, [*value.code, Op.IS_ZERO, Op.IS_ZERO])


def code_of(value: Value) -> list[int]:
    if value.known is None:
        _narrow(value)
        return value.code
    return number(_whole(value.known))


def _whole(value: Number) -> int:
    if isinstance(value, float):
        if not value.is_integer():
            raise ComputingError(
                f"{value:g} is not a whole number, and bits have no others while a program runs: "
                "use whole numbers."
            )
        value = int(value)
    if not -(1 << (MOST_BITS - 1)) <= value < 1 << MOST_BITS:
        raise ComputingError(f"{value} is too large: values have at most {MOST_BITS} bits.")
    return value


def _narrow(*values: Value) -> None:
    for value in values:
        if value.wide:
            raise ComputingError(
                f"A register of {len(value.wide):,} bits can only be compared by `==` and `!=`: a "
                f"number has at most {MOST_BITS} bits. Select some of them, as in `c[0:7]`."
            )


def unary(name: str, value: Value) -> Value:
    if name == "!":
        if value.known is not None:
            return known(not value.known)
        if value.wide:
            value = truth(value)
        return Value("bool", 1, [*value.code, Op.IS_ZERO])
    if value.known is not None:
        return known(_computed(PREFIX[name].function, name, value.known))
    _narrow(value)
    if name == "+":
        return value
    if name == "~":
        if value.sort == "bool":
            return Value("bool", 1, [*value.code, Op.IS_ZERO])
        return _cut(value.sort, value.width, [*value.code, Op.NOT])
    sort: Sort = "int" if value.sort == "int" else "uint"
    return _cut(sort, value.width, [*number(0), *value.code, Op.SUBTRACT])


def _cut(sort: Sort, width: int, code: list[int]) -> Value:
    if width < MOST_BITS:
        code += [Op.SIGNED if sort == "int" else Op.LOW, width]
    return Value(sort, width, code)


def _computed(function: Callable[..., Number], name: str, *numbers: Number) -> Number:
    try:
        return function(*(int(n) if isinstance(n, bool) else n for n in numbers))
    except (ArithmeticError, ValueError) as reason:
        raise ComputingError(cannot_compute(name, reason)) from None


_COMPARED: Final[dict[str, Callable[[Number, Number], bool]]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}

_OPS: Final = {
    "&": Op.AND,
    "|": Op.OR,
    "^": Op.XOR,
    "+": Op.ADD,
    "-": Op.SUBTRACT,
    "*": Op.MULTIPLY,
    "/": Op.DIVIDE,
    "%": Op.REMAINDER,
    "<<": Op.LEFT,
    ">>": Op.RIGHT,
}
_GROWING: Final = frozenset({"+", "-", "*", "<<"})
"""What may leave the width of its operands."""

_UNSIGNED_ONLY: Final = frozenset({"/", "%", ">>"})


def binary(name: str, left: Value, right: Value) -> Value:
    if name in ("&&", "||"):
        return _both_or_either(name, truth(left), truth(right))
    if name in _COMPARED:
        return _compared(name, left, right)
    if left.known is not None and right.known is not None:
        return known(_computed(BINARY[name][1].function, name, left.known, right.known))
    if name not in _OPS:
        raise ComputingError(f"`{name}` cannot be computed while a program runs.")
    _narrow(left, right)
    code = [*code_of(left), *code_of(right), _OPS[name]]
    if left.sort == right.sort == "bool" and name in ("&", "|", "^"):
        return Value("bool", 1, code)
    shift = name in ("<<", ">>")
    widths = [_width(left)] if shift else [_width(left), _width(right)]
    width = min(MOST_BITS, max(widths))
    signed = left.sort == "int" or (right.sort == "int" and not shift)
    if signed and name in _UNSIGNED_ONLY:
        raise ComputingError(
            f"`{name}` of a signed number is not supported while a program runs: use `uint`."
        )
    if signed:
        return _cut("int", width, code)
    return _cut("uint", width, code) if name in _GROWING else Value("uint", width, code)


def _width(value: Value) -> int:
    """Whether something is so counts as an `int` where it is computed with."""
    return DEFAULT_WIDTH if value.sort == "bool" else value.width


def _both_or_either(name: str, left: Value, right: Value) -> Value:
    settles = name == "||"
    for one, other in ((left, right), (right, left)):
        if one.known is not None:
            return known(settles) if bool(one.known) == settles else other
    return Value("bool", 1, [*left.code, *right.code, Op.OR if settles else Op.AND])


def _compared(name: str, left: Value, right: Value) -> Value:
    if left.known is not None and right.known is not None:
        return known(_COMPARED[name](left.known, right.known))
    if name == "!=":
        return unary("!", _compared("==", left, right))
    if name in (">", ">="):
        return _compared("<" if name == ">" else "<=", right, left)
    if name == "==":
        if left.wide or right.wide:
            return _alike(left, right)
        return Value("bool", 1, [*code_of(left), *code_of(right), Op.EQUAL])
    signed = "int" in (left.sort, right.sort)
    op = {
        ("<", False): Op.LESS,
        ("<", True): Op.LESS_SIGNED,
        ("<=", False): Op.AT_MOST,
        ("<=", True): Op.AT_MOST_SIGNED,
    }[name, signed]
    return Value("bool", 1, [*code_of(left), *code_of(right), op])


def _alike(left: Value, right: Value) -> Value:
    """Equality of wide registers, 64 bits at a time."""
    code: list[int] = []
    for part, start in enumerate(range(0, max(left.width, right.width), MOST_BITS)):
        code += _part(left, start) + _part(right, start) + [Op.EQUAL]
        if part:
            code.append(Op.AND)
    return Value("bool", 1, code)


def _part(value: Value, start: int) -> list[int]:
    if value.wide:
        chosen = value.wide[start : start + MOST_BITS]
        return bits(chosen) if len(chosen) else number(0)
    if value.sort == "int":
        raise ComputingError("A wide register cannot be compared with a signed number: use `uint`.")
    return code_of(value) if start == 0 else number(0)


def cast(sort: Sort, width: int, value: Value) -> Value:
    """The value as another type; bits that do not fit are cut off."""
    if sort == "bool":
        return truth(value)
    if value.known is not None:
        whole = _whole(int(value.known)) & ((1 << width) - 1)
        if sort == "int" and whole >> (width - 1):
            whole -= 1 << width
        return Value(sort, width, [], whole)
    _narrow(value)
    if sort == value.sort and width == value.width:
        return value
    if sort == "uint" and value.sort != "int" and width >= value.width:
        return Value(sort, width, value.code)
    return _cut(sort, width, list(value.code))
