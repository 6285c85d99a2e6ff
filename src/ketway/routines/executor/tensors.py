"""Tensors on the wire: base64 of little-endian numbers in C order; bool is eight to a byte.

Version 2.0 compresses them with zlib and knows more types than the versions before it.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from math import prod
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_LIMITS

KINDS: Final = {
    "f16": "<f2", "f32": "<f4", "f64": "<f8", "bool": "?", "i8": "<i1", "i16": "<i2",
    "i32": "<i4", "i64": "<i8", "u8": "<u1", "u16": "<u2", "u32": "<u4", "u64": "<u8",
    "c64": "<c8", "c128": "<c16",
}  # fmt: skip
PLAIN_KINDS: Final = frozenset({"f64", "bool", "u8", "c128"})
"""Those of the versions before 2.0."""
_NAMES: Final = {np.dtype(kind): name for name, kind in KINDS.items()}


class TensorBody(msgspec.Struct, frozen=True):
    data: str
    shape: tuple[int, ...]
    dtype: str


def read_tensor(body: TensorBody, compressed: bool, where: str) -> NDArray[Any]:
    """The tensor, read-only; checked before it is decompressed."""
    known = KINDS if compressed else PLAIN_KINDS
    if body.dtype not in known:
        raise ExecutorError(
            f"the tensor has the unknown type {shown(body.dtype)}: this version has "
            f"{', '.join(sorted(known))}.",
            where,
        )
    if len(body.shape) > DEFAULT_LIMITS.axes or not all(
        0 <= size <= DEFAULT_LIMITS.dimension for size in body.shape
    ):
        raise ExecutorError("the tensor has a shape that cannot be.", where)
    count = prod(body.shape)
    if count > DEFAULT_LIMITS.elements:
        raise ExecutorError(
            f"the tensor has {count:,} elements, and at most {DEFAULT_LIMITS.elements:,} are read.",
            where,
        )
    kind = np.dtype(KINDS[body.dtype])
    size = -(-count // 8) if body.dtype == "bool" else count * kind.itemsize
    data = _bytes(body.data, size, compressed, where)
    if len(data) != size:
        raise ExecutorError(
            f"the tensor has {len(data):,} bytes of data, and its shape {list(body.shape)} takes "
            f"{size:,}.",
            where,
        )
    if body.dtype == "bool":
        flat = np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little")
        return flat.astype(np.bool_).reshape(body.shape)
    return np.frombuffer(data, kind).reshape(body.shape)


def of_base64(text: str, where: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise ExecutorError("this is not base64.", where) from None


def _bytes(text: str, most: int, compressed: bool, where: str) -> bytes:
    data = of_base64(text, where)
    return inflated(data, most, where) if compressed else data


def inflated(data: bytes, most: int, where: str) -> bytes:
    """What was compressed with zlib; one byte more than `most` if it is larger."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(data, most + 1)
    except zlib.error:
        raise ExecutorError("this is not compressed with zlib.", where) from None
    if len(found) <= most and not unpacking.eof:
        raise ExecutorError("the compressed data ends too early.", where)
    return found


def writable(kind: np.dtype[Any], compressed: bool) -> bool:
    """Whether a version has a type for such numbers."""
    return compressed or _NAMES[kind] in PLAIN_KINDS


def write_tensor(values: NDArray[Any], compressed: bool) -> TensorBody:
    name = _NAMES[values.dtype.newbyteorder("<")]
    assert writable(values.dtype, compressed), f"this version has no type {name}"
    if name == "bool":
        data = np.packbits(values, bitorder="little").tobytes()
    else:
        data = np.ascontiguousarray(values, KINDS[name]).tobytes()
    text = base64.b64encode(zlib.compress(data) if compressed else data)
    return TensorBody(text.decode("ascii"), values.shape, name)
