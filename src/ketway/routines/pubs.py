"""A PUB (primitive unified bloc): one circuit, a sweep of its parameters, and what is asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Register
from ketway.engines.observables import Observables


@dataclass(frozen=True)
class SamplerPub:
    """Shots of every point of a sweep."""

    batch: Batch
    """One row for each point, in C order of `shape`."""
    registers: tuple[Register, ...]
    """The classical registers: the names of the answer's fields."""
    shape: tuple[int, ...]
    shots: int


@dataclass(frozen=True)
class EstimatorPub:
    """Expectation values: observables and points broadcast against each other as in numpy."""

    batch: Batch
    """One row for each point."""
    shape: tuple[int, ...]
    """Of the answer."""
    points: NDArray[np.int64]
    """For each element of the answer, in C order, the row of the batch."""
    observables: Observables
    members: NDArray[np.int64]
    """For each element, which observable."""
    precision: float
    """The standard error that is asked for; 0 for the exact value."""
    shots: int | None = None
    """How many to take; None for as many as the precision asks for."""
