"""LLVM's bitstream: blocks in blocks, and records of numbers in them.

How many bits a number takes is said by abbreviations, which the file defines itself, for a block or
in its BLOCKINFO for all blocks of a kind. https://llvm.org/docs/BitCodeFormat.html describes it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple, NoReturn

from ketway.circuits.qir.errors import QirError
from ketway.circuits.qir.limits import Limits

MAGIC: Final = b"BC\xc0\xde"
_WRAPPER: Final = struct.Struct("<IIIII")
_WRAPPED: Final = b"\xde\xc0\x17\x0b"

_END, _ENTER, _DEFINE, _PLAIN, _FIRST = range(5)
"""What stands between things of a block; from `_FIRST` on it is an abbreviation's number."""

_BLOCKINFO: Final = 0
_SET_BLOCK: Final = 1
_TOP_WIDTH: Final = 2
_CHAR6: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"
_LARGEST: Final = 64
"""Bits of the largest number that is read."""
_WINDOW: Final = 48
"""Bytes that are looked at together: shifting a longer number costs more than fetching anew."""


class Encoding(IntEnum):
    LITERAL = 0
    FIXED = 1
    VBR = 2
    ARRAY = 3
    CHAR6 = 4
    BLOB = 5


class Operand(NamedTuple):
    encoding: Encoding
    value: int = 0
    """The literal itself, or how many bits a number or its parts take."""


class Block(NamedTuple):
    id: int
    width: int
    """Bits that an abbreviation's number takes."""
    start: int
    end: int
    """Places in bits, as all places here."""
    depth: int


class Record(NamedTuple):
    code: int
    operands: list[int]
    blob: bytes = b""


def is_bitcode(data: bytes) -> bool:
    """Whether these bytes are LLVM bitcode, perhaps wrapped: by their first four."""
    return data.startswith((MAGIC, _WRAPPED))


def unwrapped(data: bytes) -> bytes:
    """The bitcode itself: LLVM for some systems puts a header before it."""
    if data.startswith(_WRAPPED):
        if len(data) < _WRAPPER.size:
            raise QirError("The file ends in its header. Write it again.")
        _, _, offset, size, _ = _WRAPPER.unpack_from(data)
        if offset < _WRAPPER.size or offset + size > len(data):
            raise QirError("The header says that the bitcode goes on beyond the file's end.")
        data = data[offset : offset + size]
    if not data.startswith(MAGIC):
        raise QirError("This is no QIR: it does not start as LLVM bitcode does, with BC C0 DE.")
    return data


class Stream:
    """The blocks of a file, one after the other. What is not entered costs nothing."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._at = 0
        self._end = len(data) * 8
        self._limits = limits
        self._steps = 0
        self._abbreviations = 0
        self._known: dict[int, list[tuple[Operand, ...]]] = {}
        """By block: what its BLOCKINFO says of it."""

    def fail(self, message: str) -> NoReturn:
        raise QirError(f"{message} Write it again.", f"byte {self._at // 8:,}")

    def afford(self, steps: int) -> None:
        self._steps += steps
        if self._steps > self._limits.steps:
            raise QirError(
                f"The program takes more than {self._limits.steps:,} steps to read: split it into "
                "several."
            )

    # -- blocks ---------------------------------------------------------------------------------

    def top(self) -> Iterator[Block]:
        """The outermost blocks."""
        whole = Block(-1, _TOP_WIDTH, len(MAGIC) * 8, self._end, 0)
        self._at = whole.start
        while self._end - self._at >= 32:  # what is left then fills up a last word
            if self._fixed(_TOP_WIDTH) != _ENTER:
                self.fail("something other than a block stands between the outermost blocks.")
            block = self._enter(whole)
            if block.id == _BLOCKINFO:
                self._read_info(block)
            else:
                yield block
            self._at, self._end = block.end, whole.end

    def entries(self, block: Block) -> Iterator[Block | Record]:
        """What stands in a block. A block in it is skipped unless its own entries are asked for
        before the next of this one."""
        self._at, self._end = block.start, block.end
        abbreviations = list(self._known.get(block.id, ()))
        while True:
            kind = self._fixed(block.width)
            if kind == _PLAIN:
                yield self._plain()
            elif kind >= _FIRST:
                if kind - _FIRST >= len(abbreviations):
                    self.fail(f"abbreviation {kind} is used, and not defined.")
                yield self._abbreviated(abbreviations[kind - _FIRST])
            elif kind == _DEFINE:
                abbreviations.append(self._define())
            elif kind == _ENTER:
                inner = self._enter(block)
                if inner.id == _BLOCKINFO:
                    self._read_info(inner)
                else:
                    yield inner
                self._at, self._end = inner.end, block.end
            else:
                self._align()
                if self._at != block.end:
                    self.fail("a block does not end where it says.")
                return

    def _enter(self, around: Block) -> Block:
        self.afford(1)
        id_, width = self._vbr(8), self._vbr(4)
        self._align()
        words = self._fixed(32)
        start, end = self._at, self._at + words * 32
        if end > around.end:
            self.fail("a block goes on beyond the end of what it stands in.")
        if not _TOP_WIDTH <= width <= 32:
            self.fail(f"a block says that its abbreviations' numbers take {width} bits.")
        if around.depth >= self._limits.nesting:
            self.fail(f"blocks are nested deeper than {self._limits.nesting} levels.")
        return Block(id_, width, start, end, around.depth + 1)

    def _read_info(self, block: Block) -> None:
        """Abbreviations for blocks to come."""
        self._at, self._end = block.start, block.end
        known: list[tuple[Operand, ...]] | None = None
        while True:
            kind = self._fixed(block.width)
            if kind == _END:
                self._align()
                return
            if kind == _DEFINE and known is not None:
                known.append(self._define())
            elif kind == _PLAIN:
                record = self._plain()
                if record.code == _SET_BLOCK and record.operands:
                    known = self._known.setdefault(record.operands[0], [])
            else:
                self.fail("the file's BLOCKINFO has something that does not belong there.")

    # -- records --------------------------------------------------------------------------------

    def _define(self) -> tuple[Operand, ...]:
        self._abbreviations += 1
        if self._abbreviations > self._limits.abbreviations:
            self.fail(f"more than {self._limits.abbreviations:,} abbreviations are defined.")
        operands: list[Operand] = []
        count = self._vbr(5)
        self.afford(count)
        for _ in range(count):
            if self._fixed(1):
                operands.append(Operand(Encoding.LITERAL, self._vbr(8)))
                continue
            number = self._fixed(3)
            if not Encoding.FIXED <= number <= Encoding.BLOB:
                self.fail(f"an abbreviation has the unknown encoding {number}.")
            encoding = Encoding(number)
            width = self._vbr(5) if encoding in (Encoding.FIXED, Encoding.VBR) else 0
            if width > _LARGEST or (encoding is Encoding.VBR and width == 1):
                self.fail(f"an abbreviation has numbers of {width} bits.")
            # Of no bits nothing is read: LLVM writes such for what is always 0.
            nothing = encoding in (Encoding.FIXED, Encoding.VBR) and not width
            operands.append(Operand(Encoding.LITERAL) if nothing else Operand(encoding, width))
        encodings = [operand.encoding for operand in operands]
        if Encoding.ARRAY in encodings:
            scalar = encodings[-1] in (Encoding.FIXED, Encoding.VBR, Encoding.CHAR6)
            scalar = scalar or encodings[-1] is Encoding.LITERAL
            if encodings.index(Encoding.ARRAY) != len(operands) - 2 or not scalar:
                self.fail("an abbreviation's array is not its last, or of what no array is of.")
        if Encoding.BLOB in encodings[:-1] or not operands:
            self.fail("an abbreviation is empty, or goes on after a blob.")
        if encodings[0] in (Encoding.ARRAY, Encoding.BLOB):
            self.fail("an abbreviation does not begin with the code of its records.")
        return tuple(operands)

    def _plain(self) -> Record:
        """A record without abbreviation: most of a function is such, so this is the hot loop."""
        code, count = self._vbr(6), self._vbr(6)
        self.afford(1 + count)
        if count * 6 > self._end - self._at:
            self.fail(f"a record announces {count:,} numbers, more than its bytes can hold.")
        operands = []
        data, at, window, have = self._data, self._at, 0, 0
        for _ in range(count):
            value = shift = 0
            while True:
                if have < 6:
                    place = at >> 3
                    window = int.from_bytes(data[place : place + _WINDOW], "little") >> (at & 7)
                    have = _WINDOW * 8 - (at & 7)
                at += 6
                have -= 6
                value |= (window & 31) << shift
                more = window & 32
                window >>= 6
                if not more:
                    break
                shift += 5
                if shift >= _LARGEST:
                    self.fail("a number is too large.")
            operands.append(value)
        self._at = at
        if at > self._end:
            self.fail("the file ends too early, or a record goes on beyond its block.")
        return Record(code, operands)

    def _abbreviated(self, abbreviation: tuple[Operand, ...]) -> Record:
        self.afford(len(abbreviation))
        numbers: list[int] = []
        for place, operand in enumerate(abbreviation):
            if operand.encoding is Encoding.ARRAY:
                count = self._vbr(6)
                self.afford(count)
                element = abbreviation[place + 1]
                numbers.extend(self._number(element) for _ in range(count))
                break
            if operand.encoding is Encoding.BLOB:
                return Record(numbers[0], numbers[1:], self._blob())
            numbers.append(self._number(operand))
        return Record(numbers[0], numbers[1:])

    def _number(self, operand: Operand) -> int:
        match operand.encoding:
            case Encoding.LITERAL:
                return operand.value
            case Encoding.FIXED:
                return self._fixed(operand.value)
            case Encoding.VBR:
                return self._vbr(operand.value)
        return _CHAR6[self._fixed(6)]

    def _blob(self) -> bytes:
        size = self._vbr(6)
        self._align()
        start = self._at // 8
        if start + size > self._end // 8:
            self.fail(f"{size:,} bytes are announced, more than follow.")
        self._at += size * 8
        self._align()
        return self._data[start : start + size]

    # -- numbers --------------------------------------------------------------------------------

    def _fixed(self, width: int) -> int:
        at, end = self._at, self._at + width
        if end > self._end:
            self.fail("the file ends too early, or something goes on beyond its block.")
        self._at = end
        bits = int.from_bytes(self._data[at >> 3 : (end + 7) >> 3], "little")
        return (bits >> (at & 7)) & ((1 << width) - 1)

    def _vbr(self, width: int) -> int:
        """A number in parts of so many bits; the highest of each says whether one more follows."""
        high = 1 << (width - 1)
        value = shift = 0
        while True:
            part = self._fixed(width)
            value |= (part & (high - 1)) << shift
            if not part & high:
                return value
            shift += width - 1
            if shift >= _LARGEST:
                self.fail("a number is too large.")

    def _align(self) -> None:
        self._at = (self._at + 31) & ~31
        if self._at > self._end:
            self.fail("the file ends too early.")
