"""Matrices of one qubit, as four complex numbers: numpy takes longer to begin than these to end."""

from __future__ import annotations

import cmath
import math
from typing import NamedTuple

EXACT = 1e-12
"""Below this a number is an error of rounding."""


class Matrix(NamedTuple):
    a: complex
    b: complex
    c: complex
    d: complex
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
        return abs(self.b) < EXACT and abs(self.c) < EXACT


IDENTITY = Matrix(1, 0, 0, 1)
X = Matrix(0, 1, 1, 0)
Z = Matrix(1, 0, 0, -1)
_R = math.sqrt(0.5)
H = Matrix(_R, _R, _R, -_R)
Y_TO_Z = Matrix(_R, -1j * _R, -1j * _R, _R)
"""A quarter turn about X: it takes Y to Z."""


def rz(angle: float) -> Matrix:
    turn = cmath.exp(0.5j * angle)
    return Matrix(turn.conjugate(), 0, 0, turn)


def phase(angle: float) -> Matrix:
    return Matrix(1, 0, 0, cmath.exp(1j * angle))


class Turns(NamedTuple):
    """RZ(phi) RY(theta) RZ(lam), with theta from 0 to pi; up to a phase of everything."""

    theta: float
    phi: float
    lam: float


def turns(matrix: Matrix) -> Turns:
    theta = 2 * math.atan2(abs(matrix.c), abs(matrix.a))
    if abs(matrix.c) < EXACT:
        return Turns(0.0, cmath.phase(matrix.d) - cmath.phase(matrix.a), 0.0)
    if abs(matrix.a) < EXACT:
        return Turns(math.pi, cmath.phase(matrix.c) - cmath.phase(-matrix.b), 0.0)
    first = cmath.phase(matrix.a)
    return Turns(theta, cmath.phase(matrix.c) - first, cmath.phase(-matrix.b) - first)


class Axis(NamedTuple):
    """exp(i shift) basis RZ(angle) basis^-1."""

    shift: float
    angle: float
    basis: Matrix


def axis(matrix: Matrix) -> Axis:
    """A turn about an axis, and what takes the axis to Z: then a control needs to control one turn
    about Z alone."""
    shift = cmath.phase(matrix.a * matrix.d - matrix.b * matrix.c) / 2
    unit = cmath.exp(-1j * shift)
    a, c, d = matrix.a * unit, matrix.c * unit, matrix.d * unit
    # cos(angle / 2) 1 - i sin(angle / 2) (x X + y Y + z Z)
    x, y, z = -c.imag, c.real, (d - a).imag / 2
    sine = math.sqrt(x * x + y * y + z * z)
    angle = 2 * math.atan2(sine, (a + d).real / 2)
    if sine < EXACT or x * x + y * y < EXACT * EXACT:
        return Axis(shift, angle if z >= 0 else -angle, IDENTITY)
    theta, around = math.acos(max(-1.0, min(1.0, z / sine))), math.atan2(y, x)
    cosine, sine = math.cos(theta / 2), math.sin(theta / 2)
    turn = cmath.exp(1j * around)
    return Axis(shift, angle, Matrix(cosine, -sine, turn * sine, turn * cosine))
