"""From the histograms of variants to one: their average, their votes, their powers.

The average is what was counted, all together. The others trust an outcome more, the more variants
agree on it: an error that one placement brings about is seen in that variant and in no other. They
are used only where the variants do differ by more than chance; where there is no such noise they
are the average, so that nothing is sharpened that was not blurred.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.engines.seeds import bits

Counts: TypeAlias = NDArray[np.int64]
"""Shape (variants, outcomes)."""
Weights: TypeAlias = NDArray[np.float64]

BALLOTS: Final = 10_000
CHANCE: Final = 0.01
"""How often variants that are alike are taken to differ."""
_POWER: Final = 0.5
_ENOUGH: Final = 5.0
"""Fewer expected counts than that in a variant say nothing by themselves."""


def average(counts: Counts) -> Weights:
    total: Weights = counts.sum(axis=0) / counts.sum()
    return total


def voting(counts: Counts, seed: int) -> Weights:
    """Each ballot has one shot of every variant, and goes to the outcome that most of them gave.
    One without a clear winner is shared by what was on it."""
    if not differ(counts):
        return average(counts)
    source = bits(seed, "ballots")
    outcomes = counts.shape[1]
    shots = [np.repeat(np.arange(outcomes), row) for row in counts if row.sum()]
    ballots = np.empty((BALLOTS, len(shots)), dtype=np.int64)
    for k, taken in enumerate(shots):
        # 53 bits are exact in a float, and the product is below the length.
        share = (source.random_raw(BALLOTS) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        ballots[:, k] = taken[(share * len(taken)).astype(np.int64)]
    ballots.sort(axis=1)
    winner, clear = _winners(ballots)
    weights = np.bincount(winner[clear], minlength=outcomes).astype(np.float64)
    weights += np.bincount(ballots[~clear].reshape(-1), minlength=outcomes) / len(shots)
    found: Weights = weights / BALLOTS
    return found


def _winners(ballots: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of ballots that are sorted: what most of its shots are, and whether nothing else is as
    frequent, or all are different."""
    votes = np.ones_like(ballots)
    for k in range(1, ballots.shape[1]):
        same = ballots[:, k] == ballots[:, k - 1]
        votes[:, k] = np.where(same, votes[:, k - 1] + 1, 1)
    most = votes.max(axis=1)
    clear = ((votes == most[:, None]).sum(axis=1) == 1) & (most > 1)
    return ballots[np.arange(len(ballots)), votes.argmax(axis=1)], clear


def power_mean(counts: Counts) -> Weights:
    """The mean of the variants' probabilities by their square roots: what only few of them have
    counts for little (a power law, as in arXiv:2506.05757)."""
    if not differ(counts):
        return average(counts)
    held = counts[counts.sum(axis=1) > 0]
    shares = held / held.sum(axis=1, keepdims=True)
    means = (shares**_POWER).mean(axis=0) ** (1 / _POWER)
    found: Weights = means / means.sum()
    return found


def differ(counts: Counts) -> bool:
    """Whether the variants differ by more than chance: the test of homogeneity by chi squared, over
    outcomes that are frequent enough, and the others in bins that are."""
    held = counts[counts.sum(axis=1) > 0]
    if len(held) < 2:
        return False
    sizes = held.sum(axis=1)
    total = held.sum(axis=0)
    expected = total * (sizes.min() / sizes.sum())
    frequent = expected >= _ENOUGH
    table = held[:, frequent]
    rare = np.flatnonzero(~frequent)
    if len(rare):
        bins = max(1, min(len(rare), int(expected[rare].sum() / _ENOUGH)))
        several = np.zeros((len(held), bins), dtype=np.int64)
        for k in range(bins):
            several[:, k] = held[:, rare[k::bins]].sum(axis=1)
        table = np.column_stack((table, several))
    table = table[:, table.sum(axis=0) > 0]
    columns = table.shape[1]
    if columns < 2:
        return False
    likely = np.outer(sizes, table.sum(axis=0)) / sizes.sum()
    statistic = float(((table - likely) ** 2 / likely).sum())
    return _chance_of_more(statistic, (len(held) - 1) * (columns - 1)) < CHANCE


def _chance_of_more(statistic: float, freedom: int) -> float:
    """Wilson and Hilferty: the cube root of chi squared is close to normal."""
    spread = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return math.erfc(z / math.sqrt(2)) / 2


def table_of(
    outcomes: Sequence[NDArray[np.uint8]], counts: Sequence[NDArray[np.int64]]
) -> tuple[NDArray[np.uint8], Counts, list[NDArray[np.int64]]]:
    """The outcomes of several histograms, each once and ascending as integers; a row of counts for
    each histogram; and the place of each of its outcomes among them all."""
    # Reversed, rows of bytes sort as the integers they are.
    stacked = np.concatenate(outcomes)[:, ::-1]
    rows, flat = np.unique(stacked, axis=0, return_inverse=True)
    ends = np.cumsum([len(some) for some in outcomes])
    places = np.split(flat.reshape(-1).astype(np.int64), ends[:-1])
    table = np.zeros((len(outcomes), len(rows)), dtype=np.int64)
    for row, place, some in zip(table, places, counts, strict=True):
        row[place] = some
    return np.ascontiguousarray(rows[:, ::-1]), table, places
