"""How many of many trials succeed, and how many fall into each class, without making each trial.

A trial succeeds where a uniform number is below its odds. All trials of a count look at their
numbers one binary digit at a time, from the highest: where a digit differs from that of the odds
the trial is decided, and half of them are decided by each digit. So n trials take about 2 n bits,
whatever the odds are, and the counts are those of n trials, not of a curve near them. The last few
trials of each count draw what is left of their numbers at once.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

_DIGITS: Final = 53
"""Binary digits of the odds: all that a float between 1/2 and 1 has."""
_FEW: Final = 8
"""So many trials of each count draw their numbers at once. Part of what a seed means, as the next
is."""
_WORDS: Final = 1 << 16
"""Words of random bits in memory at the same time, if more than one count wants them."""


def successes(
    source: np.random.Philox, trials: NDArray[np.integer], odds: NDArray[np.float64]
) -> Counts:
    """For each number of trials how many succeed, where each does with these odds."""
    out = np.empty(trials.shape, dtype=np.int64)
    numbers, flat = trials.ravel(), out.reshape(-1)
    limits = np.rint(np.clip(odds, 0, 1).ravel() * 2.0**_DIGITS).astype(np.uint64)
    ends = np.cumsum(-(-numbers // 64))
    start = 0
    while start < len(numbers):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + _WORDS, side="right")))
        flat[start:end] = _successes(source, numbers[start:end], limits[start:end])
        start = end
    return out


def _successes(
    source: np.random.Philox, trials: NDArray[np.integer], limits: NDArray[np.uint64]
) -> Counts:
    won = np.where(limits >> np.uint64(_DIGITS), trials, 0).astype(np.int64)
    rows = np.flatnonzero((won == 0) & (trials > 0))
    left, limits = trials[rows].astype(np.int64), limits[rows]
    for digit in range(_DIGITS - 1, -1, -1):
        # Odds of which no digit is left are reached by every number: those trials have failed.
        stay = (left > 0) & ((limits & np.uint64((2 << digit) - 1)) > 0)
        rows, left, limits = rows[stay], left[stay], limits[stay]
        if left.sum() <= _FEW * len(rows):
            won[rows] += _below(source, left, limits, digit + 1)
            break
        ones = _ones(source, left)
        one = (limits >> np.uint64(digit) & np.uint64(1)).astype(np.bool_)
        won[rows] += np.where(one, left - ones, 0)
        left = np.where(one, ones, left - ones)
    return won


def _below(
    source: np.random.Philox, counts: Counts, limits: NDArray[np.uint64], digits: int
) -> Counts:
    """Of each count of numbers of so many digits, how many are below the last ones of its limit."""
    if not len(counts):
        return counts
    ends = np.cumsum(counts)
    numbers = np.asarray(source.random_raw(int(ends[-1])), dtype=np.uint64)
    numbers >>= np.uint64(64 - digits)
    last = limits & np.uint64((1 << digits) - 1)
    below = numbers < np.repeat(last, counts)
    starts = np.concatenate(([0], ends[:-1]))
    return np.asarray(np.add.reduceat(below, starts, dtype=np.int64))


def _ones(source: np.random.Philox, counts: Counts) -> Counts:
    """Of each count of random bits, how many are 1."""
    ends = np.cumsum((counts + 63) // 64)
    words = np.asarray(source.random_raw(int(ends[-1])), dtype=np.uint64)
    words[ends - 1] >>= (-counts % 64).astype(np.uint64)
    starts = np.concatenate(([0], ends[:-1]))
    return np.asarray(np.add.reduceat(np.bitwise_count(words), starts, dtype=np.int64))


def classes(source: np.random.Philox, trials: int, odds: NDArray[np.float64]) -> Counts:
    """For each row how many of so many trials fall into each class, whose odds the row holds: any
    numbers that are not negative, 2^k of them. The last axis is halved again and again."""
    counts = np.full((*odds.shape[:-1], 1), trials, dtype=np.int64)
    size = odds.shape[-1]
    while counts.shape[-1] < size:
        parts = odds.reshape(*odds.shape[:-1], 2 * counts.shape[-1], -1).sum(axis=-1)
        halves = parts.reshape(*parts.shape[:-1], -1, 2)
        whole = halves.sum(axis=-1)
        share = np.divide(halves[..., 1], whole, out=np.zeros_like(whole), where=whole > 0)
        upper = successes(source, counts, share)
        counts = np.stack((counts - upper, upper), axis=-1).reshape(*parts.shape)
    return counts
