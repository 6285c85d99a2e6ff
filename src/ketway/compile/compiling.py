"""Compiling circuits for trapped ions, as well as it is asked for.

Level 0 takes each gate for itself. Level 1 brings together what follows each other or commutes.
Level 2 finds as few interactions as do the same on two qubits, lets exchanges of qubits be a matter
of their names, and leaves out what no measurement sees.

A batch is compiled once: its structure for all rows, and the parameters of each with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

import numpy as np

from ketway.circuits.circuit import Batch, Circuit
from ketway.compile.blocks import resynthesized
from ketway.compile.course import Course, gathered, merged, without, without_end
from ketway.compile.elementary import VARIANTS, gates, varies
from ketway.compile.native import Entangler, NativeWriter

LEVELS: Final = (0, 1, 2)
USUAL: Final = 1
_ROUNDS: Final = 8
"""Each may let the next find more; few circuits need three."""
_MANY: Final = 1000
"""Interactions from which on variants are not compared: compiling would take too long."""


class Compiled(NamedTuple):
    batch: Batch
    began: tuple[int, ...]
    """What qubit k was called at the beginning. All begin as 0, so outcomes do not depend on it."""


def compile_batch(
    batch: Batch, entangler: Entangler, level: int = USUAL, precision: float = 0.0
) -> Compiled:
    """In native gates, with the same outcomes; `FailedError` if the circuits have what native gates
    have not: measurements in the middle, decisions, resets.

    With a precision, the smallest interactions are left out, as long as what is compiled stays as
    near to what was written, in the operator norm.
    """
    qubits, rows = batch.structure.qubits, len(batch)
    writer = NativeWriter(qubits, entangler)
    labels = list(range(qubits))
    left = precision
    for course in _courses(batch, level, labels):
        near, used = _near(course, left) if left else (course, 0.0)
        left -= used
        writer.write(near)
    return Compiled(writer.batch(rows), tuple(labels))


def to_native(
    circuit: Circuit, entangler: Entangler, level: int = USUAL, precision: float = 0.0
) -> Circuit:
    """One circuit: see `compile_batch`."""
    one = Batch(circuit.structure, circuit.params[None, :])
    batch, _ = compile_batch(one, entangler, level, precision)
    registers = () if circuit.structure.bits else circuit.registers  # those name bits
    return Circuit(batch.structure, batch.params[0], registers)


def _courses(batch: Batch, level: int, labels: list[int]) -> Iterator[Course]:
    qubits = batch.structure.qubits
    if level == 0:
        for steps in gates(batch):
            yield gathered(qubits, steps)
        return
    if level == 1:
        yield _settled(gathered(qubits, chain.from_iterable(gates(batch))))
        return
    best: tuple[Course, list[int]] | None = None
    for variant in VARIANTS if varies(batch.structure) else VARIANTS[:1]:
        steps = chain.from_iterable(gates(batch, variant))
        found = _shortest(gathered(qubits, steps), len(batch))
        if best is None or len(found[0].interactions) < len(best[0].interactions):
            best = found
        if len(found[0].interactions) > _MANY:
            break
    assert best is not None, "there is a variant"
    labels[:] = best[1]
    yield best[0]


def _shortest(course: Course, rows: int) -> tuple[Course, list[int]]:
    """And what each of its qubits was called at the beginning."""
    labels = list(range(len(course.tail)))
    course = _settled(course)
    for _ in range(_ROUNDS):
        before = len(course.interactions)
        course = _settled(resynthesized(without_end(course), labels, rows))
        if len(course.interactions) == before:
            break
    return course, labels


def _settled(course: Course) -> Course:
    """Merged until there is no more to merge."""
    while True:
        before = len(course.interactions)
        course = merged(course)
        if len(course.interactions) == before:
            return course


def _near(course: Course, precision: float) -> tuple[Course, float]:
    """Without its smallest interactions, and by how much that is off at most: an interaction by an
    angle is within half that angle of nothing."""
    sizes = np.array([np.abs(one.angle).max() / 2 for one in course.interactions])
    smallest = np.argsort(sizes, kind="stable")
    left_out = smallest[np.cumsum(sizes[smallest]) <= precision]
    if not len(left_out):
        return course, 0.0
    return merged(without(course, set(left_out.tolist()))), float(sizes[left_out].sum())
