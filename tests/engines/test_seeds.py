from __future__ import annotations

import numpy as np
import pytest
from tests.chance import binomial_fits

from ketway.engines import seeds


def test_derived_seeds_are_fixed_forever() -> None:
    # A change here changes every result ever given for a seed.
    assert seeds.derive(0, 0) == 1905730407278409582
    assert seeds.derive(7, 1) == 4101736699723431425
    assert seeds.bits(7).random_raw() == 9096126088343505242


def test_derived_seeds_fit_a_signed_column_and_do_not_repeat() -> None:
    found = {seeds.derive(seed, index) for seed in range(200) for index in range(200)}
    assert len(found) == 200 * 200
    assert min(found) >= 0
    assert max(found) < 2**63


def test_seed_and_index_do_not_run_together() -> None:
    assert seeds.derive(1, 23) != seeds.derive(12, 3)
    assert seeds.derive(1, 2) != seeds.derive(2, 1)


@pytest.mark.parametrize("seed", [-1, 0, 2**31 - 1, 2**63, 2**200])
def test_any_integer_is_a_seed(seed: int) -> None:
    assert seeds.generator(seed).integers(10) in range(10)
    assert 0 <= seeds.derive(seed, 5) < 2**63


def test_a_generator_repeats_itself() -> None:
    first, second = seeds.generator(5), seeds.generator(5)
    assert (first.random(100) == second.random(100)).all()


def _differing_bits(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.bitwise_count(a ^ b).sum())


@pytest.mark.parametrize("step", [(1, 0), (0, 1), (1, -1), (2**32, 0)])
def test_neighbouring_seeds_differ_in_half_their_bits(step: tuple[int, int]) -> None:
    base = np.array([seeds.derive(s, i) for s in range(40) for i in range(1, 41)], dtype=np.uint64)
    moved = np.array(
        [seeds.derive(s + step[0], i + step[1]) for s in range(40) for i in range(1, 41)],
        dtype=np.uint64,
    )
    assert binomial_fits(_differing_bits(base, moved), 63 * len(base), 0.5)


@pytest.mark.parametrize("pair", [(0, 1), (1, 2), (1000, 1001), (0, 2**32), (5, -5)])
def test_streams_of_neighbouring_seeds_are_not_correlated(pair: tuple[int, int]) -> None:
    a, b = (seeds.bits(seed).random_raw(4000) for seed in pair)
    assert binomial_fits(_differing_bits(a, b), 64 * 4000, 0.5)
    # Nor is one the other with a delay.
    assert len(np.intersect1d(a, b)) == 0


def test_each_purpose_has_its_own_stream() -> None:
    a, b = (seeds.bits(3, purpose).random_raw(4000) for purpose in ("one", "two"))
    assert binomial_fits(_differing_bits(a, b), 64 * 4000, 0.5)
