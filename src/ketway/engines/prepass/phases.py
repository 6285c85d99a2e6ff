"""Phases written with CNOTs: `cx a b; rz b; cx a b` is `rzz a b`, which is diagonal.

Compilers to CNOTs write every Ising term and every controlled phase so. As one diagonal gate, it is
gathered in tables of phases with its neighbours, and makes no matrix of theirs full.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import kind_table
from ketway.circuits.gates import Kind
from ketway.engines.prepass.sheet import Index, Sheet

Rows: TypeAlias = NDArray[np.bool_]

_IS_TURN = kind_table((Kind.RZ, Kind.PHASE))
"""What may stand between the CNOTs. A `phase` turns as `rz` does, but for a global phase."""


def with_phases(sheet: Sheet) -> Sheet:
    """The same answers, with an `rzz` for each turn about z between two equal CNOTs."""
    turning = _IS_TURN[sheet.kinds] & (sheet.controls == 0)
    flipping = (sheet.kinds == Kind.X) & (sheet.controls == 1)
    if np.count_nonzero(flipping) < 2 or not turning.any():
        return sheet
    opens, turns, closes = _between(sheet, turning, flipping)
    taken = np.zeros(len(sheet), dtype=np.bool_)
    kept = []
    for i, (first, last) in enumerate(zip(opens.tolist(), closes.tolist(), strict=True)):
        if not taken[first]:  # it may close one phase or open the next, not both
            taken[last] = True
            kept.append(i)
    opens, turns, closes = opens[kept], turns[kept], closes[kept]
    kinds, controls = sheet.kinds.copy(), sheet.controls.copy()
    params, counts = sheet.params.copy(), sheet.counts.copy()
    kinds[opens], controls[opens] = Kind.RZZ, 0
    params[opens], counts[opens] = sheet.params[turns], 1
    left = np.ones(len(sheet), dtype=np.bool_)
    left[turns] = left[closes] = False
    changed = replace(sheet, kinds=kinds, controls=controls, params=params, counts=counts)
    return changed.some(left)


def _between(sheet: Sheet, turning: Rows, flipping: Rows) -> tuple[Index, Index, Index]:
    """Rows of a CNOT, a turn of its target and the same CNOT, with nothing between on its qubits.

    In the order of their first CNOTs on each qubit.
    """
    places = sheet.places
    rows = np.repeat(np.arange(len(sheet)), sheet.widths)
    qubits = sheet.operands[places].astype(np.int64)
    is_bit = np.zeros(len(sheet.operands), dtype=np.bool_)
    is_bit[sheet.bit_places] = True
    qubits[is_bit[places]] = -1  # bits are in nobody's way
    order = np.argsort(qubits, kind="stable")  # each qubit's rows, one qubit after the other
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    ends = sheet.widths.cumsum()
    firsts = ends - sheet.widths  # of each row, among `places`
    mine = rank[firsts[turning]]
    mine = np.sort(mine[(mine > 0) & (mine < len(order) - 1)])
    before, after = order[mine - 1], order[mine + 1]
    opens, closes = rows[before], rows[after]
    fits = flipping[opens] & flipping[closes]
    fits &= (before == firsts[opens] + 1) & (after == firsts[closes] + 1)
    mine, opens, closes = mine[fits], opens[fits], closes[fits]
    # The control's own next row is the second CNOT; its target is then the same qubit as before,
    # since the turn stands between them.
    next_ = rank[firsts[closes]] == rank[firsts[opens]] + 1
    same = qubits[firsts[opens]] == qubits[firsts[closes]]
    target = qubits[firsts[opens] + 1] == qubits[order[mine]]
    target &= qubits[firsts[closes] + 1] == qubits[order[mine]]
    fits = next_ & same & target
    return opens[fits], rows[order[mine[fits]]], closes[fits]
