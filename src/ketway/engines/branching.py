"""Exact distributions of circuits in which something happens on the way.

Where branches are few, each is followed with its weight, and what is read at their ends is added
up: that is exact, and often cheaper than shots. Where they are many it is given up, and shots are
taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.circuits.gates import Kind
from ketway.engines import core, seeds
from ketway.engines.engine import Precision, Task
from ketway.engines.lowering import Lowered, Readout, read_places
from ketway.jobs.results import Provenance, Result, width_of

MOST_BRANCHES: Final = 4096
_FEWEST: Final = 16
_AMPLITUDES: Final = 1 << 24
"""Branches may have so many amplitudes together, whatever shots would cost."""

_ROOM: Final = 1 << 22
"""Outcomes of one circuit, those that several branches end in counted for each."""

_WORD: Final = 64
"""Slots of the records that are walked."""

_FLOOR: Final[dict[Precision, float]] = {"double": 1e-16, "single": 1e-12}
"""Branches and outcomes of less weight are left out."""


def most_branches(qubits: int, shots: int) -> int:
    """How many branches are followed: as many as shots might part into, or as cost little."""
    cheap = max(_FEWEST, _AMPLITUDES >> min(qubits, 60))
    return min(MOST_BRANCHES, max(cheap, shots))


def room_for(structure: Structure, readout: Readout, shots: int) -> int:
    """How many outcomes there is room for, those of different branches counted apart."""
    branches = most_branches(structure.qubits, shots)
    if not loops(structure):
        branches = min(branches, 1 << min(60, len(readout.events)))
    return min(_ROOM, branches << min(24, len(readout.qubits)))


def loops(structure: Structure) -> bool:
    """Whether anything may happen more than once."""
    jumps = np.flatnonzero(structure.kinds == Kind.JUMP)
    targets = structure.operands[structure.operand_starts[jumps] + 1]
    return bool((targets <= jumps).any())


def certainly_few(structure: Structure, lowered: Lowered, shots: int) -> bool:
    """Whether it is known before it runs that its distribution will be exact."""
    readout = lowered.readout
    leaves = len(readout.events) + len(readout.qubits)
    return (
        not loops(structure)
        and 1 << min(60, len(readout.events)) <= most_branches(structure.qubits, shots)
        and 1 << min(60, leaves) <= _ROOM
        and readout.width <= _WORD
    )


def exactly(
    task: Task, lowered: Lowered, words: NDArray[np.uint64], provenance: list[Provenance]
) -> Iterator[Result | None]:
    """The result of each row, or None where the branches are too many.

    `words` are the seeds of the rows, and `provenance` is what their results say of themselves.
    """
    structure, readout = task.batch.structure, lowered.readout
    if readout.width > _WORD:
        yield from [None] * len(task.batch)
        return
    most = most_branches(structure.qubits, task.shots)
    room = room_for(structure, readout, task.shots)
    flat, starts = read_places(readout)
    step = max(1, (1 << 26) // (16 * room + 8 * lowered.stride + 1))
    for start in range(0, len(task.batch), step):
        found = core.distribute(
            lowered.code,
            lowered.rows(task.batch.params[start : start + step]),
            single=task.precision == "single",
            threads=task.threads,
            floor=_FLOOR[task.precision],
            most=most,
            room=room,
            read_slots=flat,
            read_starts=starts,
            control=lowered.control,
        )
        for row, length in enumerate(found.lengths.tolist()):
            if length < 0:
                yield None
                continue
            records, weights = found.records[row, :length], found.weights[row, :length]
            outcomes, chances = _added(records, weights, len(readout.slot_bits))
            place = start + row
            yield _result(task, readout, outcomes, chances, int(words[place]), provenance[place])


def _added(
    records: NDArray[np.uint64], weights: Floats, shown: int
) -> tuple[NDArray[np.uint64], Floats]:
    """Distinct outcomes, ascending, and what they weigh in all; the weights sum to 1."""
    if shown < _WORD:
        records = records & np.uint64((1 << shown) - 1)
    outcomes, places = np.unique(records, return_inverse=True)
    chances = np.bincount(places.reshape(-1), weights=weights, minlength=len(outcomes))
    return outcomes, chances / chances.sum()


def _result(
    task: Task,
    readout: Readout,
    outcomes: NDArray[np.uint64],
    chances: Floats,
    seed: int,
    provenance: Provenance,
) -> Result:
    taken = _drawn(chances, seed, task.shots)
    drawn = np.bincount(taken, minlength=len(outcomes)).astype(np.int64)
    listed = np.ones(len(outcomes), dtype=np.bool_)
    if len(outcomes) > task.kept:  # the largest, and those that were drawn
        order = np.argsort(-chances, kind="stable")
        listed[order[task.kept :]] = False
        listed |= drawn > 0
    kept = chances[listed]
    mass = float(kept.sum())
    if not listed.all():
        provenance = msgspec.structs.replace(provenance, kept=mass)
    bits = task.batch.structure.outcome_bits
    return Result(
        bits,
        spread(outcomes[listed][:, None], readout, bits),
        kept / mass,
        drawn[listed] if task.shots else None,
        (np.cumsum(listed) - 1)[taken].astype(np.uint32) if task.shots else None,
        provenance,
    )


def _drawn(chances: Floats, seed: int, shots: int) -> NDArray[np.int64]:
    """The outcome of each shot."""
    raw = np.asarray(seeds.bits(seed, "branches").random_raw(shots), dtype=np.uint64)
    reached = np.cumsum(chances)
    drawn = (raw >> np.uint64(11)) * 2.0**-53 * reached[-1]
    last = np.flatnonzero(chances > 0)[-1]
    found: NDArray[np.int64] = np.minimum(np.searchsorted(reached, drawn, side="right"), last)
    return found


def spread(records: NDArray[np.uint64], readout: Readout, bits: int) -> NDArray[np.uint8]:
    """Records of slots, one row of words each, as outcomes."""
    out = np.zeros((len(records), width_of(bits)), dtype=np.uint8)
    for slot, bit in enumerate(readout.slot_bits):
        word = records[:, slot // 64] >> np.uint64(slot % 64)
        out[:, bit // 8] |= (word & np.uint64(1)).astype(np.uint8) << np.uint8(bit % 8)
    return out
