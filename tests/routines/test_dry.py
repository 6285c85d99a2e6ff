from __future__ import annotations

import numpy as np
import pytest
from tests.routines.making import ladder

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.engines.observables import Observables
from ketway.engines.planner import Machine
from ketway.routines.dry import DryRunner


def runner() -> DryRunner:
    return DryRunner(noise=None, machine=Machine(1 << 30), seed=3)


@pytest.mark.parametrize("bits", [1, 7, 8, 9, 64, 70])
def test_dice_have_the_shape_of_shots(bits: int) -> None:
    builder = Builder(1, bits)
    builder.add(Kind.MEASURE, [0, bits - 1])
    circuit = builder.circuit()
    batch = Batch(circuit.structure, np.zeros((3, 0)))
    found = runner().sample(batch, 400, 0)
    assert found.shape == (3, 400, (bits + 7) // 8)
    ones = np.unpackbits(found, axis=2, bitorder="little").mean(axis=(0, 1))
    assert np.all(ones[bits:] == 0)
    assert np.all(np.abs(ones[:bits] - 0.5) < 0.1)


def test_dice_have_the_shape_of_values() -> None:
    observables = Observables.of_labels(5, [[("ZZIII", 0.5), ("IIIII", 2.0)], [("XXXXX", 1.0)]])
    found = runner().expect(ladder(4), observables)
    assert found.shape == (4, 2)
    assert np.all(np.abs(found[:, 0] - 2) <= 0.5)
    assert np.ptp(found[:, 1]) > 0
