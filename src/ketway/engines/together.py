"""Many small circuits of different structures, lowered as one and run side by side.

Lowering costs a quarter of a millisecond a structure, whatever its size, because numpy does: a
thousand circuits of five qubits that share no structure would spend their time there. So they are
strung together, lowered once as if they were one circuit, and cut apart again: the arrays of each
program are slices of the arrays of all. The core then runs whole programs on its threads.

What a circuit answers is the same, byte for byte, as when it is run alone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.engines import core
from ketway.engines.engine import Task
from ketway.engines.lowering import Lowered, lower

GATES: Final = 2000
"""A structure with more gates is worth being lowered alone."""
QUBITS: Final = 14
"""A state of more qubits is worth all threads."""
_CHUNK_BYTES: Final = 1 << 26
"""So much is lowered and answered at a time."""
_GATE_BYTES: Final = 300

_PROGRAM: Final = core.layout(core.Program)
_WANTED: Final = core.layout(core.Wanted)


class Found(NamedTuple):
    """What one circuit answered, as `core.Rows` has it for many."""

    outcomes: NDArray[np.uint64]
    probabilities: NDArray[np.float64] | None
    counts: NDArray[np.int64] | None
    order: NDArray[np.uint32] | None
    mass: float


def fits(task: Task) -> bool:
    """Whether the task is one small circuit that is run from its beginning to its end."""
    structure = task.batch.structure
    return (
        len(task.batch) == 1
        and (task.noise is None or task.noise.ideal)
        and (task.exact or task.shots > 0)
        and structure.qubits <= QUBITS
        and structure.gates <= GATES
        and not structure.has_events
    )


def run(tasks: Sequence[Task], seeds: Sequence[int], floor: float, threads: int) -> Iterator[Found]:
    """The answer of each task, in their order. All `fits`, and want the same in one precision."""
    for chunk in _chunks(tasks):
        yield from _run(tasks[chunk], seeds[chunk], floor, threads)


def _chunks(tasks: Sequence[Task]) -> Iterator[slice]:
    begun, held = 0, 0
    for end, task in enumerate(tasks):
        structure = task.batch.structure
        held += _GATE_BYTES * structure.gates + 24 * _room(task) + 4 * task.shots
        if held > _CHUNK_BYTES:
            yield slice(begun, end + 1)
            begun, held = end + 1, 0
    if begun < len(tasks):
        yield slice(begun, len(tasks))


def _room(task: Task) -> int:
    most = (task.kept if task.exact else 0) + task.shots
    return min(1 << task.batch.structure.qubits, most)


def _run(
    tasks: Sequence[Task], seeds: Sequence[int], floor: float, threads: int
) -> Iterator[Found]:
    structures = [task.batch.structure for task in tasks]
    lowered = lower(_strung(structures))
    params = np.concatenate([task.batch.params[0] for task in tasks])
    numbers = lowered.rows(params[None])
    first, count = tasks[0], len(tasks)
    rooms = np.array([_room(task) for task in tasks], dtype=np.int64)
    ends = np.cumsum(rooms)
    starts = ends - rooms
    total = int(ends[-1])
    outcomes = np.empty(total, dtype=np.uint64)
    probabilities = np.empty(total) if first.exact else None
    counts = np.empty(total, dtype=np.int64) if first.shots else None
    order = np.empty((count, first.shots), dtype=np.uint32) if first.shots else None
    lengths, masses = np.empty(count, dtype=np.int64), np.empty(count)
    words = np.array(seeds, dtype=np.uint64)

    programs = _programs(structures, lowered, numbers)
    wanted = np.zeros(count, dtype=_WANTED)
    wanted["single"] = first.precision == "single"
    wanted["threads"] = 1
    wanted["exact"] = first.exact
    wanted["rows"] = 1
    wanted["shots"] = first.shots
    wanted["kept"] = first.kept
    wanted["floor"] = floor
    wanted["room"] = rooms
    each = np.arange(count)
    for name, array, places in (
        ("seeds", words, each), ("outcomes", outcomes, starts),
        ("probabilities", probabilities, starts), ("counts", counts, starts),
        ("order", order, each * first.shots), ("lengths", lengths, each), ("masses", masses, each),
    ):  # fmt: skip
        if array is not None:
            wanted[name] = _at(array, places)
    core.run_many(programs, wanted, threads)

    for i, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True)):
        part = slice(start, start + length)
        yield Found(
            outcomes[part],
            None if probabilities is None else probabilities[part],
            None if counts is None else counts[part],
            None if order is None else order[i],
            float(masses[i]),
        )


def _strung(structures: Sequence[Structure]) -> Structure:
    """One after the other, all on the same qubits."""
    return Structure(
        qubits=max(structure.qubits for structure in structures),
        bits=0,
        kinds=np.concatenate([s.kinds for s in structures]),
        controls=np.concatenate([s.controls for s in structures]),
        operand_starts=_chained([s.operand_starts for s in structures]),
        operands=np.concatenate([s.operands for s in structures]),
        param_starts=_chained([s.param_starts for s in structures]),
        letters=np.concatenate([s.letters for s in structures]),
    )


def _chained(starts: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Starts in the concatenation of what each part's starts are in."""
    widths = np.concatenate([np.diff(each) for each in starts])
    return np.concatenate(([0], np.cumsum(widths))).astype(np.int32)


def _programs(
    structures: Sequence[Structure], lowered: Lowered, numbers: Floats
) -> NDArray[np.void]:
    """The core's program of each structure: slices of the arrays of all."""
    gate_ends = np.cumsum([structure.gates for structure in structures])
    ops_until = np.concatenate(([0], lowered.last_ops + 1))
    ends = ops_until[gate_ends]
    starts = np.concatenate(([0], ends[:-1]))
    code = lowered.code
    programs = np.zeros(len(structures), dtype=_PROGRAM)
    programs["qubits"] = [structure.qubits for structure in structures]
    programs["ops"] = ends - starts
    programs["reads"] = programs["qubits"]
    programs["stride"] = numbers.shape[1]
    none = np.zeros(len(structures), dtype=np.int64)
    for name, array, places in (
        ("codes", code.codes, starts), ("controls", code.controls, starts),
        ("operand_starts", code.operand_starts, starts), ("operands", code.operands, none),
        ("terms", code.terms, starts), ("letter_starts", code.letter_starts, starts),
        ("letters", code.letters, none), ("data", code.data, starts),
        ("forms", code.forms, starts), ("varies", code.varies, starts),
        ("constants", code.constants, none), ("rows", numbers, none),
        ("slots", code.slots, starts), ("read_qubits", code.read_qubits, none),
    ):  # fmt: skip
        programs[name] = _at(array, places)
    return programs


def _at(array: NDArray[Any], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Addresses of items of an array."""
    assert array.flags.c_contiguous
    return array.ctypes.data + places * array.itemsize


assert ctypes.sizeof(ctypes.c_void_p) == 8, "the core is built for 64-bit machines"
