"""Powers of gates: what `pow(k) @` and `inv @` make of a row of the gate table.

A power is a function of the gate's matrix: every eigenvalue exp(i a), with a in (-pi, pi], becomes
exp(i k a). This is what makes `pow(1/2) @ x` the gate `sx` of the standard library. For whole k
the choice of a does not matter; for others it is what makes the power unique.
"""

from __future__ import annotations

import cmath
import math
from typing import TypeAlias

import numpy as np

from ketway.circuits.formulas import Formula, scaled
from ketway.circuits.gates import GATES, Kind, Matrices
from ketway.circuits.qasm.gates.angles import Angle, Open

Piece: TypeAlias = tuple[Kind, tuple[float, ...]]
Power: TypeAlias = tuple[list[Piece], float]
"""Gates on the same targets, in order, and a phase that multiplies them."""

BRANCH = 1e-9
"""Angles this near to -pi are pi: rounding must not choose the other root."""

_MOST_REPEATED = 4
"""A power of a gate with open angles is at most so many of it: as `cost` has it."""

_EIGHTHS: dict[Kind, int] = {
    Kind.Z: 4,
    Kind.S: 2,
    Kind.SDG: -2,
    Kind.T: 1,
    Kind.TDG: -1,
}
"""Phase gates without parameters, in eighths of a turn."""
_BY_EIGHTHS: dict[int, Kind] = {
    1: Kind.T,
    2: Kind.S,
    4: Kind.Z,
    6: Kind.SDG,
    7: Kind.TDG,
}
_QUARTERS: dict[Kind, int] = {Kind.SX: 1, Kind.X: 2, Kind.SXDG: 3}
_BY_QUARTERS: dict[int, Kind] = {1: Kind.SX, 2: Kind.X, 3: Kind.SXDG}
_ROTATIONS = frozenset({Kind.RX, Kind.RY, Kind.RZ, Kind.RXX, Kind.RYY, Kind.RZZ})


def wrapped(angle: float) -> float:
    """The same angle in (-pi, pi]."""
    angle = math.remainder(angle, math.tau)
    return math.pi if angle <= -math.pi + BRANCH else angle


def integer_power(kind: Kind, params: tuple[float, ...], exponent: int) -> Power:
    """A whole power: one gate, none where it is the identity, and for U perhaps a phase."""
    if exponent == 1:
        return [(kind, params)], 0.0
    if exponent == 0 or kind == Kind.NOP:
        return [], 0.0
    if kind in _EIGHTHS:
        return _eighths(_EIGHTHS[kind] * exponent % 8), 0.0
    if kind in _QUARTERS:
        quarter = _QUARTERS[kind] * exponent % 4
        return ([(_BY_QUARTERS[quarter], ())] if quarter else []), 0.0
    row = GATES[kind]
    if row.inverse == kind:
        return ([(kind, params)] if exponent % 2 else []), 0.0
    if row.negated:
        return [(kind, tuple(exponent * value for value in params))], 0.0
    if exponent == -1 and kind == Kind.U:
        theta, phi, lam = params
        return [(Kind.U, (-theta, -lam, -phi))], 0.0
    if kind == Kind.MS:
        return [(kind, (params[0], params[1], exponent * params[2]))], 0.0
    return matrix_power(matrix(kind, params), exponent)


def fractional_power(kind: Kind, params: tuple[float, ...], exponent: float) -> Power:
    """A power that is not whole; raises `ValueError` where no gate of the table is one."""
    if kind == Kind.NOP:
        return [], 0.0
    if kind in _EIGHTHS:
        angle = wrapped(_EIGHTHS[kind] * math.pi / 4)
        return [(Kind.PHASE, (exponent * angle,))], 0.0
    if kind == Kind.PHASE:
        return [(kind, (exponent * wrapped(params[0]),))], 0.0
    if kind == Kind.GLOBAL_PHASE:
        return [], exponent * wrapped(params[0])
    if kind in _ROTATIONS:
        return _rotation(kind, params[0], exponent)
    if kind == Kind.X:
        return [(Kind.RX, (exponent * math.pi,))], exponent * math.pi / 2
    if kind == Kind.Y:
        return [(Kind.RY, (exponent * math.pi,))], exponent * math.pi / 2
    if kind in (Kind.SX, Kind.SXDG):
        sign = 1 if kind == Kind.SX else -1
        return [(Kind.RX, (sign * exponent * math.pi / 2,))], sign * exponent * math.pi / 4
    if kind == Kind.SWAP:
        # SWAP = (1 + XX + YY + ZZ) / 2, and the three commute.
        angle = exponent * math.pi / 2
        pieces: list[Piece] = [(k, (angle,)) for k in (Kind.RXX, Kind.RYY, Kind.RZZ)]
        return pieces, exponent * math.pi / 4
    if kind == Kind.ZZ:
        return _rotation(Kind.RZZ, math.tau * params[0], exponent)
    if GATES[kind].targets == 1:
        return matrix_power(matrix(kind, params), exponent)
    raise ValueError(f"`{GATES[kind].name}` has no fractional power here")


def open_power(kind: Kind, params: Open, exponent: int) -> list[Open]:
    """A whole power of a gate whose angles depend on inputs, as angles of gates of that kind;
    raises `ValueError` where there is none."""
    row = GATES[kind]
    if exponent == 0:
        return []
    if exponent == 1:
        return [params]
    if row.negated:
        return [Open(_times(angle, exponent) for angle in params)]
    if row.inverse == kind:
        return [params] if exponent % 2 else []
    if kind == Kind.MS:
        return [Open((*params[:2], _times(params[2], exponent)))]
    if kind == Kind.U and abs(exponent) <= _MOST_REPEATED:
        theta, phi, lam = params if exponent > 0 else (_times(angle, -1) for angle in params)
        once = Open((theta, phi, lam) if exponent > 0 else (theta, lam, phi))
        return [once] * abs(exponent)
    raise ValueError(
        f"The power {exponent:,} of `{row.name}` cannot be computed where an angle depends on an "
        "`input`"
    )


def _times(angle: Angle, factor: float) -> Angle:
    return scaled(angle, factor) if isinstance(angle, Formula) else angle * factor


def _eighths(eighth: int) -> list[Piece]:
    if eighth == 0:
        return []
    kind = _BY_EIGHTHS.get(eighth)
    if kind is None:
        return [(Kind.PHASE, (wrapped(eighth * math.pi / 4),))]
    return [(kind, ())]


def _rotation(kind: Kind, angle: float, exponent: float) -> Power:
    """Eigenvalues are exp(±i angle/2): `angle` counts modulo two turns, and at one turn is -1."""
    reduced = math.remainder(angle, 2 * math.tau)
    if abs(abs(reduced) - math.tau) <= BRANCH:
        return [], exponent * math.pi
    return [(kind, (exponent * reduced,))], 0.0


def matrix(kind: Kind, params: tuple[float, ...]) -> Matrices:
    """The matrix of one gate on its targets."""
    matrices = GATES[kind].matrices
    if matrices is None:
        raise ValueError(f"`{GATES[kind].name}` has no matrix")
    found: Matrices = matrices(np.array([params], dtype=np.float64))[0]
    return found


def matrix_power(unitary: Matrices, exponent: float) -> Power:
    """A power of a one-qubit unitary, as U and a phase."""
    return _as_u(power_of(unitary, exponent))


def power_of(unitary: Matrices, exponent: float) -> Matrices:
    """exp(i k log) of a one-qubit unitary, from its angle and axis on the sphere."""
    determinant = unitary[0, 0] * unitary[1, 1] - unitary[0, 1] * unitary[1, 0]
    middle = cmath.phase(determinant) / 2
    special = unitary * cmath.exp(-1j * middle)
    # special = cos(half) - i sin(half) (x X + y Y + z Z)
    x = -(special[0, 1].imag + special[1, 0].imag) / 2
    y = (special[1, 0].real - special[0, 1].real) / 2
    z = (special[1, 1].imag - special[0, 0].imag) / 2
    length = math.sqrt(x * x + y * y + z * z)
    half = math.atan2(length, (special[0, 0].real + special[1, 1].real) / 2)
    if length < BRANCH:
        scalar = cmath.exp(1j * exponent * wrapped(middle + half))
        return np.array([[scalar, 0], [0, scalar]], dtype=np.complex128)
    axis = np.array([[z, x - 1j * y], [x + 1j * y, -z]]) / length
    low = cmath.exp(1j * exponent * wrapped(middle - half))
    high = cmath.exp(1j * exponent * wrapped(middle + half))
    result: Matrices = (np.eye(2) + axis) / 2 * low + (np.eye(2) - axis) / 2 * high
    return result


def _as_u(unitary: Matrices) -> Power:
    """U's three angles and the phase that U lacks."""
    (a, b), (c, d) = ((complex(value) for value in row) for row in unitary)
    theta = 2 * math.atan2(abs(c), abs(a))
    if abs(a) > abs(c):
        phase = cmath.phase(a)
        both = cmath.phase(d) - phase
        phi = cmath.phase(c) - phase if abs(c) > BRANCH else 0.0
        return [(Kind.U, (theta, wrapped(phi), wrapped(both - phi)))], phase
    phase = cmath.phase(-b)
    lam = 0.0
    if abs(a) > BRANCH:
        phase = cmath.phase(a)
        lam = cmath.phase(-b) - phase
    return [(Kind.U, (theta, wrapped(cmath.phase(c) - phase), wrapped(lam)))], phase
