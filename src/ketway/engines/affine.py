"""Affine subspaces of bits: what a Clifford circuit can answer, each point as likely as any other.

A space is an offset and a basis in reduced echelon form by the highest bit: each basis vector's
highest bit is 0 in the others and in the offset. So point number k, made of the vectors where k has
ones, grows with k: numbering the points lists them in ascending order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketway.engines.bitrows import Rows, Words


@dataclass(frozen=True)
class Space:
    """All offset ^ (sum of some basis vectors). Rows are bytes, little-endian, as in results."""

    offset: NDArray[np.uint8]
    basis: Rows
    """Ascending: vector i is chosen by bit i of a point's number."""

    @property
    def dimension(self) -> int:
        return len(self.basis)

    def first(self, points: int) -> Rows:
        """The lowest points, ascending; `points` is a power of two."""
        out = np.empty((points, len(self.offset)), dtype=np.uint8)
        out[0] = self.offset
        for i in range(points.bit_length() - 1):
            np.bitwise_xor(out[: 1 << i], self.basis[i], out=out[1 << i : 2 << i])
        return out

    def points(self, numbers: Words) -> Rows:
        """The points with these numbers."""
        out = np.repeat(self.offset[None, :], len(numbers), axis=0)
        for i, vector in enumerate(self.basis):
            chosen = (numbers >> np.uint64(i)) & np.uint64(1) == 1
            out[chosen] ^= vector
        return out


def space_of(offset: NDArray[np.uint8], vectors: Rows, widest: int | None = None) -> Space | None:
    """The space spanned by the vectors; None as soon as it is wider than `widest` dimensions."""
    width = len(offset)
    rows = _words(vectors[vectors.any(axis=1)])
    point = _words(offset[None, :])[0]
    rank = 0
    for bit in range(width * 8 - 1, -1, -1):
        word, shift = bit >> 6, np.uint64(bit & 63)
        holders = np.flatnonzero((rows[:, word] >> shift) & np.uint64(1))
        below = holders[np.searchsorted(holders, rank) :]
        if not len(below):
            continue
        if rank == widest:
            return None
        pivot = rows[below[0]].copy()
        rows[below[0]] = rows[rank]
        rows[rank] = pivot
        # After the exchange, the row that was at `rank` stands at below[0]: it held the bit only if
        # it was below[0] itself.
        others = holders[holders != below[0]]
        rows[others] ^= pivot
        if (point[word] >> shift) & np.uint64(1):
            point ^= pivot
        rank += 1
        if rank == len(rows):
            break
    basis = rows[:rank][::-1]
    return Space(_octets(point[None, :], width)[0], _octets(basis, width))


def _words(rows: Rows) -> Words:
    padded = np.zeros((len(rows), (rows.shape[1] + 7) // 8 * 8), dtype=np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.view("<u8")


def _octets(words: Words, width: int) -> Rows:
    return np.ascontiguousarray(np.ascontiguousarray(words).view(np.uint8)[:, :width])
