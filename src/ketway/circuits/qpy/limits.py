"""How large a QPY file may be. Every limit is checked before the work that it bounds is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OLDEST: Final = 10
NEWEST: Final = 18

BLOCK_WORK: Final = 16
"""Steps that entering a block, a definition or a round costs, where an instruction costs 1."""

COMPUTE_WORK: Final = 16
"""Steps that each part of an expression costs that is computed while a circuit runs."""

MOST_CONTROLS: Final = 255
"""A structure keeps the number of a gate's controls in one byte."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file that is read."""

    bytes: int = 32_000_000
    """After it is decompressed."""
    programs: int = 5_000
    qubits: int = 10_000
    bits: int = 100_000
    """Classical bits, with those that variables take."""
    registers: int = 10_000
    instructions: int = 150_000
    """Of one program: as written, and again after definitions and loops are expanded."""
    work: int = 600_000
    """Steps that all programs may take to be expanded: also what adds no gate is one."""
    nesting: int = 32
    """Circuits in circuits, definitions in definitions, expressions in expressions."""
    terms: int = 2_000
    """Of one parameter expression."""
    variables: int = 10_000


DEFAULT_LIMITS: Final = Limits()
