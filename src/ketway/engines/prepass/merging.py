"""One answer from the answers of the pieces.

Pieces know nothing of each other, so the chance of an outcome is the product of theirs: shots are
put together one by one, and of a distribution that is too wide to keep whole the largest products
are found without making the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.engines.bitrows import Rows, counted
from ketway.engines.prepass.sheet import Index, runs
from ketway.jobs.results import Provenance, Result, width_of

_BLOCK: Final = 1 << 19
"""Products made at a time, beside those that are kept."""


def merged(
    results: Sequence[Result], places: Sequence[Index], bits: int, seed: int, kept: int
) -> Result:
    """The answer of the whole: exact if all answers are, and as many shots as each has.

    Bit j of result k is bit `places[k][j]` of the whole; at most `kept` outcomes are listed, and
    those that were drawn.
    """
    rows = [placed(r.outcomes, at, bits) for r, at in zip(results, places, strict=True)]
    if len(results) == 1:
        (only,) = results
        return Result(
            bits, rows[0], only.probabilities, only.counts, only.shots,
            _provenance(results, seed, only.provenance.kept),
        )  # fmt: skip
    shots = [result.shots for result in results if result.shots is not None]
    chances = [r.probabilities for r in results if r.probabilities is not None]
    drawn = _zipped(shots, rows) if len(shots) == len(results) else None
    if len(chances) < len(results):
        assert drawn is not None, "a piece was sampled, so all were"
        outcomes, counts, order = counted(drawn, bits)
        return Result(bits, outcomes, None, counts, order, _provenance(results, seed, 1.0))
    product = _largest(rows, chances, kept)
    listed, weights = product.rows, product.weights
    if drawn is not None:
        # What was drawn is listed, kept or not, so that the counts sum to the shots.
        listed = np.concatenate((listed, drawn))
        weights = np.concatenate((weights, _weights(chances, shots, product.totals)))
    outcomes, _, where = counted(listed, bits)
    probabilities = np.empty(len(outcomes))
    probabilities[where[::-1]] = weights[::-1]
    counts_ = order_ = None
    if drawn is not None:
        order_ = where[len(product.rows) :]
        counts_ = np.bincount(order_, minlength=len(outcomes)).astype(np.int64)
    total = _sum(probabilities)
    mass = math.prod(result.provenance.kept for result in results)
    if any(part != 1 for part in product.totals):
        mass = min(1.0, mass * math.prod(product.totals) * total)
    return Result(
        bits, outcomes, probabilities / total, counts_, order_, _provenance(results, seed, mass)
    )


def merging_cost(
    pieces: Sequence[Structure], bits: int, shots: int, exact: bool, kept: int
) -> tuple[int, float]:
    """Bytes and seconds that merging takes for one circuit, a little high."""
    row = width_of(bits)
    if len(pieces) == 1:
        moved = min(2.0 ** min(bits, 60), (kept if exact else 0) + shots)
        return int(moved * row), moved * bits * 1e-9
    spread = sum(min(60, piece.outcome_bits) for piece in pieces)
    listed = min(2.0 ** min(spread, 60), kept) if exact else 0.0
    products = listed * (len(pieces) if spread > kept.bit_length() else 1)
    size = (listed + shots) * (6 * row + 120) + min(listed * 15, _BLOCK) * 80
    seconds = products * 5e-7 + (listed + shots) * (row + 8) * 4e-8 + len(pieces) * 2e-4
    return int(size), seconds + shots * len(pieces) * row * 2e-9


def placed(rows: Rows, places: Index, bits: int) -> Rows:
    """Outcomes with bit j moved to bit `places[j]` of `bits`; the others are 0."""
    if len(places) == bits and (places == np.arange(bits)).all():
        return rows
    out = np.zeros((len(rows), width_of(bits)), dtype=np.uint8)
    for j, bit in enumerate(places.tolist()):
        values = (rows[:, j // 8] >> np.uint8(j % 8)) & np.uint8(1)
        out[:, bit // 8] |= values << np.uint8(bit % 8)
    return out


def _zipped(shots: Sequence[NDArray[np.uint32]], rows: Sequence[Rows]) -> Rows:
    """The outcome of each shot of the whole."""
    out = rows[0][shots[0]]
    for order, some in zip(shots[1:], rows[1:], strict=True):
        out |= some[order]
    return out


@dataclass(frozen=True)
class _Product:
    """The largest products of several distributions."""

    rows: Rows
    weights: Floats
    """They sum to 1, whatever was left out."""
    totals: list[float]
    """What taking in each distribution left of the sum: 1 where nothing was left out."""


def _largest(rows: Sequence[Rows], chances: Sequence[Floats], kept: int) -> _Product:
    """At most `kept` products, one distribution after the other.

    What is among the largest of all products is so among those of the first few distributions:
    with any fixed outcome of the others, whatever stands before it does so again.
    """
    listed, weights = rows[0], chances[0]
    totals = [1.0]
    for some, p in zip(rows[1:], chances[1:], strict=True):
        dropped = len(weights) * len(p) > kept
        i, j = _top(weights, p, kept) if dropped else _all(len(weights), len(p))
        listed = listed[i] | some[j]
        weights = weights[i] * p[j]
        totals.append(_sum(weights) if dropped else 1.0)
        weights = weights / totals[-1]
    return _Product(listed, weights, totals)


def _weights(
    chances: Sequence[Floats], shots: Sequence[NDArray[np.uint32]], totals: Sequence[float]
) -> Floats:
    """What was drawn, on the scale of the largest products."""
    out = chances[0][shots[0]]
    for p, order, total in zip(chances[1:], shots[1:], totals[1:], strict=True):
        out = out * p[order] / total
    return out


def _all(ones: int, others: int) -> tuple[Index, Index]:
    return np.repeat(np.arange(ones), others), np.tile(np.arange(others), ones)


def _top(a: Floats, b: Floats, kept: int) -> tuple[Index, Index]:
    """Which pairs have the `kept` largest products.

    With both sorted downwards, at least (i + 1)(j + 1) products are as large as the one of i and j:
    few pairs can be among the first. Of equal products at the limit, the first in that order.
    """
    if len(a) > len(b):  # fewer rows of pairs are quicker
        j, i = _top(b, a, kept)
        return i, j
    order_a, order_b = np.argsort(-a, kind="stable"), np.argsort(-b, kind="stable")
    a, b = a[order_a][:kept], b[order_b]
    widths = np.minimum(len(b), kept // np.arange(1, len(a) + 1))
    block_of = np.cumsum(widths) // _BLOCK
    i = j = np.zeros(0, dtype=np.int64)
    products = np.zeros(0)
    limit = 0.0
    for start, end in _blocks(block_of):
        # Nothing below the limit so far can come in any more.
        with np.errstate(divide="ignore", invalid="ignore"):
            enough = np.searchsorted(-b, -np.nextafter(limit / a[start:end], 0), side="right")
        here = np.minimum(widths[start:end], enough)
        ones = np.repeat(np.arange(start, end), here)
        others = runs(np.zeros(end - start, dtype=np.int64), here)
        i, j = np.concatenate((i, ones)), np.concatenate((j, others))
        products = np.concatenate((products, a[ones] * b[others]))
        if len(products) > kept:
            limit = float(np.partition(products, -kept)[-kept])
            above = products > limit
            equal = np.flatnonzero(products == limit)[: kept - int(np.count_nonzero(above))]
            above[equal] = True
            i, j, products = i[above], j[above], products[above]
    return order_a[i], order_b[j]


def _blocks(block_of: Index) -> list[tuple[int, int]]:
    ends = [*(np.flatnonzero(np.diff(block_of)) + 1).tolist(), len(block_of)]
    return list(zip([0, *ends[:-1]], ends, strict=True))


def _sum(values: Floats) -> float:
    """The same on every machine: numpy's sums depend on the width of its vectors."""
    return math.fsum(values.tolist())


def _provenance(results: Sequence[Result], seed: int, mass: float) -> Provenance:
    """What made the whole. Pieces differ only in engine and precision."""
    made = [result.provenance for result in results]
    precision = "single" if any(m.precision == "single" for m in made) else "double"
    return Provenance(
        engine="+".join(dict.fromkeys(m.engine for m in made)),
        version="+".join(dict.fromkeys(m.version for m in made)),
        precision=precision,
        seed=seed,
        noise=made[0].noise,
        rates={name: rate for one in made for name, rate in one.rates.items()},
        kept=mass,
    )
