"""The file around the circuits: compression, version, and where each circuit stands."""

from __future__ import annotations

import itertools
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import NEWEST, OLDEST, Limits

MAGIC: Final = b"QISKIT"
_GZIP: Final = b"\x1f\x8b"
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_ANY_WINDOW: Final = zlib.MAX_WBITS | 32
"""zlib finds out itself whether it is gzip's header or its own."""

_HEADER: Final = struct.Struct("!6sBBBBQc")
_OFFSET: Final = struct.Struct("!Q")


@dataclass(frozen=True, slots=True)
class File:
    """What the header says."""

    version: int
    qiskit: str
    programs: int
    symengine: bool
    """Whether parameter expressions before version 13 are in symengine's own format."""


def is_qpy(data: bytes) -> bool:
    """Whether these bytes are QPY, perhaps compressed: what they say, not what they are called."""
    if data.startswith(MAGIC):
        return True
    if not data.startswith((_GZIP, *_ZLIB)):
        return False
    try:
        return inflated(data, len(MAGIC)) == MAGIC
    except QpyError:
        return False


def inflated(data: bytes, most: int) -> bytes:
    """The first bytes of what was compressed, at most so many."""
    if data.startswith(MAGIC):
        return data[:most]
    unpacking = zlib.decompressobj(_ANY_WINDOW)
    try:
        return unpacking.decompress(data, most)
    except zlib.error:
        raise QpyError(
            "This is no QPY file: it does not start with QISKIT, and it is not compressed. Write "
            "it with `qiskit.qpy.dump`."
        ) from None


def _unpacked(data: bytes, limits: Limits) -> bytes:
    whole = inflated(data, limits.bytes + 1)
    if len(whole) > limits.bytes:
        raise QpyError(f"The file has more than {limits.bytes:,} bytes: split it into several.")
    return whole


def count_programs(data: bytes) -> int:
    """How many circuits a file says it has. Reads no further than its first bytes."""
    return _header(Cursor(memoryview(inflated(data, _HEADER.size))), Limits()).programs


def _header(cursor: Cursor, limits: Limits) -> File:
    if bytes(cursor.data[:6]) != MAGIC:
        raise QpyError("This is no QPY file: it does not start with QISKIT.")
    if cursor.left < _HEADER.size:
        raise QpyError("The file ends in its header. Write it again with `qiskit.qpy.dump`.")
    _, version, major, minor, patch, programs, encoding = cursor.unpack(_HEADER)
    if not OLDEST <= version <= NEWEST:
        raise QpyError(
            f"The file is QPY version {version}, and versions {OLDEST} to {NEWEST} are read: write "
            f"it with `qiskit.qpy.dump(circuits, file, version={min(max(version, OLDEST), 17)})`."
        )
    if programs > limits.programs:
        raise QpyError(
            f"The file has {programs:,} circuits, and at most {limits.programs:,} are read: split "
            "it into several."
        )
    return File(version, f"{major}.{minor}.{patch}", programs, encoding == b"e")


def open_file(data: bytes, limits: Limits) -> tuple[File, Cursor, list[int]]:
    """The header, where the first circuit is, and the places of all if the file lists them."""
    cursor = Cursor(memoryview(_unpacked(data, limits)))
    file = _header(cursor, limits)
    kind = bytes(cursor.take(1))
    if kind != b"q":
        raise QpyError(
            "The file holds pulse schedules, and only circuits are run."
            if kind == b"s"
            else "The file holds something that is no circuit."
        )
    offsets: list[int] = []
    if file.version >= 16:
        cursor.count(file.programs, _OFFSET.size, "circuits")
        offsets = [cursor.unpack(_OFFSET)[0] for _ in range(file.programs)]
        # Circuits follow each other; a file whose circuits overlap would be read many times.
        places = [cursor.at - 1, *offsets]
        if any(a >= b for a, b in itertools.pairwise(places)):
            raise QpyError("The circuits of the file do not stand where its table says.")
    return file, cursor, offsets
