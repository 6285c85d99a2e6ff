"""Numbers of one circuit, or of every circuit of a batch at once.

A batch is compiled as one circuit whose numbers are arrays, an entry for each row. What is the same
in every row stays a plain number: numpy takes longer to begin than plain numbers take to end.
"""

from __future__ import annotations

import cmath
import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = complex | NDArray[np.complex128]
Real: TypeAlias = float | NDArray[np.float64]

EXACT = 1e-12
"""Below this a number is an error of rounding."""


def unit(angle: Real) -> Number:
    """exp(i angle)"""
    if isinstance(angle, np.ndarray):
        found: NDArray[np.complex128] = np.exp(1j * angle)
        return found
    return cmath.exp(1j * angle)


def phase_of(value: Number) -> Real:
    return np.angle(value) if isinstance(value, np.ndarray) else cmath.phase(value)


def atan2(y: Real, x: Real) -> Real:
    if isinstance(y, np.ndarray) or isinstance(x, np.ndarray):
        return np.arctan2(y, x)
    return math.atan2(y, x)


def cosine(angle: Real) -> Real:
    return np.cos(angle) if isinstance(angle, np.ndarray) else math.cos(angle)


def sine(angle: Real) -> Real:
    return np.sin(angle) if isinstance(angle, np.ndarray) else math.sin(angle)


def nearest(value: Real) -> Real:
    """The whole number that is nearest."""
    return np.round(value) if isinstance(value, np.ndarray) else float(round(value))


def wrapped(value: Real, whole: float) -> Real:
    """From -whole / 2 to whole / 2."""
    if isinstance(value, np.ndarray):
        return value - whole * np.round(value / whole)
    return math.remainder(value, whole)


def every(condition: Any) -> bool:
    """Whether it holds in every row."""
    return bool(condition.all()) if isinstance(condition, np.ndarray) else bool(condition)


def some(condition: Any) -> bool:
    """Whether it holds in any row."""
    return bool(condition.any()) if isinstance(condition, np.ndarray) else bool(condition)


def size(value: Number | Real) -> Real:
    return np.abs(value) if isinstance(value, np.ndarray) else abs(value)


def tiny(value: Number | Real) -> bool:
    """Whether it is nothing, in every row."""
    return every(size(value) < EXACT)


def either(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` in the rows where the condition holds, else `no`; neither may fail in the others."""
    if isinstance(condition, np.ndarray):
        return np.where(condition, yes, no)
    return yes if condition else no
