"""Classical expressions into code that a circuit computes while it runs.

The arithmetic is OpenQASM's, which Ketway has already; Qiskit says the width of every step, so each
is cut to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ketway.circuits.control import DEEPEST, MOST_BITS, depth
from ketway.circuits.qasm.control.values import (
    ComputingError,
    Value,
    binary,
    cast,
    known,
    of_bits,
    truth,
    unary,
)
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import COMPUTE_WORK
from ketway.circuits.qpy.parsed import BitRow, Expr, Type, Variable

_BINARY: Final = {
    1: "&", 2: "|", 3: "^", 4: "&&", 5: "||", 6: "==", 7: "!=", 8: "<", 9: "<=", 10: ">",
    11: ">=", 12: "<<", 13: ">>", 14: "+", 15: "-", 16: "*", 17: "/",
}  # fmt: skip
_COMPARING: Final = frozenset(range(4, 12))
_UNARY: Final = {1: "~", 2: "!", 3: "-"}


def compute(
    expr: Expr,
    bits: Sequence[int],
    place: Callable[[Variable], Sequence[int]],
    afford: Callable[[int, str], None],
    where: str,
) -> Value:
    """The value of an expression. Bit k of its circuit is `bits[k]`; `place` finds variables, and
    `afford` is told of the work."""
    afford(COMPUTE_WORK * expr.size, where)
    try:
        value = _compute(expr, bits, place)
    except ComputingError as reason:
        raise QpyError(str(reason), where) from None
    if value.code and depth(value.code) > DEEPEST:
        raise QpyError(
            "its expression is nested too deeply to be computed while a circuit runs: assign parts "
            "of it to variables.",
            where,
        )
    return value


def _compute(expr: Expr, bits: Sequence[int], place: Callable[[Variable], Sequence[int]]) -> Value:
    width = width_of(expr.type)
    match expr.sort:
        case "variable":
            assert isinstance(expr.value, Variable)
            return of_bits(place(expr.value), "bool" if expr.type.sort == "bool" else "uint")
        case "bits":
            assert isinstance(expr.value, BitRow)
            return of_row(expr.value, bits)
        case "value":
            literal = expr.value
            if not isinstance(literal, int):
                raise ComputingError("only bits and whole numbers are computed with.")
            return known(bool(literal) if expr.type.sort == "bool" else literal)
    parts = [_compute(part, bits, place) for part in expr.parts]
    if expr.sort == "index":
        return cast("bool", 1, cast("uint", 1, binary(">>", parts[0], parts[1])))
    if expr.sort == "cast":
        return cast("bool" if expr.type.sort == "bool" else "uint", width, parts[0])
    table = _BINARY if expr.sort == "binary" else _UNARY
    name = table.get(expr.value) if isinstance(expr.value, int) else None
    if name is None:
        raise ComputingError(f"an expression has the unknown operator {expr.value}.")
    if expr.sort == "unary":
        value = unary(name, truth(parts[0]) if name == "!" else parts[0])
    else:
        value = binary(name, *parts)
    if expr.type.sort == "bool" or (expr.sort == "binary" and expr.value in _COMPARING):
        return truth(value)
    return cast("uint", width, value)


def of_row(row: BitRow, bits: Sequence[int]) -> Value:
    numbers = [bits[k] for k in row.bits]
    if not numbers:
        raise ComputingError("a register without bits has no value.")
    return of_bits(numbers, "bool" if row.single else "uint")


def width_of(type_: Type) -> int:
    if type_.sort not in ("bool", "uint"):
        raise ComputingError(
            f"a value of type {type_.sort} cannot be computed while a circuit runs: use whole "
            "numbers."
        )
    if not 1 <= type_.width <= MOST_BITS:
        raise ComputingError(f"a value has {type_.width} bits, and at most {MOST_BITS} fit.")
    return type_.width
