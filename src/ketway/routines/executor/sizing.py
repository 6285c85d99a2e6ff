"""What a quantum program will take, before it is run."""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np

from ketway.circuits.circuit import Batch
from ketway.jobs.failures import Code
from ketway.jobs.results import width_of
from ketway.routines.executor.errors import ExecutorError, placed
from ketway.routines.executor.limits import DEFAULT_LIMITS, DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.program import Item, QuantumProgram, SamplexItem
from ketway.routines.executor.samplex.interface import ANGLES

CHUNK_BYTES: Final = 1 << 27
"""Outcomes of so many bytes are taken at one go; it does not depend on the machine."""

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
    return 2 * _bits(program) + most


def _bits(program: QuantumProgram) -> int:
    """Of the whole answer."""
    bits = sum(prod(item.shape) * program.shots * _bits_of(item) for item in program.items)
    return bits if program.level == "classified" else _POINT * bits


def _angles(item: Item) -> int:
    """Of all circuits of an item."""
    return prod(item.shape) * max(item.circuit.structure.params, len(item.circuit.parameters))


def _held_by(item: Item, shots: int) -> int:
    """While the item runs: its angles in four copies, and what is drawn or taken at one go."""
    points = prod(item.shape)
    row = shots * (2 * width_of(item.circuit.structure.outcome_bits) + 2 * _bits_of(item))
    drawn = 0
    if isinstance(item, SamplexItem):
        drawn = 2 * min(DEFAULT_SAMPLEX_LIMITS.bytes, points * item.samplex.bytes)
    return 32 * _angles(item) + max(drawn, min(points * row, max(2 * CHUNK_BYTES, row)))


def _bits_of(item: Item) -> int:
    """That a shot of the item measures."""
    return sum(len(register.bits) for register in item.circuit.registers)


def examples(program: QuantumProgram) -> list[Batch]:
    """Of each item, a circuit for every point of its sweep: what a samplex draws is drawn once for
    each. Other draws change some angles, but not whether the circuits are of Clifford gates."""
    return [_example(item, index) for index, item in enumerate(program.items)]


def _example(item: Item, index: int) -> Batch:
    with placed(index):
        if isinstance(item, SamplexItem):
            drawn = item.samplex.sample(item.inputs, 1, 0)
            return item.circuit.batch(drawn.get(ANGLES, np.zeros((item.inputs.points, 1, 0)))[:, 0])
        *sweep, own = item.arguments.shape
        return item.circuit.batch(item.arguments.reshape(prod(sweep), own))
