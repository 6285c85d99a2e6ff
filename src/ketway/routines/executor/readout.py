"""Points of a readout, for jobs that ask for what a bit is decided from: a model, in its own units.

A qubit that is read as 0 gives the point 1, as 1 the point -1, both with normal noise of deviation
`DEVIATION` in the real and in the imaginary part. Half of the plane belongs to each bit: whoever
decides by the sign of the real part finds the same bit, but for one point in three million.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.samplex.draws import Draws

DEVIATION: Final = 0.2


def points(bits: NDArray[np.bool_], seed: int, register: str) -> NDArray[np.complex128]:
    """A point for each bit."""
    noise = Draws(seed, f"readout/{register}").normal(bits.shape)
    found: NDArray[np.complex128] = (1.0 - 2.0 * bits) + DEVIATION * noise
    return found
