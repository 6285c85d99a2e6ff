"""What an engine is: a way to compute. The planner chooses one; an attempt runs it.

An engine gets a `Task`: circuits of one structure, and what is wanted of each. It yields one
`Result` per row, in row order. It may be killed at any moment, may end its process, and must never
read anything but its task, so that the same task and seeds give the same results everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch
from ketway.devices.noise import NoiseModel
from ketway.jobs.job import PiecePlan
from ketway.jobs.results import Provenance, Result

Precision: TypeAlias = Literal["double", "single"]

KEPT_OUTCOMES = 1 << 20
"""An ideal distribution with more outcomes keeps its largest, and says what mass it kept."""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which engine runs a circuit, why, and what it will need. Made before anything runs."""

    engine: str
    reason: str
    """For a person: one sentence."""
    bytes: int
    """Peak memory of one circuit's run, beside what the process itself holds."""
    seconds: float
    """An estimate for the whole batch on one thread."""
    precision: Precision = "double"
    pieces: tuple[PiecePlan, ...] = ()
    """Set where the circuit is not run as it is: how its pieces are (see `prepass`). The engine
    and precision above are then those of the piece that needs the most."""
    bonds: int = 0
    """The largest bond of a matrix product state; 0 for no bound."""


@dataclass(frozen=True)
class Task:
    """Circuits of one structure, and what is wanted of each."""

    batch: Batch
    seeds: tuple[int, ...]
    """One per row; all randomness of row i follows from `seeds[i]`."""
    shots: int
    """How many shots to draw of each row; 0 for none."""
    exact: bool
    """Whether the exact distribution is wanted (an ideal simulator's answer)."""
    noise: NoiseModel | None = None
    precision: Precision = "double"
    threads: int = 1
    kept: int = KEPT_OUTCOMES
    bonds: int = 0
    """As in the plan."""


@dataclass(frozen=True)
class Taken:
    """The shots of one circuit, and nothing else of it."""

    outcomes: NDArray[np.uint8]
    """Shape (shots, bytes): in the order taken, bit k of an outcome is bit k % 8 of byte k // 8."""
    provenance: Provenance


class Engine(Protocol):
    """An engine by name; `ENGINES` in `planner.py` lists them."""

    name: str
    version: str

    def run(self, task: Task) -> Iterator[Result]: ...
