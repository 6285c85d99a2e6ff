"""What a quantum program will take, before it is run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch
from ketway.jobs.failures import Code
from ketway.jobs.results import width_of
from ketway.routines.executor.errors import ExecutorError, placed
from ketway.routines.executor.limits import DEFAULT_LIMITS, DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.program import CircuitItem, Item, QuantumProgram, SamplexItem
from ketway.routines.executor.samplex.interface import ANGLES

CHUNK_BYTES: Final = 1 << 27
"""Outcomes of so many bytes are taken at one go; it does not depend on the machine."""

_SHOWN_ANGLES: Final = 1 << 22
"""Angles of circuits that are only looked at, at one go."""
_CIRCUIT: Final = 1 << 11
"""Bytes that each circuit takes while it is run, whatever its size."""
_POINT: Final = 128
"""Bits that a point of the readout takes as much as."""


def check_size(program: QuantumProgram) -> None:
    """Raises `FailedError` if the answer would be too large; nothing is run."""
    for index, item in enumerate(program.items):
        angles = _angles(item)
        if angles > DEFAULT_LIMITS.angles:
            raise ExecutorError(
                f"the circuits would have {angles:,} angles, and at most "
                f"{DEFAULT_LIMITS.angles:,} are bound: split the item.",
                f"quantum_program.items[{index}]",
            )
    bits = _bits(program)
    if bits > DEFAULT_LIMITS.outcome_bits:
        raise ExecutorError(
            f"the outcomes would take {bits:,} bits, and at most {DEFAULT_LIMITS.outcome_bits:,} "
            "are kept: ask for fewer shots, circuits or randomizations, or split the job.",
            "quantum_program",
            Code.TOO_MANY_SHOTS,
        )


def held_bytes(program: QuantumProgram) -> int:
    """That the angles and the answer take while the program runs, beside what an engine takes."""
    most = max((_held_by(item, program.shots) for item in program.items), default=0)
    # A bit takes a byte until it is written, and its text; a point 16 and its noise, and its text.
    answer = _bits(program) * (2 if program.level == "classified" else 1)
    return answer + most


def _bits(program: QuantumProgram) -> int:
    """Of the whole answer."""
    bits = sum(item.circuits * program.shots * _bits_of(item) for item in program.items)
    return bits if program.level == "classified" else _POINT * bits


def _angles(item: Item) -> int:
    """Of all circuits of an item."""
    return item.circuits * max(item.circuit.structure.params, len(item.circuit.parameters))


def _held_by(item: Item, shots: int) -> int:
    """While the item runs: its angles in four copies, and what is drawn or taken at one go."""
    row = shots * (2 * width_of(item.circuit.structure.outcome_bits) + 2 * _bits_of(item))
    drawn = 0
    if isinstance(item, SamplexItem):
        drawn = 2 * min(DEFAULT_SAMPLEX_LIMITS.bytes, item.circuits * item.samplex.bytes)
    always = 32 * _angles(item) + _CIRCUIT * item.circuits
    return always + max(drawn, min(item.circuits * row, max(2 * CHUNK_BYTES, row)))


def _bits_of(item: Item) -> int:
    """That a shot of the item measures."""
    return sum(len(register.bits) for register in item.circuit.registers)


def examples(item: Item, index: int) -> Iterator[Batch]:
    """A circuit for every point of the item's sweep, some points at a time: what a samplex draws is
    drawn once for each. Another draw has other angles, but is of Clifford gates if this one is."""
    some = max(1, _SHOWN_ANGLES // max(1, item.circuit.structure.params))
    for first in range(0, item.points, some):
        with placed(index):
            batch = item.circuit.batch(_values(item, slice(first, min(first + some, item.points))))
        yield batch


def _values(item: Item, points: slice) -> NDArray[Any]:
    if isinstance(item, CircuitItem):
        return item.arguments.reshape(item.points, item.arguments.shape[-1])[points]
    drawn = item.samplex.sample(item.inputs.part(points), 1, 0)
    return drawn.get(ANGLES, np.zeros((points.stop - points.start, 1, 0)))[:, 0]
