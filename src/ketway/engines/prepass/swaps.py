"""Swaps, done by renaming: a swap that nothing controls only says which qubit is which.

The names are taken from the end of the circuit, where they mean what is read, so the start is
renamed, and there all qubits are alike. A Fourier transform's final reversal so costs nothing, and
its register is read in the order in which it lies in memory.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ketway.circuits.gates import Kind
from ketway.engines.prepass.sheet import Sheet


def without_swaps(sheet: Sheet) -> Sheet:
    """The same answers without swaps. The rows must be all rows of a structure, in its order."""
    swapping = (sheet.kinds == Kind.SWAP) & (sheet.controls == 0)
    swaps = np.flatnonzero(swapping)
    if not len(swaps):
        return sheet
    bits = sheet.bit_places
    old = sheet.operands.copy()
    old[bits] = 0  # a bit is no qubit's name, and is put back below
    found = old.tolist()
    names = list(range(sheet.qubits))
    end = len(found)
    for start in sheet.starts[swaps[::-1]].tolist():
        found[start + 2 : end] = [names[qubit] for qubit in found[start + 2 : end]]
        a, b = found[start : start + 2]
        names[a], names[b] = names[b], names[a]
        end = start
    found[:end] = [names[qubit] for qubit in found[:end]]
    operands = np.array(found, dtype=np.int32)
    operands[bits] = sheet.operands[bits]
    return replace(sheet, operands=operands).some(~swapping)
