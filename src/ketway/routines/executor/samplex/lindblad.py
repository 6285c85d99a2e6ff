"""Pauli-Lindblad maps: noise to inject, or with negative rates the inverse of noise.

The map is a product of one channel for each term: with rate r, its Pauli acts with probability
(1 - exp(-2 |r|)) / 2. Where the rate is negative the channel is no channel: the sample then has a
sign, which turns with each such Pauli that acts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.samplex.draws import Draws


@dataclass(frozen=True, eq=False, slots=True)
class LindbladMap:
    qubits: int
    terms: tuple[tuple[NDArray[np.int64], NDArray[np.uint8]], ...]
    """Of each term, the qubits and the Paulis on them."""
    rates: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.terms)

    def sample(
        self, draws: Draws, scales: NDArray[np.float64], randomizations: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Paulis of each qubit, and signs: one column for each randomization of each point.

        `scales` multiplies the rates: one row for each point, one column for each term or for all.
        """
        points = len(scales)
        samples = points * randomizations
        paulis = np.zeros((self.qubits, samples), np.uint8)
        signs = np.zeros((1, samples), np.uint8)
        for term, (qubits, letters) in enumerate(self.terms):
            with np.errstate(over="ignore", invalid="ignore"):
                rates = self.rates[term] * scales[:, min(term, scales.shape[1] - 1)]
            chance = -np.expm1(-2 * np.abs(rates)) / 2
            drawn = draws.uniform((points, randomizations))
            acts = (drawn < chance[:, None]).astype(np.uint8)
            paulis[qubits] ^= letters[:, None] * acts.reshape(1, samples)
            signs[0] ^= (acts & (rates < 0)[:, None]).reshape(samples)
        return paulis, signs
