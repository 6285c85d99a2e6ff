"""Debiasing: one circuit as many variants, on other qubits of the device each, and read inverted.

A variant computes the same; where it errs is another matter. Its logical qubits lie on other
qubits, so a bad one of these hurts another part of the circuit each time, and some are flipped
just before they are read, which its last turns take in, so that what a 1 suffers is shared by a 0.
(Maksymov et al., "Enhancing quantum computer performance via symmetrization", arXiv:2301.07233.)
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from ketway.devices.noise import NoiseModel
from ketway.engines.seeds import bits, derive
from ketway.jobs.debiased import variants_for


class Variant(NamedTuple):
    qubits: tuple[int, ...]
    """Logical qubit k is qubit `qubits[k]` of the device."""
    flipped: tuple[int, ...]
    """The logical qubits that are read inverted."""
    shots: int
    seed: int


def variants_of(qubits: int, places: int, shots: int, seed: int) -> list[Variant]:
    """The variants of a circuit on a device with so many places; the same for the same seed."""
    source = bits(seed, "variants")
    count = variants_for(shots)
    each, more = divmod(shots, count)
    found = []
    for k in range(count):
        words = source.random_raw(places + qubits)
        order = np.argsort(words[:places], kind="stable")[:qubits]
        flipped = np.flatnonzero(words[places:] >> np.uint64(63))
        found.append(
            Variant(
                tuple(order.tolist()),
                tuple(flipped.tolist()),
                each + (k < more),
                derive(seed, k),
            )
        )
    return found


def noise_of(variant: Variant, noise: NoiseModel) -> NoiseModel:
    """The device's noise as the logical qubits of a variant meet it."""
    placed = noise.on(variant.qubits)
    if not variant.flipped or not placed.misreads:
        return placed
    known = {entry.qubit: entry for entry in placed.qubits}
    for qubit in variant.flipped:
        entry = known.get(qubit, known.get(None))
        if entry is not None:
            inverted = {"qubit": qubit, "p01": entry.p10, "p10": entry.p01}
            known[qubit] = msgspec.structs.replace(entry, **inverted)
    return msgspec.structs.replace(placed, qubits=tuple(known.values()))
