"""Putting errors in: more of what was learned of a gate, to amplify it, or its inverse, to cancel
it.

A gate's errors are learned as rates of Paulis (Pauli-Lindblad): the channel is the product, over
the Paulis, of one that does nothing with probability w = (1 + exp(-2 rate)) / 2 and else applies
the Pauli. A rate times x does x times as much. For x < 0 the second probability is negative: then
the Pauli is applied as often as its amount says, the outcome counts negatively, and mean values are
too small by the gain exp(-2 x rate) of each Pauli.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats

GENERATORS: Final = np.arange(1, 16)
"""The Paulis on two qubits but the identity, by their numbers: letter p & 3 on the first."""


@dataclass(frozen=True)
class Injection:
    """What is put in behind a gate."""

    rates: tuple[float, ...]
    """Of the Paulis 1 to 15, as they are to be put in: below 0 to cancel."""

    @cached_property
    def gain(self) -> float:
        return float(np.exp(sum(-2 * rate for rate in self.rates if rate < 0)))

    @cached_property
    def odds(self) -> Floats:
        """Shape (2, 16): of each Pauli, to count positively and negatively."""
        out = np.zeros((2, 16))
        out[0, 0] = 1
        for pauli, rate in zip(GENERATORS.tolist(), self.rates, strict=True):
            share = -np.expm1(-2 * abs(rate)) / 2
            moved = out[:, np.arange(16) ^ pauli]
            out = (1 - share) * out + share * (moved[::-1] if rate < 0 else moved)
        return out

    def drawn(self, words: NDArray[np.uint64]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """For each word of random bits a Pauli, and whether it counts negatively."""
        uniform = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
        sums = np.cumsum(self.odds.ravel())
        last = int(np.flatnonzero(self.odds.ravel() > 0)[-1])
        found = np.minimum(np.searchsorted(sums, uniform * sums[-1], side="right"), last)
        return (found & 15).astype(np.uint8), found >= 16
