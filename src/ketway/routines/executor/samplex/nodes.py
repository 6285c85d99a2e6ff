"""What every node of a samplex is: a step that reads registers and makes, changes or collects them.

Before anything is drawn, `check` goes through the steps in their order with the sort and size of
every register, so that a run fails on values only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.samplex.draws import Draws
from ketway.routines.executor.samplex.interface import Inputs, Noise, Tensor
from ketway.routines.executor.samplex.registers import BYTES, CONVERTS, Gates, Sort

Indices: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kind:
    """A register before it has gates."""

    sort: Sort
    subsystems: int


@dataclass
class Checking:
    """What is known of the registers so far, and what the samplex takes and gives."""

    inputs: Mapping[str, Tensor | Noise]
    outputs: Mapping[str, Tensor]
    expressions: int
    registers: dict[str, Kind] = field(default_factory=dict)
    where: str = ""
    subsystems: int = 0
    bytes: int = 0
    """That the registers of one randomization take."""

    def error(self, message: str) -> ExecutorError:
        return ExecutorError(message, self.where)

    def read(self, name: str, sort: Sort | None = None, indices: Indices | None = None) -> Kind:
        """A register that a step reads; of this sort, and with these subsystems."""
        found = self.registers.get(name)
        if found is None:
            raise self.error(f"it reads the register {shown(name)}, which no step before it makes.")
        if sort is not None and found.sort != sort:
            raise self.error(f"it reads {shown(name)} as {sort}, which is {found.sort}.")
        if indices is not None:
            self.within(indices, found.subsystems, f"subsystems of {shown(name)}")
        return found

    def within(self, indices: Indices, size: int, what: str) -> None:
        if indices.size and not (indices.min() >= 0 and indices.max() < size):
            raise self.error(f"it names {what} that are not there: there are {size}.")

    def make(self, name: str, sort: Sort, subsystems: int, *, anew: bool = False) -> None:
        if name in self.registers and not anew:
            raise self.error(f"it makes the register {shown(name)}, which is there already.")
        limits = DEFAULT_SAMPLEX_LIMITS
        if not 0 < subsystems <= limits.subsystems:
            raise self.error(
                f"it makes a register of {subsystems:,} subsystems, and a register has 1 to "
                f"{limits.subsystems:,}."
            )
        self.subsystems += subsystems
        self.bytes += subsystems * BYTES[sort]
        if self.subsystems > limits.registers:
            raise self.error(
                f"the registers have more than {limits.registers:,} subsystems: split the circuit."
            )
        self.registers[name] = Kind(sort, subsystems)

    def convertible(self, name: str, to: Sort) -> None:
        sort = self.registers[name].sort
        if to not in CONVERTS[sort]:
            raise self.error(f"it makes {to} of {shown(name)}, which is {sort}: that cannot be.")

    def output(self, name: str, indices: Indices) -> Tensor:
        found = self.outputs.get(name)
        if found is None:
            raise self.error(f"it writes to the output {shown(name)}, which does not exist.")
        self.within(indices, int(found.shape[-1]), f"places of output {shown(name)}")
        return found


@dataclass
class Run:
    """Some randomizations while they are drawn: `randomizations` of each of `inputs.points`."""

    inputs: Inputs
    randomizations: int
    expressions: NDArray[np.float64]
    """Values of the samplex's parameter expressions: shape (points, expressions)."""
    outputs: dict[str, NDArray[Any]]
    """Each with one row for each sample: point by point, and its randomizations in a row."""
    seed: int
    label: str
    registers: dict[str, Gates] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        return self.inputs.points * self.randomizations

    def draws(self, node: int) -> Draws:
        return Draws(self.seed, f"{self.label}/{node}")

    def spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """From a column for each point to one for each sample; a single column stays one."""
        if values.shape[1] == 1 or self.randomizations == 1:
            return values
        return np.repeat(values, self.randomizations, axis=1)


class Node(Protocol):
    def check(self, checking: Checking) -> None: ...
    def run(self, run: Run, node: int) -> None:
        """`node` is the number of the node: what it draws depends on it."""
        ...


class Sampling(Node, Protocol):
    """Makes registers of nothing: done first."""


class Evaluating(Node, Protocol):
    """Makes registers of registers: done in the order of the graph."""


class Collecting(Node, Protocol):
    """Writes registers to the outputs: done last."""

    @property
    def writes(self) -> tuple[str, Indices]: ...


def unique(indices: Iterable[int]) -> bool:
    listed = list(indices)
    return len(set(listed)) == len(listed)
