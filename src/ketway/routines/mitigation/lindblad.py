"""Learning the noise of a layer: rates of Paulis, from how mean values fall with depth.

Twirled, the noise of a gate is a mixture of Paulis: it multiplies each Pauli by a fidelity. A Pauli
is prepared, the layer is run twice, four times and so on, and the Pauli is measured. Two runs of a
gate bring a Pauli P back (the gate is its own inverse, but for Paulis), by way of another, Q. So
what is learned is the product of two fidelities, f(P) f(Q), whatever errors there are in preparing
and reading; each is taken to be its root. The rates follow from the logarithms, by least squares
with no rate below 0 (van den Berg and others, arXiv:2201.09866).

Noise here strikes the qubits of a gate and no others, so each gate has 15 rates of its own, and the
gates of a layer can be learned from the same circuits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ketway.circuits.circuit import Batch, Builder, Floats
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.clifford_gates import full_matrices
from ketway.engines.engine import Plan
from ketway.engines.observables import Bits, Observables
from ketway.engines.seeds import derive
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.configurations import configurations, letters_of
from ketway.routines.measuring import Measurement
from ketway.routines.mitigation.extrapolation import fit
from ketway.routines.mitigation.injecting import GENERATORS
from ketway.routines.mitigation.layers import Entangler, Layer, digest_of
from ketway.routines.mitigation.shots import Amount
from ketway.routines.mitigation.solving import nonnegative
from ketway.routines.mitigation.twirling import PAIRS, conjugations, twirls_matter
from ketway.routines.mitigation.weaving import Weave
from ketway.routines.placing import Index
from ketway.routines.pubs import EstimatorPub
from ketway.routines.runner import Runner

_PREPARED: Final = np.array(
    [(0.0, 0.0, 0.0), (math.pi / 2, 0.0, math.pi), (math.pi / 2, math.pi / 2, math.pi), (0.0,) * 3]
)
"""Angles of the dressing that makes a 0 the state on which I, X, Y or Z is 1."""

_BASES: Final = tuple(itertools.product((1, 2, 3), repeat=2))
"""Letters on the first and on the second qubit of every gate."""

_APART: Final = 2
"""Gates of a layer that are learned together, where qubits relax."""

_LEAST: Final = 1e-6
"""Fidelities below this are taken to be this."""


def anticommuting() -> Floats:
    """Shape (15, 15): 1 where Paulis on two qubits anticommute."""
    x = np.array([[p & 3 in (1, 2), p >> 2 in (1, 2)] for p in GENERATORS.tolist()], dtype=float)
    z = np.array([[p & 3 >= 2, p >> 2 >= 2] for p in GENERATORS.tolist()], dtype=float)
    found: Floats = (x @ z.T + z @ x.T) % 2
    return found


@dataclass(frozen=True)
class Learned:
    """The noise of the gates of a layer, in their order."""

    rates: Floats
    """Shape (gates, 15): of the Paulis 1 to 15."""
    errors: Floats
    """Their standard errors."""


class LayerLearning:
    """How one layer is learned."""

    def __init__(
        self,
        width: int,
        layer: Layer,
        depths: Sequence[int],
        amount: Amount,
        noise: NoiseModel | None,
    ) -> None:
        """`width`: qubits of the machine; `depths`: in pairs of the layer."""
        if len(set(depths)) < 2:
            raise FailedError(
                Failure(
                    Code.INVALID_INPUT,
                    "Noise is learned from how values fall with depth: give at least two different "
                    "numbers in layer_pair_depths.",
                )
            )
        # Gates of a layer share nothing. Engines that relax qubits need few of them at a time.
        step = _APART if noise is not None and noise.relaxes else len(layer.entanglers)
        self._parts = [
            _Part(width, Layer(layer.entanglers[k : k + step]), depths, amount, noise)
            for k in range(0, len(layer.entanglers), max(1, step))
        ]

    def run(self, runner: Runner) -> Learned:
        parts = [part.run(runner) for part in self._parts]
        return Learned(
            np.concatenate([part.rates for part in parts]),
            np.concatenate([part.errors for part in parts]),
        )

    def plans(self, runner: Runner) -> Iterator[Plan]:
        for part in self._parts:
            yield from part.plans(runner)


class _Part:
    """The circuits that learn some gates of a layer."""

    def __init__(
        self,
        width: int,
        layer: Layer,
        depths: Sequence[int],
        amount: Amount,
        noise: NoiseModel | None,
    ) -> None:
        self.layer, self.depths = layer, sorted(set(depths))
        # What it draws follows from what it is, whichever PUB comes to it first.
        self._key = digest_of((layer.digest, *amount, *self.depths))
        self._observables, self._points, self._members = _wanted(width, layer)
        self._measurements = [
            self._measurement(width, depth, amount, noise) for depth in self.depths
        ]

    def _measurement(
        self, width: int, depth: int, amount: Amount, noise: NoiseModel | None
    ) -> Measurement:
        qubits = [qubit for e in self.layer.entanglers for qubit in e.qubits]
        builder = Builder(width)
        for qubit in qubits:
            builder.add(Kind.DRESSING, [qubit], [0.0] * 3)
        for _ in range(2 * depth):
            for e in self.layer.entanglers:
                builder.add(e.kind, e.qubits[e.controls :], e.params, e.qubits[: e.controls])
        circuit = builder.circuit()
        params = np.tile(circuit.params, (len(_BASES), 1))
        for point, basis in enumerate(_BASES):
            angles = _PREPARED[list(basis) * len(self.layer.entanglers)]
            params[point, : 3 * len(qubits)] = angles.ravel()
        batch = Batch(circuit.structure, params)
        pub = EstimatorPub(
            batch, self._points.shape, self._points, self._observables, self._members, 0.0
        )
        body = Weave(circuit.structure, conjugations(batch) if twirls_matter(noise) else {})
        return Measurement(batch, configurations(pub), body, amount, noise, flipped=True)

    def run(self, runner: Runner) -> Learned:
        return runner.once(f"layer {self._key}", lambda: self._learned(runner))

    def _learned(self, runner: Runner) -> Learned:
        letters = letters_of(self._observables)
        values, errors = [], []
        for depth, measurement in zip(self.depths, self._measurements, strict=True):
            means = measurement.run(runner, letters, derive(self._key, depth))
            wanted = measurement.wanted
            values.append(wanted.sums(means.values))
            errors.append(wanted.errors(np.maximum(means.squares, means.ensemble)))
        falls = self._averaged(np.array(values), np.array(errors))
        return self._solved(*falls)

    def _averaged(self, values: Floats, errors: Floats) -> tuple[Floats, Floats]:
        """Of each Pauli, over the bases that it was measured in: shape (depths, gates, 15)."""
        gates = len(self.layer.entanglers)
        sums = np.zeros((2, len(self.depths), 15 * gates))
        counts = np.bincount(self._members, minlength=15 * gates)
        for k, (value, error) in enumerate(zip(values, errors, strict=True)):
            sums[0, k] = np.bincount(self._members, value, 15 * gates) / counts
            sums[1, k] = np.sqrt(np.bincount(self._members, error**2, 15 * gates)) / counts
        shape = (len(self.depths), gates, 15)
        return sums[0].reshape(shape), sums[1].reshape(shape)

    def _solved(self, values: Floats, errors: Floats) -> Learned:
        matrix = 2 * anticommuting()
        inverse = np.linalg.inv(matrix)
        x = np.array(self.depths, dtype=np.float64)
        rates, spreads = [], []
        for g, entangler in enumerate(self.layer.entanglers):
            signs = _returning(entangler)
            logs, log_errors = np.zeros(15), np.zeros(15)
            for p in range(15):
                y = values[:, g, p] * signs[p] ** x
                fitted = fit(x, y, errors[:, g, p], "exponential")
                fall = math.log(_LEAST) if fitted is None else float(fitted.params[1])
                # Of a pair of layers; each is taken to do half.
                logs[p] = -min(0.0, max(math.log(_LEAST), fall)) / 2
                if fitted is not None:
                    log_errors[p] = math.sqrt(max(0.0, fitted.covariance[1, 1])) / 2
            rates.append(nonnegative(matrix, logs))
            spreads.append(np.sqrt(inverse**2 @ log_errors**2))
        return Learned(np.array(rates), np.array(spreads))

    def plans(self, runner: Runner) -> Iterator[Plan]:
        for measurement in self._measurements:
            yield measurement.plan(runner)


def returns(entangler: Entangler) -> bool:
    """Whether two runs of a gate bring every Pauli back."""
    square = np.linalg.matrix_power(_matrix(entangler), 2)
    kept = np.abs(np.einsum("ij,pjk,lk,pli->p", square, PAIRS, square.conj(), PAIRS)) / 4
    return bool((kept > 1 - 1e-9).all())


def _matrix(entangler: Entangler) -> np.ndarray[tuple[int, ...], np.dtype[np.complex128]]:
    params = np.array([entangler.params]).reshape(1, -1)
    found = full_matrices(entangler.kind, entangler.controls, params)[0]
    return np.asarray(found, dtype=np.complex128)


def _returning(entangler: Entangler) -> Floats:
    """With which sign two runs of a gate bring each of the Paulis 1 to 15 back."""
    square = np.linalg.matrix_power(_matrix(entangler), 2)
    kept = np.einsum("ij,pjk,lk,pli->p", square, PAIRS, square.conj(), PAIRS)
    signs: Floats = np.sign(kept.real)[1:]
    return signs


def _wanted(width: int, layer: Layer) -> tuple[Observables, Index, Index]:
    """The 15 Paulis of each gate, and which are read at which point (basis)."""
    x = np.zeros((15 * len(layer.entanglers), width), dtype=np.bool_)
    z = np.zeros_like(x)
    points, members = [], []
    for g, entangler in enumerate(layer.entanglers):
        for p in GENERATORS.tolist():
            letters = (p & 3, p >> 2)
            for qubit, letter in zip(entangler.qubits, letters, strict=True):
                x[15 * g + p - 1, qubit] = letter in (1, 2)
                z[15 * g + p - 1, qubit] = letter >= 2
            for point, basis in enumerate(_BASES):
                if all(a in (0, b) for a, b in zip(letters, basis, strict=True)):
                    points.append(point)
                    members.append(15 * g + p - 1)
    bits = Bits(
        np.packbits(x, axis=1, bitorder="little"), np.packbits(z, axis=1, bitorder="little")
    )
    observables = Observables.of_bits(width, bits, np.arange(len(x) + 1), np.ones(len(x)))
    return observables, np.array(points, dtype=np.int64), np.array(members, dtype=np.int64)
