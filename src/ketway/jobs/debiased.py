"""Where the results of a debiased job stand.

Behind the results of its circuits, each of which is the average of its variants, come those of the
variants, circuit by circuit; and after the variants of each circuit what they vote for, and their
mean by powers.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ketway.jobs.encoding import Results
from ketway.jobs.results import Result

MOST_VARIANTS: Final = 25
"""Of one circuit: with the least shots that are debiased, twenty for each."""
LEAST_SHOTS: Final = 500
"""IonQ debiases no job with fewer shots."""

Aggregation: TypeAlias = Literal["average", "voting", "dnl"]
AGGREGATIONS: Final[tuple[Aggregation, ...]] = ("average", "voting", "dnl")
"""As IonQ names them: all together, by plurality, and by a power law."""


def variants_for(shots: int) -> int:
    return max(1, min(MOST_VARIANTS, shots))


class Debiased:
    """What the variants of one circuit answered."""

    def __init__(self, results: Results, index: int, shots: int) -> None:
        self.count = variants_for(shots)
        block = self.count + len(AGGREGATIONS) - 1
        circuits = len(results) // (1 + block)
        self._results = results
        self._index = index
        self._start = circuits + index * block

    def variant(self, k: int) -> Result | None:
        return self._results.get(self._start + k) if 0 <= k < self.count else None

    def aggregation(self, name: Aggregation) -> Result | None:
        place = AGGREGATIONS.index(name)
        if not place:
            return self._results.get(self._index)
        return self._results.get(self._start + self.count + place - 1)
