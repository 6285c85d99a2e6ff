"""How many gates a circuit has for those who count them: prices, durations, statistics.

A device runs gates on one qubit and on two. What acts on more is counted as what it compiles to, by
the rule of IonQ's price list: 6 (k - 2) two-qubit gates for a gate on k > 2 qubits. The noise
models charge the same (see `engines/noise.py`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ketway.circuits.circuit import Structure, kind_table
from ketway.circuits.gates import Kind

_FREE: Final = kind_table(
    (Kind.NOP, Kind.MEASURE, Kind.RESET, Kind.GLOBAL_PHASE, Kind.DRESSING, Kind.JUMP, Kind.ASSIGN)
)


def charged(structure: Structure) -> tuple[int, int]:
    """One-qubit gates, and two-qubit gates."""
    kinds = structure.kinds
    widths = np.diff(structure.operand_starts)
    exponentials = kinds == Kind.PAULIEXP
    widths = widths[~(_FREE[kinds] | exponentials)]
    more = widths[widths > 2]
    one = int(np.count_nonzero(widths == 1))
    two = int(np.count_nonzero(widths == 2)) + int(6 * (more - 2).sum())
    if not exponentials.any():
        return one, two
    ones, twos = _exponentials(structure, np.flatnonzero(exponentials).tolist())
    return one + ones, two + twos


def _exponentials(structure: Structure, gates: list[int]) -> tuple[int, int]:
    """Each term is a ladder to the last of its qubits, and back."""
    one = two = letters = 0
    for gate in gates:
        controls = int(structure.controls[gate])
        width = len(structure.operands_of(gate)) - controls
        for _ in range(int(structure.param_starts[gate + 1] - structure.param_starts[gate])):
            term = structure.letters[letters : letters + width]
            letters += width
            held = controls + int(np.count_nonzero(term))
            one += held == 1
            two += 2 * max(0, held - 1)
    return one, two
