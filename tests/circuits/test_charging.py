from __future__ import annotations

import numpy as np
import pytest

from ketway.circuits.charging import charged
from ketway.circuits.circuit import Builder
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.noise import noise_sites


def test_a_gate_counts_by_the_qubits_it_acts_on() -> None:
    builder = Builder(5, 5)
    builder.add(Kind.H, (0,))
    builder.add(Kind.X, (1,), controls=(0,))
    builder.add(Kind.SWAP, (1, 2))
    builder.add(Kind.NOP, (1,))
    builder.add(Kind.MEASURE, (1, 1))
    builder.add(Kind.RESET, (1,))
    builder.add(Kind.GLOBAL_PHASE, (), (0.3,))
    assert charged(builder.circuit().structure) == (1, 2)


@pytest.mark.parametrize("controls", [2, 3, 4])
def test_controls_count_as_the_price_list_says(controls: int) -> None:
    """Microsoft's pricing page: a NOT with three controls is billed as 6 (4 - 2) = 12."""
    builder = Builder(6)
    builder.add(Kind.X, (5,), controls=range(controls))
    assert charged(builder.circuit().structure) == (0, 6 * (controls + 1 - 2))


def test_noise_strikes_as_often_as_is_charged() -> None:
    builder = Builder(6)
    builder.add(Kind.H, (0,))
    builder.add(Kind.X, (5,), controls=(0, 1, 2))
    builder.add_pauliexp((0, 1, 2), ("XYZ", "IZI", "ZIZ"), (0.1, 0.2, 0.3))
    builder.add_pauliexp((3,), ("X",), (0.1,), controls=(4,))
    structure = builder.circuit().structure
    one, two = charged(structure)
    sites = noise_sites(structure, NoiseModel("some", one_qubit=0.1, two_qubit=0.1))
    widths = np.where(sites.qubits[:, 1] >= 0, 2, 1)
    assert (one, two) == (int((widths == 1).sum()), int((widths == 2).sum())) == (2, 20)
