"""Expressions that a program computes while it runs: conditions, and what is assigned to bits.

Nothing recurses: operators wait on a stack of our own, as in constant expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ketway.circuits.control import DEEPEST, MOST_BITS, depth
from ketway.circuits.qasm.arithmetic import CONSTANTS, FUNCTIONS
from ketway.circuits.qasm.control.values import (
    DEFAULT_WIDTH,
    ComputingError,
    Sort,
    Value,
    binary,
    cast,
    code_of,
    known,
    of_bits,
    truth,
    unary,
)
from ketway.circuits.qasm.errors import shown
from ketway.circuits.qasm.expressions import Scope, number, read_integer
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.registers import Registers

_BINDING: Final = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10, "**": 12,
}  # fmt: skip
"""How tightly each binds, as in the grammar."""

_PREFIX_BINDING: Final = 11
_TYPES: Final[dict[str, Sort]] = {"bool": "bool", "bit": "uint", "uint": "uint", "int": "int"}


@dataclass(slots=True)
class _Waiting:
    at: int
    binding: int
    """0 for a parenthesis."""
    apply: Callable[..., Value] | None
    arity: int


def read_width(lexer: Lexer, scope: Scope, sort: str) -> int:
    """`[n]` after a type, or nothing."""
    if sort == "bool":
        return 1
    if not lexer.accept("["):
        return 1 if sort == "bit" else DEFAULT_WIDTH
    width, at = read_integer(lexer, scope, "The width of a type")
    if not 1 <= width <= MOST_BITS:
        raise lexer.error(f"A type has from 1 to {MOST_BITS} bits; this one has {width}.", at)
    lexer.expect("]", "after the width of a type")
    return width


class _Reading:
    """One expression while it is being read."""

    __slots__ = ("at", "lexer", "open", "registers", "scope", "terms", "values", "waiting")

    def __init__(self, lexer: Lexer, scope: Scope, registers: Registers) -> None:
        self.lexer, self.scope, self.registers = lexer, scope, registers
        self.at = lexer.peek().at
        self.values: list[Value] = []
        self.waiting: list[_Waiting] = []
        self.open = self.terms = 0

    def read(self) -> Value:
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
        value = self.values[0]
        if value.code and depth(value.code) > DEEPEST:
            raise self.lexer.error(
                "This expression is nested too deeply to be computed while a program runs: "
                "assign parts of it to variables.",
                self.at,
            )
        return value

    def _operand(self) -> None:
        lexer = self.lexer
        while True:
            self._count()
            token = lexer.take()
            if token.sort == "number":
                self.values.append(known(number(token, lexer)))
                return
            if token.sort == "string":
                self.values.append(self._bit_string(token))
                return
            if token.sort == "name":
                if self._name(token):
                    return
            elif token.text == "(":
                self._open(_Waiting(token.at, 0, None, 1))
            elif token.text in ("-", "+", "~", "!"):
                name = token.text
                self.waiting.append(
                    _Waiting(token.at, _PREFIX_BINDING, lambda v, name=name: unary(name, v), 1)
                )
            else:
                raise lexer.unexpected(token, "a bit, a number or `(`")

    def _operator(self) -> bool:
        lexer = self.lexer
        while True:
            token = lexer.peek()
            if token.text == ")" and self.open:
                lexer.take()
                while self.waiting[-1].binding:
                    self._apply()
                self.open -= 1
                self._apply()
            elif token.sort == "symbol" and token.text in _BINDING:
                self._binary(lexer.take())
                return True
            else:
                return False

    def _binary(self, token: Token) -> None:
        name, binding = token.text, _BINDING[token.text]
        while self.waiting:
            above = self.waiting[-1].binding
            if above > binding or (above == binding and name != "**"):
                self._apply()
            else:
                break
        self.waiting.append(
            _Waiting(token.at, binding, lambda a, b, name=name: binary(name, a, b), 2)
        )

    def _apply(self) -> None:
        top = self.waiting.pop()
        if top.apply is None:
            return
        arguments = self.values[-top.arity :]
        try:
            self.values[-top.arity :] = [top.apply(*arguments)]
        except ComputingError as reason:
            raise self.lexer.error(str(reason), top.at) from None

    def _name(self, token: Token) -> bool:
        """A bit, a variable or a constant; False if what a cast converts follows."""
        name, lexer = token.text, self.lexer
        if name in ("true", "false"):
            self.values.append(known(name == "true"))
            return True
        if name in self.registers.bits:
            self.values.append(self._bits(token))
            return True
        value = self.scope.constants.get(name)
        if value is None and name not in self.scope.nouns:
            value = CONSTANTS.get(name)
        if value is not None:
            self.values.append(known(value))
            return True
        if name in _TYPES:
            sort, width = _TYPES[name], read_width(lexer, self.scope, name)
            lexer.expect("(", f"after the type `{name}`")
            self._open(_Waiting(token.at, 0, lambda v: cast(sort, width, v), 1))
            return False
        if name == "measure":
            raise lexer.error(
                "A measurement cannot stand in an expression: measure into a bit first, then use "
                "the bit.",
                token.at,
            )
        if name in self.scope.inputs:
            raise lexer.error(
                f"{shown(name)} is an `input`, and what a program decides or assigns cannot depend "
                "on one: only the angles of gates may.",
                token.at,
            )
        noun = self.scope.nouns.get(name)
        if noun is not None:
            raise lexer.error(
                f"{shown(name)} is {noun}, and only bits and numbers can be computed with.",
                token.at,
            )
        if name in FUNCTIONS:
            raise lexer.error(
                f"`{name}` cannot be computed while a program runs: compute it in a `const`.",
                token.at,
            )
        raise lexer.error(
            f"{shown(name)} is not declared: declare `bit[n] {name[:40]};` before it is used.",
            token.at,
        )

    def _bits(self, token: Token) -> Value:
        sort = self.registers.sorts.get(token.text)
        self.lexer.seek(token.at)
        selection, _ = self.registers.read(self.lexer, self.scope, "bits")
        whole = self.lexer.at == token.at + len(token.text)
        if sort is not None and whole:
            return of_bits(selection.indices, sort)
        return of_bits(selection.indices, "bool" if selection.single else "uint")

    def _bit_string(self, token: Token) -> Value:
        digits = token.text[1:-1].replace("_", "")
        if not digits or digits.strip("01") or len(digits) > MOST_BITS:
            raise self.lexer.error(
                f"{shown(token.text)} is no string of 1 to {MOST_BITS} bits: write 0 and 1.",
                token.at,
            )
        return Value("uint", len(digits), [], int(digits, 2))

    def _open(self, waiting: _Waiting) -> None:
        self.open += 1
        if self.open > self.scope.limits.nesting:
            raise self.lexer.error(
                f"Parentheses are nested deeper than {self.scope.limits.nesting:,}: "
                "assign parts of the expression to variables.",
                waiting.at,
            )
        self.waiting.append(waiting)

    def _count(self) -> None:
        self.terms += 1
        if self.terms > self.scope.limits.terms:
            raise self.lexer.error(
                f"This expression has more than {self.scope.limits.terms:,} terms: "
                "assign parts of it to variables.",
                self.at,
            )


def read_value(lexer: Lexer, scope: Scope, registers: Registers) -> tuple[Value, int]:
    """Read one expression, and where it starts."""
    at = lexer.peek().at
    return _Reading(lexer, scope, registers).read(), at


def read_code(
    lexer: Lexer, scope: Scope, registers: Registers, boolean: bool
) -> tuple[list[int], int]:
    """Read an expression as code; `boolean`: it must be 0 or 1."""
    value, at = read_value(lexer, scope, registers)
    try:
        return code_of(truth(value) if boolean else value), at
    except ComputingError as reason:
        raise lexer.error(str(reason), at) from None
