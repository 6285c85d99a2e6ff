"""What the name of a gate stands for in a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qasm.expressions import Expression


@dataclass(frozen=True, slots=True)
class Primitive:
    """A row of the gate table, perhaps with controls: one gate of the circuit."""

    kind: Kind
    controls: int = 0

    @property
    def params(self) -> int:
        return GATES[self.kind].params

    @property
    def qubits(self) -> int:
        """Controls and targets; the global phase has no target."""
        return self.controls + GATES[self.kind].targets

    @property
    def gates(self) -> int:
        return 1

    @property
    def work(self) -> int:
        return 1

    @property
    def depth(self) -> int:
        return 0

    @property
    def roots(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Definition:
    """A gate that other gates make. What it costs is known before it is ever expanded."""

    name: str
    params: int
    qubits: int
    body: tuple[Call, ...]
    gates: int
    """How many gates it adds to a circuit, at most."""
    work: int
    """How many steps expanding it takes, at most."""
    depth: int
    """How many definitions stand inside each other."""
    roots: int = 0
    """How many fractional powers of definitions stand inside each other."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A gate of which only the name is known: OpenQASM 2 lets a program declare it."""

    name: str
    params: int
    qubits: int


Gate: TypeAlias = Primitive | Definition

MATRIX_WORK: Final = 64
"""What multiplying matrices costs, where adding a gate to a circuit costs 1."""


@dataclass(frozen=True, slots=True)
class Call:
    """A gate with its modifiers and parameters; in a definition, with its operands too."""

    gate: Gate
    arguments: tuple[Expression, ...]
    polarities: tuple[bool, ...] = ()
    """One per control that modifiers add, in operand order; False acts where the control is 0."""
    exponents: tuple[Expression, ...] = ()
    """Of `pow` and `inv`, the one nearest to the gate first."""
    operands: tuple[int, ...] = ()
    """Places among the qubits of the definition: the controls of modifiers come first."""

    @property
    def qubits(self) -> int:
        return len(self.polarities) + self.gate.qubits

    @property
    def root(self) -> bool:
        """Whether it is a fractional power of a definition: found by the definition's matrix."""
        return isinstance(self.gate, Definition) and not all(
            float(e.known or 0).is_integer() for e in self.exponents
        )


def cost(call: Call) -> tuple[int, int]:
    """Gates and work of a call, at most; its exponents are known unless its gate is primitive."""
    flips = 2 * call.polarities.count(False)
    work = 1 + flips + sum(len(e.steps) for e in call.arguments + call.exponents)
    if isinstance(call.gate, Primitive):
        # A power of a primitive gate is at most three rotations and a phase.
        return flips + (4 if call.exponents else 1), work
    if call.root:
        return flips + 2 + call.gate.gates, work + MATRIX_WORK * call.gate.work
    times = 1
    for exponent in call.exponents:
        times *= abs(int(exponent.known or 0))
    return flips + times * call.gate.gates, work + times * call.gate.work
