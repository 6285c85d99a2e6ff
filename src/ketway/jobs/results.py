"""What a circuit answered: outcomes with probabilities, or shots in the order taken.

A result is computed once and stored once; the dialects encode from what is here, and nothing is
drawn again on reading. Outcomes are rows of bytes, least significant byte first, so that 5,000-bit
outcomes of a Clifford circuit are no special case; up to 64 bits they are also plain integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Register


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What made a result."""

    engine: str
    version: str
    precision: str = "double"
    seed: int | None = None
    noise: str | None = None
    """Name of the noise model that was applied."""
    rates: dict[str, float] = {}
    """The figures of the noise model that was applied."""
    kept: float = 1.0
    """Probability mass of the outcomes kept, where a distribution was too wide to keep whole."""
    qubit_map: tuple[int, ...] = ()
    """Of a variant: logical qubit k was qubit `qubit_map[k]` of its device."""
    flipped: tuple[int, ...] = ()
    """Of a variant: the logical qubits that were read inverted."""
    truncation: float = 0.0
    """No probability differs from the true one by more, where a state was cut to fit in tensors."""


@dataclass(frozen=True)
class Result:
    """The answer of one circuit.

    `outcomes` has one row per distinct outcome, ascending as integers. An ideal result has
    `probabilities` in double precision that sum to 1 (after `kept`); a sampled result has `counts`
    that sum to the shots. `shots` gives, shot by shot in the order taken, the row of its outcome.
    A result may have all three: exact probabilities, and shots drawn from them once.
    """

    bits: int
    outcomes: NDArray[np.uint8]
    """Shape (outcomes, ceil(bits / 8)), bit k of an outcome is bit k % 8 of byte k // 8."""
    probabilities: NDArray[np.float64] | None
    counts: NDArray[np.int64] | None
    shots: NDArray[np.uint32] | None
    provenance: Provenance
    registers: tuple[Register, ...] = ()

    def __len__(self) -> int:
        return len(self.outcomes)

    @property
    def total(self) -> int:
        """Shots taken; 0 for a result that was not sampled."""
        return 0 if self.counts is None else int(self.counts.sum())

    def weights(self) -> NDArray[np.float64]:
        """The distribution: exact where it is known, else k / shots."""
        if self.probabilities is not None:
            return self.probabilities
        assert self.counts is not None
        return self.counts / self.total

    def integers(self) -> list[int]:
        """Outcomes as integers, bit k of the integer is bit k of the outcome."""
        return integers_of(self.outcomes)


def width_of(bits: int) -> int:
    """Bytes of an outcome of that many bits; at least one, so that a row is never empty."""
    return max(1, (bits + 7) // 8)


def integers_of(rows: NDArray[np.uint8]) -> list[int]:
    width = rows.shape[1]
    if width <= 8:
        padded = np.zeros((len(rows), 8), dtype=np.uint8)
        padded[:, :width] = rows
        values: list[int] = padded.view("<u8")[:, 0].tolist()
        return values
    return [int.from_bytes(row.tobytes(), "little") for row in rows]


def rows_of(integers: NDArray[np.uint64], bits: int) -> NDArray[np.uint8]:
    """Outcomes of at most 64 bits as rows of bytes."""
    width = width_of(bits)
    return np.ascontiguousarray(
        integers.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)[:, :width]
    )
