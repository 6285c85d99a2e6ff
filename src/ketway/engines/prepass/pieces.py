"""Pieces: what of a circuit can be run by itself.

Qubits and bits are connected by the gates and measurements that stand on both. A piece is one
connected part, or several small ones; its qubits are numbered in the order in which they are read,
so its outcomes come in ascending order and are read straight from memory. A qubit that no gate
acts on is in no piece: it reads 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ketway.circuits.circuit import kind_table
from ketway.circuits.gates import Kind
from ketway.engines.lowering import read
from ketway.engines.prepass.sheet import Index, Reduced, Sheet

TOGETHER: Final = 10
"""Connected parts are run together up to so many qubits: a run has its price, and 2^10 is little.
Part of what a seed means: never change it without a new version of the engines."""

_ACTS = ~kind_table((Kind.NOP, Kind.MEASURE, Kind.RESET))


@dataclass(frozen=True)
class Piece(Reduced):
    """A part of a circuit, as a circuit."""

    bits: Index
    """Which bit of the circuit's outcome each bit of its outcome is; ascending."""
    qubits: Index
    """Which qubit of the circuit each of its qubits is."""


@dataclass(frozen=True)
class Connections:
    """Which qubits and bits of a circuit are connected. A bit's number comes after all qubits'."""

    nodes: Index
    """Operands of all rows, row after row."""
    ends: Index
    """Where those of each row end."""
    part: Index
    """For each qubit and bit the lowest that it is connected with."""

    @property
    def owners(self) -> Index:
        """For each row the part that it is in."""
        return self.part[self.nodes[self.ends - 1]]


def connections(sheet: Sheet) -> Connections:
    """What is connected by gates and measurements. No row may be without operands."""
    nodes = sheet.operands[sheet.places].astype(np.int64)
    ends = sheet.widths.cumsum()
    if sheet.measured:
        nodes[ends[sheet.kinds == Kind.MEASURE] - 1] += sheet.qubits
    count = sheet.qubits + sheet.bits
    joined = np.ones(len(nodes), dtype=np.bool_)
    joined[ends - 1] = False
    left = joined.nonzero()[0]
    keys = np.unique(nodes[left] * count + nodes[left + 1])
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for key in keys.tolist():
        one, other = root(key // count), root(key % count)
        if one != other:
            parent[max(one, other)] = min(one, other)
    return Connections(nodes, ends, np.array([root(node) for node in parent], dtype=np.int64))


def in_order(sheet: Sheet) -> bool:
    """Whether qubits are read into ascending bits."""
    return not sheet.measured or bool((np.diff(_read_into(sheet)) >= 0).all())


def _read_into(sheet: Sheet) -> Index:
    """The highest bit that each qubit is read into; for those that are not read, past the last."""
    if not sheet.measured:
        return np.arange(sheet.qubits)
    measures = sheet.starts[sheet.kinds == Kind.MEASURE]
    out = np.full(sheet.qubits, -1, dtype=np.int64)
    np.maximum.at(out, sheet.operands[measures], sheet.operands[measures + 1])
    out[out < 0] = sheet.bits
    return out


def pieces(
    sheet: Sheet, connected: Connections, alone: bool = False, idle: bool = False
) -> tuple[Piece, ...]:
    """The pieces of a circuit, in the order of the lowest qubit of each.

    `alone`: each connected part by itself, however small. `idle`: with the qubits that no gate acts
    on, which noise of reading may still make 1.
    """
    owners = connected.owners
    qubits = connected.part[: sheet.qubits]
    seen = np.unique(owners[sheet.kinds == Kind.MEASURE] if sheet.measured else qubits)
    busy = seen if idle else np.intersect1d(seen, owners[_ACTS[sheet.kinds]])
    if not len(busy):
        busy = seen[:1]  # something must answer, if only that all is 0
    return _cut(sheet, connected, _gathered(sheet, connected, busy, alone))


def _gathered(sheet: Sheet, connected: Connections, busy: Index, alone: bool) -> Index:
    """For each node the number of its piece, or -1."""
    home = np.full(len(connected.part), -1, dtype=np.int64)
    sizes = np.bincount(connected.part[: sheet.qubits], minlength=len(home)).tolist()
    labels = busy.tolist()
    by_itself = set(labels) if alone else set()
    if not alone and len(labels) > 1:
        by_itself = set(connected.owners[read(sheet.packed().structure).events].tolist())
    number, room = -1, 0
    for label in labels:
        size = sizes[label]
        if label in by_itself:
            number, room = number + 1, 0
        else:
            if size > room:
                number, room = number + 1, TOGETHER
            room -= size
        home[label] = number
    return home[connected.part]


def _cut(sheet: Sheet, connected: Connections, home: Index) -> tuple[Piece, ...]:
    qubits, nodes = sheet.qubits, connected.nodes
    of_row = home[nodes[connected.ends - 1]]
    number = np.zeros(qubits + sheet.bits, dtype=np.int64)  # of each node in its piece
    here = np.lexsort((_read_into(sheet), home[:qubits]))
    here = here[home[here] >= 0]
    bits = np.argsort(home[qubits:], kind="stable")
    bits = bits[home[qubits + bits] >= 0]
    count = int(home.max()) + 1
    qubit_ends = np.searchsorted(home[here], np.arange(count + 1))
    bit_ends = np.searchsorted(home[qubits + bits], np.arange(count + 1))
    number[here] = np.arange(len(here)) - qubit_ends[home[here]]
    number[qubits + bits] = np.arange(len(bits)) - bit_ends[home[qubits + bits]]
    operands = sheet.operands.copy()
    operands[sheet.places] = number[nodes]
    renamed = replace(sheet, operands=operands)
    rows = np.argsort(of_row, kind="stable")
    row_ends = np.searchsorted(of_row[rows], np.arange(count + 1))
    found = []
    for k in range(count):
        mine = here[qubit_ends[k] : qubit_ends[k + 1]]
        reads = bits[bit_ends[k] : bit_ends[k + 1]] if sheet.measured else mine
        piece = replace(
            renamed.some(rows[row_ends[k] : row_ends[k + 1]]),
            qubits=len(mine),
            bits=len(reads) if sheet.measured else 0,
        ).packed()
        found.append(Piece(piece.structure, piece.columns, reads, mine))
    return tuple(found)
