from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketway.engines.affine import Space, space_of
from ketway.jobs.results import integers_of

NUMBERS = st.lists(st.integers(0, 2**76 - 1), max_size=9)


def rows_of(numbers: list[int], width: int = 10) -> np.ndarray:
    rows = [list(number.to_bytes(width, "little")) for number in numbers]
    return np.array(rows, dtype=np.uint8).reshape(-1, width)


def space(offset: int, vectors: list[int]) -> Space:
    found = space_of(rows_of([offset])[0], rows_of(vectors))
    assert found is not None
    return found


def sums(offset: int, vectors: list[int]) -> set[int]:
    """All sums, one vector after the other."""
    found = {offset}
    for vector in vectors:
        found |= {point ^ vector for point in found}
    return found


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**76 - 1), NUMBERS)
def test_points_are_all_sums_in_ascending_order(offset: int, vectors: list[int]) -> None:
    wanted = sorted(sums(offset, vectors))
    found = space(offset, vectors)
    assert 1 << found.dimension == len(wanted)
    assert integers_of(found.first(len(wanted))) == wanted
    numbers = np.arange(len(wanted), dtype=np.uint64)[::-1]
    assert integers_of(found.points(numbers)) == wanted[::-1]


@given(st.integers(0, 2**76 - 1), NUMBERS)
def test_the_first_points_are_the_lowest(offset: int, vectors: list[int]) -> None:
    found = space(offset, vectors)
    half = max(1, (1 << found.dimension) // 2)
    assert integers_of(found.first(half)) == sorted(sums(offset, vectors))[:half]


@pytest.mark.parametrize("widest", [0, 1, 2, 3])
def test_a_space_wider_than_asked_for_is_given_up(widest: int) -> None:
    found = space_of(rows_of([5])[0], rows_of([1, 2, 3]), widest)
    assert (found is None) == (widest < 2)
