"""The fields of the objects in a samplex's JSON: most are text, and much of the text is JSON again.

Arrays are JSON too: base64 of little-endian numbers, where `u32` is written in 8 bytes and `u8` in
2, as samplomatic does it.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from math import prod
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.samplex.registers import ELEMENTS, SORTS, Gates, Sort

T = TypeVar("T")

_WRITTEN: Final = {"c128": "<c16", "i64": "<i8", "u32": "<u8", "u8": "<u2"}
_DIGITS: Final = 9
_AXES: Final = 5
_LONGEST: Final = 1 << 31
"""Along one axis, also where another is empty."""


class _Array(msgspec.Struct, frozen=True):
    data: str
    shape: list[int]
    dtype: str


def parse(text: str, into: type[T], what: str, where: str) -> T:
    try:
        return msgspec.json.decode(text, type=into)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ExecutorError(f"{what} is not as a samplex has it: {error}.", where) from None
    except RecursionError:
        raise ExecutorError(f"{what} is nested too deeply.", where) from None


def array(text: str, what: str, where: str) -> NDArray[Any]:
    """An array of any kind."""
    found = parse(text, _Array, what, where)
    kind = _WRITTEN.get(found.dtype)
    if kind is None:
        raise ExecutorError(f"{what} is an array of the unknown type {shown(found.dtype)}.", where)
    if len(found.shape) > _AXES or any(not 0 <= size <= _LONGEST for size in found.shape):
        raise ExecutorError(f"{what} is an array of a shape that cannot be.", where)
    try:
        data = binascii.a2b_base64(found.data, strict_mode=True)
    except ValueError:
        raise ExecutorError(f"{what} is an array whose data is not base64.", where) from None
    if prod(found.shape) * np.dtype(kind).itemsize != len(data):
        raise ExecutorError(f"{what} is an array with other data than its shape.", where)
    return np.frombuffer(data, kind).reshape(found.shape)


class Fields:
    """One object, and where it stands."""

    def __init__(self, fields: Mapping[str, Any], where: str) -> None:
        self._fields, self.where = fields, where

    def error(self, message: str) -> ExecutorError:
        return ExecutorError(message, self.where)

    def has(self, name: str) -> bool:
        return name in self._fields

    def any(self, name: str) -> object:
        if name not in self._fields:
            raise self.error(f"it has no {shown(name)}.")
        return self._fields[name]

    def text(self, name: str) -> str:
        found = self.any(name)
        if not isinstance(found, str):
            raise self.error(f"its {shown(name)} is no text.")
        return found

    def number(self, name: str) -> int:
        """A whole number, which some versions write as text."""
        found = self.any(name)
        if isinstance(found, str) and found.isdecimal() and found.isascii():
            found = int(found) if len(found) <= _DIGITS else found
        if not isinstance(found, int) or isinstance(found, bool):
            raise self.error(f"its {shown(name)} is no whole number.")
        return found

    def sort(self, name: str) -> Sort:
        return self._sort(self.text(name))

    def _sort(self, name: str) -> Sort:
        for sort in SORTS:
            if sort == name:
                return sort
        raise self.error(f"it has a register of the unknown type {shown(name)}.")

    def array(self, name: str) -> NDArray[Any]:
        return array(self.text(name), f"its {shown(name)}", self.where)

    def indices(self, name: str, axes: int = 1) -> NDArray[np.int64]:
        return self.as_indices(self.array(name), f"its {shown(name)}", axes)

    def as_indices(self, found: NDArray[Any], what: str, axes: int = 1) -> NDArray[np.int64]:
        if found.ndim != axes or found.dtype.kind not in "iu" or not found.size:
            raise self.error(f"{what} is no array of whole numbers with {axes} axes.")
        if found.size > DEFAULT_SAMPLEX_LIMITS.parameters:
            raise self.error(f"{what} has too many numbers.")
        if found.max() > np.iinfo(np.int32).max or found.min() < np.iinfo(np.int32).min:
            raise self.error(f"{what} has a number that is too large.")
        return found.astype(np.int64)

    def inside(self, name: str) -> Fields:
        """An object in the text of a field."""
        found = parse(self.text(name), dict[str, Any], f"its {shown(name)}", self.where)
        return Fields(found, f"{self.where}, {shown(name)}")

    def gates(self, sort: Sort) -> Gates:
        """A register that is written out, with one randomization; its field is `array`."""
        found = self.array("array")
        shape = (2, 2) if sort == "u2" else ()
        if found.ndim != 2 + len(shape) or found.shape[1:] != (1, *shape):
            raise self.error(f"its gates have shape {found.shape}, which is not that of {sort}.")
        if not len(found):
            raise self.error("it has no gates.")
        if sort == "u2":
            made = found.astype(np.complex128)
            if not (np.abs(made.real) < 2).all() or not (np.abs(made.imag) < 2).all():
                raise self.error("its matrices are not unitary.")
            unit = made @ made.conj().swapaxes(-1, -2)
            if not np.allclose(unit, np.eye(2), rtol=0, atol=1e-6):
                raise self.error("its matrices are not unitary.")
            return made
        if found.dtype.kind not in "iu":
            raise self.error("its gates are no whole numbers.")
        if sort == "c1" and not (found.min() >= 0 and found.max() < ELEMENTS[sort]):
            raise self.error("it has numbers of no one-qubit Clifford.")
        return (found % ELEMENTS[sort]).astype(np.uint8)
