"""Types and constants, and what the constants of QIR are: qubits, results, angles and labels."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ketway.circuits.qir.bitstream import Block, Record, Stream
from ketway.circuits.qir.codes import Constants, Types
from ketway.circuits.qir.errors import QirError
from ketway.circuits.qir.limits import Limits

_GEP_HEADS: Final = {Constants.GEP: 2, Constants.GEP_INDEX: 2}
"""Numbers before the pairs of type and value. The older two have one if their count is odd."""
_GEPS: Final = (Constants.GEP_OLD, Constants.GEP_INBOUNDS, *_GEP_HEADS)
_TEXT_ENDS: Final = b"\0"


class Type(NamedTuple):
    code: int
    operands: tuple[int, ...]


class Constant(NamedTuple):
    """One of the file: a record, and the type that was set when it stood there."""

    code: int
    operands: tuple[int, ...]
    type: int


class Variable(NamedTuple):
    """A global variable: of interest only as the text of a label."""

    initial: int
    """The constant it begins with, -1 if none."""


@dataclass(slots=True)
class Function:
    type: int
    declared: bool
    attributes: int
    name: str = ""
    place: tuple[int, int] | None = None
    """Where its name stands in the table of strings: newer files have the names there."""


class Other(NamedTuple):
    """A value of which only its number matters: an alias, say."""


@dataclass(slots=True)
class Values:
    """Everything that has a number: globals, then constants, then those of the entry point."""

    limits: Limits
    types: list[Type] = field(default_factory=list)
    all: list[Function | Variable | Constant | Other] = field(default_factory=list)

    # -- reading --------------------------------------------------------------------------------

    def read_types(self, stream: Stream, block: Block) -> None:
        for entry in stream.entries(block):
            if isinstance(entry, Record) and entry.code not in (Types.COUNT, Types.STRUCT_NAME):
                self.types.append(Type(entry.code, tuple(entry.operands)))

    def read_constants(self, stream: Stream, block: Block) -> None:
        type_ = -1
        for entry in stream.entries(block):
            if not isinstance(entry, Record):
                continue
            if entry.code == Constants.SET_TYPE:
                type_ = entry.operands[0] if entry.operands else -1
            else:
                self.all.append(Constant(entry.code, tuple(entry.operands), type_))

    def function_type(self, number: int) -> Type:
        """A function's type, perhaps as what a typed pointer points to."""
        found = self._type(number)
        if found.code == Types.POINTER and found.operands:
            found = self._type(found.operands[0])
        if found.code != Types.FUNCTION or len(found.operands) < 2:
            raise QirError("something is called, or declared as a function, that is none.")
        return found

    def returns(self, function: Type) -> bool:
        return self._type(function.operands[1]).code != Types.VOID

    def _type(self, number: int) -> Type:
        if not 0 <= number < len(self.types):
            raise QirError(f"type {number:,} is used, and not defined.")
        return self.types[number]

    # -- meaning --------------------------------------------------------------------------------

    def constant(self, number: int) -> Constant | None:
        """None: this is a value that a program computes, or a global."""
        found = self.all[number] if 0 <= number < len(self.all) else None
        return found if isinstance(found, Constant) else None

    def whole(self, number: int, depth: int = 0) -> int | None:
        """A whole number: itself, or as a pointer, which is how QIR names qubits and results."""
        found = self.constant(number)
        if found is None or depth > self.limits.nesting:
            return None
        if found.code == Constants.NULL:
            return 0
        if found.code == Constants.INTEGER and found.operands:
            value = found.operands[0]
            return -(value >> 1) if value & 1 else value >> 1
        if found.code == Constants.CAST and len(found.operands) >= 3:
            return self.whole(found.operands[2], depth + 1)
        return None

    def angle(self, number: int) -> float | None:
        found = self.constant(number)
        if found is None:
            return None
        kind = self._type(found.type).code
        value = None
        if kind in (Types.DOUBLE, Types.FLOAT):
            if found.code == Constants.NULL:
                value = 0.0
            elif found.code == Constants.FLOAT and found.operands:
                bits = found.operands[0]
                if kind == Types.DOUBLE:
                    (value,) = struct.unpack("<d", bits.to_bytes(8, "little"))
                else:
                    (value,) = struct.unpack("<f", (bits & 0xFFFFFFFF).to_bytes(4, "little"))
        return value if value is not None and math.isfinite(value) else None

    def label(self, number: int, depth: int = 0) -> str:
        """The text that a pointer points to; empty if it points nowhere."""
        found = self.all[number] if 0 <= number < len(self.all) else None
        if depth > self.limits.nesting:
            return ""
        if isinstance(found, Variable):
            return self.label(found.initial, depth + 1)
        if not isinstance(found, Constant):
            return ""
        if found.code in (Constants.STRING, Constants.CSTRING):
            text = bytes(code & 0xFF for code in found.operands)
            return text.removesuffix(_TEXT_ENDS).decode("utf-8", "replace")
        if found.code in _GEPS:
            head = _GEP_HEADS.get(Constants(found.code), len(found.operands) % 2)
            base = found.operands[head + 1 : head + 2]
            return self.label(base[0], depth + 1) if base else ""
        if found.code == Constants.CAST and len(found.operands) >= 3:
            return self.label(found.operands[2], depth + 1)
        return ""
