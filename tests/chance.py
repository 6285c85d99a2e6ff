"""Tests of chance that are exact, so that their rate of false alarms is known.

Seeds are fixed: a test passes or fails always. The rate says how likely a correct program was to
get an unlucky seed when the test was written.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

ALARM = 1e-6
"""The rate of false alarms of each test."""


def chi_square_tail(value: float, freedom: int) -> float:
    """P(chi-square > value), by the finite sums that exist for whole degrees of freedom."""
    half = value / 2
    if half == 0:
        return 1.0
    logs = [i * math.log(half) - half for i in range(freedom // 2)]
    if freedom % 2 == 0:
        return math.fsum(math.exp(log - math.lgamma(i + 1)) for i, log in enumerate(logs))
    shift = 0.5 * math.log(half)
    terms = [math.exp(log + shift - math.lgamma(i + 1.5)) for i, log in enumerate(logs)]
    return math.erfc(math.sqrt(half)) + math.fsum(terms)


def fits(counts: Mapping[int, int], probabilities: Mapping[int, float]) -> bool:
    """Whether counts could have been drawn from a distribution, at the stated rate."""
    shots = sum(counts.values())
    if any(probabilities.get(outcome, 0.0) <= 1e-15 for outcome in counts):
        return False
    bins: list[tuple[float, int]] = []
    rest = (0.0, 0)
    for outcome, p in probabilities.items():
        pair = (p * shots, counts.get(outcome, 0))
        if pair[0] >= 10:
            bins.append(pair)
        else:
            rest = (rest[0] + pair[0], rest[1] + pair[1])
    if rest[0] > 0:
        bins.append(rest)
    if len(bins) == 1:
        return bins[0][1] == shots
    statistic = math.fsum((seen - expected) ** 2 / expected for expected, seen in bins)
    return chi_square_tail(statistic, len(bins) - 1) > ALARM


def binomial_fits(hits: int, trials: int, probability: float) -> bool:
    """Whether that many hits are likely enough: the exact tail on the side where they fell."""
    if not 0 < probability < 1:
        return hits == trials * probability
    step = -1 if hits < trials * probability else 1
    tail, k = 0.0, hits
    while 0 <= k <= trials:
        term = math.exp(_log_binomial(k, trials, probability))
        tail += term
        if term <= tail * 1e-17:  # the terms only fall from here
            break
        k += step
    return tail > ALARM / 2


def _log_binomial(k: int, n: int, p: float) -> float:
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(p) + (n - k) * math.log1p(-p)
