"""The groups that virtual gates belong to, and how their elements multiply and pass gates.

Elements are small numbers, as IBM's samplexes write them. Signs and phases are left out: a gate
and its negative are one.

* Paulis are 0 I, 1 Z, 2 X, 3 Y, so that multiplying is exclusive or.
* One-qubit Cliffords are 0 to 23: number 8 i + 4 j + k is (H S)^i H^j P with Pauli P number k.

No table is written down here: each is computed from the matrices of the gates that name it.
"""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrices: TypeAlias = NDArray[np.complex128]
Table: TypeAlias = NDArray[np.int64]

_R: Final = np.sqrt(0.5)
PAULIS: Final[Matrices] = np.array(
    [[[1, 0], [0, 1]], [[1, 0], [0, -1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]]], np.complex128
)
_H: Final = np.array([[_R, _R], [_R, -_R]], np.complex128)
_S: Final = np.diag([1, 1j]).astype(np.complex128)
_SX: Final = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]], np.complex128) / 2
_I, _Z, _X, _Y = PAULIS


def _cliffords() -> Matrices:
    turn = _H @ _S
    turns = [np.eye(2), turn, turn @ turn]
    return np.array([t @ h @ p for t in turns for h in (_I, _H) for p in PAULIS])


CLIFFORDS: Final[Matrices] = _cliffords()

# The first qubit of a gate is the left factor.
_CX: Final = np.kron((_I + _Z) / 2, _I) + np.kron((_I - _Z) / 2, _X)
_CZ: Final = np.diag([1, 1, 1, -1]).astype(np.complex128)
_ECR: Final = _R * (np.kron(_X, _I) - np.kron(_Y, _X))
_RZZ_HALF: Final = _R * (np.eye(4) - 1j * np.kron(_Z, _Z))

_PAST: Final[dict[str, Matrices]] = {
    "h": _H,
    "s": _S,
    "sx": _SX,
    # Named in the order in which they act.
    "sh": _H @ _S,
    "hs": _S @ _H,
    "cx": _CX,
    "cz": _CZ,
    "ecr": _ECR,
    "rzz": _RZZ_HALF,
}
_LOCAL: Final[dict[str, Matrices]] = {
    "h": _H,
    "x": _X,
    "y": _Y,
    "z": _Z,
    "cx": _CX,
    "cz": _CZ,
    "ecr": _ECR,
}

PAULI_PASSES: Final = frozenset(_PAST)
"""Gates that `pauli_past` knows."""
CLIFFORD_PASSES: Final = frozenset(_LOCAL)
"""Gates that `clifford_past` knows."""


def _named(matrices: Matrices, among: Matrices) -> Table:
    """Which of `among` each matrix is, up to a phase; -1 for none of them."""
    size = among.shape[-1]
    overlaps = np.abs(np.einsum("kij,aij->ak", among.conj(), matrices)) / size
    found = overlaps.argmax(axis=1)
    return np.where(overlaps[np.arange(len(found)), found] > 1 - 1e-6, found, -1)


def _products(of: Matrices, qubits: int) -> Matrices:
    """All elements on one qubit, or all pairs; the last qubit changes first."""
    return of if qubits == 1 else np.array([np.kron(a, b) for a in of for b in of])


def _past(gate: Matrices, of: Matrices) -> Table:
    """The table of what each element becomes: one axis for each qubit, then its new elements."""
    qubits = 1 if len(gate) == 2 else 2
    elements = _products(of, qubits)
    count = len(of)
    found = _named(gate @ elements @ gate.conj().T, elements)
    if qubits == 1:
        return found.reshape(count, 1)
    pairs = np.stack([found // count, found % count], axis=-1)
    pairs[found < 0] = -1
    return pairs.reshape(count, count, 2)


@cache
def pauli_past(gate: str) -> Table:
    """What Paulis become when they pass a Clifford gate."""
    return _past(_PAST[gate], PAULIS)


@cache
def clifford_past(gate: str) -> Table:
    """What one-qubit Cliffords become when they pass a gate; -1 where it entangles them."""
    return _past(_LOCAL[gate], CLIFFORDS)


@cache
def clifford_products() -> Table:
    """Element [a, b] is the product of matrices a and b."""
    pairs = (CLIFFORDS[:, None] @ CLIFFORDS[None]).reshape(-1, 2, 2)
    return _named(pairs, CLIFFORDS).reshape(24, 24)


@cache
def clifford_inverses() -> Table:
    return _named(CLIFFORDS.conj().transpose(0, 2, 1), CLIFFORDS)
