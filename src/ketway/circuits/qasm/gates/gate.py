"""What the name of a gate stands for in a program, and what a call of it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qasm.expressions import Expression

MOST_REPEATED: Final = 8
"""A power of a one-qubit definition with more gates than this becomes one gate and a phase."""

MATRIX_WORK: Final = 64
"""What multiplying matrices costs, where adding a gate to a circuit costs 1."""


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
    roots: int
    """How many powers of definitions stand inside each other that are found by matrices."""
    dummies: bool = False
    """Its parameters are named as Qiskit names what has no name, and none of them is used: what is
    given for them, such as the letters of a Pauli gate, may be no number."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A gate of which only the name is known: OpenQASM 2 lets a program declare it."""

    name: str
    params: int
    qubits: int


Gate: TypeAlias = Primitive | Definition


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


def by_matrix(gate: Definition, exponents: Sequence[float]) -> bool:
    """Whether such powers of a definition are found by its matrix, not by repeating it.

    Fractional powers have no other way; for high powers of one-qubit gates, which phase estimation
    takes, it is the shorter one.
    """
    if not all(float(exponent).is_integer() for exponent in exponents):
        return True
    times = abs(math.prod(exponents))
    return gate.qubits == 1 and times > 1 and times * gate.gates > MOST_REPEATED


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call adds to a program, at most."""

    gates: int
    work: int
    depth: int
    roots: int


def cost(call: Call) -> Cost:
    """The exponents of a definition are known; those of a primitive gate need not be."""
    gate = call.gate
    flips = 2 * call.polarities.count(False)
    work = 1 + flips + sum(len(e.steps) for e in call.arguments + call.exponents)
    if isinstance(gate, Primitive):
        # A power of a primitive gate is at most three rotations and a phase.
        return Cost(flips + (4 if call.exponents else 1), work, 0, 0)
    exponents = [exponent.known or 0 for exponent in call.exponents]
    if by_matrix(gate, exponents):
        work += MATRIX_WORK * gate.work
        return Cost(flips + 2 + gate.gates, work, gate.depth, gate.roots + 1)
    times = math.prod(abs(int(exponent)) for exponent in exponents)
    return Cost(flips + times * gate.gates, work + times * gate.work, gate.depth, gate.roots)
