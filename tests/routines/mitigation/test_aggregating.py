"""Variants to one histogram: nothing is made up, nothing that is alike is changed."""

from __future__ import annotations

import numpy as np
import pytest

from ketway.routines.mitigation.aggregating import (
    average,
    differ,
    power_mean,
    table_of,
    voting,
)


def drawn(seed: int, chances: list[list[float]], shots: int) -> np.ndarray:
    source = np.random.default_rng(seed)
    return np.array([source.multinomial(shots, row) for row in chances])


def test_variants_that_are_alike_are_left_as_they_are() -> None:
    """Of 200 noiseless sets, about two may be taken to differ."""
    alike = [[0.9, 0.07, 0.02, 0.01]] * 25
    sets = [drawn(seed, alike, 40) for seed in range(200)]
    kept = [counts for counts in sets if not differ(counts)]
    assert len(kept) > 190
    for counts in kept:
        assert np.array_equal(voting(counts, 1), average(counts))
        assert np.array_equal(power_mean(counts), average(counts))


def test_a_certain_outcome_stays_certain() -> None:
    counts = np.zeros((25, 3), dtype=np.int64)
    counts[:, 1] = 20
    for weights in (average(counts), voting(counts, 1), power_mean(counts)):
        assert weights.tolist() == [0.0, 1.0, 0.0]


def test_what_only_one_variant_gives_is_voted_down() -> None:
    """Each variant errs in its own way, in a third of its shots."""
    variants = 12
    chances = [[2 / 3, *(1 / 3 if k == v else 0.0 for k in range(variants))]
               for v in range(variants)]  # fmt: skip
    counts = drawn(5, chances, 60)
    assert differ(counts)
    plain, votes, powers = average(counts), voting(counts, 7), power_mean(counts)
    assert plain[0] == pytest.approx(2 / 3, abs=0.06)
    assert votes[0] > 0.99
    assert plain[0] < powers[0] < 1
    assert powers[0] > 0.9


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_made_up(seed: int) -> None:
    """Weights are a distribution over what was measured."""
    source = np.random.default_rng(seed)
    chances = source.dirichlet(np.full(30, 0.2), size=25).tolist()
    counts = drawn(seed, chances, 30)
    for weights in (average(counts), voting(counts, seed), power_mean(counts)):
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        assert not weights[counts.sum(axis=0) == 0].any()


def test_ballots_as_they_are_counted_one_by_one() -> None:
    """The share of an outcome is the chance that it wins a ballot of one shot of each variant."""
    counts = np.array([[30, 10, 0], [10, 0, 30], [40, 0, 0]])
    assert differ(counts)
    shares = counts / 40
    expected = np.zeros(3)
    for a in range(3):
        for b in range(3):
            for c in range(3):
                chance = shares[0, a] * shares[1, b] * shares[2, c]
                ballot = [a, b, c]
                winners = [x for x in set(ballot) if ballot.count(x) > 1]
                for x in winners or ballot:
                    expected[x] += chance / (1 if winners else 3)
    assert voting(counts, 3) == pytest.approx(expected, abs=0.02)
    assert np.array_equal(voting(counts, 3), voting(counts, 3))


def test_histograms_share_one_table() -> None:
    rows = [np.array([[1, 0], [0, 1]], np.uint8), np.array([[2, 0], [0, 1]], np.uint8)]
    outcomes, table, places = table_of(rows, [np.array([3, 4]), np.array([5, 6])])
    assert [int.from_bytes(row.tobytes(), "little") for row in outcomes] == [1, 2, 256]
    assert table.tolist() == [[3, 0, 4], [0, 5, 6]]
    assert [place.tolist() for place in places] == [[0, 2], [1, 2]]
