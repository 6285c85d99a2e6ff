"""How many randomizations are run, and how many shots of each, by the rules of IBM's options."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from ketway.routines.options import Twirling

FEWEST: Final = 64
"""Shots of a randomization, if neither number is given."""
MOST: Final = 32
"""Randomizations, if neither number is given."""


class Amount(NamedTuple):
    """How many shots are taken of each configuration."""

    randomizations: int
    shots: int
    """Of each randomization; 0 for exact values."""

    @property
    def total(self) -> int:
        return self.randomizations * self.shots


def split(shots: int, twirling: Twirling, *, cancelling: bool = False) -> Amount:
    """Shots over randomizations. What both numbers make goes before the shots that are asked for.

    `cancelling`: errors are cancelled, for which many randomizations of few shots are better.
    """
    many, each = twirling.num_randomizations, twirling.shots_per_randomization
    if many == "auto" and each == "auto":
        each = FEWEST if cancelling else max(FEWEST, math.ceil(shots / MOST))
    if many == "auto":
        assert each != "auto"
        return Amount(math.ceil(shots / each), each)
    if each == "auto":
        return Amount(many, math.ceil(shots / many))
    return Amount(many, each)
