"""Registers of virtual gates: what the nodes of a samplex read and make.

A register is an array: one row for each subsystem, one column for each randomization, or a single
column where all randomizations have the same. No operation changes an array that it was given.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.samplex.groups import (
    CLIFFORDS,
    PAULIS,
    clifford_inverses,
    clifford_products,
)

Sort: TypeAlias = Literal["pauli", "c1", "u2", "z2"]
"""The group: Paulis, one-qubit Cliffords, unitary matrices, or bits that flip."""
Gates: TypeAlias = NDArray[Any]
"""Numbers of elements (uint8), or for `u2` matrices (complex128, two more axes)."""

SORTS: Final[tuple[Sort, ...]] = ("pauli", "c1", "u2", "z2")
ELEMENTS: Final[dict[Sort, int]] = {"pauli": 4, "c1": 24, "z2": 2}
"""How many elements a finite group has."""
CONVERTS: Final[dict[Sort, frozenset[Sort]]] = {
    "pauli": frozenset({"pauli", "c1", "u2", "z2"}),
    "c1": frozenset({"c1", "u2"}),
    "u2": frozenset({"u2"}),
    "z2": frozenset({"z2", "pauli"}),
}
BYTES: Final[dict[Sort, int]] = {"pauli": 1, "c1": 1, "z2": 1, "u2": 64}
"""Of one virtual gate."""


def convert(gates: Gates, sort: Sort, to: Sort) -> Gates:
    """The same gates in another group; `CONVERTS` says which there are."""
    if sort == to:
        return gates
    match sort, to:
        case "pauli", "u2":
            return PAULIS[gates]
        case "pauli", "c1":
            return gates
        case "pauli", "z2":
            # X and Y flip a bit.
            return gates >> 1
        case "c1", "u2":
            return CLIFFORDS[gates]
        case "z2", "pauli":
            return gates << 1
    raise AssertionError(f"{sort} does not convert to {to}")


def multiply(left: Gates, right: Gates, sort: Sort) -> Gates:
    """Products in the order of matrices: `right` acts first."""
    if sort == "u2":
        return left @ right
    if sort == "c1":
        return clifford_products()[left, right].astype(np.uint8)
    return left ^ right


def invert(gates: Gates, sort: Sort) -> Gates:
    if sort == "u2":
        return gates.conj().swapaxes(-1, -2)
    if sort == "c1":
        return clifford_inverses()[gates].astype(np.uint8)
    return gates


def identity(sort: Sort, subsystems: int, samples: int) -> Gates:
    if sort == "u2":
        return np.broadcast_to(PAULIS[0], (subsystems, samples, 2, 2)).copy()
    return np.zeros((subsystems, samples), np.uint8)
