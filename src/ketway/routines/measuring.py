"""Measuring Pauli products: circuits, bases and twirls become rows of one structure, and their
shots become mean values.

What turns a basis into the one that is read is a dressing: it is merged into what stands before,
and brings no noise. So is the flip of a twirled measurement, where it is not left to `reading.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Structure
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import seeds as sources
from ketway.engines.engine import Plan
from ketway.engines.seeds import derive
from ketway.jobs.results import width_of
from ketway.routines.bodies import Body, Variations
from ketway.routines.configurations import Basis, Configurations
from ketway.routines.mitigation.shots import Amount
from ketway.routines.parities import (
    Words,
    expected_parities,
    masks_of,
    mean_parities,
    odd,
    words_of,
)
from ketway.routines.placing import Index
from ketway.routines.reading import evenly_read, read_twirled, well_read
from ketway.routines.runner import Runner, scaled
from ketway.routines.sketch import Drawn, Sketch, widened

CHUNK_BYTES: Final = 1 << 26
"""Rows are run so many at a time that their numbers and shots take about this much. Part of what a
seed means: never change it."""

_QUARTER: Final = math.pi / 2
TURNS: Final = np.array(
    [
        [(0.0, 0.0, 0.0), (math.pi, 0.0, math.pi)],
        [(_QUARTER, 0.0, math.pi), (_QUARTER, 0.0, 0.0)],
        [(_QUARTER, 0.0, _QUARTER), (_QUARTER, 0.0, -_QUARTER)],
        [(0.0, 0.0, 0.0), (math.pi, 0.0, math.pi)],
    ]
)
"""Angles of the dressing that makes I, X, Y or Z what is read, and of one that also flips it."""


@dataclass(frozen=True)
class Means:
    """What was found of each pair of a point and a product."""

    values: Floats
    squares: Floats
    """The square of the standard error that the spread between randomizations shows."""
    ensemble: Floats
    """And of the one that follows from the number of shots."""


class Measurement:
    """Circuits that are measured in several bases."""

    def __init__(
        self,
        batch: Batch,
        wanted: Configurations,
        body: Body,
        amount: Amount,
        noise: NoiseModel | None,
        *,
        flipped: bool = False,
    ) -> None:
        """`noise` is that of the runner; `flipped`: measurements are twirled."""
        self._noise, self._twirled = noise, flipped and noise is not None
        # Other measurements are read wrong by the engine, and then so must these be.
        alone = not (batch.structure.kinds[unread(batch.structure)] == Kind.MEASURE).any()
        flipped = self._twirled and not alone and amount.shots > 0
        self.batch, self.wanted, self.body, self.amount = batch, wanted, body, amount
        self.qubits = np.flatnonzero(wanted.measured) if wanted.bases else np.zeros(0, np.int64)
        self.flipped = flipped
        # Where randomizations do not differ, their shots are taken together.
        self._each = amount.randomizations if body.varied or flipped else 1
        self._shots = amount.total // self._each
        letters = [basis.letters[self.qubits] for basis in wanted.bases]
        self._letters = np.array(letters, dtype=np.uint8).reshape(-1, len(self.qubits))
        dressed = np.isin(self._letters, (1, 2)).any(axis=0) | flipped
        self._dressed = np.flatnonzero(dressed)
        self._first = batch.structure.bits
        self._drawn = self._draw()

    def _draw(self) -> Drawn:
        kept = unread(self.batch.structure)
        sketch = Sketch(widened(self.batch.structure, len(self.qubits)))
        self.body.draw(sketch, kept)
        for place in self._dressed.tolist():
            sketch.dress(int(self.qubits[place]))
        for k, qubit in enumerate(self.qubits.tolist()):
            sketch.add(Kind.MEASURE, [qubit, self._first + k])
        return sketch.done()

    @property
    def rows(self) -> int:
        return self.wanted.count * self._each

    def _masks(self, bits: NDArray[np.bool_]) -> Words:
        """Masks of measured qubits among the bits of an outcome."""
        every = np.zeros((*bits.shape[:-1], self._first + len(self.qubits)), dtype=np.bool_)
        every[..., self._first :] = bits
        return masks_of(every, width_of(self._drawn.structure.outcome_bits))

    def _masks_of(self, basis: Basis, letters: NDArray[np.uint8]) -> Words:
        return self._masks(letters[basis.products][:, self.qubits] > 0)

    def _machine(self, runner: Runner) -> Runner:
        """What runs the circuits."""
        if self.flipped or not self._twirled:
            return runner
        noise = well_read(self._noise) if self._shots else evenly_read(self._noise)
        return runner.beside(noise)

    def _part(self, start: int, end: int, key: int) -> tuple[Batch, NDArray[np.bool_], Variations]:
        """Some rows: the circuits, which measurements they flip, and how they vary."""
        rows = np.arange(start, end)
        configuration = rows // self._each
        firsts = np.array([basis.first for basis in self.wanted.bases])
        basis = np.searchsorted(firsts, configuration, side="right") - 1
        varied = self.body.vary(np.array([derive(key, row) for row in rows.tolist()]))
        flips = np.zeros((len(rows), len(self.qubits)), dtype=np.bool_)
        if self.flipped:
            source = sources.bits(derive(key, start), "flips")
            words = np.asarray(source.random_raw(flips.size), dtype=np.uint64)
            flips = (words >> np.uint64(63)).astype(np.bool_).reshape(flips.shape)
        turns = TURNS[self._letters[basis], flips.astype(np.int64)][:, self._dressed]
        fresh = np.concatenate((varied.fresh, turns.reshape(len(rows), -1)), axis=1)
        params = self.batch.params[self.wanted.points[configuration]]
        return self._drawn.batch(params, fresh), flips, varied

    def _parts(self) -> Iterator[tuple[int, int]]:
        width = width_of(self._drawn.structure.outcome_bits)
        step = CHUNK_BYTES // (8 * len(self._drawn.columns) + self._shots * width + 64)
        for start in range(0, self.rows, max(1, step)):
            yield start, min(self.rows, start + max(1, step))

    def run(self, runner: Runner, letters: NDArray[np.uint8], key: int) -> Means:
        """The mean values. `letters` are those of all products, as places in "IXYZ"."""
        each = np.zeros((self.wanted.pairs, max(1, self.amount.randomizations)))
        self.fill(each, runner, letters, key)
        return means_of(each, self.amount, self.body.gain)

    def fill(self, each: Floats, runner: Runner, letters: NDArray[np.uint8], key: int) -> None:
        """Put in the mean of each pair in each randomization."""
        for start, end in self._parts():
            batch, flips, varied = self._part(start, end, derive(runner.seed, key))
            read = self._reader(batch, start, runner, key)
            for basis, here in self._bases(start, end):
                masks = self._masks_of(basis, letters)
                means = read(here - start, masks)
                if self.flipped:
                    turned = self._masks(flips[here - start])
                    means *= 1 - 2.0 * odd(turned[:, None] & masks)
                if varied.signs is not None:
                    means *= varied.signs[here - start][:, None]
                place, randomization = np.divmod(here - basis.first * self._each, self._each)
                pairs = basis.pair + place[:, None] * len(masks) + np.arange(len(masks))
                if means.ndim == 3:
                    each[pairs] = means
                else:
                    each[pairs, randomization[:, None]] = means

    def _reader(
        self, batch: Batch, start: int, runner: Runner, key: int
    ) -> Callable[[Index, Words], Floats]:
        """Gives the means of some of the rows under masks, once they are run."""
        if not self._shots:
            found = list(self._machine(runner).distributions(batch))

            def exactly(rows: Index, masks: Words) -> Floats:
                some = [found[row] for row in rows.tolist()]
                return np.stack(
                    [expected_parities(words_of(s.outcomes), s.weights(), masks) for s in some]
                )

            return exactly
        seeds = runner.seeds_of(key, start, len(batch))
        shots = words_of(self._machine(runner).sample_seeded(batch, self._shots, seeds))
        if self._twirled and not self.flipped and self._noise is not None:
            parts = self.amount.randomizations // self._each
            seed = derive(derive(runner.seed, key), start)
            shots = read_twirled(shots, self._first, self.qubits, self._noise, parts, seed)

        def taken(rows: Index, masks: Words) -> Floats:
            some = shots[int(rows[0]) : int(rows[-1]) + 1]
            if self._each == self.amount.randomizations:
                return mean_parities(some, masks)
            parts = some.reshape(-1, self.amount.shots, some.shape[-1])
            means = mean_parities(parts, masks).reshape(len(rows), -1, len(masks))
            return np.ascontiguousarray(means.transpose(0, 2, 1))

        return taken

    def _bases(self, start: int, end: int) -> Iterator[tuple[Basis, Index]]:
        """The bases that some rows are measured in, and which of the rows."""
        for basis in self.wanted.bases:
            first = basis.first * self._each
            last = first + len(basis.points) * self._each
            here = np.arange(max(start, first), min(end, last))
            if len(here):
                yield basis, here

    def plan(self, runner: Runner) -> Plan:
        """What `run` needs."""
        if not self.rows:
            return scaled(None, 0.0)
        some = min(self.rows, 4)
        batch, _, _ = self._part(0, some, derive(runner.seed, 0))
        machine = self._machine(runner)
        if self._shots:
            planned = machine.plan_sampling(batch, self._shots)
        else:
            planned = machine.plan_distributions(batch)
        width = width_of(self._drawn.structure.outcome_bits)
        row = 8 * len(self._drawn.columns) + self._shots * width + 64
        return scaled(planned, self.rows / some, 2 * min(CHUNK_BYTES, self.rows * row))


def means_of(each: Floats, amount: Amount, gain: float = 1.0) -> Means:
    """The means over all randomizations, where `each` has those of one."""
    values = each.mean(axis=1)
    ensemble = np.maximum(0.0, 1 - values**2) / max(1, amount.total)
    if not amount.shots:
        ensemble = np.zeros_like(values)
    squares = ensemble
    if amount.randomizations > 1:
        squares = each.var(axis=1, ddof=1) / amount.randomizations
    return Means(gain * values, gain**2 * squares, gain**2 * ensemble)


def unread(structure: Structure) -> Index:
    """The gates without the measurements that end the circuit."""
    kinds, starts = structure.kinds, structure.operand_starts
    measures = kinds == Kind.MEASURE
    if not measures.any():
        return np.arange(structure.gates)
    tail = 0
    if structure.has_control:
        control = np.flatnonzero(np.isin(kinds, (Kind.JUMP, Kind.ASSIGN)))
        targets = [
            structure.operands_of(gate)[1] for gate in np.flatnonzero(kinds == Kind.JUMP).tolist()
        ]
        tail = max([int(control.max()) + 1, *targets])
    widths = np.diff(starts)
    acting = ~measures & ~np.isin(kinds, (Kind.NOP, Kind.JUMP, Kind.ASSIGN))
    last = np.full(structure.qubits, -1, dtype=np.int64)
    places = np.repeat(acting, widths)
    np.maximum.at(
        last, structure.operands[places], np.repeat(np.arange(structure.gates), widths)[places]
    )
    gates = np.flatnonzero(measures)
    final = gates[(gates > last[structure.operands[starts[gates]]]) & (gates >= tail)]
    kept = np.ones(structure.gates, dtype=np.bool_)
    kept[final] = False
    return np.flatnonzero(kept)
