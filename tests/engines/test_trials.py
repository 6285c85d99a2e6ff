"""Counts of trials are those of trials: held to the binomial distribution, term by term."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from tests.chance import binomial_fits, fits

from ketway.engines import trials
from ketway.engines.seeds import bits
from ketway.engines.trials import classes, successes


@pytest.mark.parametrize("count", [1, 5, 63, 64, 65, 130])
@pytest.mark.parametrize("odds", [0.5, 0.3, 0.999, 2.0**-7, 1 / 3])
def test_successes_are_binomial(count: int, odds: float) -> None:
    found = successes(bits(count, str(odds)), np.full(20_000, count), np.full(20_000, odds))
    expected = {
        k: math.comb(count, k) * odds**k * (1 - odds) ** (count - k) for k in range(count + 1)
    }
    assert fits(Counter(found.tolist()), {k: p for k, p in expected.items() if p > 1e-15})


def test_what_is_certain_is_never_drawn() -> None:
    counts = np.array([0, 7, 1_000_000, 3, 9])
    odds = np.array([0.5, 1.0, 1.0, 0.0, -1e-18])
    assert successes(bits(1), counts, odds).tolist() == [0, 7, 1_000_000, 0, 0]


def test_many_trials() -> None:
    """More than are in memory at once, next to few."""
    counts = np.array([50_000_000, 10, 3_000_000])
    found = successes(bits(4), counts, np.array([0.25, 0.5, 1e-6])).tolist()
    assert binomial_fits(found[0], 50_000_000, 0.25)
    assert 0 <= found[1] <= 10
    assert binomial_fits(found[2], 3_000_000, 1e-6)


def test_small_odds_are_kept() -> None:
    found = int(successes(bits(2), np.array([1 << 24]), np.array([2.0**-20]))[0])
    assert binomial_fits(found, 1 << 24, 2.0**-20)


def test_classes_share_the_trials() -> None:
    odds = np.array([[0.1, 0.2, 0.3, 0.4], [0, 0, 0, 5.0], [1, 0, 0, 1]])
    found = classes(bits(8), 1_000_000, odds)
    assert found.sum(axis=1).tolist() == [1_000_000] * 3
    assert found[1].tolist() == [0, 0, 0, 1_000_000]
    assert found[2, 1:3].tolist() == [0, 0]
    for row in (0, 2):
        shares = odds[row] / odds[row].sum()
        counts = {k: n for k, n in enumerate(found[row].tolist()) if n}
        assert fits(counts, dict(enumerate(shares.tolist())))


def test_classes_of_one_row_are_as_often_together_as_they_should_be() -> None:
    """The first two of four: not only each for itself."""
    found = classes(bits(3), 2, np.tile([0.1, 0.2, 0.3, 0.4], (40_000, 1)))
    pairs = Counter((4 * found[:, 0] + found[:, 1]).tolist())
    expected = {8: 0.01, 5: 0.04, 2: 0.04, 4: 0.14, 1: 0.28, 0: 0.49}
    assert fits(pairs, expected)


def test_the_same_seed_gives_the_same_counts_for_ever() -> None:
    found = classes(bits(7, "signs"), 1000, np.array([[0.1, 0.2, 0.3, 0.4], [0.25] * 4]))
    assert found.tolist() == [[97, 223, 272, 408], [262, 243, 251, 244]]


def test_rows_of_many_words_are_drawn_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, odds = np.full(50, 640), np.full(50, 0.3)
    monkeypatch.setattr(trials, "_WORDS", 25)
    found = successes(bits(5), counts, odds)
    deviation = (found - 192) / math.sqrt(640 * 0.21)
    assert abs(deviation.mean()) < 0.7
    assert 0.5 < deviation.std() < 1.6
