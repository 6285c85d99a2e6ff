"""TREX: how much readings shrink mean values, and dividing by it.

With twirled measurements a bit is wrong as often if it is 0 as if it is 1, so the mean of a product
of readings is too small by a factor 1 - 2 e for each, e being how often it is wrong on average.
That factor is the mean reading of a qubit that is 0.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Builder, Floats
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.observables import Bits, Observables
from ketway.routines.bodies import Plain
from ketway.routines.configurations import configurations, letters_of
from ketway.routines.measuring import Measurement
from ketway.routines.mitigation.layers import digest_of
from ketway.routines.mitigation.shots import Amount
from ketway.routines.placing import Index
from ketway.routines.pubs import EstimatorPub
from ketway.routines.runner import Runner

_LEAST = 1e-3
"""A reading that tells less than this is taken to tell so much: noise must not be divided by."""


class ReadoutLearning:
    """The circuit that learns the readings of some qubits: each is 0, flipped or not, and read."""

    def __init__(self, width: int, qubits: Index, amount: Amount, noise: NoiseModel | None) -> None:
        """`width`: qubits of the machine."""
        self.qubits = qubits
        if noise is not None:  # there are no gates, so theirs need not be looked at
            noise = msgspec.structs.replace(noise, one_qubit=0.0, two_qubit=0.0, gates=())
        self._key = digest_of((qubits.tolist(), *amount))
        circuit = Builder(width).circuit()
        z = np.zeros((len(qubits), width), dtype=np.bool_)
        z[np.arange(len(qubits)), qubits] = True
        packed = np.packbits(z, axis=1, bitorder="little")
        bits = Bits(np.zeros_like(packed), packed)
        each = np.arange(len(qubits))
        self._observables = Observables.of_bits(
            width, bits, np.arange(len(qubits) + 1), np.ones(len(qubits))
        )
        pub = EstimatorPub(
            Batch(circuit.structure, np.zeros((1, 0))),
            (len(qubits),),
            np.zeros_like(each),
            self._observables,
            each,
            0.0,
        )
        self._wanted = configurations(pub)
        self._measurement = Measurement(
            pub.batch, self._wanted, Plain(), amount, noise, flipped=True
        )

    def run(self, runner: Runner) -> Floats:
        """For each qubit, what its readings shrink mean values by."""

        def learned() -> Floats:
            means = self._measurement.run(runner, letters_of(self._observables), self._key)
            return self._wanted.sums(means.values)

        return runner.once(f"readout {self._key}", learned)

    def plan(self, runner: Runner) -> Plan:
        return self._measurement.plan(runner)


def shrinking(letters: NDArray[np.uint8], qubits: Index, factors: Floats) -> Floats:
    """What readings shrink each product by, where `factors` are those of these qubits."""
    held = letters[:, qubits] > 0
    each = np.where(held, np.maximum(factors, _LEAST), 1.0)
    out: Floats = np.prod(each, axis=1)
    return out
