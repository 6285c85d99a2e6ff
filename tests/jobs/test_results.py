from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ketway.jobs.results import Provenance, Result, integers_of, rows_of, width_of


@given(st.integers(1, 64).flatmap(
    lambda bits: st.tuples(st.just(bits), st.lists(st.integers(0, 2**bits - 1), max_size=20))
))  # fmt: skip
def test_rows_and_integers_are_each_other_backwards(case: tuple[int, list[int]]) -> None:
    bits, values = case
    rows = rows_of(np.array(values, dtype=np.uint64), bits)
    assert rows.shape == (len(values), width_of(bits))
    assert integers_of(rows) == values


def test_outcomes_wider_than_a_machine_word_are_integers_too() -> None:
    rows = np.zeros((2, width_of(200)), dtype=np.uint8)
    rows[1, 0], rows[1, -1] = 1, 0x80
    assert integers_of(rows) == [0, 1 | 1 << 199]


def test_no_bits_still_have_a_byte() -> None:
    assert width_of(0) == 1
    assert integers_of(rows_of(np.array([0], dtype=np.uint64), 0)) == [0]


def test_weights_are_exact_where_known_and_shots_else() -> None:
    outcomes = np.array([[0], [3]], dtype=np.uint8)
    counts = np.array([3, 1])
    sampled = Result(2, outcomes, None, counts, None, Provenance("e", "1"))
    assert sampled.total == 4
    assert sampled.weights().tolist() == [0.75, 0.25]
    exact = Result(2, outcomes, np.array([0.5, 0.5]), counts, None, Provenance("e", "1"))
    assert exact.weights().tolist() == [0.5, 0.5]
    unsampled = Result(2, outcomes, np.array([0.5, 0.5]), None, None, Provenance("e", "1"))
    assert unsampled.total == 0
