"""Circuits whose shots are wanted, with twirls on their gates, their measurements, or both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats
from ketway.circuits.gates import Kind
from ketway.engines import seeds as sources
from ketway.jobs.results import width_of
from ketway.routines.mitigation.twirling import ANGLES, conjugations, odd_draws
from ketway.routines.mitigation.weaving import Pulse, Weave
from ketway.routines.placing import Index
from ketway.routines.sketch import Sketch


class TwirledShots:
    """Rows of one structure that differ in the Paulis of their twirls.

    A twirled measurement is of a qubit that was flipped or not; the bit is flipped back, and so is
    the qubit if anything follows. Where classical bits decide what happens, nothing is twirled.
    """

    def __init__(
        self,
        batch: Batch,
        *,
        gates: bool,
        measurements: bool,
        pulses: dict[int, tuple[Pulse, ...]] | None = None,
    ) -> None:
        structure = batch.structure
        twirled = conjugations(batch) if gates else {}
        self._weave = Weave(structure, twirled, pulses=pulses or {})
        self._width = width_of(structure.outcome_bits)
        self._dressed: list[tuple[int, int]] = []  # a fresh column, and the measurement it is for
        self._bits: dict[int, int] = {}  # each bit, and the measurement that writes it last
        self._count = 0
        flipping = measurements and not structure.has_control
        sketch = Sketch(structure)
        last = _last_uses(batch) if flipping else np.zeros(0, np.int64)
        for gate in range(structure.gates):
            if not flipping or structure.kinds[gate] != Kind.MEASURE:
                self._weave.put(sketch, gate)
                continue
            qubit, bit = structure.operands_of(gate)
            self._dressed.append((sketch.dress(qubit), self._count))
            self._weave.put(sketch, gate)
            if last[qubit] > gate:
                self._dressed.append((sketch.dress(qubit), self._count))
            self._bits[bit] = self._count
            self._count += 1
        self._weave.close(sketch)
        self._drawn = sketch.done()

    @property
    def params(self) -> int:
        """Parameters of a row."""
        return len(self._drawn.columns)

    def rows(self, params: Floats, seeds: Index) -> tuple[Batch, NDArray[np.uint8] | None]:
        """Rows of these parameters and seeds, and what is to be flipped in their outcomes."""
        fresh = np.zeros((len(seeds), self._drawn.fresh))
        self._weave.fill(fresh, seeds)
        if not self._count:
            return self._drawn.batch(params, fresh), None
        raw = [sources.bits(s, "flips").random_raw(self._count) for s in seeds.tolist()]
        flips = odd_draws(np.array(raw, dtype=np.uint64)).reshape(len(seeds), self._count)
        for first, measurement in self._dressed:
            fresh[:, first : first + 3] = ANGLES[flips[:, measurement].astype(np.int64)]
        bits = np.zeros((len(seeds), 8 * self._width), dtype=np.bool_)
        for bit, measurement in self._bits.items():
            bits[:, bit] = flips[:, measurement]
        return self._drawn.batch(params, fresh), np.packbits(bits, axis=1, bitorder="little")


def _last_uses(batch: Batch) -> Index:
    """The last gate on each qubit."""
    structure = batch.structure
    starts = structure.operand_starts
    out = np.full(structure.qubits, -1, dtype=np.int64)
    for gate in range(structure.gates):
        own = structure.operands[starts[gate] : starts[gate + 1]]
        out[own[:1] if structure.kinds[gate] == Kind.MEASURE else own] = gate
    return out
