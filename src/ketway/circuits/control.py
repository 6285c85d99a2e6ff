"""Classical control: what decides, while a circuit runs, how it goes on.

Two kinds of gate act on bits alone. A `jump` goes on at another gate if its expression is 0, or
always: forwards it makes if and else, backwards it makes loops. An `assign` writes the value of its
expression into bits, all at once.

An expression is postfix code for a stack of unsigned 64-bit numbers: each word of the code is one
of `Op`, followed by as many words as that says. Negative numbers are two's complement, so only what
treats a sign differently has a signed form. `x / 0` and `x % 0` are 0, and so is a shift by 64 or
more: a program always has an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from ketway.circuits.gates import Kind

if TYPE_CHECKING:
    from ketway.circuits.circuit import Structure

MOST_BITS: Final = 64
"""The widest value."""

DEEPEST: Final = 64
"""How many values may wait on the stack."""

MOST_LOOPS: Final = 10_000
"""Jumps backwards in one shot, after which the circuit has failed: it may never end."""


class Op(IntEnum):
    """What a word of code does. The numbers are stored, and known to the compiled core."""

    BIT = 0
    """Push the bit whose number follows."""
    BITS = 1
    """Push the bits whose count and numbers follow, the least significant first."""
    NUMBER = 2
    """Push a number: its lower and its upper 32 bits follow."""
    NOT = 3
    """The complement of all 64 bits."""
    IS_ZERO = 4
    """1 for 0, else 0: the logical not."""
    LOW = 5
    """Keep the lowest bits, as many as follows."""
    SIGNED = 6
    """The same, and copy the highest of them to all bits above it."""
    AND = 7
    OR = 8
    XOR = 9
    ADD = 10
    SUBTRACT = 11
    MULTIPLY = 12
    DIVIDE = 13
    REMAINDER = 14
    LEFT = 15
    RIGHT = 16
    EQUAL = 17
    LESS = 18
    AT_MOST = 19
    LESS_SIGNED = 20
    AT_MOST_SIGNED = 21


_PUSHES: Final = frozenset({Op.BIT, Op.BITS, Op.NUMBER})
_CHANGES: Final = frozenset({Op.NOT, Op.IS_ZERO, Op.LOW, Op.SIGNED})
"""All others take two values and give one."""


def bits(numbers: Sequence[int]) -> list[int]:
    """The code of the value of these bits, the least significant first."""
    if len(numbers) == 1:
        return [Op.BIT, numbers[0]]
    return [Op.BITS, len(numbers), *numbers]


def number(value: int) -> list[int]:
    """The code of a number; negative ones are two's complement."""
    return [Op.NUMBER, _word(value), _word(value >> 32)]


def _word(value: int) -> int:
    """The lowest 32 bits, as a signed number."""
    return ((value & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000


def instructions(code: Sequence[int]) -> Iterator[tuple[Op, Sequence[int]]]:
    """Each operation with the words that belong to it; `ValueError` if that is not what it is."""
    at = 0
    while at < len(code):
        op = Op(code[at])
        own = {Op.BIT: 1, Op.NUMBER: 2, Op.LOW: 1, Op.SIGNED: 1}.get(op, 0)
        start = at + 1
        if op is Op.BITS:
            start += 1
            own = code[at + 1] if start <= len(code) else 0
            if not 1 <= own <= MOST_BITS:
                raise ValueError(f"an expression takes {own} bits for one value")
        at = start + own
        if at > len(code):
            raise ValueError("an expression ends in the middle")
        yield op, code[start:at]


def bits_read(code: Sequence[int]) -> Iterator[int]:
    """The bits that an expression depends on."""
    for op, own in instructions(code):
        if op in (Op.BIT, Op.BITS):
            yield from own


def bit_places(code: Sequence[int]) -> Iterator[int]:
    """The words of a code, or of several that follow each other, that are numbers of bits."""
    at = 0
    for op, own in instructions(code):
        at += 2 if op is Op.BITS else 1
        if op in (Op.BIT, Op.BITS):
            yield from range(at, at + len(own))
        at += len(own)


def depth(code: Sequence[int]) -> int:
    """The most values that wait on the stack; `ValueError` if it does not leave exactly one."""
    deep = height = 0
    for op, _ in instructions(code):
        needs = 0 if op in _PUSHES else 1 if op in _CHANGES else 2
        if height < needs:
            raise ValueError("an expression lacks a value")
        height += 1 - needs
        deep = max(deep, height)
    if height != 1:
        raise ValueError(f"an expression leaves {height} values")
    return deep


def code_of(structure: Structure, expression: int) -> list[int]:
    """The code of one expression of a structure."""
    start, end = structure.expression_starts[expression : expression + 2]
    found: list[int] = structure.expressions[start:end].tolist()
    return found


def check(structure: Structure) -> None:
    """That control stays inside its circuit: engines follow it without asking."""
    bit_count = structure.bits + structure.memory
    expressions = len(structure.expression_starts) - 1
    for expression in range(expressions):
        code = code_of(structure, expression)
        if depth(code) > DEEPEST:
            raise ValueError("an expression of a program is nested too deeply")
        if any(not 0 <= bit < bit_count for bit in bits_read(code)):
            raise ValueError("an expression of a program reads a bit that is not there")
        if any(
            not 1 <= own[0] <= MOST_BITS
            for op, own in instructions(code)
            if op in (Op.LOW, Op.SIGNED)
        ):
            raise ValueError("an expression of a program keeps more bits than a value has")
    for gate in (structure.kinds == Kind.JUMP).nonzero()[0].tolist():
        operands = structure.operands_of(gate)
        if len(operands) != 2 or not -1 <= operands[0] < expressions:
            raise ValueError("a jump of a program depends on nothing that is there")
        if not 0 <= operands[1] <= structure.gates:
            raise ValueError("a jump of a program leaves it")
    for gate in (structure.kinds == Kind.ASSIGN).nonzero()[0].tolist():
        *written, expression = structure.operands_of(gate) or [-1]
        if not 0 <= expression < expressions or not 1 <= len(written) <= MOST_BITS:
            raise ValueError("an assignment of a program has no value, or nowhere to put it")
        if any(not 0 <= bit < bit_count for bit in written):
            raise ValueError("an assignment of a program writes a bit that is not there")
