"""The energy of a Hamiltonian in the state that an ansatz prepares: the mean over outcomes, with a
penalty for those that break constraints, or the mean of the lowest of them (CVaR).

Terms that agree on every qubit are read from the same shots. On an ideal machine there are no
shots: the energy is exact, and so is its variance as long as all outcomes can be listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Structure
from ketway.circuits.gates import Kind
from ketway.circuits.qasm import read_template
from ketway.circuits.template import Template
from ketway.engines.engine import Plan
from ketway.engines.observables import Observables
from ketway.jobs.failures import Code, FailedError
from ketway.jobs.results import width_of
from ketway.routines.configurations import grouped, letters_of
from ketway.routines.ionq.asked import (
    MOST_CONSTRAINTS,
    MOST_TERMS,
    HamiltonianEnergy,
    finite,
    wrong,
)
from ketway.routines.measuring import TURNS, unread
from ketway.routines.parities import Words, masks_of, odd, words_of
from ketway.routines.placing import Index
from ketway.routines.runner import Runner, scaled, total
from ketway.routines.sketch import Drawn, Sketch, widened

LISTED: Final = 20
"""Up to so many qubits every outcome of an ideal machine is looked at; from more on, shots are."""
_VERSION: Final = re.compile(r"(\bOPENQASM\s+3(?:\.\d+)?\s*;)")
_AT_ONCE: Final = 1 << 16
"""Outcomes whose bits are unpacked at the same time."""


@dataclass(frozen=True)
class Constraints:
    """What the bits of an outcome should satisfy."""

    linear: Floats
    """Shape (constraints, qubits)."""
    bounds: Floats
    forms: Floats
    """Shape (constraints, qubits, qubits)."""
    slopes: Floats
    form_bounds: Floats

    @classmethod
    def of(cls, asked: HamiltonianEnergy, qubits: int, where: str) -> Constraints:
        linear, quadratic = asked.linear_constraints or [], asked.quadratic_constraints or []
        if len(linear) + len(quadratic) > MOST_CONSTRAINTS:
            raise wrong(where, f"at most {MOST_CONSTRAINTS:,} constraints are taken")
        for place, one in enumerate(linear):
            _check_length(one.coeffs, qubits, f"{where}.linear_constraints[{place}].coeffs")
            finite([*one.coeffs, one.rhs], f"{where}.linear_constraints[{place}].coeffs")
        for place, form in enumerate(quadratic):
            here = f"{where}.quadratic_constraints[{place}]"
            _check_length(form.linear_coeff, qubits, f"{here}.linear_coeff")
            _check_length(form.quadratic_coeff, qubits, f"{here}.quadratic_coeff")
            finite([*form.linear_coeff, form.rhs], f"{here}.linear_coeff")
            for k, row in enumerate(form.quadratic_coeff):
                _check_length(row, qubits, f"{here}.quadratic_coeff[{k}]")
                finite(row, f"{here}.quadratic_coeff[{k}]")
        return cls(
            np.array([one.coeffs for one in linear], dtype=float).reshape(-1, qubits),
            np.array([one.rhs for one in linear], dtype=float),
            np.array([f.quadratic_coeff for f in quadratic], dtype=float).reshape(
                -1, qubits, qubits
            ),
            np.array([f.linear_coeff for f in quadratic], dtype=float).reshape(-1, qubits),
            np.array([f.rhs for f in quadratic], dtype=float),
        )

    def __len__(self) -> int:
        return len(self.bounds) + len(self.form_bounds)

    def broken(self, bits: Floats) -> Floats:
        """By how much outcomes, rows of bits, exceed the bounds: those of all constraints added."""
        over = np.maximum(bits @ self.linear.T - self.bounds, 0.0).sum(axis=1)
        for form, slope, bound in zip(self.forms, self.slopes, self.form_bounds, strict=True):
            over += np.maximum(((bits @ form) * bits).sum(axis=1) + bits @ slope - bound, 0.0)
        found: Floats = over
        return found


def _check_length(given: list[float] | list[list[float]], qubits: int, where: str) -> None:
    if len(given) != qubits:
        raise wrong(
            where, f"there are {len(given):,} entries, and the ansatz has {qubits:,} qubits"
        )


@dataclass(frozen=True)
class Reading:
    """A basis, and what is read from outcomes in it."""

    drawn: Drawn
    turns: Floats
    """The angles that make the basis what is read."""
    masks: Words
    coefficients: Floats
    offset: float
    constraints: Constraints | None

    def batch(self, params: Floats) -> Batch:
        return self.drawn.batch(params, np.tile(self.turns, (len(params), 1)))

    def energies(self, outcomes: NDArray[np.uint8], qubits: int, penalty: float) -> Floats:
        """Of rows of bytes."""
        words = words_of(outcomes)
        out = np.full(len(outcomes), self.offset)
        for mask, coefficient in zip(self.masks, self.coefficients.tolist(), strict=True):
            out += np.where(odd(words & mask), -coefficient, coefficient)
        if self.constraints is None:
            return out
        for start in range(0, len(outcomes), _AT_ONCE):
            some = outcomes[start : start + _AT_ONCE]
            bits = np.unpackbits(some, axis=1, count=qubits, bitorder="little").astype(float)
            out[start : start + _AT_ONCE] += penalty * self.constraints.broken(bits)
        return out


class Energy:
    """One that was asked for, checked."""

    def __init__(self, asked: HamiltonianEnergy, shots: int, where: str) -> None:
        self.template = _ansatz(asked, where)
        qubits = self.template.structure.qubits
        self.qubits, self.shots = qubits, shots
        self.observables = _hamiltonian(asked, qubits, where)
        self.penalty = asked.penalty or 0.0
        self.tail = 1.0 if asked.cvar_alpha is None else asked.cvar_alpha
        finite([self.penalty], f"{where}.penalty")
        if not 0 < self.tail <= 1:
            raise wrong(f"{where}.cvar_alpha", "the share must be above 0 and at most 1")
        constraints = Constraints.of(asked, qubits, where)
        self.constraints = constraints if len(constraints) and self.penalty else None
        self.readings = tuple(self._readings())
        if self.tail < 1 and len(self.readings) > 1:
            raise wrong(
                f"{where}.cvar_alpha",
                "the lowest outcomes are those of one basis, and this Hamiltonian needs "
                f"{len(self.readings):,}: leave cvar_alpha out, or use terms that agree on every "
                "qubit",
            )

    @property
    def parameters(self) -> int:
        return len(self.template.parameters)

    @property
    def structures(self) -> Iterator[Structure]:
        return (reading.drawn.structure for reading in self.readings)

    def points(self, given: list[float] | None, where: str) -> Floats:
        """One row: the values that were given, which must be as many as there are parameters."""
        values = finite(given or [], where)
        if len(values) != self.parameters:
            raise wrong(
                where,
                f"{len(values):,} values are given, and the ansatz has {self.parameters:,} inputs",
            )
        return np.array([values], dtype=float).reshape(1, self.parameters)

    def _readings(self) -> Iterator[Reading]:
        every = self.observables
        letters = letters_of(every)
        groups = grouped(letters, np.arange(every.products))
        flat = np.zeros(self.qubits, dtype=np.uint8)
        plain = [k for k, (basis, _) in enumerate(groups) if not np.isin(basis, (1, 2)).any()]
        if not groups or (self.constraints is not None and not plain):
            plain = [len(groups)]
            groups = [*groups, (flat, np.zeros(0, dtype=np.int64))]
        coefficients = np.zeros(every.products)
        np.add.at(coefficients, every.members, every.coefficients)
        for k, (basis, products) in enumerate(groups):
            drawn = self._drawn(basis)
            held = letters[products] > 0
            yield Reading(
                drawn,
                TURNS[basis[np.isin(basis, (1, 2))], 0].reshape(-1),
                masks_of(held, width_of(self.qubits)),
                coefficients[products],
                float(every.offsets[0]) if k == 0 else 0.0,
                self.constraints if plain and k == plain[0] else None,
            )

    def _drawn(self, basis: NDArray[np.uint8]) -> Drawn:
        structure = self.template.structure
        sketch = Sketch(widened(structure, self.qubits))
        sketch.keep(range(structure.gates))
        for qubit in np.flatnonzero(np.isin(basis, (1, 2))).tolist():
            sketch.dress(qubit)
        for qubit in range(self.qubits):
            sketch.add(Kind.MEASURE, [qubit, qubit])
        return sketch.done()


def _ansatz(asked: HamiltonianEnergy, where: str) -> Template:
    try:
        template = _read(asked.ansatz.data)
    except FailedError as error:
        failure = error.failure
        message = f"{where}.ansatz.data: {failure.message}"
        raise FailedError(msgspec.structs.replace(failure, message=message)) from None
    structure = template.structure
    kept: Index = unread(structure)
    if structure.has_control or np.isin(structure.kinds[kept], (Kind.MEASURE, Kind.RESET)).any():
        raise wrong(
            f"{where}.ansatz",
            "it measures, resets or decides before its end: an ansatz only prepares a state",
            Code.UNSUPPORTED_GATE,
        )
    if not structure.qubits:
        raise wrong(f"{where}.ansatz", "the program has no qubits")
    sketch = Sketch(structure)
    sketch.keep(kept.tolist())
    # Measurements have no parameters, so those of the others keep their places.
    return replace(template, structure=replace(sketch.done().structure, bits=0, memory=0))


@lru_cache(maxsize=2)
def _read(text: str) -> Template:
    """A job is looked at several times in one process.

    The ansatz of ionq-core's own example uses `ry` and includes nothing
    (examples/hamiltonian_energy_optimization.py), so the library is there unasked.
    """
    try:
        return read_template(text)
    except FailedError:
        if "include" in text:
            raise
    return read_template(_VERSION.sub(r'\1 include "stdgates.inc";', text, count=1))


def _hamiltonian(asked: HamiltonianEnergy, qubits: int, where: str) -> Observables:
    terms = asked.hamiltonian
    if not terms:
        raise wrong(f"{where}.hamiltonian", "there is no term")
    if len(terms) > MOST_TERMS:
        raise wrong(f"{where}.hamiltonian", f"at most {MOST_TERMS:,} terms are taken")
    for place, term in enumerate(terms):
        here = f"{where}.hamiltonian[{place}]"
        finite([term.coefficient], f"{here}.coefficient")
        if len(term.pauli_string) != qubits or set(term.pauli_string) - set("IXYZ"):
            raise wrong(
                f"{here}.pauli_string",
                f"{term.pauli_string[:40]!r} is not {qubits:,} of the letters I, X, Y and Z, one "
                "for each qubit of the ansatz",
            )
    return Observables.of_labels(qubits, [[(t.pauli_string, t.coefficient) for t in terms]])


class Meter:
    """Finds energies of points, values of the ansatz's parameters, with a runner."""

    def __init__(self, energy: Energy, runner: Runner) -> None:
        self.energy, self.runner = energy, runner
        self.ideal = runner.noise is None
        self._listed = self.ideal and energy.qubits <= LISTED
        self.sampled = not self._plain and not self._listed
        """Whether energies are found by shots."""
        self._draws = 0

    @property
    def _plain(self) -> bool:
        """Whether they are plain expectation values, which need no outcomes."""
        return self.ideal and self.energy.constraints is None and self.energy.tail == 1

    def values(self, points: Floats) -> Floats:
        """One for each row."""
        if self._plain:
            found: Floats = self.runner.expect(self._bare(points), self.energy.observables)[:, 0]
            return found
        return self.moments(points)[0]

    def value(self, points: Floats) -> tuple[float, float]:
        """Of one row; and the variance of what single shots say of it."""
        values, variances = self.moments(points)
        if self._plain and not self._listed:
            values = self.values(points)
        return float(values[0]), float(variances[0])

    def _bare(self, points: Floats) -> Batch:
        return self.energy.template.batch(points)

    def moments(self, points: Floats) -> tuple[Floats, Floats]:
        params = self._bare(points).params
        means, variances = np.zeros(len(points)), np.zeros(len(points))
        for reading in self.energy.readings:
            for row, (outcomes, weights) in enumerate(self._outcomes(reading.batch(params))):
                energies = reading.energies(outcomes, self.energy.qubits, self.energy.penalty)
                mean, variance = _moments(energies, weights, self.energy.tail)
                means[row] += mean
                variances[row] += variance
        return means, variances

    def _outcomes(self, batch: Batch) -> Iterator[tuple[NDArray[np.uint8], Floats]]:
        if self._listed:
            for result in self.runner.distributions(batch):
                yield result.outcomes, result.weights()
            return
        self._draws += 1
        for shots in self.runner.sample(batch, self.energy.shots, self._draws):
            yield counted(shots)

    def plan(self, rows: int) -> Plan:
        """What so many rows need."""
        point = np.full((1, self.energy.parameters), 0.5)
        if self._plain:
            once = self.runner.expecting(self._bare(point), self.energy.observables).plan
            return scaled(once, rows)
        return scaled(self.plan_moments(), rows)

    def plan_moments(self) -> Plan:
        point = self._bare(np.full((1, self.energy.parameters), 0.5)).params
        batches = (reading.batch(point) for reading in self.energy.readings)
        if self._listed:
            return total([self.runner.plan_distributions(batch) for batch in batches])
        return total([self.runner.plan_sampling(batch, self.energy.shots) for batch in batches])


def counted(shots: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Floats]:
    """The different outcomes among shots, and the share of each."""
    keys = np.ascontiguousarray(shots[:, ::-1]).view(f"V{shots.shape[1]}")[:, 0]
    found, counts = np.unique(keys, return_counts=True)
    outcomes = found.view(np.uint8).reshape(len(found), -1)[:, ::-1]
    return np.ascontiguousarray(outcomes), counts / len(shots)


def _moments(energies: Floats, weights: Floats, tail: float) -> tuple[float, float]:
    """The mean and the variance of the lowest energies that weigh `tail` together."""
    weights = weights / weights.sum()
    if tail < 1:
        order = np.argsort(energies, kind="stable")
        energies, weights = energies[order], weights[order]
        before = np.cumsum(weights) - weights
        weights = np.clip(tail - before, 0.0, weights) / tail
        weights = weights / weights.sum()
    mean = float(energies @ weights)
    return mean, float((energies - mean) ** 2 @ weights)
