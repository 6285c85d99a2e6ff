"""Rare events over many shots: which shots a fault hits, drawn as the gaps between hits.

With an error rate of 1 % it would be a waste to toss a coin per site and shot. The gap to the next
hit is geometric; it is looked up in a table that is made with products only, because logarithms
differ in their last bit between processors, and a seed must give the same bytes on all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats
from ketway.engines import seeds
from ketway.engines.bitrows import Words
from ketway.engines.noise import limits_of

_LONGEST: Final = 1 << 16
"""Gaps longer than the table are walked in steps of this."""

_BLOCK_BYTES: Final = 1 << 22
"""Masks of many sites are made together, as many as stay in cache."""

_BLOCK_HITS: Final = 1 << 18
"""And about as many hits as this."""


def coin_words(source: np.random.Philox, words: int) -> Words:
    """64 fair coins per word."""
    return np.asarray(source.random_raw(words), dtype=np.uint64)


class Gaps:
    """Hits with one probability, at independent places of a long row."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self._reach, self._known = 0, np.empty(0)

    def _table(self, length: int) -> Floats:
        """As long as the row, if not `_LONGEST`: a gap that leaves it may be of any length.

        A device whose pairs all have their own rate has hundreds of tables, most for a short row.
        """
        wanted = min(_LONGEST, 1 << length.bit_length())  # more than the length
        if self._reach < wanted:
            chance = 1 - np.cumprod(np.full(wanted, 1 - self.probability))
            # The table ends where a gap that long is less likely than a 64-bit word can say.
            chance = chance[: int(np.searchsorted(chance, 1 - 2**-53)) + 1]
            self._reach, self._known = wanted, np.minimum(chance, 1 - 2**-53) * 2.0**53
        return self._known

    def places(self, source: np.random.Philox, length: int) -> NDArray[np.int64]:
        """Ascending places below `length`, each hit with the probability."""
        if self.probability <= 0 or length == 0:
            return np.empty(0, dtype=np.int64)
        if self.probability >= 1:
            return np.arange(length, dtype=np.int64)
        table = self._table(length)
        longest = len(table)
        pieces: list[NDArray[np.int64]] = []
        at = -1
        while at < length:
            rest = length - at
            wanted = int(rest * max(self.probability, 1 / _LONGEST) * 1.05) + 16
            draws = (source.random_raw(wanted) >> np.uint64(11)).astype(np.float64)
            gaps = np.searchsorted(table, draws, side="right")
            places = at + np.cumsum(np.minimum(gaps + 1, longest))
            at = int(places[-1])
            pieces.append(places[gaps < longest])
        found = np.concatenate(pieces)
        return found[: int(np.searchsorted(found, length))]


@lru_cache(maxsize=16)
def gaps_of(probability: float) -> Gaps:
    """The table is half a megabyte if the row is long."""
    return Gaps(probability)


@dataclass(frozen=True)
class Faults:
    """What can go wrong in a program, in the order in which it runs."""

    tables: list[int]
    """Which distribution the Pauli error of each site has."""
    distributions: Floats
    """Shape (distributions, 16), as in `engines.noise.Sites`."""
    widths: tuple[int, ...]
    """Qubits of each distribution."""
    misread: Floats
    """Shape (readings, 2): the odds that a 0 is read as 1, and a 1 as 0."""
    reference: list[bool]
    """What each reading gives where nothing differs from the reference sample."""


class FaultSource:
    """The faults of one walk: masks of the shots hit, site after site.

    The sites of a distribution are drawn many at a time; which comes next is the program's
    business, so each distribution has its own stream of random words.
    """

    def __init__(self, faults: Faults, seed: int, part: int, shots: int) -> None:
        """`part` tells apart the walks over many shots of one circuit."""
        limits = limits_of(faults.distributions)
        self._paulis = [
            _Masks(
                gaps_of(max(0.0, 1 - float(faults.distributions[table, 0]))),
                2 * width,
                limits[table, 1:],
                seeds.bits(seed, f"pauli {table}/{part}"),
                faults.tables.count(table),
                shots,
            )
            for table, width in enumerate(faults.widths)
        ]
        odds = faults.misread.ravel().tolist()
        self._flips = {
            p: _Masks(
                gaps_of(p), 1, _SURE, seeds.bits(seed, f"read {k}/{part}"), odds.count(p), shots
            )
            for k, p in enumerate(sorted(set(odds)))
        }
        self._tables = iter(faults.tables)
        self._readings = zip(faults.misread.tolist(), faults.reference, strict=True)

    def pauli(self) -> list[Words]:
        """X and Z masks of the first qubit of the next site, and of the second if it has one."""
        return self._paulis[next(self._tables)].next()

    def misread(self, row: Words) -> None:
        """Flip the shots in which the next measurement is read wrong."""
        (zero, one), reference = next(self._readings)
        if zero == one:
            if zero > 0:
                row ^= self._flips[zero].next()[0]
            return
        ones = ~row if reference else row.copy()
        for odds, holds in ((zero, ~ones), (one, ones)):
            if odds > 0:
                row ^= self._flips[odds].next()[0] & holds


_SURE: Final = np.array([2**64 - 1], dtype=np.uint64)


class _Masks:
    """Masks of the sites of one distribution; a hit is one of its Paulis but I."""

    def __init__(
        self,
        gaps: Gaps,
        masks: int,
        limits: NDArray[np.uint64],
        source: np.random.Philox,
        sites: int,
        shots: int,
    ) -> None:
        self.active = gaps.probability > 0
        self._gaps, self._masks, self._limits, self._source = gaps, masks, limits, source
        self._words = (shots + 63) // 64
        self._length = self._words * 64
        hits = self._length * max(gaps.probability, 1e-9)
        most = min(int(_BLOCK_HITS / hits), _BLOCK_BYTES // (8 * masks * self._words))
        self._sites = max(1, min(sites, most))
        self._left = 0
        self._flat = np.zeros(self._sites * masks * self._words, dtype=np.uint64)
        block = self._flat.reshape(self._sites, masks, self._words)
        self._block: list[list[Words]] = [list(site) for site in block]

    def next(self) -> list[Words]:
        if not self.active:
            return self._block[0]
        if self._left == 0:
            self._fill()
            self._left = self._sites
        self._left -= 1
        return self._block[self._left]

    def _fill(self) -> None:
        self._flat[:] = 0
        places = self._gaps.places(self._source, self._sites * self._length)
        raw = np.asarray(self._source.random_raw(len(places)), dtype=np.uint64)
        hits = _BITS[1 + np.searchsorted(self._limits, raw, side="right")]
        site, shot = np.divmod(places, self._length)
        word = (site * self._masks * self._words) + (shot >> 6)
        bit = np.uint64(1) << (shot & 63).astype(np.uint64)
        for mask in range(self._masks):
            hit = (hits >> mask) & 1 == 1
            np.add.at(self._flat, word[hit] + mask * self._words, bit[hit])


def _bits_of(pauli: int) -> int:
    """X and Z of the first letter, then of the second (I X Y Z = 0 1 2 3), as bits."""
    bits = 0
    for place, letter in enumerate((pauli & 3, pauli >> 2)):
        bits |= ((letter in (1, 2)) | (letter >= 2) << 1) << 2 * place
    return bits


_BITS: Final = np.array([_bits_of(k) for k in range(16)] + [0], dtype=np.int64)
