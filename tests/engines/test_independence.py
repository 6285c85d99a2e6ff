"""Shots of neighbouring seeds, and of neighbouring circuits of a batch, have nothing in common."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.chance import binomial_fits

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Task
from ketway.engines.planner import ENGINES
from ketway.engines.seeds import derive

QUBITS, SHOTS = 6, 3000
NOISE = NoiseModel("independent", 0.3, 0.3)


def coins() -> Builder:
    """Every outcome is as likely as every other, so each bit of each shot is a coin."""
    b = Builder(QUBITS)
    for q in range(QUBITS):
        b.add(Kind.H, [q])
    return b


def drawn(engine: str, seeds: tuple[int, ...], noise: NoiseModel | None) -> list[NDArray[np.uint8]]:
    """The bits of all shots, in the order taken, for each row."""
    structure = coins().circuit().structure
    batch = Batch(structure, np.zeros((len(seeds), 0)))
    found = []
    for result in ENGINES[engine].run(Task(batch, seeds, SHOTS, False, noise)):
        assert result.shots is not None
        bits = np.unpackbits(result.outcomes, axis=1, bitorder="little")[:, :QUBITS]
        found.append(bits[result.shots].ravel())
    return found


@pytest.mark.parametrize("noise", [None, NOISE], ids=["ideal", "noisy"])
@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_what_is_drawn_is_independent(engine: str, noise: NoiseModel | None) -> None:
    neighbours = (0, 1, 2)
    circuits = tuple(derive(7, i) for i in range(3))
    streams = drawn(engine, neighbours + circuits, noise)
    for one, other in combinations(streams, 2):
        assert binomial_fits(int((one ^ other).sum()), one.size, 0.5)
        # Nor is one the other with a delay of a shot.
        assert binomial_fits(int((one[QUBITS:] ^ other[:-QUBITS]).sum()), one.size - QUBITS, 0.5)
    for stream in streams:
        rows = stream.reshape(SHOTS, QUBITS)
        for j, k in combinations(range(QUBITS), 2):
            assert binomial_fits(int((rows[:, j] ^ rows[:, k]).sum()), SHOTS, 0.5)
