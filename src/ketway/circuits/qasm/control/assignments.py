"""Classical variables, and what is assigned to bits while a program runs.

A `bool`, an `int`, a `uint` and whatever is declared in a block live in bits that no outcome has. A
`bit` declared outside of all blocks is in the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ketway.circuits.circuit import Builder
from ketway.circuits.control import MOST_BITS, bit_places, number
from ketway.circuits.gates import Kind
from ketway.circuits.qasm.control.blocks import Blocks
from ketway.circuits.qasm.control.expressions import read_value, read_width
from ketway.circuits.qasm.control.values import (
    ComputingError,
    Sort,
    Value,
    binary,
    code_of,
    of_bits,
    truth,
)
from ketway.circuits.qasm.errors import shown
from ketway.circuits.qasm.expressions import Scope
from ketway.circuits.qasm.lexer import Lexer, Token
from ketway.circuits.qasm.registers import MEMORY, Registers, Selection

COMPOUND: Final = frozenset({"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})
VARIABLES: Final[dict[str, Sort]] = {"bool": "bool", "int": "int", "uint": "uint"}


class Assignments:
    """Declares variables and assigns to them."""

    def __init__(
        self,
        lexer: Lexer,
        builder: Builder,
        registers: Registers,
        scope: Scope,
        blocks: Blocks,
        afford: Callable[[int, int, int], None],
        name: Callable[[], Token],
    ) -> None:
        self.lexer, self.builder, self.registers = lexer, builder, registers
        self.scope, self.blocks, self.afford = scope, blocks, afford
        self.name = name
        """Reads a name that may be declared."""

    def declare(self) -> None:
        """`uint[4] n;` or `bool b = c[0];`"""
        sort = self.lexer.take()
        width = read_width(self.lexer, self.scope, sort.text)
        name = self.name()
        self.registers.declare_variable(self.lexer, name, VARIABLES[sort.text], width)
        self.start(name)
        self.lexer.expect(";", "after a declaration")

    def start(self, name: Token) -> None:
        """What a declared name starts with: the value behind `=`, or zeros."""
        selection = self.registers.bits[name.text]
        sort = self.registers.sorts.get(name.text)
        value, at = Value("uint", 1, [], 0), name.at
        if self.lexer.accept("="):
            value, at = read_value(self.lexer, self.scope, self.registers)
        fresh = not self.blocks.open  # and so still 0
        if not (fresh and value.known is not None and value.known == 0):
            self._assign(selection, sort, value, at)

    def assign(self, selection: Selection, name: Token) -> None:
        """The lexer stands behind what is assigned to, `selection`."""
        lexer = self.lexer
        whole = lexer.at == name.at + len(name.text)
        sort = self.registers.sorts.get(name.text) if whole else None
        token = lexer.take()
        value, at = read_value(lexer, self.scope, self.registers)
        if token.text != "=":
            plain: Sort = "bool" if selection.single else "uint"
            old = of_bits(selection.indices, sort or plain)
            try:
                value = binary(token.text[:-1], old, value)
            except ComputingError as reason:
                raise lexer.error(str(reason), token.at) from None
        lexer.expect(";", "after an assignment")
        self._assign(selection, sort, value, at)

    def _assign(self, selection: Selection, sort: Sort | None, value: Value, at: int) -> None:
        indices = selection.indices
        try:
            if len(indices) > MOST_BITS:
                return self._assign_wide(selection, value, at)
            code = code_of(truth(value) if sort == "bool" else value)
        except ComputingError as reason:
            raise self.lexer.error(str(reason), at) from None
        self.afford(1, len(code), at)
        self.builder.assign(indices, code)
        return None

    def _assign_wide(self, selection: Selection, value: Value, at: int) -> None:
        if value.known is None:
            raise ComputingError(
                f"At most {MOST_BITS} bits can be computed at once: assign parts of the register, "
                "as in `c[0:7] = …`."
            )
        code_of(value)  # that it is a whole number
        whole = int(value.known)
        for start in range(0, len(selection.indices), MOST_BITS):
            part = selection.indices[start : start + MOST_BITS]
            self.afford(1, MOST_BITS, at)
            self.builder.assign(part, number(whole >> start))

    def refuse_measurement(self, name: Token) -> None:
        """Before a measurement into all of what is named."""
        sort = self.registers.sorts.get(name.text)
        if sort is not None and self.lexer.at == name.at + len(name.text):
            raise self.lexer.error(
                f"{shown(name.text)} is a variable of type `{sort}`: measure into a `bit`.", name.at
            )


def settle(builder: Builder, registers: Registers) -> None:
    """Give the bits that no outcome has their numbers, behind all others."""
    builder.bits = registers.bit_count
    builder.memory = registers.memory_most
    if not registers.memory_most:
        return
    moved = registers.bit_count - MEMORY
    ends = builder.operand_ends
    for gate, kind in enumerate(builder.kinds):
        if kind in (Kind.MEASURE, Kind.ASSIGN):
            places = (
                range(ends[gate] - 1, ends[gate])
                if kind == Kind.MEASURE
                else range(ends[gate - 1] if gate else 0, ends[gate] - 1)
            )
            for place in places:
                if builder.operands[place] >= MEMORY:
                    builder.operands[place] += moved
    for place in bit_places(builder.expressions):
        if builder.expressions[place] >= MEMORY:
            builder.expressions[place] += moved
