"""How typed values with arrays in them are stored and sent between processes.

A value is a msgspec `Struct` (or a dataclass) whose fields are plain data, other such values, or
numpy arrays; it is packed as MessagePack behind a magic number, and compressed. Nothing is pickled:
what is unpacked has the type that was asked for, or it is a `ValueError`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar, cast, get_origin

import msgspec
import numpy as np
import zstandard

T = TypeVar("T")

MAGIC: Final = b"KWV1"
_ARRAY: Final = 1
"""MessagePack's extension type of an array."""
_LEVEL: Final = -1
"""Of zstandard: most of the bytes are shots and angles, which hardly shrink."""
_KINDS: Final = frozenset("biufc")
_LARGEST: Final = 1 << 34
_MOST_GROWTH: Final = 1 << 15
"""No zstandard frame grows more: 4 bytes can stand for a block of 128 KiB."""


def pack(value: Any) -> bytes:
    packed = msgspec.msgpack.encode(value, enc_hook=_encoded)
    return MAGIC + zstandard.ZstdCompressor(level=_LEVEL).compress(packed)


def unpack(data: bytes | memoryview, type_: Callable[..., T]) -> T:
    """The value that was packed; a `ValueError` whatever the bytes are."""
    if bytes(data[:4]) != MAGIC:
        raise ValueError("these bytes are not a packed value")
    return cast(T, unpacked(memoryview(data)[4:], decoder(type_)))


def unpacked(frame: memoryview, reader: msgspec.msgpack.Decoder[T]) -> T:
    """Decode a compressed frame; a `ValueError` whatever its bytes are, before it takes memory
    that its length cannot be worth."""
    try:
        promised = zstandard.get_frame_parameters(frame).content_size
        if promised > min(_LARGEST, _MOST_GROWTH * len(frame)):
            raise ValueError(f"a frame of {len(frame):,} bytes cannot hold {promised:,}")
        return reader.decode(zstandard.ZstdDecompressor().decompress(frame))
    except (zstandard.ZstdError, msgspec.MsgspecError, RecursionError, OverflowError) as error:
        raise ValueError(f"a frame cannot be read: {error}") from None


@cache
def decoder(type_: Any) -> msgspec.msgpack.Decoder[Any]:
    """What unpacks values of that type; made once."""
    return msgspec.msgpack.Decoder(type_, dec_hook=_typed, ext_hook=_decoded)


class _Head(msgspec.Struct, array_like=True):
    dtype: str
    shape: list[int]


_head_decoder = msgspec.msgpack.Decoder(_Head)


def _encoded(value: Any) -> msgspec.msgpack.Ext:
    if isinstance(value, np.generic):
        value = np.asarray(value)  # numpy gives a scalar for an array without axes, when it likes
    if not isinstance(value, np.ndarray) or value.dtype.kind not in _KINDS:
        raise NotImplementedError(f"{type(value).__name__} cannot be packed")
    little = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
    head = msgspec.msgpack.encode(_Head(little.dtype.str, list(value.shape)))
    return msgspec.msgpack.Ext(_ARRAY, len(head).to_bytes(2, "little") + head + little.tobytes())


def _decoded(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise ValueError(f"a packed value has an unknown part ({code})")
    end = 2 + int.from_bytes(data[:2], "little")
    head = _head_decoder.decode(data[2:end])
    try:
        dtype = np.dtype(head.dtype)
    except TypeError:
        raise ValueError(f"{head.dtype!r} is no type of numbers") from None
    if dtype.kind not in _KINDS or min(head.shape, default=0) < 0:
        raise ValueError(f"{head.dtype!r} is no type of numbers")
    return np.frombuffer(bytes(data[end:]), dtype).reshape(head.shape)


def _typed(type_: Any, value: Any) -> Any:
    """Arrays come from `_decoded`; anything else in their place is wrong."""
    if (get_origin(type_) or type_) is np.ndarray and isinstance(value, np.ndarray):
        return value
    raise ValueError(f"expected an array, got {type(value).__name__}")
