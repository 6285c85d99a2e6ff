"""What a run will need, from the bounds of its bonds as they grow gate by gate."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from ketway.circuits.circuit import Structure
from ketway.devices.noise import NoiseModel
from ketway.engines.mps_program import cross, crossings, lower, no_bonds
from ketway.engines.mps_reading import MOST_OUTCOMES, ROW_NUMBERS
from ketway.engines.noise import noise_sites

_SITE: Final = 3e-5
"""Seconds for one tensor to meet an operator, and its share of the sweeps that follow."""
_CUT: Final = 2e-8
"""Seconds to cut a bond, by its cube: 1.3e-8 with 64, 9e-9 with 128, and what goes around it."""
_DRAWN: Final = 3e-10
"""Seconds of a shot at a site, by the product of its bonds; measured with 64: 2.3e-10."""
_RUN_SHARE: Final = 0.6
"""Of a run that a shot with an error takes on its own: its first error is midway."""


def estimate(
    structure: Structure,
    rows: int,
    shots: int,
    noise: NoiseModel | None,
    exact: bool,
    kept: int,
    most: int | None,
) -> tuple[int, float]:
    program = lower(structure, noise)
    cuts = no_bonds(program)
    limit = 62.0 if most is None else math.log2(2 * most)
    running = len(program.blocks) * _SITE
    for sites, rank in crossings(program):
        cross(cuts, sites, rank)
        for cut in range(sites[0] + 1, sites[-1] + 1):
            cuts[cut] = min(cuts[cut], limit)
            running += _SITE + _CUT * 8.0 ** cuts[cut]
    bonds = [2.0**cut for cut in cuts]
    pairs = [left * right for left, right in pairwise(bonds)]
    qubits = len(program.site_of)
    reading = shots * (sum(pairs) * _DRAWN + qubits * 2e-7) + qubits * 1e-4
    paths = 1.0
    if noise is not None and not noise.ideal:
        paths += shots * min(1.0, noise_sites(structure, noise).expected) * _RUN_SHARE
    if program.eventful:
        paths += shots
    state = 32 * sum(pairs)
    copies = 2.0 + min(paths - 1, 64.0)
    listed = min(MOST_OUTCOMES, 2.0 ** min(len(program.readout.qubits), 62)) if exact else 0.0
    size = state * (2 + copies) + 400.0 * max(pairs, default=1.0) + 2400.0 * structure.gates
    size += 40 * shots * structure.outcome_bits / 8 + (qubits + 80) * listed + (32 << 20)
    size += 48 * min(ROW_NUMBERS, (shots + listed) * 2 * max(bonds))
    seconds = rows * (paths * running + reading + structure.gates * 2e-5 + listed * 4e-7)
    return int(min(size, 2.0**62)), min(seconds, 1e18)
