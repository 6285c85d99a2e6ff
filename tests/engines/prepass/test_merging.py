from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chance import fits
from tests.engines.prepass.circuits import product, same

from ketway.engines.prepass.merging import merged, merging_cost
from ketway.engines.prepass.pieces import TOGETHER
from ketway.jobs.results import Provenance, Result, rows_of


def result(
    chances: dict[int, float],
    bits: int,
    shots: list[int] | None = None,
    exact: bool = True,
    kept: float = 1.0,
    engine: str = "dense",
) -> Result:
    """An answer with these outcomes; `shots` are places among them."""
    outcomes = sorted(chances)
    order = counts = None
    if shots is not None:
        order = np.array(shots, dtype=np.uint32)
        counts = np.bincount(order, minlength=len(outcomes)).astype(np.int64)
    return Result(
        bits,
        rows_of(np.array(outcomes, dtype=np.uint64), bits),
        np.array([chances[o] for o in outcomes]) if exact else None,
        counts,
        order,
        Provenance(engine, "1", seed=3, kept=kept),
    )


def chances_of(found: Result) -> dict[int, float]:
    assert found.probabilities is not None
    return dict(zip(found.integers(), found.probabilities.tolist(), strict=True))


DISTRIBUTIONS = st.lists(
    st.dictionaries(st.integers(0, 7), st.floats(0.01, 1), min_size=1).map(
        lambda weights: {o: w / math.fsum(weights.values()) for o, w in weights.items()}
    ),
    min_size=2,
    max_size=4,
)


@settings(max_examples=50, deadline=None)
@given(DISTRIBUTIONS, st.integers(1, 200), st.randoms(use_true_random=False))
def test_the_largest_products_are_kept_and_their_mass_is_told(
    parts: list[dict[int, float]], kept: int, chance: object
) -> None:
    bits = 3 * len(parts)
    order = list(range(bits))
    chance.shuffle(order)  # type: ignore[attr-defined]
    places = [np.array(sorted(order[3 * k : 3 * k + 3])) for k in range(len(parts))]
    found = merged([result(part, 3) for part in parts], places, bits, 11, kept)
    expected = product([(part, at.tolist()) for part, at in zip(parts, places, strict=True)])
    assert len(found) == min(kept, len(expected))
    assert found.integers() == sorted(found.integers())
    mass = found.provenance.kept
    largest = sorted(expected.values(), reverse=True)[:kept]
    assert mass == pytest.approx(math.fsum(largest), abs=1e-12)
    assert sorted(found.weights() * mass, reverse=True) == pytest.approx(largest, abs=1e-12)
    assert math.fsum(found.weights()) == pytest.approx(1, abs=1e-12)
    for outcome, p in chances_of(found).items():
        assert p * mass == pytest.approx(expected[outcome], abs=1e-12)
    if kept >= len(expected):
        assert mass == 1


def test_wide_distributions_are_joined_without_making_all_products() -> None:
    rng = np.random.default_rng(1)
    parts, kept = [], 5000
    for _ in range(3):
        weights = rng.pareto(1.0, 700)
        values = rng.choice(1 << 20, 700, replace=False)
        chances = (weights / weights.sum()).tolist()
        parts.append(dict(zip(values.tolist(), chances, strict=True)))
    places = [np.arange(20 * k, 20 * k + 20) for k in range(3)]
    found = merged([result(part, 20) for part in parts], places, 60, 1, kept)
    a, b, c = (np.array(list(part.values())) for part in parts)
    pairs = np.sort(np.multiply.outer(a, b).ravel())[-kept:]
    expected = np.sort(np.multiply.outer(pairs, c).ravel())[-kept:]
    held = np.sort(found.weights()) * found.provenance.kept
    np.testing.assert_allclose(held, expected, rtol=1e-9)
    for outcome, p in list(chances_of(found).items())[:100]:
        product_ = math.prod(part[outcome >> 20 * k & 0xFFFFF] for k, part in enumerate(parts))
        assert p * found.provenance.kept == pytest.approx(product_, rel=1e-9)


def test_a_product_of_more_pieces_than_a_float_can_tell_has_its_largest() -> None:
    even = dict.fromkeys(range(1 << TOGETHER), 0.5**TOGETHER)
    places = [np.arange(TOGETHER * k, TOGETHER * (k + 1)) for k in range(200)]
    bits = 200 * TOGETHER
    found = merged([result(even, TOGETHER, [5, 6])] * 200, places, bits, 1, 2000)
    assert len(found) in (2000, 2001, 2002)
    assert found.weights() == pytest.approx(np.full(len(found), 1 / len(found)))
    assert found.total == 2
    assert found.provenance.kept == 0  # no float is as small


def test_shots_are_put_together_one_by_one() -> None:
    first = result({0: 0.5, 3: 0.5}, 2, [0, 1, 1, 0])
    second = result({1: 0.25, 2: 0.75}, 2, [1, 1, 0, 1])
    found = merged([first, second], [np.array([0, 3]), np.array([1, 2])], 4, 8, 100)
    assert found.shots is not None
    drawn = np.array(found.integers())[found.shots].tolist()
    assert drawn == [0b0100, 0b1101, 0b1011, 0b0100]
    assert found.counts is not None
    assert found.total == 4
    same(chances_of(found), {0b0010: 0.125, 0b1011: 0.125, 0b0100: 0.375, 0b1101: 0.375})
    assert found.provenance.seed == 8


def test_what_was_drawn_is_listed_even_if_it_is_not_kept() -> None:
    parts = [result({0: 0.9, 1: 0.1}, 1, [1, 0])] * 2
    found = merged(parts, [np.array([0]), np.array([1])], 2, 1, kept=1)
    same(chances_of(found), {0: 0.81 / 0.82, 3: 0.01 / 0.82})
    assert found.provenance.kept == pytest.approx(0.82)
    assert found.counts is not None
    assert found.counts.tolist() == [1, 1]


def test_where_a_piece_was_sampled_all_are() -> None:
    exact, sampled = result({0: 0.5, 1: 0.5}, 1, [0, 1]), result({0: 0, 1: 0}, 1, [1, 1], False)
    found = merged([exact, sampled], [np.array([1]), np.array([0])], 2, 1, 100)
    assert found.probabilities is None
    assert found.integers() == [1, 3]


def test_the_mass_that_pieces_did_not_keep_is_not_kept() -> None:
    parts = [result({0: 1.0}, 1, kept=0.5), result({0: 1.0}, 1, kept=0.25, engine="clifford")]
    found = merged(parts, [np.array([0]), np.array([1])], 2, 1, 100)
    assert found.provenance.kept == 0.125
    assert found.provenance.engine == "dense+clifford"


def test_shots_of_pieces_fit_the_product() -> None:
    rng = np.random.default_rng(4)
    chances = [{0: 0.2, 1: 0.5, 3: 0.3}, {0: 0.6, 2: 0.4}]
    parts = [result(p, 2, rng.choice(len(p), 20_000, p=list(p.values())).tolist()) for p in chances]
    places = [np.array([0, 2]), np.array([1, 3])]
    found = merged(parts, places, 4, 1, 100)
    assert found.counts is not None
    counts = dict(zip(found.integers(), found.counts.tolist(), strict=True))
    expected = product([(p, at.tolist()) for p, at in zip(chances, places, strict=True)])
    assert fits({o: n for o, n in counts.items() if n}, expected)


def test_what_merging_costs_is_bounded_for_any_width() -> None:
    from tests.engines.prepass.circuits import cut, spread_out

    structures = [piece.structure for piece in cut(spread_out(600, 1))]
    size, seconds = merging_cost(structures, 600, 1000, True, 1 << 20)
    assert 1 << 20 < size < 1 << 30
    assert 0.1 < seconds < 60
