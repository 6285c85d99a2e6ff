"""Channels recognised as what is cheap: Pauli errors, and after them the damping of each operand.

Written in Paulis, a Pauli channel is a diagonal matrix. Damping of strength g takes I to I + g Z,
so what a channel makes of I says how strong the dampings would have to be; taken off again, they
must leave a Pauli channel. That is exact, or it is not said at all.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from ketway.circuits.circuit import Floats
from ketway.devices.channels import Array, Channel, superoperator

_CLOSE: Final = 1e-12
"""What may be left of numbers that ought to be 0."""
_NONE: Final = 1e-15
_STRONGEST: Final = 1 - 1e-6
"""Stronger damping cannot be taken off again: what it leaves has lost its digits."""


class Plain(NamedTuple):
    """A channel in figures."""

    paulis: Floats
    """The probability of the Pauli with letters k & 3 and k >> 2 (I X Y Z = 0 1 2 3)."""
    damping: tuple[float, ...]
    """For each operand, after the Pauli: the odds that a 1 becomes a 0."""

    @property
    def damps(self) -> bool:
        return any(self.damping)


@lru_cache(maxsize=4096)
def recognised(channel: Channel, width: int) -> Plain | None:
    """The figures of a channel, or None if it has none."""
    whole: Array = np.eye(4**width, dtype=np.complex128)
    for step in channel:
        whole = superoperator(step, width) @ whole
    return recognised_matrix(whole, width)


def recognised_matrix(whole: Array, width: int) -> Plain | None:
    """The same for a superoperator."""
    basis = _PAULIS[width]
    transfer = (basis.conj() @ whole @ basis.T) / 2**width
    if np.abs(transfer.imag).max() > _CLOSE:
        return None
    real = transfer.real
    damping: list[float] = []
    for j in range(width):
        strength = float(real[3 << 2 * j, 0])
        damping.append(0.0 if abs(strength) < _CLOSE else strength)
    if not all(0 <= strength < _STRONGEST for strength in damping):
        return None
    undone: Floats = np.ones((1, 1))
    for strength in damping:
        undone = np.kron(_undamped(strength), undone).astype(np.float64)
    rest = undone @ real
    if np.abs(rest - np.diag(np.diag(rest))).max() > _CLOSE:
        return None
    odds: Floats = _SIGNS[width] @ np.diag(rest) / 4**width
    if odds.min() < -_CLOSE:
        return None
    odds[odds < _NONE] = 0.0
    return Plain(odds / odds.sum(), tuple(damping))


def infidelity(channel: Channel, width: int) -> float:
    """How far a channel is from doing nothing: for people."""
    whole: Array = np.eye(4**width, dtype=np.complex128)
    for step in channel:
        whole = superoperator(step, width) @ whole
    fidelity = float(np.trace(whole).real) / float(4**width)
    return max(0.0, 1 - fidelity)


def _undamped(strength: float) -> Floats:
    """What takes a damping off again, in Paulis."""
    out = np.diag([1, 1 / math.sqrt(1 - strength), 1 / math.sqrt(1 - strength), 1 / (1 - strength)])
    out[3, 0] = -strength / (1 - strength)
    return out


def _basis(width: int) -> Array:
    """Row k is Pauli k as a vector: operands on the low bits, their shadows on the high bits."""
    letters = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    rows = []
    for k in range(4**width):
        matrix = np.ones((1, 1), dtype=np.complex128)
        for j in range(width):
            matrix = np.kron(letters[k >> 2 * j & 3], matrix)
        rows.append(matrix.T.ravel())  # entry (row, column) at row + size column
    return np.array(rows)


def _signs(width: int) -> Floats:
    """1 where Paulis commute, -1 where they do not."""
    size = 4**width
    out = np.ones((size, size))
    for one in range(size):
        for other in range(size):
            for j in range(width):
                a, b = one >> 2 * j & 3, other >> 2 * j & 3
                if a and b and a != b:
                    out[one, other] *= -1
    return out


_PAULIS: Final = {width: _basis(width) for width in (1, 2)}
_SIGNS: Final = {width: _signs(width) for width in (1, 2)}
