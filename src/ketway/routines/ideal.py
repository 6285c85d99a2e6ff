"""Measuring on an ideal machine without running a circuit for every basis.

A few products that are read together have few outcomes: signs s_1 to s_k, whose odds are
2^-k times the sum, over every subset of the products, of the subset's signs times the exact mean of
its product. Counts drawn from these odds are what measuring the basis gives, and one state serves
all bases. What is read from a basis of more products is measured as anywhere.

Drawing is always the quicker: a product costs less than two passes over the state, and a basis has
15 at most; running its circuit costs a pass for every gate, and drawing from all its outcomes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats
from ketway.circuits.gates import Kind
from ketway.engines import seeds as sources
from ketway.engines.engine import Plan
from ketway.engines.observables import Bits, Observables
from ketway.engines.seeds import derive
from ketway.engines.trials import classes
from ketway.jobs.failures import FailedError
from ketway.routines.bodies import Plain
from ketway.routines.configurations import Basis, Configurations
from ketway.routines.course import course
from ketway.routines.measuring import Means, Measurement, means_of, unread
from ketway.routines.mitigation.shots import Amount
from ketway.routines.options import EstimatorOptions
from ketway.routines.placing import Index
from ketway.routines.pubs import EstimatorPub
from ketway.routines.runner import Runner, scaled, total

MOST: Final = 4
"""Products of a basis that are drawn together. Part of what a seed means, as the next."""
MOST_DRAWN: Final = 1 << 30
"""Signs that are drawn of a PUB, at two random bits each; from more on, circuits are run."""
_CERTAIN: Final = 2.0**-40
"""Odds so small are taken to be none, rather than what rounding left: what is certain must not fail
in one of many shots."""
_AT_ONCE: Final = 1 << 16
"""Counts in memory at the same time. Part of what a seed means."""


@dataclass(frozen=True)
class _Group:
    """Bases of as many products each."""

    bases: tuple[Basis, ...]
    first: int
    """Where their products of products begin: 2^k - 1 for each basis, product m being that of the
    bits of m."""

    @property
    def width(self) -> int:
        return len(self.bases[0].products)

    @property
    def size(self) -> int:
        """Outcomes of a basis."""
        return 1 << self.width


class Ideal:
    """Configurations on an ideal machine, each basis in the way that is the quicker."""

    def __init__(
        self, batch: Batch, wanted: Configurations, amount: Amount, runner: Runner
    ) -> None:
        self._wanted, self._amount = wanted, amount
        few = _drawable(batch, wanted, amount)
        self._groups = _groups(few)
        self._points = np.unique(np.concatenate([np.zeros(0, np.int64), *(b.points for b in few)]))
        self._batch = Batch(batch.structure, batch.params[self._points])
        self._observables = _products(batch.structure.qubits, wanted, self._groups)
        try:
            self._drawing = runner.expecting(self._batch, self._observables) if few else None
        except FailedError:  # no single state has room here; a circuit for every basis may have
            self._groups, self._drawing = (), None
        drawn = {basis.pair for group in self._groups for basis in group.bases}
        others = [basis for basis in wanted.bases if basis.pair not in drawn]
        self._rest = None
        if others or not drawn:
            self._rest = Measurement(batch, _only(wanted, others), Plain(), amount, None)

    def run(self, runner: Runner, letters: NDArray[np.uint8], key: int) -> Means:
        each = np.zeros((self._wanted.pairs, max(1, self._amount.randomizations)))
        if self._rest is not None:
            self._rest.fill(each, runner, letters, key)
        if self._drawing is not None:
            values = runner.expected(self._drawing)
            seed = derive(runner.seed, key)
            for group in self._groups:
                self._draw(each, group, values, derive(seed, group.width))
        return means_of(each, self._amount)

    def _draw(self, each: Floats, group: _Group, values: Floats, seed: int) -> None:
        """Signs of all bases of a group, in rows: the points of one basis, then of the next."""
        counts = [len(basis.points) for basis in group.bases]
        owners = np.repeat(np.arange(len(counts)), counts)
        points = np.concatenate([basis.points for basis in group.bases])
        places = np.arange(group.size - 1) + group.first + owners[:, None] * (group.size - 1)
        rows = np.searchsorted(self._points, points)
        odds = _odds(values[rows[:, None], places])
        within = np.arange(len(owners)) - np.concatenate(([0], np.cumsum(counts)))[owners]
        firsts = np.array([basis.pair for basis in group.bases])
        pairs = firsts[owners] + within * group.width
        source, shots = sources.bits(seed, "signs"), self._amount.shots
        times = self._amount.randomizations
        patterns = np.arange(group.size)
        step = max(1, _AT_ONCE // (times * group.size))
        for start in range(0, len(pairs), step):
            some = odds[start : start + step]
            found = classes(source, shots, np.repeat(some[:, None], times, axis=1))
            for bit in range(group.width):
                ones = found[..., patterns >> bit & 1 == 1].sum(axis=-1)
                each[pairs[start : start + step] + bit] = 1 - 2 * ones / shots

    def plan(self, runner: Runner) -> Plan:
        parts = [] if self._rest is None else [self._rest.plan(runner)]
        return total(parts if self._drawing is None else [*parts, self._drawing.plan])


def plan_drawing(pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> Plan | None:
    """What a PUB needs if it may be drawn on an ideal machine, found without looking for bases;
    None where it is not, or where that has to be looked at."""
    structure, products = pub.batch.structure, pub.observables.products
    exact = pub.shots is None and pub.precision == 0
    if runner.noise is not None or exact or structure.has_control:
        return None
    chosen = course(options, None, exact=False)
    shots = pub.shots or math.ceil(1 / pub.precision**2)
    if chosen.factors or products * shots * len(pub.batch) > MOST_DRAWN:
        return None
    if np.isin(structure.kinds[unread(structure)], (Kind.MEASURE, Kind.RESET)).any():
        return None
    try:
        once = runner.expecting(pub.batch, pub.observables).plan
    except FailedError:
        return None
    # Three products of products for each that is asked for, or a circuit run for each few of them.
    return scaled(once, 4.0, 64 * products * len(pub.batch) + 8 * _AT_ONCE)


def _drawable(batch: Batch, wanted: Configurations, amount: Amount) -> list[Basis]:
    """The bases of few products, where the circuit has one state at its end."""
    structure = batch.structure
    if structure.has_control or not amount.shots:
        return []
    if np.isin(structure.kinds[unread(structure)], (Kind.MEASURE, Kind.RESET)).any():
        return []
    few = [basis for basis in wanted.bases if len(basis.products) <= MOST]
    signs = amount.total * sum(len(basis.points) for basis in few)
    return few if signs <= MOST_DRAWN else []


def _groups(bases: Sequence[Basis]) -> tuple[_Group, ...]:
    groups, first = [], 0
    for width in range(1, MOST + 1):
        some = tuple(basis for basis in bases if len(basis.products) == width)
        if some:
            groups.append(_Group(some, first))
            first += len(some) * (groups[-1].size - 1)
    return tuple(groups)


def _products(qubits: int, wanted: Configurations, groups: Sequence[_Group]) -> Observables:
    """Every product of the products of a basis, each as an observable."""
    letters = [np.zeros((0, qubits), dtype=np.uint8)]
    for group in groups:
        own = wanted.letters[np.array([basis.products for basis in group.bases])]
        held = own > 0
        # Products of one basis have the same letter where two hold: an even number cancels.
        parities = np.zeros((len(own), group.size, qubits), dtype=np.bool_)
        for m in range(1, group.size):
            highest = m.bit_length() - 1
            parities[:, m] = parities[:, m ^ 1 << highest] ^ held[:, highest]
        whole = np.array([basis.letters for basis in group.bases])[:, None] * parities[:, 1:]
        letters.append(whole.reshape(-1, qubits))
    every = np.concatenate(letters)
    bits = Bits(
        np.packbits((every == 1) | (every == 2), axis=1, bitorder="little"),
        np.packbits(every >= 2, axis=1, bitorder="little"),
    )
    return Observables.of_bits(qubits, bits, np.arange(len(every) + 1), np.ones(len(every)))


def _only(wanted: Configurations, bases: Sequence[Basis]) -> Configurations:
    """Some of the bases; their pairs keep their places."""
    firsts: Index = np.cumsum([0, *(len(basis.points) for basis in bases)])
    kept = tuple(
        msgspec.structs.replace(basis, first=int(first))
        for basis, first in zip(bases, firsts, strict=False)
    )
    return dataclasses.replace(wanted, bases=kept, count=int(firsts[-1]))


def _odds(means: Floats) -> Floats:
    """The odds of every pattern of signs, where these are the means of every subset's product:
    shapes (rows, 2^k) and (rows, 2^k - 1). Bit j of a pattern says that sign j is minus."""
    rows, size = len(means), means.shape[1] + 1
    whole = np.concatenate((np.ones((rows, 1)), means), axis=1)
    step = 1
    while step < size:  # a Walsh-Hadamard transform
        pairs = whole.reshape(rows, size // (2 * step), 2, step)
        plus, minus = pairs[:, :, 0].copy(), pairs[:, :, 1].copy()
        pairs[:, :, 0], pairs[:, :, 1] = plus + minus, plus - minus
        step *= 2
    odds = whole / size
    found: Floats = np.where(odds > _CERTAIN, odds, 0.0)
    return found
