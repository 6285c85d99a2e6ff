"""Mean values on a noisy machine: the measurements that a course takes, and what it makes of them.

First what is learned (readings, layers), then the measurements, one for each noise factor; then
errors of reading are divided out, and mean values extrapolated to no noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from ketway.engines.engine import Plan
from ketway.engines.noise import noise_sites
from ketway.engines.seeds import derive
from ketway.routines.bodies import Body, Plain
from ketway.routines.configurations import Configurations, configurations, letters_of
from ketway.routines.course import Course, course
from ketway.routines.ideal import Ideal
from ketway.routines.measuring import Means, Measurement
from ketway.routines.mitigation.decoupling import Durations, pulses
from ketway.routines.mitigation.folding import folds
from ketway.routines.mitigation.injecting import Injection
from ketway.routines.mitigation.known import Knowing, Known
from ketway.routines.mitigation.readout import ReadoutLearning, shrinking
from ketway.routines.mitigation.shots import Amount, split
from ketway.routines.mitigation.twirling import conjugations, twirls_matter
from ketway.routines.mitigation.weaving import Table, Weave
from ketway.routines.options import EstimatorOptions
from ketway.routines.pubs import EstimatorPub
from ketway.routines.reading import shrunk
from ketway.routines.runner import Runner

_FOLDS: Final = 1 << 20
"""Keys of the draws of one PUB: those of its folds follow those of its measurements."""


class Mitigated:
    """A PUB, and how its values are found."""

    def __init__(self, pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> None:
        self.pub, self.options, self.runner = pub, options, runner
        exact = pub.shots is None and pub.precision == 0
        self.course: Course = course(options, runner.noise, exact=exact)
        self.wanted: Configurations = configurations(pub)
        self.letters = letters_of(pub.observables)
        self.amount = self._amount(exact)
        self.taken = self.amount
        """How many shots were taken of each configuration."""
        noise, structure = runner.noise, pub.batch.structure
        self._twirled = conjugations(pub.batch) if self.course.gates and noise else {}
        self._pulses = pulses(structure, options.dynamical_decoupling, noise)
        self._knowing = None
        if self.course.learns and noise is not None:
            self._knowing = Knowing(pub.batch, self._twirled, options.resilience, noise)
        self._reading = None
        if self.course.readout and noise is not None and self.amount.shots and self.wanted.bases:
            learning = options.resilience.measure_noise_learning
            many, each = learning.num_randomizations, learning.shots_per_randomization
            # As many shots as values come from: what is learned from fewer would blur them all.
            shots = math.ceil(self.amount.total / many) if each == "auto" else each
            amount = Amount(many, shots)
            qubits = np.flatnonzero(self.wanted.measured)
            self._reading = ReadoutLearning(structure.qubits, qubits, amount, noise)
        self.notes: dict[str, Any] = {}
        """What the metadata say of the mitigation."""

    def _amount(self, exact: bool) -> Amount:
        if exact:
            return Amount(1, 0)
        shots = self.pub.shots or math.ceil(1 / self.pub.precision**2)
        if not self.course.randomized:
            return Amount(1, shots)
        return split(shots, self.options.twirling, cancelling=self.course.cancelled)

    def run(self, key: int) -> list[Means]:
        """The mean values of the pairs, for each noise factor; without extrapolation, once."""
        known = None if self._knowing is None else self._knowing.run(self.runner)
        if known is not None and known.missing:
            self.notes["layers_not_learned"] = known.missing
        out = [
            measurement.run(self.runner, self.letters, derive(key, k))
            for k, measurement in enumerate(self._measurements(known, key))
        ]
        return [self._read(means) for means in out]

    def _read(self, means: Means) -> Means:
        """With errors of reading divided out."""
        if self._reading is None and not (self.course.readout and not self.amount.shots):
            return means
        qubits = np.flatnonzero(self.wanted.measured)
        if self._reading is not None:
            factors = self._reading.run(self.runner)
        else:
            factors = shrunk(self.runner.noise, qubits)
        scale = 1 / shrinking(self.letters, qubits, factors)[self.wanted.products]
        return Means(means.values * scale, means.squares * scale**2, means.ensemble * scale**2)

    def _measurements(self, known: Known | None, key: int) -> Iterator[Measurement | Ideal]:
        if self.runner.noise is None and not self.course.factors:
            yield Ideal(self.pub.batch, self.wanted, self.amount, self.runner)
            return
        for k, factor in enumerate(self.course.factors or (1.0,)):
            injections = self._injections(known, factor)
            folded: Mapping[int, int] = {}
            if self.course.factors and not self.course.amplified:
                amplifier = self.options.resilience.zne.amplifier
                assert amplifier != "pea"
                seed = derive(derive(self.runner.seed, key), _FOLDS + k)
                folded = folds(self.pub.batch.structure, factor, amplifier, seed)
            body, amount = self._body(folded, injections), self.amount
            if self.course.cancelled:
                amount = self._scaled(body.gain)
            yield Measurement(
                self.pub.batch,
                self.wanted,
                body,
                amount,
                self.runner.noise,
                flipped=self.course.measurements,
            )

    def _body(self, folded: Mapping[int, int], injections: Mapping[int, Injection]) -> Body:
        twirled: Mapping[int, Table] = self._twirled
        if not injections and not twirls_matter(self.runner.noise):
            twirled = {}
        weave = Weave(self.pub.batch.structure, twirled, folded, self._pulses, injections)
        return Plain() if weave.plain else weave

    def _injections(self, known: Known | None, factor: float) -> dict[int, Injection]:
        if known is None:
            return {}
        if self.course.amplified:
            times = factor - 1
        else:
            times = self._gain(known) - 1
            self.notes["pec"] = {"noise_gain": times + 1}
        if times == 0:
            return {}
        made: dict[tuple[float, ...], Injection] = {}
        for rates in known.rates.values():
            if any(rates) and rates not in made:
                made[rates] = Injection(tuple(times * rate for rate in rates))
        return {gate: made[rates] for gate, rates in known.rates.items() if rates in made}

    def _gain(self, known: Known) -> float:
        """How much of the noise is left, from 0 for none to 1 for all."""
        pec = self.options.resilience.pec
        if pec.noise_gain != "auto":
            return pec.noise_gain
        log_gamma = 2 * math.fsum(rate for rates in known.rates.values() for rate in rates)
        if log_gamma == 0 or pec.max_overhead is None:
            return 1.0 if log_gamma == 0 else 0.0
        return min(1.0, max(0.0, 1 - math.log(pec.max_overhead) / (2 * log_gamma)))

    def _scaled(self, gamma: float) -> Amount:
        """Randomizations in proportion to what cancelling spreads values by."""
        limit = self.options.resilience.pec.max_overhead
        overhead = gamma**2 if limit is None else min(gamma**2, limit)
        self.notes["pec"] = {**self.notes.get("pec", {}), "sampling_overhead": gamma**2}
        randomizations = math.ceil(self.amount.randomizations * overhead)
        self.taken = Amount(randomizations, self.amount.shots)
        return self.taken

    def plans(self) -> Iterator[Plan]:
        """What `run` needs."""
        if self._knowing is not None:
            yield from self._knowing.plans(self.runner)
        if self._reading is not None:
            yield self._reading.plan(self.runner)
        for measurement in self._measurements(self._guessed(), 0):
            yield measurement.plan(self.runner)

    def _guessed(self) -> Known | None:
        """About what will be learned, by the model of the noise: enough to say what it will cost to
        put in or to cancel."""
        if self._knowing is None or self.runner.noise is None:
            return None
        sites = noise_sites(self.pub.batch.structure, self.runner.noise)
        odds = sites.error_odds + sites.damping_odds.sum(axis=1) / 2
        firsts, ends = sites.starts[:-1], sites.starts[1:]
        rates = {gate: float(odds[firsts[gate] : ends[gate]].sum()) / 15 for gate in self._twirled}
        return Known({gate: (rate,) * 15 for gate, rate in rates.items()}, 0, 0)

    @property
    def decoupled(self) -> str:
        """What came of dynamical decoupling, for the metadata."""
        if not self.options.dynamical_decoupling.enable:
            return "off"
        if not Durations(self.runner.noise).any:
            return "nothing was decoupled: the gates of this machine have no durations"
        count = sum(len(some) for some in self._pulses.values())
        return f"{count} pulses in each circuit"
