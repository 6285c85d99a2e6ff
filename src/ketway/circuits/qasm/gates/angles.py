"""Angles of gates: numbers, and formulas of the inputs of the program.

An angle whose inputs are all summed stays a sum, which numpy adds for a whole sweep at once; all
else becomes postfix code. Either way an expression is gone through once, and what that costs is
counted before it is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ketway.circuits.formulas import Formula, Symbol, Word, scaled
from ketway.circuits.qasm.arithmetic import Number, Operation, cannot_compute
from ketway.circuits.qasm.expressions import Expression, Input, Parameter

Angle: TypeAlias = "float | Formula"
"""A formula depends on at least one input: what is known is a number."""

Afford: TypeAlias = Callable[[int], None]
"""Told how large a formula will be; refuses what is too large."""


TOO_LARGE: Final = "A parameter is too large for a double-precision number."


class ExpansionError(Exception):
    """A call cannot be expanded; the reader adds where the call is."""


class Open(tuple[Angle, ...]):
    """Angles of which at least one is a formula."""

    __slots__ = ()


def negated(angles: tuple[Angle, ...]) -> tuple[Angle, ...]:
    return type(angles)([scaled(a, -1.0) if isinstance(a, Formula) else -a for a in angles])


def half(angle: Angle) -> Angle:
    return scaled(angle, 0.5) if isinstance(angle, Formula) else angle / 2


def evaluate(
    expressions: Sequence[Expression], params: Sequence[Angle], afford: Afford
) -> tuple[Angle, ...]:
    """Values of parameters, all finite."""
    inherited = isinstance(params, Open)
    found: list[Angle] = []
    opened = False
    for expression in expressions:
        if expression.open or inherited:
            angle = formula_of(expression, params, afford)
            opened = opened or isinstance(angle, Formula)
            found.append(angle)
            continue
        found.append(_known(expression, params))
    return Open(found) if opened else tuple(found)


def _known(expression: Expression, params: Sequence[Angle]) -> float:
    """The value of what depends on nothing that is open."""
    try:
        value = expression.value(params)  # type: ignore[arg-type]
        finite = math.isfinite(value)
    except (ArithmeticError, ValueError) as reason:
        raise ExpansionError(cannot_compute("an expression", reason)) from None
    if not finite:
        raise ExpansionError(TOO_LARGE)
    return float(value)


def formula_of(expression: Expression, params: Sequence[Angle], afford: Afford) -> Angle:
    """What an expression is when some of its inputs, or of the gate's parameters, are open."""
    size = 0
    opened = False
    for step in expression.steps:
        value = params[step.index] if isinstance(step, Parameter) else step
        opened = opened or isinstance(value, (Input, Formula))
        size += value.size if isinstance(value, Formula) else 1
    afford(size)
    if not opened:
        return _known(expression, params)
    return _Sum(expression, params, afford).read() or Formula(code=_code(expression, params))


class _NotASum(Exception):  # noqa: N818 - it is no error: the expression becomes code
    pass


class _Sum:
    """An expression as a constant and multiples of inputs; nothing that is shared is changed."""

    def __init__(self, expression: Expression, params: Sequence[Angle], afford: Afford) -> None:
        self.steps, self.params, self.afford = expression.steps, params, afford
        self.stack: list[tuple[Number, dict[Symbol, float]]] = []

    def read(self) -> Angle | None:
        """None if it is no sum."""
        try:
            for step in self.steps:
                if isinstance(step, Operation):
                    self._apply(step)
                else:
                    self._push(self.params[step.index] if isinstance(step, Parameter) else step)
        except _NotASum:
            return None
        except (ArithmeticError, ValueError) as reason:
            raise ExpansionError(cannot_compute("an expression", reason)) from None
        constant, linear = self.stack[0]
        if not all(map(math.isfinite, (constant, *linear.values()))):
            raise ExpansionError(TOO_LARGE)
        return Formula(float(constant), linear) if linear else float(constant)

    def _push(self, value: Number | Input | Formula) -> None:
        if isinstance(value, Input):
            self.stack.append((0.0, {value.symbol: 1.0}))
        elif not isinstance(value, Formula):
            self.stack.append((value, {}))
        elif value.code:
            raise _NotASum
        else:
            self.stack.append((value.constant, dict(value.linear)))

    def _apply(self, operation: Operation) -> None:
        stack, name = self.stack, operation.formula
        known = not any(linear for _, linear in stack[-operation.arity :])
        if known:
            values = [constant for constant, _ in stack[-operation.arity :]]
            stack[-operation.arity :] = [(operation.function(*values), {})]
        elif name == "neg":
            stack.append(self._scaled(*stack.pop(), -1.0))
        elif name in ("add", "sub"):
            right, left = stack.pop(), stack.pop()
            if name == "sub":
                right = self._scaled(*right, -1.0)
            stack.append(self._added(left, right))
        elif name in ("mul", "div"):
            right, left = stack.pop(), stack.pop()
            if name == "mul" and not left[1]:
                left, right = right, left
            if right[1]:
                raise _NotASum
            factor = float(right[0])
            stack.append(self._scaled(*left, factor if name == "mul" else 1.0 / factor))
        elif name != "":
            raise _NotASum

    def _scaled(
        self, constant: Number, linear: dict[Symbol, float], factor: float
    ) -> tuple[Number, dict[Symbol, float]]:
        self.afford(len(linear))
        for symbol in linear:
            linear[symbol] *= factor
        return constant * factor, linear

    def _added(
        self, left: tuple[Number, dict[Symbol, float]], right: tuple[Number, dict[Symbol, float]]
    ) -> tuple[Number, dict[Symbol, float]]:
        """The smaller goes into the larger."""
        more, less = left[1], right[1]
        if len(more) < len(less):
            more, less = less, more
        self.afford(len(less))
        for symbol, factor in less.items():
            more[symbol] = more.get(symbol, 0.0) + factor
        return left[0] + right[0], more


def _code(expression: Expression, params: Sequence[Angle]) -> tuple[Word, ...]:
    code: list[Word] = []
    for step in expression.steps:
        value = params[step.index] if isinstance(step, Parameter) else step
        if isinstance(value, Input):
            code.append(value.symbol)
        elif isinstance(value, Formula):
            code += value.as_code()
        elif not isinstance(value, Operation):
            code.append(float(value))
        elif value.formula is None:
            raise ExpansionError(
                f"`{value.name}` is for whole numbers, and an `input` is a real number."
            )
        elif value.formula:
            code.append(value.formula)
    return tuple(code)
