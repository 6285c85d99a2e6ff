"""Fewer qubits: circuits as they come are as wide as a device, and use a few of its qubits.

A qubit on which nothing acts is 0 and stays so. Leaving it out renumbers the others, and what a
noise model says of single qubits must go with them (`NoiseModel.on`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Structure, kind_table
from ketway.circuits.gates import Kind

Index: TypeAlias = NDArray[np.int64]

_ON_BITS: Final = kind_table((Kind.JUMP, Kind.ASSIGN))


def qubit_places(structure: Structure) -> NDArray[np.bool_]:
    """Which of the operands are qubits, and not bits."""
    widths = np.diff(structure.operand_starts)
    out = ~np.repeat(_ON_BITS[structure.kinds], widths)
    out[structure.operand_starts[:-1][structure.kinds == Kind.MEASURE] + 1] = False
    return out


def used_qubits(structure: Structure) -> Index:
    """The qubits on which anything acts, ascending; if none does, the first, for something must
    answer."""
    used = np.unique(structure.operands[qubit_places(structure)]).astype(np.int64)
    return used if len(used) else np.zeros(1, dtype=np.int64)


def on_qubits(structure: Structure, qubits: Index) -> Structure:
    """The structure with `qubits[k]` called k. Nothing may act on any other."""
    number = np.zeros(structure.qubits, dtype=np.int32)
    number[qubits] = np.arange(len(qubits))
    operands = structure.operands.copy()
    places = qubit_places(structure)
    operands[places] = number[operands[places]]
    return replace(structure, qubits=len(qubits), operands=operands)
