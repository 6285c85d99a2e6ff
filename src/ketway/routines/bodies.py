"""Bodies: what is run before the measurements of an estimator, and how it varies.

The rows of one draw share a structure. A body says once which gates there are, and then for each
row what the parameters of those are that it added.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ketway.circuits.circuit import Floats
from ketway.routines.placing import Index
from ketway.routines.sketch import Sketch


class Variations(NamedTuple):
    """What some rows have of their own."""

    fresh: Floats
    """Shape (rows, fresh columns)."""
    signs: Floats | None = None
    """What the outcomes of a row count, in place of 1."""


class Body(Protocol):
    """What is run between the beginning and the measurements."""

    @property
    def gain(self) -> float:
        """What mean values are multiplied with, where signs make them smaller."""

    @property
    def varied(self) -> bool:
        """Whether rows of one configuration differ."""

    def draw(self, sketch: Sketch, gates: Index) -> None:
        """Put these gates of the source, and what goes with them."""

    def vary(self, seeds: Index) -> Variations:
        """The added parameters of rows with these seeds."""


class Plain:
    """The gates as they are."""

    gain = 1.0
    varied = False

    def draw(self, sketch: Sketch, gates: Index) -> None:
        sketch.keep(gates.tolist())

    def vary(self, seeds: Index) -> Variations:
        return Variations(np.zeros((len(seeds), 0)))
