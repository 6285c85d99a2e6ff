"""Matrices of one qubit, as four numbers: numpy takes longer to begin than these to end."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from ketway.compile.numbers import (
    EXACT,
    Number,
    Real,
    atan2,
    cosine,
    either,
    every,
    phase_of,
    sine,
    size,
    tiny,
    unit,
)


class Matrix(NamedTuple):
    a: Number
    b: Number
    c: Number
    d: Number
    """[[a, b], [c, d]]"""

    def after(self, first: Matrix) -> Matrix:
        """This one, after `first`."""
        return Matrix(
            self.a * first.a + self.b * first.c,
            self.a * first.b + self.b * first.d,
            self.c * first.a + self.d * first.c,
            self.c * first.b + self.d * first.d,
        )

    @property
    def inverse(self) -> Matrix:
        return Matrix(
            self.a.conjugate(), self.c.conjugate(), self.b.conjugate(), self.d.conjugate()
        )

    @property
    def diagonal(self) -> bool:
        """A turn about Z."""
        return tiny(self.b) and tiny(self.c)

    @property
    def crossed(self) -> bool:
        """A turn about Z after X."""
        return tiny(self.a) and tiny(self.d)


IDENTITY = Matrix(1, 0, 0, 1)
X = Matrix(0, 1, 1, 0)
Z = Matrix(1, 0, 0, -1)
_R = math.sqrt(0.5)
H = Matrix(_R, _R, _R, -_R)
Y_TO_Z = Matrix(_R, -1j * _R, -1j * _R, _R)
"""A quarter turn about X: it takes Y to Z."""


def rz(angle: Real) -> Matrix:
    turn = unit(0.5 * angle)
    return Matrix(turn.conjugate(), 0, 0, turn)


def phase(angle: Real) -> Matrix:
    return Matrix(1, 0, 0, unit(angle))


class Turns(NamedTuple):
    """RZ(phi) RY(theta) RZ(lam), with theta from 0 to pi; up to a phase of everything."""

    theta: Real
    phi: Real
    lam: Real


def turns(matrix: Matrix) -> Turns:
    a, b, c, d = matrix
    theta = 2 * atan2(size(c), size(a))
    # Where one of a and c is nothing, its phase is noise, and only one of the turns counts.
    first, last = phase_of(a), phase_of(c)
    straight, across = size(c) < EXACT, size(a) < EXACT
    phi = either(straight, phase_of(d) - first, either(across, last - phase_of(-b), last - first))
    lam = either(straight | across, 0.0, phase_of(-b) - first)
    theta = either(straight, 0.0, either(across, math.pi, theta))
    return Turns(theta, phi, lam)


class Axis(NamedTuple):
    """exp(i shift) basis RZ(angle) basis^-1."""

    shift: Real
    angle: Real
    basis: Matrix


def axis(matrix: Matrix) -> Axis:
    """A turn about an axis, and what takes the axis to Z: then a control needs to control one turn
    about Z alone."""
    shift = phase_of(matrix.a * matrix.d - matrix.b * matrix.c) / 2
    back = unit(-shift)
    a, c, d = matrix.a * back, matrix.c * back, matrix.d * back
    # cos(angle / 2) 1 - i sin(angle / 2) (x X + y Y + z Z)
    x, y, z = -c.imag, c.real, (d - a).imag / 2
    across = (x * x + y * y) ** 0.5
    sharp = (across * across + z * z) ** 0.5
    angle = 2 * atan2(sharp, (a + d).real / 2)
    if every(across < EXACT):
        return Axis(shift, either(z >= 0, angle, -angle), IDENTITY)
    theta, around = atan2(across, z), atan2(y, x)
    if isinstance(theta, np.ndarray):
        theta = np.where(sharp < EXACT, 0.0, theta)
    turn = unit(around)
    cos, sin = _number(cosine(theta / 2)), _number(sine(theta / 2))
    return Axis(shift, angle, Matrix(cos, -sin, turn * sin, turn * cos))


def _number(value: Real) -> Number:
    return value.astype(np.complex128) if isinstance(value, np.ndarray) else value
