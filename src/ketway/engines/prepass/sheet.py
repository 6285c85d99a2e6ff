"""A circuit's gates as a sheet: rows that passes strike out and rewrite.

A `Structure` packs operands and parameters gate after gate, so leaving a gate out moves all that
follows. A sheet says of each row where its operands, parameters and letters stand instead: passes
choose rows by index, and the structure is packed once, at the end, for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Bytes8, Ints, Structure
from ketway.circuits.gates import Kind

Index: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Reduced:
    """A structure made from another, and which of its parameters it takes, in which order."""

    structure: Structure
    columns: Index

    def batch(self, batch: Batch) -> Batch:
        """The same circuits, reduced."""
        return Batch(self.structure, np.ascontiguousarray(batch.params[:, self.columns]))


@dataclass(frozen=True)
class Sheet:
    """Gates that pass for a circuit. Row g has operands `operands[starts[g]:][:widths[g]]`."""

    qubits: int
    bits: int
    measured: bool
    kinds: Bytes8
    controls: Bytes8
    starts: Index
    widths: Index
    operands: Ints
    params: Index
    """Where a row's parameters start in the circuit's."""
    counts: Index
    """How many it has."""
    letters_at: Index | None
    """Where its letters start; None if no gate has any."""
    letters: Bytes8

    @classmethod
    def of(cls, structure: Structure) -> Sheet:
        starts, params = structure.operand_starts, structure.param_starts
        widths = np.subtract(starts[1:], starts[:-1], dtype=np.int64)
        counts = np.subtract(params[1:], params[:-1], dtype=np.int64)
        letters_at = None
        if len(structure.letters):
            held = np.where(structure.kinds == Kind.PAULIEXP, counts, 0)
            lengths = held * (widths - structure.controls)
            letters_at = (np.cumsum(lengths) - lengths).astype(np.int64)
        return cls(
            structure.qubits,
            structure.bits,
            structure.measured,
            structure.kinds,
            structure.controls,
            starts[:-1].astype(np.int64),
            widths,
            structure.operands,
            params[:-1].astype(np.int64),
            counts,
            letters_at,
            structure.letters,
        )

    def __len__(self) -> int:
        return len(self.kinds)

    def some(self, rows: Index | NDArray[np.bool_]) -> Sheet:
        """These rows only, in the order given."""
        return replace(
            self,
            kinds=self.kinds[rows],
            controls=self.controls[rows],
            starts=self.starts[rows],
            widths=self.widths[rows],
            params=self.params[rows],
            counts=self.counts[rows],
            letters_at=None if self.letters_at is None else self.letters_at[rows],
        )

    @cached_property
    def places(self) -> Index:
        """Where all rows' operands stand, one row after the other."""
        return runs(self.starts, self.widths)

    @property
    def bit_places(self) -> Index:
        """Those operands that are bits and not qubits."""
        found: Index = self.starts[self.kinds == Kind.MEASURE] + 1
        return found

    def packed(self) -> Reduced:
        """The rows as a structure."""
        letters = self.letters
        if self.letters_at is not None:
            held = np.where(self.kinds == Kind.PAULIEXP, self.counts, 0)
            letters = letters[runs(self.letters_at, held * (self.widths - self.controls))]
        structure = Structure(
            self.qubits,
            self.bits,
            np.ascontiguousarray(self.kinds),
            np.ascontiguousarray(self.controls),
            _ends(self.widths),
            self.operands[self.places],
            _ends(self.counts),
            letters,
        )
        return Reduced(structure, runs(self.params, self.counts))


def _ends(lengths: Index) -> Ints:
    out = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=out[1:])
    return out


def runs(starts: Index, lengths: Index) -> Index:
    """All of start, start + 1, … for each length, one after the other."""
    ends = lengths.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    out = np.repeat(starts - ends + lengths, lengths)
    out += np.arange(total)
    return out
