"""Random numbers of a samplex: a seed gives the same ones on every machine, with every numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ketway.engines.seeds import bits


class Draws:
    """The source of one node in one run."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._words = bits(seed, purpose)

    def uniform(self, shape: Sequence[int]) -> NDArray[np.float64]:
        """Numbers in [0, 1), in steps of 2**-53."""
        count = int(np.prod(shape, dtype=np.int64))
        words = np.atleast_1d(self._words.random_raw(count)).astype(np.uint64)
        found: NDArray[np.float64] = (words >> np.uint64(11)).astype(np.float64)
        return (found * 2.0**-53).reshape(shape)

    def below(self, most: int, shape: Sequence[int]) -> NDArray[np.int64]:
        """Whole numbers from 0 up to, and without, `most`."""
        return (self.uniform(shape) * most).astype(np.int64)

    def bits(self, count: int, shape: Sequence[int]) -> NDArray[np.uint8]:
        """Numbers of `count` bits, at most 8: eight of them to a word."""
        size = int(np.prod(shape, dtype=np.int64))
        words = np.atleast_1d(self._words.random_raw(-(-size // 8))).astype("<u8")
        found = words.view(np.uint8)[:size] >> np.uint8(8 - count)
        return found.astype(np.uint8).reshape(shape)

    def normal(self, shape: Sequence[int]) -> NDArray[np.complex128]:
        """Complex numbers whose real and imaginary parts are normal, each with deviation 1."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(shape)))
        found: NDArray[np.complex128] = radius * np.exp(2j * np.pi * self.uniform(shape))
        return found
