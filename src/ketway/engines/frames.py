"""Pauli frames: how each shot differs from one reference sample.

A frame is a Pauli per shot. Random outcomes and noise put Paulis into it, Clifford gates move them,
and a measurement flips where the frame holds X. Stim has the same idea; this is our own because its
random numbers differ between versions and processors, and a seed here must give the same bytes
everywhere. Frames are packed, 64 shots to a word, one row for X and one for Z of each qubit.

The same walk also answers a question without shots: if a column stands for a random choice instead
of a shot, the walk tells which outcome bits each choice flips, which is the whole distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.engines import clifford_program as code
from ketway.engines.bitrows import Words
from ketway.engines.clifford_program import Program
from ketway.engines.faults import FaultSource, coin_words

Choose: TypeAlias = Callable[[NDArray[np.uint64]], None]
"""Puts a random choice into a row."""


class Choices:
    """Columns are random choices: the n-th choice made is column n."""

    def __init__(self) -> None:
        self.made = 0

    def choose(self, row: Words) -> None:
        word, bit = divmod(self.made, 64)
        row[word] ^= np.uint64(1 << bit)
        self.made += 1


class Coins:
    """Columns are shots: a choice is a fair coin for each."""

    def __init__(self, source: np.random.Philox) -> None:
        self.source = source

    def choose(self, row: Words) -> None:
        row ^= coin_words(self.source, len(row))


def walk(program: Program, columns: int, choose: Choose, faults: FaultSource | None) -> Words:
    """Carry frames through a program: for each outcome bit, the columns that flip it."""
    words = (columns + 63) // 64
    frames = np.zeros((2 * program.qubits, words), dtype=np.uint64)
    x, z = list(frames[: program.qubits]), list(frames[program.qubits :])
    out = np.zeros((program.bits, words), dtype=np.uint64)
    xor = np.bitwise_xor
    for row in z:
        choose(row)
    for step, a, b in program.steps:
        if step == code.CX:
            xor(x[b], x[a], x[b])
            xor(z[a], z[b], z[a])
        elif step == code.SWAP_XZ:
            x[a], z[a] = z[a], x[a]
        elif step == code.Z_FROM_X:
            xor(z[a], x[a], z[a])
        elif step == code.X_FROM_Z:
            xor(x[a], z[a], x[a])
        elif step == code.CZ:
            xor(z[b], x[a], z[b])
            xor(z[a], x[b], z[a])
        elif step == code.SWAP:
            x[a], x[b], z[a], z[b] = x[b], x[a], z[b], z[a]
        elif step == code.ROOT:
            _root(program.products[a], x, z, words)
        elif step == code.NOISE_1:
            assert faults is not None
            flips_x, flips_z = faults.pauli()
            xor(x[a], flips_x, x[a])
            xor(z[a], flips_z, z[a])
        elif step == code.NOISE_2:
            assert faults is not None
            first_x, first_z, second_x, second_z = faults.pauli()
            xor(x[a], first_x, x[a])
            xor(z[a], first_z, z[a])
            xor(x[b], second_x, x[b])
            xor(z[b], second_z, z[b])
        elif step == code.RESET:
            x[a][:] = 0
            z[a][:] = 0
            choose(z[a])
        else:
            out[b] = x[a]
            if faults is not None:
                faults.misread(out[b])
            if step == code.MEASURE:
                # What is measured has no phase left: half the shots get a Z, which changes nothing
                # that can be seen except what is random.
                choose(z[a])
    return out


def _root(product: code.Product, x: list[Words], z: list[Words], words: int) -> None:
    """A frame that anticommutes with the product is multiplied by it."""
    odd = np.zeros(words, dtype=np.uint64)
    for qubit in product.x:
        odd ^= z[qubit]
    for qubit in product.z:
        odd ^= x[qubit]
    for qubit in product.x:
        x[qubit] ^= odd
    for qubit in product.z:
        z[qubit] ^= odd
