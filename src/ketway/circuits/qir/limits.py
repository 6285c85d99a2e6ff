"""How large a QIR file may be. Every limit is checked before the work that it bounds is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file that is read."""

    bytes: int = 5_000_000
    """Of bitcode. 150,000 rotations, no two of them the same, take less than four million."""
    steps: int = 4_000_000
    """Records and their operands, in all blocks that are entered."""
    nesting: int = 8
    """Blocks in blocks, constants made of constants."""
    abbreviations: int = 10_000
    qubits: int = 10_000
    results: int = 100_000
    instructions: int = 150_000
    """Of the entry point."""


DEFAULT_LIMITS: Final = Limits()
