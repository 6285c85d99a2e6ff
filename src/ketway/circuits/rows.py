"""A circuit gate by gate, for what writes or compiles it; engines work on its arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import Kind


@dataclass(frozen=True, slots=True)
class Row:
    """One gate."""

    index: int
    kind: Kind
    controls: list[int]
    targets: list[int]
    params: list[float]
    letters: list[int]
    """Of a Pauli exponential: those of each term, one after the other, in the targets' order."""


def rows(circuit: Circuit) -> Iterator[Row]:
    structure = circuit.structure
    counts = structure.controls.tolist()
    starts = structure.operand_starts.tolist()
    operands = structure.operands.tolist()
    param_starts = structure.param_starts.tolist()
    params = circuit.params.tolist()
    letters = structure.letters.tolist()
    letter = 0
    for index, kind in enumerate(structure.kinds.tolist()):
        middle = starts[index] + counts[index]
        targets = operands[middle : starts[index + 1]]
        values = params[param_starts[index] : param_starts[index + 1]]
        used = len(targets) * len(values) if kind == Kind.PAULIEXP else 0
        yield Row(
            index,
            Kind(kind),
            operands[starts[index] : middle],
            targets,
            values,
            letters[letter : letter + used],
        )
        letter += used
