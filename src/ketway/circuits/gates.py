"""The gate table: every gate Ketway knows, in one place.

Readers, engines, the compiler, drawings and the documentation all read this table; none of them
keeps a list of gates of its own. A gate is named by its `Kind`, a small integer, because circuits
hold their gates as arrays.

Conventions, decided here once:

* A matrix acts on the gate's *targets* only. Bit j of a matrix index is target j, least
  significant first, so target 0 of a two-qubit gate is the low bit.
* Any gate may carry controls: the matrix is applied where every control is 1.
* Angles are radians, except for the native gates of trapped-ion machines, whose phases are turns
  (one turn is 2 pi), as their vendors write them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Params: TypeAlias = NDArray[np.float64]
"""Parameters of many gates of one kind: shape (gates, parameters)."""
Matrices: TypeAlias = NDArray[np.complex128]
"""Matrices of many gates of one kind: shape (gates, 2**targets, 2**targets)."""


class Kind(IntEnum):
    """What a gate is. The numbers are stored with circuits: add at the end, never renumber."""

    X = 1
    Y = 2
    Z = 3
    H = 4
    S = 5
    SDG = 6
    T = 7
    TDG = 8
    SX = 9
    SXDG = 10
    RX = 11
    RY = 12
    RZ = 13
    PHASE = 14
    U = 15
    SWAP = 16
    RXX = 17
    RYY = 18
    RZZ = 19
    GPI = 20
    GPI2 = 21
    MS = 22
    ZZ = 23
    NOP = 24
    PAULIEXP = 25
    GLOBAL_PHASE = 26
    MEASURE = 27
    RESET = 28
    JUMP = 29
    ASSIGN = 30
    DRESSING = 31
    ECR = 32


@dataclass(frozen=True, slots=True)
class Gate:
    """One row of the table."""

    kind: Kind
    name: str
    """Ketway's own name, used in messages, drawings and documentation."""
    targets: int
    """How many qubits the matrix acts on; 0 means that the gate says so itself (`pauliexp`)."""
    params: int
    """How many parameters; -1 means as many as the gate has terms (`pauliexp`)."""
    matrices: Callable[[Params], Matrices] | None
    """All matrices of many gates at once; None where there is no small matrix."""
    inverse: Kind | None = None
    """The kind that undoes it with the same parameters, where there is one."""
    negated: bool = False
    """True if the same kind with every parameter negated undoes it."""
    clifford: bool = False
    """True if it maps Paulis to Paulis whatever its parameters (without controls)."""
    diagonal: bool = False
    native: bool = False
    ionq_qis: tuple[str, ...] = ()
    ionq_native: tuple[str, ...] = ()
    qasm: tuple[str, ...] = ()
    """Names in OpenQASM's `stdgates.inc` and `qelib1.inc`, without controls."""


def _constant(*rows: tuple[complex, ...]) -> Callable[[Params], Matrices]:
    matrix = np.array(rows, dtype=np.complex128)

    def matrices(params: Params) -> Matrices:
        return np.broadcast_to(matrix, (len(params), *matrix.shape)).copy()

    return matrices


def _empty(params: Params, dim: int) -> Matrices:
    return np.zeros((len(params), dim, dim), dtype=np.complex128)


def _rx(params: Params) -> Matrices:
    half = params[:, 0] / 2
    out = _empty(params, 2)
    out[:, 0, 0] = out[:, 1, 1] = np.cos(half)
    out[:, 0, 1] = out[:, 1, 0] = -1j * np.sin(half)
    return out


def _ry(params: Params) -> Matrices:
    half = params[:, 0] / 2
    out = _empty(params, 2)
    out[:, 0, 0] = out[:, 1, 1] = np.cos(half)
    out[:, 1, 0] = np.sin(half)
    out[:, 0, 1] = -out[:, 1, 0]
    return out


def _rz(params: Params) -> Matrices:
    out = _empty(params, 2)
    out[:, 0, 0] = np.exp(-0.5j * params[:, 0])
    out[:, 1, 1] = np.exp(0.5j * params[:, 0])
    return out


def _phase(params: Params) -> Matrices:
    out = _empty(params, 2)
    out[:, 0, 0] = 1
    out[:, 1, 1] = np.exp(1j * params[:, 0])
    return out


def _u(params: Params) -> Matrices:
    """Qiskit's U(theta, phi, lambda): real in its first corner. OpenQASM 3's differs by a phase."""
    theta, phi, lam = params[:, 0] / 2, params[:, 1], params[:, 2]
    out = _empty(params, 2)
    out[:, 0, 0] = np.cos(theta)
    out[:, 0, 1] = -np.exp(1j * lam) * np.sin(theta)
    out[:, 1, 0] = np.exp(1j * phi) * np.sin(theta)
    out[:, 1, 1] = np.exp(1j * (phi + lam)) * np.cos(theta)
    return out


def _rxx(params: Params) -> Matrices:
    half = params[:, 0] / 2
    out = _empty(params, 4)
    for i in range(4):
        out[:, i, i] = np.cos(half)
        out[:, i, 3 - i] = -1j * np.sin(half)
    return out


def _ryy(params: Params) -> Matrices:
    out = _rxx(params)
    out[:, 0, 3] *= -1
    out[:, 3, 0] *= -1
    return out


def _rzz(params: Params) -> Matrices:
    even, odd = np.exp(-0.5j * params[:, 0]), np.exp(0.5j * params[:, 0])
    out = _empty(params, 4)
    out[:, 0, 0] = out[:, 3, 3] = even
    out[:, 1, 1] = out[:, 2, 2] = odd
    return out


def _gpi(params: Params) -> Matrices:
    turn = np.exp(2j * math.pi * params[:, 0])
    out = _empty(params, 2)
    out[:, 0, 1] = turn.conj()
    out[:, 1, 0] = turn
    return out


def _gpi2(params: Params) -> Matrices:
    turn = np.exp(2j * math.pi * params[:, 0])
    out = _empty(params, 2)
    out[:, 0, 0] = out[:, 1, 1] = math.sqrt(0.5)
    out[:, 0, 1] = -1j * math.sqrt(0.5) * turn.conj()
    out[:, 1, 0] = -1j * math.sqrt(0.5) * turn
    return out


def _ms(params: Params) -> Matrices:
    """Molmer-Sorensen with phases p0 (target 0) and p1 (target 1) and angle, all in turns."""
    p0, p1, angle = params[:, 0], params[:, 1], params[:, 2]
    cos, sin = np.cos(math.pi * angle), -1j * np.sin(math.pi * angle)
    total = np.exp(2j * math.pi * (p0 + p1))
    difference = np.exp(2j * math.pi * (p0 - p1))
    out = _empty(params, 4)
    for i in range(4):
        out[:, i, i] = cos
    out[:, 0, 3] = sin * total.conj()
    out[:, 3, 0] = sin * total
    # Index 1 is |target0=1, target1=0>: raising target 0 and lowering target 1 gives p0 - p1.
    out[:, 1, 2] = sin * difference
    out[:, 2, 1] = sin * difference.conj()
    return out


def _zz(params: Params) -> Matrices:
    return _rzz(2 * math.pi * params)


def _global_phase(params: Params) -> Matrices:
    out = _empty(params, 1)
    out[:, 0, 0] = np.exp(1j * params[:, 0])
    return out


_R = math.sqrt(0.5)
_I2 = _constant((1, 0), (0, 1))

# fmt: off
_ROWS = (
    Gate(Kind.X, "x", 1, 0, _constant((0, 1), (1, 0)), Kind.X, clifford=True,
         ionq_qis=("x", "not", "cnot"), qasm=("x",)),
    Gate(Kind.Y, "y", 1, 0, _constant((0, -1j), (1j, 0)), Kind.Y, clifford=True,
         ionq_qis=("y",), qasm=("y",)),
    Gate(Kind.Z, "z", 1, 0, _constant((1, 0), (0, -1)), Kind.Z, clifford=True, diagonal=True,
         ionq_qis=("z",), qasm=("z",)),
    Gate(Kind.H, "h", 1, 0, _constant((_R, _R), (_R, -_R)), Kind.H, clifford=True,
         ionq_qis=("h",), qasm=("h",)),
    Gate(Kind.S, "s", 1, 0, _constant((1, 0), (0, 1j)), Kind.SDG, clifford=True, diagonal=True,
         ionq_qis=("s",), qasm=("s",)),
    Gate(Kind.SDG, "sdg", 1, 0, _constant((1, 0), (0, -1j)), Kind.S, clifford=True, diagonal=True,
         ionq_qis=("si",), qasm=("sdg",)),
    Gate(Kind.T, "t", 1, 0, _constant((1, 0), (0, _R * (1 + 1j))), Kind.TDG, diagonal=True,
         ionq_qis=("t",), qasm=("t",)),
    Gate(Kind.TDG, "tdg", 1, 0, _constant((1, 0), (0, _R * (1 - 1j))), Kind.T, diagonal=True,
         ionq_qis=("ti",), qasm=("tdg",)),
    Gate(Kind.SX, "sx", 1, 0, _constant((0.5 + 0.5j, 0.5 - 0.5j), (0.5 - 0.5j, 0.5 + 0.5j)),
         Kind.SXDG, clifford=True, ionq_qis=("v",), qasm=("sx",)),
    Gate(Kind.SXDG, "sxdg", 1, 0, _constant((0.5 - 0.5j, 0.5 + 0.5j), (0.5 + 0.5j, 0.5 - 0.5j)),
         Kind.SX, clifford=True, ionq_qis=("vi",), qasm=("sxdg",)),
    Gate(Kind.RX, "rx", 1, 1, _rx, negated=True, ionq_qis=("rx",), qasm=("rx",)),
    Gate(Kind.RY, "ry", 1, 1, _ry, negated=True, ionq_qis=("ry",), qasm=("ry",)),
    Gate(Kind.RZ, "rz", 1, 1, _rz, negated=True, diagonal=True, ionq_qis=("rz",), qasm=("rz",)),
    # IonQ's `z` with a `rotation` is this gate: qiskit-ionq writes p, cp and mcp so.
    Gate(Kind.PHASE, "phase", 1, 1, _phase, negated=True, diagonal=True,
         qasm=("p", "phase", "u1")),
    Gate(Kind.U, "u", 1, 3, _u, qasm=("U", "u", "u3")),
    Gate(Kind.SWAP, "swap", 2, 0,
         _constant((1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1)), Kind.SWAP,
         clifford=True, ionq_qis=("swap",), qasm=("swap",)),
    Gate(Kind.RXX, "rxx", 2, 1, _rxx, negated=True, ionq_qis=("xx",), qasm=("rxx",)),
    Gate(Kind.RYY, "ryy", 2, 1, _ryy, negated=True, ionq_qis=("yy",), qasm=("ryy",)),
    Gate(Kind.RZZ, "rzz", 2, 1, _rzz, negated=True, diagonal=True, ionq_qis=("zz",),
         qasm=("rzz",)),
    Gate(Kind.GPI, "gpi", 1, 1, _gpi, Kind.GPI, native=True, ionq_native=("gpi",)),
    Gate(Kind.GPI2, "gpi2", 1, 1, _gpi2, native=True, ionq_native=("gpi2",)),
    Gate(Kind.MS, "ms", 2, 3, _ms, native=True, ionq_native=("ms",)),
    Gate(Kind.ZZ, "zz", 2, 1, _zz, negated=True, diagonal=True, native=True, ionq_native=("zz",)),
    Gate(Kind.NOP, "nop", 1, 0, _I2, Kind.NOP, clifford=True, diagonal=True, native=True,
         ionq_native=("nop",), qasm=("id",)),
    # exp(-i sum_k params[k] P_k): the letters of each P_k stand in the structure.
    Gate(Kind.PAULIEXP, "pauliexp", 0, -1, None, negated=True, ionq_qis=("pauliexp",)),
    Gate(Kind.GLOBAL_PHASE, "gphase", 0, 1, _global_phase, negated=True, clifford=True,
         diagonal=True, qasm=("gphase",)),
    Gate(Kind.MEASURE, "measure", 1, 0, None, qasm=("measure",)),
    Gate(Kind.RESET, "reset", 1, 0, None, qasm=("reset",)),
    Gate(Kind.ECR, "ecr", 2, 0,
         _constant((0, _R, 0, 1j * _R), (_R, 0, -1j * _R, 0),
                   (0, 1j * _R, 0, _R), (-1j * _R, 0, _R, 0)), Kind.ECR, clifford=True),
    # Classical control acts on no qubit; see `control.py`.
    Gate(Kind.JUMP, "jump", 0, 0, None),
    Gate(Kind.ASSIGN, "assign", 0, 0, None),
    # What a routine adds before or after the gates of a circuit. A machine merges it into the
    # one-qubit gates beside it, so it is `u` and brings no noise of its own.
    Gate(Kind.DRESSING, "dressing", 1, 3, _u),
)
# fmt: on

GATES: dict[Kind, Gate] = {row.kind: row for row in _ROWS}
"""The table, by kind."""

IONQ_QIS: dict[str, Gate] = {name: row for row in _ROWS for name in row.ionq_qis}
IONQ_NATIVE: dict[str, Gate] = {name: row for row in _ROWS for name in row.ionq_native}
QASM: dict[str, Gate] = {name: row for row in _ROWS for name in row.qasm}
