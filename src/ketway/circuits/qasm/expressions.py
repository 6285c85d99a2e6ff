"""Arithmetic in a program: read into a list of steps for a stack, and computed from it.

No text is ever evaluated as code, and nothing recurses: operators wait on a stack of our own, so
nesting is a number to compare with a limit. Numbers that are known are computed while they are
read, so what is left of an expression without gate parameters is one number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from ketway.circuits.formulas import Symbol
from ketway.circuits.qasm.arithmetic import (
    BINARY,
    BINARY_2,
    CASTS,
    CONSTANTS,
    FUNCTIONS,
    LARGEST_INTEGER,
    POWER,
    PREFIX,
    PREFIX_BINDING,
    REFUSED,
    Number,
    Operation,
    cannot_compute,
    small,
)
from ketway.circuits.qasm.errors import plural, shown
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.limits import Limits

Step: TypeAlias = "Number | Parameter | Input | Operation"

LONGEST_LITERAL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """The value of parameter `index` of the gate that is being expanded."""

    index: int


@dataclass(frozen=True, slots=True)
class Input:
    """The value of an `input`, which nobody knows while the program is read."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Expression:
    steps: tuple[Step, ...]
    at: int
    """Where it starts in the text."""
    open: bool = False
    """It depends on an `input`: it has no value, and `formula_of` says what it is instead."""

    @property
    def known(self) -> Number | None:
        """Its value, if it does not depend on gate parameters."""
        only = self.steps[0] if len(self.steps) == 1 else None
        return only if isinstance(only, (int, float)) else None

    def value(self, parameters: Sequence[float]) -> Number:
        """Raises `ArithmeticError` or `ValueError` where mathematics gives no number."""
        stack: list[Number] = []
        for step in self.steps:
            if isinstance(step, Parameter):
                stack.append(parameters[step.index])
            elif isinstance(step, Operation):
                if step.arity == 1:
                    stack[-1] = step.function(stack[-1])
                else:
                    right = stack.pop()
                    stack[-1] = step.function(stack[-1], right)
            else:
                assert not isinstance(step, Input), "asked before"
                stack.append(step)
        return stack[0]


def constant(value: Number, at: int = 0) -> Expression:
    return Expression((value,), at)


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean where an expression stands."""

    version: int
    limits: Limits
    constants: Mapping[str, Number] = field(default_factory=dict)
    """Declared with `const`."""
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Of the gate that is being defined."""
    nouns: Mapping[str, str] = field(default_factory=dict)
    """What every other declared name is, for messages."""
    inputs: Mapping[str, Symbol] = field(default_factory=dict)
    """Declared with `input`."""


@dataclass(slots=True)
class _Waiting:
    """An operator, a parenthesis or a function whose right-hand side is being read."""

    at: int
    binding: int
    """0 for a parenthesis, which nothing binds across."""
    operation: Operation | None
    arguments: int = 0
    """How many arguments of the function are being or have been read."""


def number(token: Token, lexer: Lexer) -> Number:
    """The value of a literal."""
    text = token.text
    if len(text) > LONGEST_LITERAL:
        raise lexer.error(
            f"A number of {len(text):,} characters is too long: write at most {LONGEST_LITERAL:,}.",
            token.at,
        )
    try:
        if text[:2] in ("0x", "0X", "0b", "0B", "0o", "0O"):
            return small(int(text, 0))
        if text.replace("_", "").isdigit():
            return small(int(text))
        value = float(text)
    except ValueError:
        raise lexer.error(
            f"{shown(text)} is not a number: one `_` may stand between two digits.", token.at
        ) from None
    except OverflowError:
        raise lexer.error(
            f"{shown(text)} is too large: integers have at most 64 bits.", token.at
        ) from None
    if not math.isfinite(value):
        raise lexer.error(f"{shown(text)} is too large for a double-precision number.", token.at)
    return value


class _Reading:
    """One expression while it is being read."""

    __slots__ = ("at", "inputs", "lexer", "open", "scope", "steps", "table", "terms", "waiting")

    def __init__(self, lexer: Lexer, scope: Scope) -> None:
        self.lexer = lexer
        self.scope = scope
        self.table = BINARY_2 if scope.version == 2 else BINARY
        self.at = lexer.peek().at
        self.steps: list[Step] = []
        self.waiting: list[_Waiting] = []
        self.open = 0
        self.terms = 0
        self.inputs = False

    def read(self) -> Expression:
        while True:
            self._operand()
            if not self._operator():
                break
        while self.waiting:
            if self.waiting[-1].binding == 0:
                raise self.lexer.error(
                    "This parenthesis is never closed: write `)`.", self.waiting[-1].at
                )
            self._apply()
        return Expression(tuple(self.steps), self.at, self.inputs)

    def _operand(self) -> None:
        """Prefixes and parentheses, then one number or name."""
        lexer = self.lexer
        while True:
            self._check_length()
            token = lexer.take()
            if token.sort == "number":
                self.steps.append(number(token, lexer))
                self._refuse_unit()
                return
            if token.sort == "name":
                if self._name(token):
                    return
            elif token.text == "(":
                self._open(_Waiting(token.at, 0, None))
            elif token.text in PREFIX and token.sort == "symbol":
                self.waiting.append(_Waiting(token.at, PREFIX_BINDING, PREFIX[token.text]))
            elif token.text == ")" and self.waiting and self.waiting[-1].arguments == 1:
                function = self.waiting[-1].operation
                name = function.name if function else ""
                raise lexer.error(
                    f"`{name}` needs {plural(function.arity if function else 1, 'argument')}.",
                    token.at,
                )
            elif token.text in REFUSED:
                raise self._comparison(token)
            else:
                raise lexer.unexpected(token, "a number, a name or `(`")

    def _operator(self) -> bool:
        """Closing parentheses, then one binary operator; False at the end of the expression."""
        lexer = self.lexer
        while True:
            token = lexer.peek()
            if token.text == ")" and self.open:
                lexer.take()
                self._close(token)
            elif token.text == "," and self.open:
                self._comma(lexer.take())
                return True
            elif token.sort == "symbol" and token.text in self.table:
                lexer.take()
                self._binary(token)
                return True
            elif token.sort == "symbol" and token.text in REFUSED:
                raise self._comparison(token)
            else:
                return False

    def _name(self, token: Token) -> bool:
        """A constant, a parameter or a function; False if the function's arguments follow."""
        name, scope = token.text, self.scope
        index = scope.parameters.get(name)
        if index is not None:
            self.steps.append(Parameter(index))
            return True
        value = scope.constants.get(name)
        if value is None and name not in scope.nouns:
            value = CONSTANTS.get(name)
        if value is not None:
            self.steps.append(value)
            return True
        symbol = scope.inputs.get(name)
        if symbol is not None:
            self.inputs = True
            self.steps.append(Input(symbol))
            return True
        if name in FUNCTIONS:
            self._function(token)
            return False
        noun = scope.nouns.get(name)
        if noun is not None:
            raise self.lexer.error(
                f"{shown(name)} is {noun}, and an expression is computed before the program runs: "
                "write a number or a `const`.",
                token.at,
            )
        if self.lexer.peek().text == "(":
            raise self.lexer.error(
                f"There is no function {shown(name)}: OpenQASM has " + ", ".join(FUNCTIONS) + ".",
                token.at,
            )
        raise self.lexer.error(
            f"{shown(name)} is not declared: declare `const float {token.text[:40]} = …;` before, "
            "or write the number.",
            token.at,
        )

    def _function(self, token: Token) -> None:
        lexer = self.lexer
        if token.text in CASTS and lexer.accept("["):
            if lexer.take().sort != "number":
                raise lexer.error("The width of a type is a number, as in `float[64]`.", token.at)
            lexer.expect("]", "after the width of a type")
        lexer.expect("(", f"after the function `{token.text}`")
        self._open(_Waiting(token.at, 0, FUNCTIONS[token.text], 1))

    def _open(self, waiting: _Waiting) -> None:
        self.open += 1
        if self.open > self.scope.limits.nesting:
            raise self.lexer.error(
                f"Parentheses are nested deeper than {self.scope.limits.nesting:,}: "
                "compute parts of the expression in `const` declarations.",
                waiting.at,
            )
        self.waiting.append(waiting)

    def _close(self, token: Token) -> None:
        while self.waiting[-1].binding:
            self._apply()
        opened = self.waiting.pop()
        self.open -= 1
        if opened.operation is None:
            return
        if opened.arguments != opened.operation.arity:
            raise self.lexer.error(
                f"`{opened.operation.name}` needs {plural(opened.operation.arity, 'argument')}"
                f" and has {opened.arguments:,}.",
                opened.at,
            )
        self._compute(opened.operation, opened.at)

    def _comma(self, token: Token) -> None:
        while self.waiting[-1].binding:
            self._apply()
        opened = self.waiting[-1]
        if opened.operation is None:
            raise self.lexer.error(
                "There is a `,` in parentheses that belong to no function.", token.at
            )
        opened.arguments += 1

    def _binary(self, token: Token) -> None:
        binding, operation = self.table[token.text]
        while self.waiting:
            above = self.waiting[-1].binding
            if above > binding or (above == binding and operation is not POWER):
                self._apply()
            else:
                break
        self.waiting.append(_Waiting(token.at, binding, operation))

    def _apply(self) -> None:
        top = self.waiting.pop()
        if top.operation is not None:
            self._compute(top.operation, top.at)

    def _compute(self, operation: Operation, at: int) -> None:
        """Compute now if the numbers are known, else leave it as a step."""
        steps = self.steps
        known = steps[-operation.arity :]
        if any(isinstance(step, (Parameter, Input, Operation)) for step in known):
            steps.append(operation)
            return
        try:
            value = operation.function(*known)
        except (ArithmeticError, ValueError) as reason:
            raise self.lexer.error(cannot_compute(operation.name, reason), at) from None
        if not math.isfinite(value):
            raise self.lexer.error(cannot_compute(operation.name, OverflowError()), at)
        steps[-operation.arity :] = [value]

    def _check_length(self) -> None:
        self.terms += 1
        if self.terms > self.scope.limits.terms:
            raise self.lexer.error(
                f"This expression has more than {self.scope.limits.terms:,} terms: "
                "compute parts of it in `const` declarations.",
                self.at,
            )

    def _refuse_unit(self) -> None:
        token = self.lexer.peek()
        if token.sort != "name":
            return
        if token.text == "im":
            raise self.lexer.error(
                "Complex numbers are not supported: gates take real numbers.", token.at
            )
        if token.text in ("dt", "ns", "us", "µs", "μs", "ms", "s"):
            raise self.lexer.error(
                f"`{token.text}` makes this a time, and only `delay` takes one.", token.at
            )

    def _comparison(self, token: Token) -> Exception:
        return self.lexer.error(
            f"`{token.text}` decides something, and a number is needed here: decide in an `if`.",
            token.at,
        )


def read_expression(lexer: Lexer, scope: Scope) -> Expression:
    """Read one expression; the lexer stands behind it afterwards."""
    return _Reading(lexer, scope).read()


def read_number(lexer: Lexer, scope: Scope) -> tuple[Number, int]:
    """Read an expression whose value must be known now, and where it starts."""
    expression = read_expression(lexer, scope)
    known = expression.known
    if expression.open:
        raise lexer.error(
            "This must be known before the program runs, and it depends on an `input`: only the "
            "angles of gates may. Write a number or a `const`.",
            expression.at,
        )
    if known is None:
        raise lexer.error(
            "This must be a constant: the parameters of a gate cannot stand here.", expression.at
        )
    return known, expression.at


def read_integer(lexer: Lexer, scope: Scope, what: str) -> tuple[int, int]:
    """Read an expression whose value must be a whole number."""
    value, at = read_number(lexer, scope)
    if isinstance(value, float):
        if not value.is_integer() or abs(value) > LARGEST_INTEGER:
            raise lexer.error(f"{what} must be a whole number; this is {value:g}.", at)
        value = int(value)
    return value, at
