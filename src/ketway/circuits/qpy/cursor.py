"""Reading numbers and names from bytes, never beyond their end."""

from __future__ import annotations

import struct
from typing import Any

from ketway.circuits.qpy.errors import QpyError


class Cursor:
    """A place in a stretch of bytes. `where` says in words which stretch it is."""

    __slots__ = ("at", "data", "where")

    def __init__(self, data: memoryview, where: str = "") -> None:
        self.data, self.where, self.at = data, where, 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def error(self, message: str) -> QpyError:
        return QpyError(message, self.where)

    def take(self, size: int) -> memoryview:
        """The next bytes; a slice, so that what is only skipped costs nothing."""
        if not 0 <= size <= self.left:
            raise self.error(
                f"the file ends too early: {size:,} bytes should follow and {self.left:,} do. "
                "Write it again with `qiskit.qpy.dump`."
            )
        start = self.at
        self.at += size
        return self.data[start : self.at]

    def unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self.take(form.size))

    def text(self, size: int) -> str:
        return self.decoded(self.take(size))

    def decoded(self, data: memoryview) -> str:
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError:
            raise self.error("a name is not text in UTF-8.") from None

    def within(self, data: memoryview, where: str = "") -> Cursor:
        return Cursor(data, where or self.where)

    def count(self, number: int, size: int, what: str) -> int:
        """A number of things that take at least `size` bytes each: more cannot follow."""
        if number * size > self.left:
            raise self.error(f"it announces {number:,} {what}, more than its bytes can hold.")
        return number
