"""Virtual gates into the angles of a template: rz-sx-rz-sx-rz, or rz-rx-rz."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.samplex.registers import Gates

Synthesis: TypeAlias = Literal["RzSxSynth", "RzRxSynth"]
ANGLES: Final = 3
"""Of one virtual gate, in the order in which they act."""

_SMALL: Final = 1e-10
"""An angle so close to a quarter turn is one: then a Clifford circuit is seen to be one."""


def angles(gates: Gates, synthesis: Synthesis) -> NDArray[np.float64]:
    """Shape (subsystems, samples, 3), each in (-pi, pi].

    A gate is rz(phi) ry(theta) rz(lam), lam first, up to its phase. Where theta is 0 or pi only a
    sum or a difference of the others counts, and lam is 0.
    """
    root = np.sqrt(gates[..., 0, 0] * gates[..., 1, 1] - gates[..., 0, 1] * gates[..., 1, 0])
    diagonal, flip = gates[..., 1, 1] / root, gates[..., 1, 0] / root
    half_sum, half_difference = np.angle(diagonal), np.angle(flip)
    straight, across = np.abs(flip) < _SMALL, np.abs(diagonal) < _SMALL
    half_difference = np.where(straight, half_sum, half_difference)
    half_sum = np.where(across, half_difference, half_sum)
    theta = 2 * np.arctan2(np.abs(flip), np.abs(diagonal))
    phi, lam = half_sum + half_difference, half_sum - half_difference
    if synthesis == "RzSxSynth":
        found = np.stack([lam, theta + np.pi, phi + np.pi], axis=-1)
    else:
        found = np.stack([lam - np.pi / 2, theta, phi + np.pi / 2], axis=-1)
    return _tidied(found)


def _tidied(values: NDArray[np.float64]) -> NDArray[np.float64]:
    quarters = np.round(values / (np.pi / 2))
    near = np.abs(values - quarters * (np.pi / 2)) < _SMALL
    # Whole quarters are turned back as whole numbers, so that they stay exact.
    exact = (2 - (2 - quarters) % 4) * (np.pi / 2)
    return np.where(near, exact, np.pi - (np.pi - values) % (2 * np.pi))
