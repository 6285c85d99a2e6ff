"""Parameter expressions: from version 13 on, the steps that made them, on a stack.

Before that they are text of sympy or bytes of symengine. Those are refused unless they are one
symbol: reading them means running an interpreter of somebody's text.
"""

from __future__ import annotations

import struct
from typing import Final

from ketway.circuits.formulas import Formula, FormulaError, Symbol, apply, number, symbol
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.parsed import Circuit, Reading

_HEAD: Final = struct.Struct("!QQ")
_STEP: Final = struct.Struct("!Bc16sc16s")
_MAPPED: Final = struct.Struct("!ccQ")
_COUNT: Final = struct.Struct("!Q")
_ITEM: Final = struct.Struct("!HcH")
_REAL: Final = struct.Struct("!8xd")
_WHOLE: Final = struct.Struct("!8xq")
_COMPLEX: Final = struct.Struct("!dd")

_BINARY: Final = {0: "add", 1: "sub", 2: "mul", 3: "div", 4: "pow"}
_REVERSED: Final = {18: "sub", 19: "div", 20: "pow"}
_UNARY: Final = {
    5: "sin", 6: "cos", 7: "tan", 8: "asin", 9: "acos", 10: "exp", 11: "log", 12: "sign",
    14: "conj", 16: "abs", 17: "atan",
}  # fmt: skip
_SUBSTITUTE: Final = 15
_MARK: Final = 255
"""Not a step: where an expression inside begins or ends."""


def read_expression(cursor: Cursor, reading: Reading, circuit: Circuit, depth: int) -> Formula:
    reading.check_depth(depth, cursor.where)
    symbols, size = cursor.unpack(_HEAD)
    steps = cursor.within(cursor.take(size))
    names: dict[str, Symbol] = {}
    for _ in range(symbols):
        if not cursor.left:
            break
        kind, _, value_size = cursor.unpack(_MAPPED)
        _read_symbol(kind, cursor, reading, circuit, depth, names)
        cursor.take(value_size)
        reading.afford(1, cursor.where)
    if reading.version < 13:
        return _of_text(steps, reading, names)
    return _Stack(steps, reading, circuit, depth, names).run()


def _read_symbol(
    kind: bytes,
    cursor: Cursor,
    reading: Reading,
    circuit: Circuit,
    depth: int,
    names: dict[str, Symbol],
) -> None:
    from ketway.circuits.qpy.values import read_element, read_parameter

    if kind == b"e":
        read_expression(cursor, reading, circuit, depth + 1)
        return
    if kind not in (b"p", b"v"):
        raise cursor.error(f"a parameter expression has a symbol of the unknown type {kind!r}.")
    found = (
        read_parameter(cursor, reading) if kind == b"p" else read_element(cursor, reading, circuit)
    )
    names[reading.names[found][0]] = found


def _of_text(steps: Cursor, reading: Reading, names: dict[str, Symbol]) -> Formula:
    if not reading.symengine:
        text = steps.text(steps.left)
        for name, found in names.items():
            if text in (name, f"Symbol('{name}')"):
                return symbol(found)
    raise steps.error(
        f"it computes with parameters, which QPY version {reading.version} writes as "
        f"{'bytes of symengine' if reading.symengine else 'text of sympy'}, and that is not "
        "evaluated here: write the file with Qiskit 1.3 or newer and `version=13` or more."
    )


class _Stack:
    """One expression while it is read."""

    __slots__ = ("circuit", "depth", "names", "reading", "stack", "steps")

    def __init__(
        self,
        steps: Cursor,
        reading: Reading,
        circuit: Circuit,
        depth: int,
        names: dict[str, Symbol],
    ) -> None:
        self.steps, self.reading, self.circuit = steps, reading, circuit
        self.depth, self.names = depth, names
        self.stack: list[Formula] = []

    def run(self) -> Formula:
        steps = self.steps
        while steps.left:
            op, left_kind, left, right_kind, right = steps.unpack(_STEP)
            self.reading.afford(1, steps.where)
            if left_kind in b"se" or right_kind in b"se" or op == _MARK:
                continue
            if op == _SUBSTITUTE:
                self._substitute(left_kind, left)
                continue
            # What is written out in a step comes after what already waits, except on the left.
            parts = [self._operand(left_kind, left), self._operand(right_kind, right)]
            try:
                self._step(op, parts)
            except FormulaError as reason:
                raise steps.error(str(reason)) from None
            self._check()
        if len(self.stack) != 1:
            raise steps.error("a parameter expression does not end with one value.")
        return self.stack[0]

    def _check(self) -> None:
        size = self.stack[-1].size
        self.reading.afford(size // 16, self.steps.where)
        if size > self.reading.limits.terms:
            raise self.steps.error(
                f"a parameter expression has more than {self.reading.limits.terms:,} terms: "
                "compute parts of it before the circuit is written."
            )

    def _pop(self) -> Formula:
        if not self.stack:
            raise self.steps.error("a parameter expression lacks a value.")
        return self.stack.pop()

    def _operand(self, kind: bytes, data: bytes) -> Formula | None:
        steps = self.steps
        try:
            if kind == b"n":
                return None
            if kind == b"p":
                if data not in self.reading.names:
                    raise steps.error("a parameter expression names an unknown parameter.")
                return symbol(data)
            if kind == b"f":
                return number(_REAL.unpack(data)[0])
            if kind == b"i":
                return number(_WHOLE.unpack(data)[0])
            if kind == b"c":
                real, imaginary = _COMPLEX.unpack(data)
                if imaginary == 0:
                    return number(real)
                raise steps.error("a parameter expression has a complex number in it.")
        except FormulaError as reason:
            raise steps.error(str(reason)) from None
        raise steps.error(f"a parameter expression has an operand of the unknown type {kind!r}.")

    def _step(self, op: int, parts: list[Formula | None]) -> None:
        left, right = parts
        if op in _UNARY:
            self.stack.append(apply(_UNARY[op], left or right or self._pop()))
            return
        if op not in _BINARY and op not in _REVERSED:
            raise self.steps.error(f"a parameter expression has the unknown step {op}.")
        right = right or self._pop()
        left = left or self._pop()
        if op in _REVERSED:
            self.stack.append(apply(_REVERSED[op], right, left))
        else:
            self.stack.append(apply(_BINARY[op], left, right))

    def _substitute(self, kind: bytes, data: bytes) -> None:
        from ketway.circuits.qpy.values import read_value

        steps, reading = self.steps, self.reading
        if kind != b"u":
            raise steps.error("a parameter expression substitutes nothing.")
        inside = steps.within(steps.take(_COUNT.unpack(data[:8])[0]))
        (count,) = inside.unpack(_COUNT)
        values: dict[Symbol, Formula] = {}
        for _ in range(inside.count(count, _ITEM.size, "substitutions")):
            key_size, value_kind, value_size = inside.unpack(_ITEM)
            key = bytes(inside.take(key_size))
            if reading.version < 15:
                key = self.names.get(inside.decoded(memoryview(key)), b"")
            value = read_value(
                value_kind,
                inside.take(value_size),
                reading,
                self.circuit,
                steps.where,
                self.depth + 1,
            )
            if not isinstance(value, Formula):
                raise steps.error("a parameter is replaced by something that is no number.")
            values[key] = value
        before = self._pop()
        # Every place of a symbol takes the whole of what replaces it.
        larger = sum(
            values[word].size if word in values else 1
            for word in before.as_code()
            if isinstance(word, bytes)
        )
        reading.afford(larger // 16, steps.where)
        if larger > 4 * reading.limits.terms:
            raise steps.error("a parameter expression grows too large when it is substituted.")
        try:
            self.stack.append(before.bound(values))
        except FormulaError as reason:
            raise steps.error(str(reason)) from None
        self._check()
