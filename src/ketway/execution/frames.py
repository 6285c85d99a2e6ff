"""Frames: how bytes travel between the server and the process of an attempt.

A frame is its length (8 bytes, little-endian) and its bytes. Lengths that no frame can have are
marks, by which either side says something about itself rather than about the work.
"""

from __future__ import annotations

import enum
import os
import struct
import threading
from collections.abc import Iterator

FRAME_LIMIT = 1 << 31
"""A longer frame is refused on both sides: a process gone wild must not fill the server."""

READ_BYTES = 1 << 20
"""How much to ask of the kernel at a time."""

_LENGTH = struct.Struct("<Q")
_SMALL = 1 << 16


class Mark(enum.IntEnum):
    """What a process says about itself; the last is the server's."""

    RETURNED = (1 << 64) - 1
    """The entry returned: an exit code of 0 alone could also be a library calling exit."""
    OUT_OF_MEMORY = (1 << 64) - 2
    """The entry ended with a MemoryError."""
    READY = (1 << 64) - 3
    """Everything is imported; a request may come."""
    USAGE = (1 << 64) - 4
    """The next frame is what the process has used."""
    DONE = (1 << 64) - 5
    """The entry has done what was asked; another request may come."""
    LAST = (1 << 64) - 6
    """From the server: no other request will come."""


_MARKS = {int(mark): mark for mark in Mark}


class BadFrameError(ValueError):
    """What came is not a frame."""


class FrameReader:
    """Puts frames together from pieces as they come; what it holds grows with what has come, not
    with what a header promises."""

    def __init__(self) -> None:
        self._pieces: list[memoryview] = []
        self._held = 0
        self._length: int | None = None
        """Of the frame being read; None while its header is."""

    def feed(self, data: bytes) -> Iterator[bytes | Mark]:
        """Yields what `data` completes. To be exhausted before the next call."""
        rest = memoryview(data)
        while True:
            wanted = (_LENGTH.size if self._length is None else self._length) - self._held
            piece, rest = rest[:wanted], rest[wanted:]
            self._pieces.append(piece)
            self._held += len(piece)
            if len(piece) < wanted:
                return
            whole = b"".join(self._pieces)
            self._pieces, self._held = [], 0
            if self._length is not None:
                self._length = None
                yield whole
                continue
            (length,) = _LENGTH.unpack(whole)
            if length in _MARKS:
                yield _MARKS[length]
            elif length > FRAME_LIMIT:
                raise BadFrameError(
                    f"The process announced a frame of {length} bytes; {FRAME_LIMIT} is the most."
                )
            else:
                self._length = length


def header(frame: bytes) -> bytes:
    """What goes before `frame` on the wire."""
    if len(frame) > FRAME_LIMIT:
        raise BadFrameError(
            f"A frame of {len(frame)} bytes was to be sent; {FRAME_LIMIT} is the most."
            " Send it in parts, or write it to the blob store and send its name."
        )
    return _LENGTH.pack(len(frame))


def mark_bytes(mark: Mark) -> bytes:
    """A mark on the wire."""
    return _LENGTH.pack(mark)


class FrameWriter:
    """Sends frames from inside the process, blocking until the kernel has taken them.

    Threads of an engine may share it: a frame is never torn by another.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._turn = threading.Lock()

    def __call__(self, frame: bytes) -> None:
        head = header(frame)
        with self._turn:
            if len(frame) < _SMALL:
                self._write(head + frame)
            else:
                self._write(head)
                self._write(frame)

    def mark(self, mark: Mark) -> None:
        with self._turn:
            self._write(mark_bytes(mark))

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest[:READ_BYTES]) :]


def read_frame(fd: int) -> bytes:
    """One frame from a blocking descriptor. Raises EOFError if the other side is gone."""
    (length,) = _LENGTH.unpack(_read_exactly(fd, _LENGTH.size))
    return _frame(fd, length)


def read_requests(fd: int) -> Iterator[bytes]:
    """Frames from a blocking descriptor until the server marks the last. Raises EOFError if the
    other side is gone."""
    while True:
        (length,) = _LENGTH.unpack(_read_exactly(fd, _LENGTH.size))
        if length == Mark.LAST:
            return
        yield _frame(fd, length)


def _frame(fd: int, length: int) -> bytes:
    if length > FRAME_LIMIT:
        raise BadFrameError(f"A frame of {length} bytes was announced; {FRAME_LIMIT} is the most.")
    return _read_exactly(fd, length)


def _read_exactly(fd: int, length: int) -> bytes:
    pieces: list[bytes] = []
    while length:
        piece = os.read(fd, min(length, READ_BYTES))
        if not piece:
            raise EOFError("The server closed the connection.")
        pieces.append(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
