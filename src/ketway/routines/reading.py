"""Reading final measurements of twirled qubits: what is flipped, what is read wrong, and back.

A flip before a measurement, undone on its bit, changes only how often the bit is read wrong. So a
circuit is run once, without errors of reading, for all randomizations of its measurements, and they
are read here, each with its own flips.
"""

from __future__ import annotations

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats
from ketway.devices.noise import NoiseModel
from ketway.engines import seeds as sources
from ketway.engines.noise import misreadings
from ketway.routines.parities import Words
from ketway.routines.placing import Index


def well_read(noise: NoiseModel | None) -> NoiseModel | None:
    """The model without errors of reading; None if nothing is left of it."""
    if noise is None:
        return None
    left = msgspec.structs.replace(
        noise,
        readout=0.0,
        qubits=tuple(
            msgspec.structs.replace(entry, p01=None, p10=None)
            for entry in noise.qubits
            if entry.times
        ),
    )
    return None if left.ideal else left


def evenly_read(noise: NoiseModel | None) -> NoiseModel | None:
    """The model in which a 0 is read wrong as often as a 1, as twirled readings are on average."""
    if noise is None:
        return None
    qubits = []
    for entry in noise.qubits:
        if entry.misread:
            even = ((entry.p01 or 0.0) + (entry.p10 or 0.0)) / 2
            qubits.append(msgspec.structs.replace(entry, p01=even, p10=even))
        else:
            qubits.append(entry)
    return msgspec.structs.replace(noise, qubits=tuple(qubits))


def read_twirled(
    shots: Words, first: int, qubits: Index, noise: NoiseModel, parts: int, seed: int
) -> Words:
    """Shots of shape (rows, shots, words), as they are read: bit `first + j` is `qubits[j]`, and is
    flipped in half of the `parts` that the shots of a row are in."""
    rows, count, _ = shots.shape
    odds = misreadings(noise, tuple(qubits.tolist()))
    out = shots.copy()
    size = 8 * shots.dtype.itemsize
    for j, (zero, one) in enumerate(odds.tolist()):
        if not (zero or one):
            continue
        word, bit = divmod(first + j, size)
        place = shots.dtype.type(bit)
        ones = (shots[..., word] >> place & shots.dtype.type(1)).astype(np.bool_)
        source = sources.bits(seed, f"reading {j}")
        ones ^= _flips(source, rows, parts, count)
        drawn = np.asarray(source.random_raw(rows * count), dtype=np.uint64).reshape(rows, count)
        wrong = drawn < np.where(ones, _limit(one), _limit(zero))
        out[..., word] ^= wrong.astype(shots.dtype) << place
    return out


def _flips(source: np.random.Philox, rows: int, parts: int, count: int) -> NDArray[np.bool_]:
    raw = np.asarray(source.random_raw(rows * parts), dtype=np.uint64).reshape(rows, parts)
    return np.repeat((raw >> np.uint64(63)).astype(np.bool_), count // parts, axis=1)


def _limit(odds: float) -> np.uint64:
    """Random words are below this as often."""
    return np.uint64(min(int(odds * 2**64), 2**64 - 1))


def shrunk(noise: NoiseModel | None, qubits: Index) -> Floats:
    """What twirled readings shrink mean values by, for each qubit."""
    if noise is None:
        return np.ones(len(qubits))
    found: Floats = 1 - misreadings(noise, tuple(qubits.tolist())).sum(axis=1)
    return found
