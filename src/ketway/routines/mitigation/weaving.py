"""Weaving: the gates of a circuit with all that mitigation puts between them.

For each gate, in this order: pulses that decouple the qubits that waited, the Paulis of a twirl,
the gate, the Paulis that undo the twirl, with an error put in among them; and, where the gate is
folded, its inverse and the gate once more, each twirled for itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.circuits.gates import Kind
from ketway.engines import seeds as sources
from ketway.routines.bodies import Variations
from ketway.routines.mitigation.injecting import Injection
from ketway.routines.mitigation.twirling import drawn_paulis, dressings, inverse_of
from ketway.routines.placing import Index
from ketway.routines.sketch import Sketch

Table: TypeAlias = NDArray[np.uint8]


class Pulse(NamedTuple):
    """An X pulse, between rotations about Z that are virtual: they bring no noise."""

    qubit: int
    turn: float
    """By how far it is turned about Z; 0 for an X, a quarter turn for a Y."""


@dataclass
class _Site:
    """A gate that is twirled."""

    before: int
    """The first fresh column of the dressings before it, one qubit's after the other's."""
    after: int
    table: Table
    injection: Injection | None


@dataclass
class Weave:
    """A body: which gates of the source are treated, and how."""

    structure: Structure
    twirled: Mapping[int, Table] = field(default_factory=dict)
    """The gates that are twirled: see `twirling.conjugations`."""
    folds: Mapping[int, int] = field(default_factory=dict)
    """How often a gate is undone and done again."""
    pulses: Mapping[int, tuple[Pulse, ...]] = field(default_factory=dict)
    """What comes before a gate; at the number of gates, what comes last."""
    injections: Mapping[int, Injection] = field(default_factory=dict)
    """What is put in behind a twirled gate."""

    def __post_init__(self) -> None:
        self._sites: list[_Site] = []
        self._turns: list[tuple[int, float]] = []
        self._width = 0
        self.gain = math.prod(
            self.injections[gate].gain for gate in self.twirled if gate in self.injections
        )

    @property
    def plain(self) -> bool:
        """Whether it leaves every circuit as it is."""
        return not (self.twirled or self.folds or self.pulses)

    @property
    def varied(self) -> bool:
        """Whether rows differ in what was put in."""
        return bool(self.twirled)

    def draw(self, sketch: Sketch, gates: Index) -> None:
        self._sites, self._turns = [], []
        for gate in gates.tolist():
            self.put(sketch, gate)
        self.close(sketch)
        self._width = sketch.fresh

    def close(self, sketch: Sketch) -> None:
        """What comes after the last gate."""
        self._pulse(sketch, self.structure.gates)

    def put(self, sketch: Sketch, gate: int) -> None:
        """One gate and what goes with it."""
        self._pulse(sketch, gate)
        table = self.twirled.get(gate)
        self._one(sketch, gate, table, False)
        for _ in range(self.folds.get(gate, 0)):
            self._one(sketch, gate, None if table is None else inverse_of(table), True)
            self._one(sketch, gate, table, False)

    def _one(self, sketch: Sketch, gate: int, table: Table | None, undone: bool) -> None:
        qubits = [] if table is None else self.structure.operands_of(gate)
        before = [sketch.dress(qubit) for qubit in qubits]
        if undone:
            sketch.undo(gate)
        else:
            sketch.keep(gate)
        after = [sketch.dress(qubit) for qubit in qubits]
        if table is not None:
            self._sites.append(_Site(before[0], after[0], table, self.injections.get(gate)))

    def _pulse(self, sketch: Sketch, gate: int) -> None:
        for qubit, turn in self.pulses.get(gate, ()):
            if turn:
                self._turns.append((sketch.dress(qubit) + 2, turn))
            sketch.add(Kind.X, [qubit])
            if turn:
                self._turns.append((sketch.dress(qubit) + 2, -turn))

    def vary(self, seeds: Index) -> Variations:
        """The fresh columns that the body has put in, and the signs of the rows."""
        fresh = np.zeros((len(seeds), self._width))
        signs = self.fill(fresh, seeds)
        return Variations(fresh, signs if self.injections else None)

    def fill(self, fresh: Floats, seeds: Index) -> Floats:
        """The same, written where the columns stand among others."""
        sites, signs = self._sites, np.ones(len(seeds))
        count = len(sites)
        for column, turn in self._turns:
            fresh[:, column] = turn
        if not count:
            return signs
        raw = np.array(
            [sources.bits(seed, "twirl").random_raw(2 * count) for seed in seeds.tolist()],
            dtype=np.uint64,
        ).reshape(len(seeds), 2, count)
        before = drawn_paulis(raw[:, 0])
        tables = np.array([site.table for site in sites])
        after = tables[np.arange(count), before]
        for injection in {id(s.injection): s.injection for s in sites if s.injection}.values():
            here = np.array([k for k, site in enumerate(sites) if site.injection is injection])
            put, negative = injection.drawn(raw[:, 1, here])
            after[:, here] ^= put
            signs *= 1 - 2.0 * (negative.sum(axis=1) % 2)
        for paulis, firsts in (
            (before, [site.before for site in sites]),
            (after, [site.after for site in sites]),
        ):
            places = np.array(firsts)[:, None] + np.arange(6)
            fresh[:, places] = dressings(paulis).reshape(len(seeds), count, 6)
        return signs
