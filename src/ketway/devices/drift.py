"""How a device's figures differ from qubit to qubit and from day to day, and what is drawn for it.

What is drawn follows from a text alone: blake2b of it, and the inverse of the normal distribution.
No generator of a library is behind it, whose stream a new version may change. What is made of the
numbers is rounded, so that the last bit of a processor's `exp` shows nowhere.
"""

from __future__ import annotations

import datetime
import math
from functools import lru_cache
from hashlib import blake2b
from statistics import NormalDist
from struct import Struct
from typing import Final

import msgspec

_inverse: Final = NormalDist().inv_cdf
_MOST: Final = 3.5
"""Draws beyond so many deviations are taken for this: one in two thousand is moved."""
_PER_DIGEST: Final = 8
_unpack: Final = Struct(f">{_PER_DIGEST}Q").unpack


class Drift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How figures are spread and how they wander. Deviations are of the natural logarithm of an
    error or of a time: 0.3 puts two thirds of the qubits within a factor of 1.35."""

    seed: str
    """Everything is drawn from it. It has the day in it on which it was chosen."""
    since: datetime.date
    """The first day of the history."""
    spread_qubits: float
    """Deviation of the qubits' errors and times from their median."""
    spread_pairs: float
    """Deviation of the pairs' two-qubit errors from their median."""
    restless: float
    """The share of that deviation, from 0 to 1, that changes in time; the rest stays with the qubit
    or the pair. Shares add up in squares."""
    wander: float
    """Deviation of a day's medians from the figures of the catalogue, which are the centre."""
    returns: int
    """Days from one bearing to the next; after twice as many, nothing is left of where a figure
    was."""
    scatter: float
    """The share of what changes, from 0 to 1, that is new every day."""
    asymmetry: float
    """p10 / p01: how much likelier a 1 is misread than a 0."""
    source: str
    until: datetime.date | None = None
    """The last day of the history of a device that is retired; its figures stay what they were."""
    derived: tuple[str, ...] = ()
    """The figures here that nobody has published; `source` says why they are as they are."""

    def __post_init__(self) -> None:
        for name in ("restless", "scatter"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"drift.{name}: a share is from 0 to 1")
        for name in ("spread_qubits", "spread_pairs", "wander"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"drift.{name}: give a deviation from 0 to 1")
        if self.returns < 1 or self.asymmetry <= 0:
            raise ValueError("drift: returns is 1 day or more, and asymmetry above 0")


@lru_cache(maxsize=512)
def normals(seed: str, what: str, index: int, count: int) -> tuple[float, ...]:
    """Independent draws of the normal distribution, the same for the same arguments for ever."""
    found: list[float] = []
    for block in range(-(-count // _PER_DIGEST)):
        digest = blake2b(f"{seed}/{what}/{index}/{block}".encode()).digest()
        # 52 bits and a half: never 0, never 1, and exact in a float.
        found += [_inverse(((bits >> 12) + 0.5) / 2**52) for bits in _unpack(digest)]
    return tuple([min(_MOST, max(-_MOST, drawn)) for drawn in found[:count]])


def walks(drift: Drift, what: str, day: datetime.date, count: int) -> list[float]:
    """Where figures are on a day: each has mean 0 and deviation 1 over the days, and moves from one
    bearing to the next, which are `returns` days apart, with some scatter. Any day costs the same.
    """
    bearing, passed = divmod(day.toordinal(), drift.returns)
    angle = math.pi / 2 * passed / drift.returns
    steady = math.sqrt(1 - drift.scatter**2)
    # cos^2 + sin^2 = 1 keeps the deviation at 1 between bearings.
    before, after = steady * math.cos(angle), steady * math.sin(angle)
    return [
        before * a + after * b + drift.scatter * fresh
        for a, b, fresh in zip(
            normals(drift.seed, what, bearing, count),
            normals(drift.seed, what, bearing + 1, count),
            normals(drift.seed, f"{what} of the day", day.toordinal(), count),
            strict=True,
        )
    ]


def places(drift: Drift, what: str, day: datetime.date, count: int) -> list[float]:
    """Where each qubit or pair is among the others on a day: what stays, and what changes."""
    stays = math.sqrt(1 - drift.restless**2)
    return [
        stays * own + drift.restless * moved
        for own, moved in zip(
            normals(drift.seed, f"{what} for ever", 0, count),
            walks(drift, what, day, count),
            strict=True,
        )
    ]
