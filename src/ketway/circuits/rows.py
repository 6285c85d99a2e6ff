"""A circuit gate by gate, for what writes or compiles it; engines work on its arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import numpy as np

from ketway.circuits.circuit import Batch, Circuit, Floats, Structure
from ketway.circuits.gates import Kind

ValueT_co = TypeVar("ValueT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class RowOf(Generic[ValueT_co]):
    """One gate, of one circuit or of all circuits of a batch."""

    index: int
    kind: Kind
    controls: list[int]
    targets: list[int]
    params: Sequence[ValueT_co]
    letters: list[int]
    """Of a Pauli exponential: those of each term, one after the other, in the targets' order."""


Row: TypeAlias = RowOf[float]
"""One gate of one circuit."""


def rows(circuit: Circuit) -> Iterator[Row]:
    return _rows(circuit.structure, circuit.params.tolist())


def batch_rows(batch: Batch) -> Iterator[RowOf[float | Floats]]:
    """Of all circuits at once: a parameter that differs among them is the column of its values."""
    first = batch.params[0]
    same = (batch.params == first).all(axis=0).tolist()
    values: list[float | Floats] = [
        value if held else np.ascontiguousarray(batch.params[:, place])
        for place, (value, held) in enumerate(zip(first.tolist(), same, strict=True))
    ]
    return _rows(batch.structure, values)


def _rows(structure: Structure, params: Sequence[ValueT_co]) -> Iterator[RowOf[ValueT_co]]:
    counts = structure.controls.tolist()
    starts = structure.operand_starts.tolist()
    operands = structure.operands.tolist()
    param_starts = structure.param_starts.tolist()
    letters = structure.letters.tolist()
    letter = 0
    for index, kind in enumerate(structure.kinds.tolist()):
        middle = starts[index] + counts[index]
        targets = operands[middle : starts[index + 1]]
        values = params[param_starts[index] : param_starts[index + 1]]
        used = len(targets) * len(values) if kind == Kind.PAULIEXP else 0
        yield RowOf(
            index,
            Kind(kind),
            operands[starts[index] : middle],
            targets,
            values,
            letters[letter : letter + used],
        )
        letter += used
