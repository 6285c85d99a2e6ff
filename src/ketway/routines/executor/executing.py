"""Running a quantum program: draw the angles, run the circuits, put the tensors together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Register
from ketway.engines.seeds import derive
from ketway.jobs.results import width_of
from ketway.routines.executor.answer import Answer, Chunk
from ketway.routines.executor.errors import placed
from ketway.routines.executor.program import (
    Item,
    MeasurementLevel,
    QuantumProgram,
    SamplexItem,
)
from ketway.routines.executor.readout import points
from ketway.routines.executor.samplex.interface import ANGLES
from ketway.routines.executor.sizing import CHUNK_BYTES, check_size
from ketway.routines.runner import Runner

_KEYS: Final = 3
"""Draws of an item: its samplex, its shots, its readout."""


def utc() -> datetime:
    return datetime.now(UTC)


def execute(program: QuantumProgram, runner: Runner, now: Callable[[], datetime] = utc) -> Answer:
    """The same seed of the runner gives the same tensors, however the items are chunked."""
    check_size(program)
    items: list[dict[str, NDArray[Any]]] = []
    chunks: list[Chunk] = []
    for index in range(len(program.items)):
        made = _Execution(program, index, runner, now)
        items.append(made.run())
        chunks += made.chunks
    return Answer(tuple(items), tuple(chunks), program.role, program.passthrough)


class _Execution:
    """One item while it is run."""

    def __init__(
        self, program: QuantumProgram, index: int, runner: Runner, now: Callable[[], datetime]
    ) -> None:
        self.item: Item = program.items[index]
        self.level: MeasurementLevel = program.level
        self.shots, self.index, self.runner, self.now = program.shots, index, runner, now
        self.chunks: list[Chunk] = []

    def seed(self, draw: int) -> int:
        return derive(self.runner.seed, _KEYS * self.index + draw)

    def run(self) -> dict[str, NDArray[Any]]:
        item = self.item
        with placed(self.index):
            found, batch = self._bound()
            bits = self._measured(batch)
        for register in item.circuit.registers:
            shape = (*item.shape, self.shots, len(register.bits))
            found |= self._levels(register.name, bits[register.name].reshape(shape))
        return found

    def _levels(self, name: str, bits: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        if self.level == "classified":
            return {name: bits}
        read = points(bits, self.seed(2), name)
        if self.level == "avg_kerneled":
            return {f"{name}_avg_iq": read.mean(axis=-2)}
        return {f"{name}_iq": read} | ({name: bits} if self.level == "both" else {})

    # -- binding ----------------------------------------------------------------------------------

    def _bound(self) -> tuple[dict[str, NDArray[Any]], Batch]:
        """What the samplex says beside the angles, and one circuit for each element of the item."""
        item = self.item
        if isinstance(item, SamplexItem):
            drawn = _sampled(item, self.seed(0))
            values = drawn.pop(ANGLES, np.zeros((*item.shape, 0)))
            return drawn, item.circuit.batch(values.reshape(-1, values.shape[-1]))
        own = item.arguments.shape[-1]
        values = np.broadcast_to(item.arguments, (*item.shape, own))
        return {}, item.circuit.batch(values.reshape(prod(item.shape), own))

    # -- measuring --------------------------------------------------------------------------------

    def _measured(self, batch: Batch) -> dict[str, NDArray[np.bool_]]:
        registers = self.item.circuit.registers
        found = {
            r.name: np.zeros((len(batch), self.shots, len(r.bits)), np.bool_) for r in registers
        }
        seed = self.seed(1)
        for rows in self._parts(batch):
            start = self.now()
            part = Batch(batch.structure, batch.params[rows])
            # What no instruction measures stays 0; such a circuit need not be run.
            if batch.structure.measured:
                seeds = [derive(seed, row) for row in range(rows.start, rows.stop)]
                outcomes = self.runner.sample_seeded(part, self.shots, seeds)
                _unpack(outcomes, registers, found, rows)
            self.chunks.append(
                Chunk(start, self.now(), self.index, len(self.item.shape), rows.start, rows.stop)
            )
        return found

    def _parts(self, batch: Batch) -> Iterator[slice]:
        size = self.item.chunk
        if size is None:
            size = max(1, CHUNK_BYTES // (self.shots * width_of(batch.structure.outcome_bits)))
        for first in range(0, len(batch), size):
            yield slice(first, min(first + size, len(batch)))


def _unpack(
    outcomes: NDArray[np.uint8],
    registers: Sequence[Register],
    found: dict[str, NDArray[np.bool_]],
    rows: slice,
) -> None:
    """Outcomes to bits of each register, one row of circuits at a time."""
    for row, taken in zip(range(rows.start, rows.stop), outcomes, strict=True):
        bits = np.unpackbits(taken, axis=1, bitorder="little")
        for register in registers:
            found[register.name][row] = bits[:, list(register.bits)]


def _sampled(item: SamplexItem, seed: int) -> dict[str, NDArray[Any]]:
    """The outputs of the samplex: shape (item's shape …, its own dimensions)."""
    shape, sweep = item.shape, item.inputs.shape
    padded = (1,) * (len(shape) - len(sweep)) + sweep
    swept = [axis for axis, size in enumerate(padded) if size > 1]
    drawn = [axis for axis, size in enumerate(padded) if size <= 1]
    randomizations = prod(shape[axis] for axis in drawn)
    found = item.samplex.sample(item.inputs, randomizations, seed)
    order = np.argsort([*swept, *drawn])
    made = {}
    for name, values in found.items():
        own = values.shape[2:]
        apart = values.reshape(*(shape[axis] for axis in (*swept, *drawn)), *own)
        rest = range(len(shape), len(shape) + len(own))
        made[name] = apart.transpose(*order, *rest)
    return made
