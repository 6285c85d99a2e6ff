"""Parities: the mean of a Pauli product is that of the parity of the bits that it is read by."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats

Words: TypeAlias = NDArray[Any]
"""Outcomes as unsigned integers: the last axis is the words of one outcome."""

_MANY: Final = 4
"""From so many products on, shots are counted first, if outcomes are fewer than shots."""


def words_of(rows: NDArray[np.uint8]) -> Words:
    """Rows of bytes, least significant first, as few unsigned integers of one size."""
    width = rows.shape[-1]
    size = next((size for size in (1, 2, 4) if width <= size), 8)
    padded = -width % size
    if padded:
        rows = np.concatenate((rows, np.zeros((*rows.shape[:-1], padded), np.uint8)), axis=-1)
    return np.ascontiguousarray(rows).view(f"<u{size}")


def masks_of(bits: NDArray[np.bool_], width: int) -> Words:
    """Masks in the words of outcomes of `width` bytes; bit k of a mask is column k."""
    packed = np.packbits(bits, axis=-1, bitorder="little")
    rows = np.zeros((*packed.shape[:-1], width), dtype=np.uint8)
    rows[..., : packed.shape[-1]] = packed[..., :width]
    return words_of(rows)


def odd(words: Words) -> NDArray[np.bool_]:
    """Whether the number of ones is odd."""
    folded = np.bitwise_xor.reduce(words, axis=-1)
    return np.asarray(np.bitwise_count(folded) & 1, dtype=np.bool_)


def mean_parities(shots: Words, masks: Words) -> Floats:
    """Shots of shape (rows, shots, words), masks (masks, words): means of (-1) to the number of
    ones under each mask, of shape (rows, masks)."""
    rows, count, words = shots.shape
    bits = 8 * shots.dtype.itemsize * words
    if words == 1 and len(masks) >= _MANY:
        highest = int(np.bitwise_or.reduce(masks, axis=None))
        size = 1 << highest.bit_length()
        if size <= count and bits <= 64:
            return _counted(shots[..., 0] & shots.dtype.type(size - 1), masks[:, 0], size)
    out = np.empty((rows, len(masks)))
    for k, mask in enumerate(masks):
        out[:, k] = 1 - 2 * np.count_nonzero(odd(shots & mask), axis=1) / count
    return out


def _counted(shots: Words, masks: Words, size: int) -> Floats:
    """The same by way of how often each outcome was taken."""
    rows, count = shots.shape
    places = shots.astype(np.int64) + size * np.arange(rows)[:, None]
    counts = np.bincount(places.ravel(), minlength=size * rows).reshape(rows, size)
    outcomes = np.arange(size, dtype=masks.dtype)[:, None]
    signs = 1.0 - 2.0 * odd((outcomes & masks)[..., None])
    # Sums of whole numbers are exact in whatever order they are added.
    means: Floats = counts.astype(np.float64) @ signs / count
    return means


def expected_parities(outcomes: Words, weights: Floats, masks: Words) -> Floats:
    """Of one distribution: outcomes of shape (outcomes, words)."""
    return np.array([np.sum(np.where(odd(outcomes & mask), -weights, weights)) for mask in masks])
