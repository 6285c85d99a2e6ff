"""Classical control as OpenQASM: jumps become `if` and `while` again, code becomes expressions.

Jumps are understood where they are nested as statements nest them, as the reader makes them of
statements. All others are refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ketway.circuits.circuit import Structure
from ketway.circuits.control import MOST_BITS, Op, code_of, instructions
from ketway.circuits.gates import Kind
from ketway.jobs.failures import Code, FailedError, Failure

_SIGNS: Final = {
    Op.AND: "&", Op.OR: "|", Op.XOR: "^", Op.ADD: "+", Op.SUBTRACT: "-", Op.MULTIPLY: "*",
    Op.DIVIDE: "/", Op.REMAINDER: "%", Op.LEFT: "<<", Op.RIGHT: ">>", Op.EQUAL: "==",
    Op.LESS: "<", Op.AT_MOST: "<=", Op.LESS_SIGNED: "<", Op.AT_MOST_SIGNED: "<=",
}  # fmt: skip
_COMPARE: Final = (Op.EQUAL, Op.LESS, Op.AT_MOST, Op.LESS_SIGNED, Op.AT_MOST_SIGNED)
_SIGNED: Final = (Op.LESS_SIGNED, Op.AT_MOST_SIGNED)
_UNSIGNED: Final = (Op.LESS, Op.AT_MOST, Op.DIVIDE, Op.REMAINDER, Op.RIGHT)
_GROWING: Final = (Op.ADD, Op.SUBTRACT, Op.MULTIPLY, Op.LEFT)


class _UnsaidError(Exception):
    """OpenQASM has no words for it."""


class _Text(NamedTuple):
    text: str
    width: int
    signed: bool = False
    boolean: bool = False
    """It reads as something that is so or not, which is wider when it is computed with."""


@dataclass(frozen=True)
class Names:
    """What bits are called."""

    bits: Mapping[int, tuple[str, int]]
    """Register and place of each."""
    sizes: Mapping[str, int]

    def of(self, bits: Sequence[int]) -> str:
        """Bits that follow each other in one register."""
        name, first = self.bits[bits[0]]
        if len(bits) == 1:
            return f"{name}[{first}]"
        if any(self.bits[bit] != (name, first + k) for k, bit in enumerate(bits)):
            raise _UnsaidError("bits that do not follow each other are one number")
        whole = len(bits) == self.sizes[name]
        return name if whole else f"{name}[{first}:{first + len(bits) - 1}]"


def memory_groups(structure: Structure) -> list[range]:
    """The bits that no outcome has, in groups that are numbers together."""
    first, count = structure.bits, structure.memory
    if not count:
        return []
    joined = [False] * count
    used = [structure.operands_of(g)[:-1] for g in _gates(structure, Kind.ASSIGN)]
    for expression in range(len(structure.expression_starts) - 1):
        code = code_of(structure, expression)
        used += [list(own) for op, own in instructions(code) if op is Op.BITS]
    for bits in used:
        for before, bit in itertools.pairwise(bits):
            if before >= first and bit == before + 1:
                joined[bit - first] = True
    starts = [place for place in range(count) if not joined[place]]
    return [range(first + a, first + b) for a, b in zip(starts, [*starts[1:], count], strict=True)]


def _gates(structure: Structure, kind: Kind) -> list[int]:
    found: list[int] = (structure.kinds == kind).nonzero()[0].tolist()
    return found


# -- expressions ----------------------------------------------------------------------------------


def expression_text(code: Sequence[int], names: Names) -> str:
    """An expression. What is cut to a width is widened to it before, as reading does not."""
    steps = list(instructions(code))
    stack: list[_Text] = []
    at = 0
    while at < len(steps):
        op, own = steps[at]
        at += 1
        if op in (Op.BIT, Op.BITS):
            stack.append(_Text(names.of(list(own)), len(own), boolean=len(own) == 1))
        elif op is Op.NUMBER:
            stack.append(_number(own))
        elif op is Op.IS_ZERO:
            stack.append(_Text(f"!{stack.pop().text}", 1, boolean=True))
        elif op in (Op.LOW, Op.SIGNED):
            stack.append(_cast(stack.pop(), own[0], op is Op.SIGNED))
        else:
            width, signed = MOST_BITS, False
            if at < len(steps) and steps[at][0] in (Op.LOW, Op.SIGNED):
                width, signed = steps[at][1][0], steps[at][0] is Op.SIGNED
            cut = op is Op.NOT or op in _GROWING
            if op is Op.NOT:
                stack.append(_complement(stack.pop(), width, signed))
            else:
                right, left = stack.pop(), stack.pop()
                stack.append(_pair(op, left, right, width, signed))
            at += cut and (width < MOST_BITS or signed)
    return stack[0].text


def _number(words: Sequence[int]) -> _Text:
    value = words[0] % (1 << 32) | words[1] % (1 << 32) << 32
    if value >> (MOST_BITS - 1):
        value -= 1 << MOST_BITS
        return _Text(f"(-{-value})", (-value).bit_length() + 1, True)
    return _Text(str(value), max(1, value.bit_length()))


def _cast(value: _Text, width: int, signed: bool) -> _Text:
    inner = value.text
    return _Text(f"{'int' if signed else 'uint'}[{width}]({inner})", width, signed)


def _complement(value: _Text, width: int, signed: bool) -> _Text:
    if (value.width, value.signed) != (width, signed) or width == 1:
        value = _cast(value, width, signed)
    return _Text(f"~{value.text}", width, signed)


def _pair(op: Op, left: _Text, right: _Text, width: int, signed: bool) -> _Text:
    either = left.signed or right.signed
    if op in _UNSIGNED and either:
        raise _UnsaidError("a number with a sign is taken for one without")
    if op in _SIGNED and not either:
        left = _cast(left, MOST_BITS, True)
    if op in _COMPARE:
        return _Text(f"({left.text} {_SIGNS[op]} {right.text})", 1, boolean=True)
    if op in (Op.AND, Op.OR, Op.XOR):
        both = left.boolean and right.boolean
        width = max(left.width, right.width)
        return _Text(f"({left.text} {_SIGNS[op]} {right.text})", width, either, both)
    left, right = (_cast(t, 1, False) if t.boolean else t for t in (left, right))
    natural = left.width if op is Op.LEFT else max(left.width, right.width)
    if op in _GROWING and (natural < width or (signed and not either)):
        left = _cast(left, width, signed)
    if op not in _GROWING:
        width, signed = natural, either
    elif either and not signed:
        raise _UnsaidError("a number with a sign loses it")
    return _Text(f"({left.text} {_SIGNS[op]} {right.text})", width, signed)


# -- statements -----------------------------------------------------------------------------------


@dataclass
class _Open:
    """A block that is being written."""

    end: int
    """The gate before which it ends."""
    loop: int = -1
    """Of a loop, the gate at which it starts."""
    otherwise: int = -1
    """Of an `if` with an `else`, the gate before which that ends."""


class ControlWriter:
    """Says of each gate, in order, what stands before it and in its place."""

    def __init__(self, structure: Structure, names: Names) -> None:
        self.structure, self.names = structure, names
        self.open: list[_Open] = []
        self.loops: dict[int, int] = {}
        """Where each loop goes back to its start for the last time."""
        self.innermost: dict[int, int] = {}
        """The last jump on a condition to each gate: an empty `else` there is its own."""
        for gate in _gates(structure, Kind.JUMP):
            expression, target = structure.operands_of(gate)
            if expression >= 0:
                self.innermost[target] = gate
            if target <= gate:
                self.loops[target] = gate
                if expression >= 0:
                    raise _refusal(gate, "it goes back only sometimes")

    def before(self, gate: int) -> Iterator[str]:
        """Ends of blocks, and the start of a loop without a condition."""
        while self.open and self.open[-1].end == gate and self.open[-1].loop < 0:
            block = self.open[-1]
            if block.otherwise >= 0:
                return  # the gate itself says `else`
            self.open.pop()
            yield "}"
        back = self.loops.get(gate, -1)
        if back >= 0 and not self._has_condition(gate, back):
            self._enter(gate, _Open(back, loop=gate))
            yield "while (true) {"

    def _has_condition(self, gate: int, back: int) -> bool:
        if self.structure.kinds[gate] != Kind.JUMP:
            return False
        expression, target = self.structure.operands_of(gate)
        return expression >= 0 and target == back + 1

    def of(self, gate: int) -> str:
        """A jump or an assignment."""
        try:
            if self.structure.kinds[gate] == Kind.ASSIGN:
                *bits, expression = self.structure.operands_of(gate)
                return f"{self.names.of(bits)} = {self._expression(expression)};"
            return self._jump(gate)
        except _UnsaidError as why:
            raise _refusal(gate, str(why)) from None

    def _expression(self, expression: int) -> str:
        return expression_text(code_of(self.structure, expression), self.names)

    def _jump(self, gate: int) -> str:
        expression, target = self.structure.operands_of(gate)
        top = self.open[-1] if self.open else None
        if top is not None and top.end == gate:
            self.open.pop()
            if top.loop >= 0:
                return "}"
            self._enter(gate, _Open(top.otherwise))
            return "} else {"
        if expression < 0:
            return self._leave(target)
        condition = self._expression(expression)
        condition = condition if condition.startswith("(") else f"({condition})"
        if not _closed(condition):
            condition = f"({condition})"
        if self.loops.get(gate) == target - 1:
            self._enter(gate, _Open(target - 1, loop=gate))
            return f"while {condition} {{"
        otherwise = self._otherwise(gate, target)
        if otherwise >= 0:
            self._enter(gate, _Open(target - 1, otherwise=otherwise))
        else:
            self._enter(gate, _Open(target))
        return f"if {condition} {{"

    def _otherwise(self, gate: int, target: int) -> int:
        """Where the `else` ends of an `if` that ends before `target`; -1 if it has none."""
        last = target - 1
        if last <= gate or self.structure.kinds[last] != Kind.JUMP:
            return -1
        expression, after = self.structure.operands_of(last)
        inside = after <= (self.open[-1].end if self.open else self.structure.gates)
        own = after > target or (after == target and self.innermost[target] == gate)
        return after if expression < 0 and own and inside else -1

    def _leave(self, target: int) -> str:
        for block in reversed(self.open):
            if block.loop >= 0:
                if target == block.loop:
                    return "continue;"
                if target == block.end + 1:
                    return "break;"
                break
        if target == self.structure.gates and self.open:
            return "end;"
        raise _UnsaidError("it goes where no statement leads")

    def _enter(self, gate: int, block: _Open) -> None:
        limit = self.open[-1].end if self.open else self.structure.gates
        if not gate < block.end <= limit:
            raise _refusal(gate, "its blocks overlap")
        self.open.append(block)


def _closed(text: str) -> bool:
    """Whether the first parenthesis is closed by the last."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def _refusal(gate: int, why: str) -> FailedError:
    return FailedError(
        Failure(
            Code.UNSUPPORTED_GATE,
            f"Gate {gate} is classical control that OpenQASM cannot say: {why}.",
            gate=gate,
        )
    )
