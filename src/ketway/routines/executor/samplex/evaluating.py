"""Nodes that make registers of registers: multiply, pass gates, cut, put together, convert."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.samplex.groups import Table
from ketway.routines.executor.samplex.nodes import Checking, Indices, Run, unique
from ketway.routines.executor.samplex.registers import (
    ELEMENTS,
    Gates,
    Sort,
    convert,
    identity,
    multiply,
)


@dataclass(frozen=True, eq=False, slots=True)
class Multiply:
    """A register times fixed gates, from the left or from the right: one for each subsystem, or one
    for all of them."""

    register: str
    sort: Sort
    operand: Gates
    left: bool

    def check(self, checking: Checking) -> None:
        found = checking.read(self.register, self.sort)
        if len(self.operand) not in (1, found.subsystems):
            raise checking.error(
                f"it multiplies {found.subsystems} subsystems by {len(self.operand)}."
            )

    def run(self, run: Run, node: int) -> None:
        gates = run.registers[self.register]
        pair = (self.operand, gates) if self.left else (gates, self.operand)
        run.registers[self.register] = multiply(*pair, self.sort)


@dataclass(frozen=True, eq=False, slots=True)
class Rotate:
    """A register times rotations by angles that the samplex computes of its parameters."""

    register: str
    gate: Literal["rx", "rz"]
    expressions: Indices
    left: bool

    def check(self, checking: Checking) -> None:
        found = checking.read(self.register, "u2")
        if len(self.expressions) != found.subsystems:
            raise checking.error(
                f"it rotates {found.subsystems} subsystems by {len(self.expressions)} angles."
            )
        checking.within(self.expressions, checking.expressions, "parameter expressions")

    def run(self, run: Run, node: int) -> None:
        turns = run.spread(_rotations(self.gate, run.expressions[:, self.expressions].T))
        gates = run.registers[self.register]
        pair = (turns, gates) if self.left else (gates, turns)
        run.registers[self.register] = multiply(*pair, "u2")


def _rotations(gate: Literal["rx", "rz"], angles: NDArray[np.float64]) -> Gates:
    found = np.zeros((*angles.shape, 2, 2), np.complex128)
    if gate == "rx":
        found[..., 0, 0] = found[..., 1, 1] = np.cos(angles / 2)
        found[..., 0, 1] = found[..., 1, 0] = -1j * np.sin(angles / 2)
    else:
        found[..., 0, 0] = np.exp(-0.5j * angles)
        found[..., 1, 1] = np.exp(0.5j * angles)
    return found


@dataclass(frozen=True, eq=False, slots=True)
class Pass:
    """A register on the other side of a gate: G V G^-1 by a table."""

    register: str
    sort: Sort
    gate: str
    groups: Indices
    """One row for each gate: the subsystems that it acts on."""
    table: Table

    def check(self, checking: Checking) -> None:
        checking.read(self.register, self.sort, self.groups)
        if not unique(self.groups.ravel().tolist()):
            raise checking.error("it passes two gates on one subsystem at once.")
        elements, qubits = ELEMENTS[self.sort], self.groups.shape[1]
        if self.table.shape != (elements,) * qubits + (qubits,):
            raise checking.error(
                f"the table of {shown(self.gate)} has another shape than its gate."
            )
        if self.table.size and not (self.table.min() >= -1 and self.table.max() < elements):
            raise checking.error(f"the table of {shown(self.gate)} has numbers of no element.")

    def run(self, run: Run, node: int) -> None:
        gates = run.registers[self.register].copy()
        before = gates[self.groups]
        after = self.table[tuple(before[:, k] for k in range(self.groups.shape[1]))]
        if (after < 0).any():
            raise ExecutorError(
                f"a drawn gate does not stay one gate for each qubit behind {shown(self.gate)}: "
                "the samplex draws from a group that does not suit it."
            )
        gates[self.groups] = after.transpose(0, 2, 1)
        run.registers[self.register] = gates


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """Some subsystems of a register, as another register."""

    source: str
    source_sort: Sort
    register: str
    sort: Sort
    chosen: Indices

    def check(self, checking: Checking) -> None:
        checking.read(self.source, self.source_sort, self.chosen)
        checking.convertible(self.source, self.sort)
        checking.make(self.register, self.sort, len(self.chosen))

    def run(self, run: Run, node: int) -> None:
        gates = run.registers[self.source][self.chosen]
        run.registers[self.register] = convert(gates, self.source_sort, self.sort)


@dataclass(frozen=True, eq=False, slots=True)
class Operand:
    register: str
    sort: Sort
    chosen: Indices
    places: Indices


@dataclass(frozen=True, eq=False, slots=True)
class Combine:
    """Registers multiplied into one, each on some of its subsystems; the last acts first."""

    register: str
    sort: Sort
    subsystems: int
    operands: tuple[Operand, ...]

    def check(self, checking: Checking) -> None:
        for operand in self.operands:
            checking.read(operand.register, operand.sort, operand.chosen)
            checking.convertible(operand.register, self.sort)
            checking.within(operand.places, self.subsystems, "subsystems of its own")
            if len(operand.chosen) != len(operand.places) or not unique(operand.places.tolist()):
                raise checking.error(
                    f"it puts {len(operand.chosen)} subsystems of {shown(operand.register)} in "
                    "places that are not as many."
                )
        checking.make(self.register, self.sort, self.subsystems)

    def run(self, run: Run, node: int) -> None:
        samples = max(run.registers[o.register].shape[1] for o in self.operands)
        made = identity(self.sort, self.subsystems, samples)
        fresh = np.ones(self.subsystems, np.bool_)
        for operand in self.operands:
            gates = run.registers[operand.register][operand.chosen]
            gates = convert(gates, operand.sort, self.sort)
            if fresh[operand.places].all():
                made[operand.places] = gates
            else:
                made[operand.places] = multiply(made[operand.places], gates, self.sort)
            fresh[operand.places] = False
        run.registers[self.register] = made


@dataclass(frozen=True, slots=True)
class Convert:
    """A whole register in another group; the old one may go."""

    source: str
    source_sort: Sort
    register: str
    sort: Sort
    subsystems: int
    remove: bool

    def check(self, checking: Checking) -> None:
        found = checking.read(self.source, self.source_sort)
        if found.subsystems != self.subsystems:
            raise checking.error(
                f"it converts {self.subsystems} subsystems of {shown(self.source)}, which has "
                f"{found.subsystems}."
            )
        if self.remove and self.source == self.register:
            raise checking.error("it removes the register that it makes.")
        checking.convertible(self.source, self.sort)
        if self.remove:
            del checking.registers[self.source]
        checking.make(self.register, self.sort, self.subsystems)

    def run(self, run: Run, node: int) -> None:
        gates = run.registers[self.source]
        run.registers[self.register] = convert(gates, self.source_sort, self.sort)
        if self.remove:
            del run.registers[self.source]
