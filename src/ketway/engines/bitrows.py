"""Outcomes as rows of bits: turning them from bit by bit to shot by shot, and counting equal ones.

Frames keep one long row of shots for each bit, because gates act on bits; results keep one short
row of bits for each shot. Both are packed, little-endian.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.jobs.results import width_of

Words: TypeAlias = NDArray[np.uint64]
Rows: TypeAlias = NDArray[np.uint8]

_FEW: Final = 20
"""Up to this many bits, all outcomes have a place in one table, and nothing needs sorting."""

_CHUNK: Final = 1 << 16
"""Words turned at once: they and their copies stay in a processor's cache."""


def turned(words: Words, bits: int, shots: int) -> Rows:
    """From `words[bit]`, one bit per shot, to one row of bytes per shot."""
    width = width_of(bits)
    out = np.empty((words.shape[1] * 64, width), dtype=np.uint8)
    padded = np.zeros((width * 8, words.shape[1]), dtype="<u8")
    padded[: len(words)] = words[:bits]
    octets = padded.view(np.uint8).reshape(width, 8, -1)
    step = max(1, _CHUNK // width)
    for start in range(0, octets.shape[2], step):
        piece = octets[:, :, start : start + step]
        blocks = np.ascontiguousarray(piece.transpose(2, 0, 1)).view("<u8")[:, :, 0]
        _turn_blocks(blocks)
        sides = blocks.view(np.uint8).reshape(len(blocks), width, 8).transpose(0, 2, 1)
        out[start * 8 : (start + len(blocks)) * 8] = sides.reshape(-1, width)
    return out[:shots]


def _turn_blocks(blocks: Words) -> None:
    """Transpose 8 by 8 bits in each word: swap ever larger off-diagonal squares."""
    for shift, mask in (
        (7, 0x00AA00AA00AA00AA),
        (14, 0x0000CCCC0000CCCC),
        (28, 0x00000000F0F0F0F0),
    ):
        moved = (blocks ^ (blocks >> np.uint64(shift))) & np.uint64(mask)
        blocks ^= moved
        blocks ^= moved << np.uint64(shift)


def counted(rows: Rows, bits: int) -> tuple[Rows, NDArray[np.int64], NDArray[np.uint32]]:
    """Distinct outcomes ascending, how often each came, and which of them each shot was."""
    if rows.shape[1] <= 8:
        outcomes, counts, shots = counted_integers(_integers(rows), bits)
        return np.ascontiguousarray(_bytes(outcomes, rows.shape[1])), counts, shots
    # Sorting long rows is slow, so equal rows are found by a short hash first. Rows that differ
    # but hash alike are noticed, and then the rows themselves are sorted.
    _, first, inverse = np.unique(_hashes(rows), return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    if not (rows[first][inverse] == rows).all():
        _, first, inverse = np.unique(_sortable(rows), return_index=True, return_inverse=True)
        inverse = inverse.reshape(-1)
    distinct = rows[first]
    order = np.argsort(_sortable(distinct), kind="stable")
    ranks = np.empty(len(order), dtype=np.uint32)
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    shots = ranks[inverse]
    counts = np.bincount(shots, minlength=len(order)).astype(np.int64)
    return np.ascontiguousarray(distinct[order]), counts, shots


def counted_integers(
    values: Words, bits: int
) -> tuple[Words, NDArray[np.int64], NDArray[np.uint32]]:
    """The same for outcomes that are integers."""
    if bits <= _FEW and len(values) >= (1 << bits) >> 6:
        table = np.bincount(values.astype(np.intp), minlength=1 << bits)
        outcomes = np.flatnonzero(table)
        ranks = np.zeros(1 << bits, dtype=np.uint32)
        ranks[outcomes] = np.arange(len(outcomes), dtype=np.uint32)
        return outcomes.astype(np.uint64), table[outcomes].astype(np.int64), ranks[values]
    found, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return found, counts.astype(np.int64), inverse.reshape(-1).astype(np.uint32)


def _integers(rows: Rows) -> Words:
    padded = np.zeros((len(rows), 8), dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.view("<u8")[:, 0]


def _bytes(values: Words, width: int) -> Rows:
    return values.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width]


def _sortable(rows: Rows) -> NDArray[np.bytes_]:
    """Big-endian byte strings: they sort as the integers do (rows are equally long)."""
    turned_rows = np.ascontiguousarray(rows[:, ::-1])
    return turned_rows.view(f"S{rows.shape[1]}")[:, 0]


def _hashes(rows: Rows) -> Words:
    width = (rows.shape[1] + 7) // 8 * 8
    padded = np.zeros((len(rows), width), dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    words = padded.view("<u8")
    hashes = np.zeros(len(rows), dtype=np.uint64)
    for column in range(words.shape[1]):
        hashes ^= words[:, column]
        hashes *= np.uint64(0x9E3779B97F4A7C15)
        hashes ^= hashes >> np.uint64(29)
    return hashes
