"""How large an executor job may be. Every limit is checked before the work that it bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest job that is read and run."""

    params: int = 128_000_000
    """Bytes of the parameters, as JSON."""
    items: int = 5_000
    shots: int = 10_000_000
    """Of one circuit."""
    axes: int = 16
    """Of a tensor, and of an item's shape."""
    dimension: int = 1 << 31
    """Along one axis: also where another axis is empty, and nothing is there."""
    elements: int = 1 << 26
    """Of one tensor that is sent."""
    circuits: int = 200_000
    """Bound circuits of one item: the size of its shape."""
    angles: int = 1 << 27
    """Of all bound circuits of one item, with those that its circuit has fixed."""
    outcome_bits: int = 1 << 30
    """That all items measure together."""


@dataclass(frozen=True, slots=True)
class SamplexLimits:
    """The largest samplex that is read and sampled."""

    text: int = 64_000_000
    """Characters of its JSON."""
    nodes: int = 200_000
    subsystems: int = 20_000
    """Of one register."""
    registers: int = 4_000_000
    """Subsystems of all registers together."""
    parameters: int = 2_000_000
    """Of the template, and values of any other output for one randomization."""
    terms: int = 200_000
    """Of a noise map."""
    bytes: int = 1 << 28
    """What a run may hold at once; more randomizations are drawn in several runs."""
    values: int = 1 << 27
    """Numbers that sampling may make in all."""


DEFAULT_LIMITS: Final = Limits()
DEFAULT_SAMPLEX_LIMITS: Final = SamplexLimits()
