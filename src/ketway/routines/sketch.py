"""Circuits made from another: gates left out, repeated or undone, and gates added between them.

All rows of a batch are changed alike, so the change is one of the structure. What differs from row
to row, such as the Paulis of a twirl, is the parameters of added gates: they are fresh columns,
which follow those of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ketway.circuits.circuit import Batch, Builder, Floats, Ints, Structure
from ketway.circuits.control import bit_places
from ketway.circuits.gates import GATES, Kind
from ketway.engines.prepass.sheet import Index, Sheet
from ketway.jobs.failures import Code, FailedError, Failure

_UNDONE: Final = {
    Kind.U: ((0, 2, 1), (-1.0, -1.0, -1.0)),
    Kind.MS: ((0, 1, 2), (1.0, 1.0, -1.0)),
}
"""Kinds that undo themselves with other parameters: where each comes from, and its sign."""


@dataclass(frozen=True)
class Drawn:
    """A sketch that is done."""

    structure: Structure
    columns: Index
    """For each parameter its column: those of the source, then the fresh ones."""
    signs: Floats
    fresh: int

    def batch(self, params: Floats, fresh: Floats | None = None) -> Batch:
        """Rows with these parameters of the source, and these fresh ones."""
        every = params if fresh is None else np.concatenate((params, fresh), axis=1)
        rows = every[:, self.columns]
        if (self.signs < 0).any():
            rows = rows * self.signs
        return Batch(self.structure, np.ascontiguousarray(rows))


class Sketch:
    """Collects the gates of a circuit that is made from `source`."""

    def __init__(self, source: Structure) -> None:
        self.source = source
        self.fresh = 0
        self._added = Builder(source.qubits)
        self._columns: list[int] = []
        self._signs: list[float] = []
        self._rows: list[int] = []

    def keep(self, gates: int | Iterable[int]) -> None:
        """Gates of the source, as they are."""
        if isinstance(gates, int):
            self._rows.append(gates)
        else:
            self._rows.extend(gates)

    def add(self, kind: Kind, operands: Sequence[int], controls: Sequence[int] = ()) -> int:
        """A gate of its own: its parameters are fresh columns, and the first is given back."""
        first, count = self.fresh, max(0, GATES[kind].params)
        self.fresh += count
        source = self.source.params
        self._put(kind, operands, controls, [(source + first + k, 1.0) for k in range(count)])
        return first

    def dress(self, qubit: int) -> int:
        """A dressing of a qubit; gives the first of its three fresh columns."""
        return self.add(Kind.DRESSING, [qubit])

    def undo(self, gate: int) -> None:
        """The inverse of a gate of the source."""
        structure = self.source
        kind, held = Kind(int(structure.kinds[gate])), int(structure.controls[gate])
        operands = structure.operands_of(gate)
        start, end = (int(p) for p in structure.param_starts[gate : gate + 2])
        row = GATES[kind]
        if row.inverse is not None:
            chosen = [(column, 1.0) for column in range(start, end)]
            kind = row.inverse
        elif kind in _UNDONE:
            places, signs = _UNDONE[kind]
            chosen = [(start + place, sign) for place, sign in zip(places, signs, strict=True)]
        elif row.negated and kind != Kind.PAULIEXP:
            chosen = [(column, -1.0) for column in range(start, end)]
        else:
            raise FailedError(
                Failure(Code.UNSUPPORTED_GATE, f"A {row.name!r} cannot be undone here.", gate=gate)
            )
        self._put(kind, operands[held:], operands[:held], chosen)

    def _put(
        self,
        kind: Kind,
        targets: Sequence[int],
        controls: Sequence[int],
        params: Sequence[tuple[int, float]],
    ) -> None:
        self._rows.append(self.source.gates + len(self._added.kinds))
        self._added.add(kind, targets, [0.0] * len(params), controls)
        self._columns.extend(column for column, _ in params)
        self._signs.extend(sign for _, sign in params)

    def done(self, bits: int | None = None) -> Drawn:
        """The circuit, with so many bits if not those of the source."""
        source, added = self.source, self._added.circuit().structure
        both = replace(
            source,
            bits=source.bits if bits is None else bits,
            kinds=np.concatenate((source.kinds, added.kinds)),
            controls=np.concatenate((source.controls, added.controls)),
            operand_starts=_chained(source.operand_starts, added.operand_starts),
            operands=np.concatenate((source.operands, added.operands)),
            param_starts=_chained(source.param_starts, added.param_starts),
        )
        rows = np.array(self._rows, dtype=np.int64)
        packed = Sheet.of(both).some(rows).packed()
        origin = np.concatenate(
            (np.arange(source.params), np.array(self._columns, dtype=np.int64))
        ).astype(np.int64)
        signs = np.concatenate((np.ones(source.params), np.array(self._signs)))
        structure = packed.structure
        if source.has_control:
            structure = _controlled(structure, source, rows)
        return Drawn(structure, origin[packed.columns], signs[packed.columns], self.fresh)


def _chained(one: Ints, other: Ints) -> Ints:
    return np.concatenate((one, one[-1] + other[1:])).astype(np.int32)


def _controlled(structure: Structure, source: Structure, rows: Index) -> Structure:
    """With the expressions of the source, and jumps that go where its gates now are."""
    place = np.full(source.gates + 1, len(rows), dtype=np.int64)
    kept = rows < source.gates
    place[rows[kept][::-1]] = np.flatnonzero(kept)[::-1]
    # What was left out is passed: its place is that of the next gate which was not.
    place = np.minimum.accumulate(place[::-1])[::-1]
    operands = structure.operands.copy()
    ends = structure.operand_starts[1:][structure.kinds == Kind.JUMP] - 1
    operands[ends] = place[operands[ends]]
    return replace(
        structure,
        operands=operands,
        expression_starts=source.expression_starts,
        expressions=source.expressions,
        memory=source.memory,
    )


def widened(structure: Structure, more: int) -> Structure:
    """The same with more bits of the outcome, behind those that it has."""
    if not structure.memory:
        return replace(structure, bits=structure.bits + more)
    # Bits that no outcome has follow the others, and move.
    first, operands = structure.bits, structure.operands.copy()
    starts, expressions = structure.operand_starts, structure.expressions.copy()
    places = starts[:-1][structure.kinds == Kind.MEASURE] + 1
    assigns = np.flatnonzero(structure.kinds == Kind.ASSIGN)
    written = [np.arange(starts[gate], starts[gate + 1] - 1) for gate in assigns.tolist()]
    bits = np.concatenate((places, *written)).astype(np.int64)
    operands[bits] += more * (operands[bits] >= first)
    read = np.array(list(bit_places(expressions.tolist())), dtype=np.int64)
    expressions[read] += more * (expressions[read] >= first)
    return replace(
        structure, bits=structure.bits + more, operands=operands, expressions=expressions
    )
