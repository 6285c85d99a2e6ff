"""What twirling draws its virtual gates from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.samplex.draws import Draws
from ketway.routines.executor.samplex.registers import Gates, Sort

ROUND: Final = 4
"""A balanced draw comes in rounds of so many randomizations."""
_TURNS: Final = np.array([0, 2, 1, 3], np.uint8)


class Distribution(Protocol):
    @property
    def sort(self) -> Sort: ...
    @property
    def subsystems(self) -> int: ...
    def sample(self, draws: Draws, points: int, randomizations: int) -> Gates:
        """One column for each randomization of each point of a sweep, point by point."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every element of a finite group alike, on every subsystem for itself."""

    sort: Sort
    subsystems: int

    def sample(self, draws: Draws, points: int, randomizations: int) -> Gates:
        shape = (self.subsystems, points * randomizations)
        if self.sort == "pauli":
            return draws.bits(2, shape)
        return draws.below(24, shape).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Balanced:
    """Paulis, each as often as the others: of four randomizations in a row, each has another."""

    subsystems: int
    sort: Sort = "pauli"

    def sample(self, draws: Draws, points: int, randomizations: int) -> Gates:
        rounds = -(-randomizations // ROUND)
        first = draws.bits(2, (self.subsystems, points, rounds, 1))
        # Adding 2 in the second place exchanges {I, Z} and {X, Y}: any two neighbours from an even
        # place on have one of each, so that bits are balanced by every second randomization.
        paulis = ((first + _TURNS) % 4).reshape(self.subsystems, points, rounds * ROUND)
        return paulis[:, :, :randomizations].reshape(self.subsystems, points * randomizations)


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """Rows of a table, alike; each is for so many neighbouring subsystems as it is long."""

    sort: Sort
    subsystems: int
    rows: NDArray[np.uint8]

    def sample(self, draws: Draws, points: int, randomizations: int) -> Gates:
        samples = points * randomizations
        width = self.rows.shape[1]
        groups = self.subsystems // width
        chosen = self.rows[draws.below(len(self.rows), (groups, samples))]
        return chosen.transpose(0, 2, 1).reshape(self.subsystems, samples)


@dataclass(frozen=True, slots=True)
class Haar:
    """Unitary matrices, without preference: a point on the sphere in four dimensions."""

    subsystems: int
    sort: Sort = "u2"

    def sample(self, draws: Draws, points: int, randomizations: int) -> Gates:
        shape = (self.subsystems, points * randomizations)
        height = draws.uniform(shape)
        a = np.sqrt(height) * np.exp(2j * np.pi * draws.uniform(shape))
        b = np.sqrt(1 - height) * np.exp(2j * np.pi * draws.uniform(shape))
        rows = [np.stack([a, -b.conj()], axis=-1), np.stack([b, a.conj()], axis=-1)]
        return np.stack(rows, axis=-2)
