"""Dry runs: everything is read, checked and planned, and answers are of the right shape and random.

That is what IBM says of its own (qiskit_ibm_runtime/sampler.py, `run`): no circuit is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats
from ketway.engines import seeds as sources
from ketway.engines.observables import Observables
from ketway.jobs.results import Provenance, width_of
from ketway.routines.runner import Runner

_MADE_BY: Final = Provenance("dry run", "1")


class DryRunner(Runner):
    """A runner that throws dice."""

    def sample_seeded(self, batch: Batch, shots: int, seeds: Sequence[int]) -> NDArray[np.uint8]:
        self._note(_MADE_BY)
        bits = batch.structure.outcome_bits
        width = width_of(bits)
        out = np.empty((len(batch), shots, width), dtype=np.uint8)
        for row, seed in zip(out, seeds, strict=True):
            words = np.asarray(sources.bits(seed, "dry").random_raw(-(-row.size // 8)), "<u8")
            row[:] = words.view(np.uint8)[: row.size].reshape(row.shape)
        out[..., -1] &= (1 << (bits - 8 * (width - 1))) - 1
        return out

    def expect(self, batch: Batch, observables: Observables) -> Floats:
        self._note(_MADE_BY)
        shape = (len(batch), observables.products)
        words = np.asarray(sources.bits(self.seed, "dry").random_raw(shape[0] * shape[1]), "<u8")
        values = (words >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1
        return observables.combined(values.reshape(shape))
