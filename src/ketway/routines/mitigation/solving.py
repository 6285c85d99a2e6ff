"""Least squares with no unknown below 0 (Lawson and Hanson)."""

from __future__ import annotations

from typing import Final

import numpy as np

from ketway.circuits.circuit import Floats

_TOLERANCE: Final = 1e-12


def nonnegative(matrix: Floats, wanted: Floats) -> Floats:
    """The x with no entry below 0 for which matrix @ x is nearest to what is wanted."""
    count = matrix.shape[1]
    out = np.zeros(count)
    free = np.zeros(count, dtype=np.bool_)
    slack = _TOLERANCE * (1 + np.abs(matrix.T @ wanted).max(initial=0.0))
    for _ in range(10 * count + 10):
        pull = matrix.T @ (wanted - matrix @ out)
        pull[free] = -np.inf
        best = int(np.argmax(pull))
        if free.all() or pull[best] <= slack:
            break
        free[best] = True
        while True:
            trial = np.zeros(count)
            trial[free] = np.linalg.lstsq(matrix[:, free], wanted, rcond=None)[0]
            below = free & (trial <= 0)
            if not below.any():
                out = trial
                break
            # As far towards the trial as none falls below 0; what reaches 0 is held there.
            steps = out[below] / np.maximum(out[below] - trial[below], 1e-300)
            out = out + float(steps.min()) * (trial - out)
            free &= out > _TOLERANCE * max(1.0, float(np.abs(out).max()))
            out[~free] = 0
            if not free.any():
                break
    return out
