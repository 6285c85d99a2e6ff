"""How a gate's parameter follows from the parameters of its circuit.

Most are sums: a constant and a multiple of some symbols. All else is postfix code, computed with
numpy for a whole column of values at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Symbol: TypeAlias = bytes
"""What tells parameters apart: their UUIDs in QPY, their names in OpenQASM."""
Word: TypeAlias = "float | Symbol | str"
"""A step of postfix code: push a number, push a symbol, or apply a function by its name."""
Columns: TypeAlias = Mapping[Symbol, NDArray[np.float64]]

_UNARY: Final[Mapping[str, Callable[[Any], Any]]] = {
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "exp": np.exp,
    "log": np.log,
    "sign": np.sign,
    "conj": np.conjugate,
    "abs": np.abs,
    "atan": np.arctan,
    "neg": np.negative,
    "sqrt": np.sqrt,
    "ceiling": np.ceil,
    "floor": np.floor,
    "trunc": np.trunc,
}
_BINARY: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "pow": np.float_power,
    "mod": np.fmod,
}
FUNCTIONS: Final = frozenset(_UNARY) | frozenset(_BINARY)
"""What a step of code may apply."""


class FormulaError(Exception):
    """A formula has no value; the reader adds where it stands."""


@dataclass(frozen=True, slots=True)
class Formula:
    constant: float = 0.0
    linear: Mapping[Symbol, float] = field(default_factory=dict)
    code: tuple[Word, ...] = ()
    """If there is any, the formula is this alone."""

    @property
    def known(self) -> bool:
        return not self.linear and not self.code

    @property
    def size(self) -> int:
        return len(self.code) or 1 + 3 * len(self.linear)

    def symbols(self) -> set[Symbol]:
        return {word for word in self.code if isinstance(word, bytes)} or set(self.linear)

    def as_code(self) -> tuple[Word, ...]:
        if self.code:
            return self.code
        code: list[Word] = [self.constant]
        for symbol, factor in self.linear.items():
            code += [symbol, factor, "mul", "add"]
        return tuple(code)

    def values(self, columns: Columns) -> NDArray[np.float64]:
        """One value for each row; `columns` has the values of each symbol."""
        stack: list[Any] = []
        with np.errstate(all="ignore"):
            for word in self.as_code():
                if isinstance(word, bytes):
                    stack.append(columns[word])
                elif isinstance(word, float):
                    stack.append(word)
                elif word in _UNARY:
                    stack.append(_UNARY[word](stack.pop()))
                else:
                    right = stack.pop()
                    stack.append(_BINARY[word](stack.pop(), right))
        return np.asarray(stack[0], dtype=np.float64)

    def bound(self, values: Mapping[Symbol, Formula]) -> Formula:
        """The same with some symbols replaced."""
        if self.known or not values or not self.symbols() & values.keys():
            return self
        if not self.code:
            total = number(self.constant)
            for symbol, factor in self.linear.items():
                part = values.get(symbol) or Formula(0.0, {symbol: 1.0})
                total = apply("add", total, apply("mul", part, number(factor)))
            return total
        code: list[Word] = []
        for word in self.code:
            value = values.get(word) if isinstance(word, bytes) else None
            code += [word] if value is None else value.as_code()
        return _settled(Formula(code=tuple(code)))


def number(value: float) -> Formula:
    if not math.isfinite(value):
        raise FormulaError("a parameter is no finite number.")
    return Formula(float(value))


def symbol(name: Symbol) -> Formula:
    return Formula(0.0, {name: 1.0})


def _settled(formula: Formula) -> Formula:
    """A number where no symbol is left."""
    if formula.symbols():
        return formula
    return number(float(formula.values({})))


def scaled(formula: Formula, factor: float, plus: float = 0.0) -> Formula:
    """A multiple of it, and something added."""
    if formula.known:
        return number(formula.constant * factor + plus)
    return apply("add", apply("mul", formula, number(factor)), number(plus))


def apply(name: str, *parts: Formula) -> Formula:
    """A function of formulas; it stays a sum as long as it is one."""
    if name in ("add", "sub"):
        left, right = parts
        sign = 1.0 if name == "add" else -1.0
        if not left.code and not right.code:
            linear = dict(left.linear)
            for key, factor in right.linear.items():
                linear[key] = linear.get(key, 0.0) + sign * factor
            return _checked(left.constant + sign * right.constant, linear)
    if name in ("mul", "div"):
        left, right = parts
        if name == "mul" and left.known:
            left, right = right, left
        if right.known and not left.code:
            if name == "div" and right.constant == 0:
                raise FormulaError("a parameter is divided by 0.")
            factor = right.constant if name == "mul" else 1 / right.constant
            linear = {key: value * factor for key, value in left.linear.items()}
            return _checked(left.constant * factor, linear)
        parts = (left, right)
    if name == "neg":
        return apply("mul", parts[0], number(-1.0))
    code: list[Word] = []
    for part in parts:
        code += part.as_code()
    return _settled(Formula(code=(*code, name)))


def _checked(constant: float, linear: dict[Symbol, float]) -> Formula:
    if not all(map(math.isfinite, (constant, *linear.values()))):
        raise FormulaError("a parameter is no finite number.")
    return Formula(constant, linear)
