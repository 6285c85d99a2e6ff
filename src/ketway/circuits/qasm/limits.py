"""How large a program may be. Every limit is checked before the work that it bounds is done."""

from __future__ import annotations

from dataclasses import dataclass

WORK_PER_GATE = 16
"""Calls and arithmetic that expanding definitions may cost, per gate that is allowed."""

MOST_CONTROLS = 255
"""A structure keeps the number of a gate's controls in one byte."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest program that is read."""

    qubits: int = 10_000
    bits: int = 1_000_000
    gates: int = 150_000
    """After every definition is expanded and every register broadcast."""
    nesting: int = 256
    """Parentheses in an expression, gates defined by gates, modifiers of one gate."""
    terms: int = 10_000
    """Numbers, names and operators in one expression."""
    text: int = 10_000_000
    """Characters."""

    @property
    def work(self) -> int:
        """Steps that expanding definitions may take in all, so that no macro is a bomb."""
        return WORK_PER_GATE * self.gates


DEFAULT_LIMITS = Limits()
