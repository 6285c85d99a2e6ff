"""Interactions of the same two qubits that follow each other, brought to as few as do the same.

All qubits of a trap can interact, and all begin as 0: an exchange of two qubits costs nothing, as
one only calls them by each other's names from the beginning to there. So a block may be replaced by
what does the same up to an exchange, where that takes fewer interactions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ketway.compile.course import Course, Interaction, gathered
from ketway.compile.elementary import One, Step, Two
from ketway.compile.one_qubit import IDENTITY, Y_TO_Z, H, Matrix
from ketway.compile.weyl import NOTHING, Complexes, Parts, agree, mirrored, parts_of

_TO_Z: Final = (H, Y_TO_Z, IDENTITY)
"""Of X, Y and Z."""

Bools = NDArray[np.bool_]


@dataclass(slots=True)
class _Block:
    qubits: tuple[int, int]
    members: list[Interaction]
    steps: list[Step] = field(default_factory=list)
    exchanged: bool = False


def resynthesized(course: Course, labels: list[int], rows: int) -> Course:
    """`labels` says what each qubit was called at the beginning; it is changed with the course."""
    qubits = len(course.tail)
    blocks = _blocks(course)
    _replace([block for block in blocks if len(block.members) > 1], rows)
    names = list(range(qubits))
    written: list[list[Step]] = [[One(qubit, turn) for qubit, turn in enumerate(course.tail)]]
    for block in reversed(blocks):
        a, b = block.qubits
        if block.exchanged:
            names[a], names[b] = names[b], names[a]
        written.append([_named(step, names) for step in block.steps or _steps(block)])
    before = labels.copy()
    for place, name in enumerate(names):
        labels[name] = before[place]
    return gathered(qubits, [step for steps in reversed(written) for step in steps])


def _named(step: Step, names: list[int]) -> Step:
    if isinstance(step, One):
        return One(names[step.qubit], step.matrix)
    return Two(names[step.first], names[step.second], step.angle)


def _blocks(course: Course) -> list[_Block]:
    blocks: list[_Block] = []
    last: list[_Block | None] = [None] * len(course.tail)
    for one in course.interactions:
        a, b = one.qubits
        open_ = last[a]
        if open_ is None or open_ is not last[b]:
            last[a] = last[b] = open_ = _Block(one.qubits, [])
            blocks.append(open_)
        open_.members.append(one)
    return blocks


def _steps(block: _Block) -> list[Step]:
    steps: list[Step] = []
    for one in block.members:
        for qubit, turn in zip(one.qubits, one.before, strict=True):
            steps.append(One(qubit, turn))
        steps.append(Two(*one.qubits, one.angle))
    return steps


# -- in fewer interactions ------------------------------------------------------------------------


def _replace(blocks: list[_Block], rows: int) -> None:
    """All at once: numpy takes as long for one as for many."""
    if not blocks:
        return
    unitaries = np.concatenate([_unitaries(block, rows) for block in blocks])
    straight = parts_of(unitaries)
    right = [bool(each.all()) for each in agree(straight, unitaries).reshape(-1, rows)]
    crossed = mirrored(straight)
    needs = [_needed(parts, rows) for parts in (straight, crossed)]
    counts = [each.sum(axis=1) for each in needs]
    for place, block in enumerate(blocks):
        mirror = bool(counts[1][place] < counts[0][place])
        if not right[place] or counts[mirror][place] >= len(block.members):
            continue
        where = slice(place * rows, (place + 1) * rows)
        block.steps = _written(block, (straight, crossed)[mirror], where, needs[mirror][place])
        block.exchanged = mirror


def _needed(parts: Parts, rows: int) -> Bools:
    """Which interactions a block needs, by block and axis."""
    return np.asarray((np.abs(parts.coordinates) > NOTHING).reshape(-1, rows, 3).any(axis=1))


def _unitaries(block: _Block, rows: int) -> Complexes:
    first = block.qubits[0]
    whole: Complexes | None = None
    for one in block.members:
        turns = [_stack(turn) for turn in one.before]
        if one.qubits[0] != first:
            turns.reverse()
        both = np.einsum("nab,nij->naibj", *turns).reshape(-1, 4, 4)
        half = np.asarray(one.angle)[..., None] / 2
        phases = np.exp(-1j * half * np.array([1.0, -1.0, -1.0, 1.0])).reshape(-1, 4)
        step = phases[:, :, None] * both
        whole = step if whole is None else step @ whole
    assert whole is not None, "a block has members"
    return np.broadcast_to(whole, (rows, 4, 4))


def _stack(matrix: Matrix) -> Complexes:
    entries = np.broadcast_arrays(*[np.atleast_1d(entry) for entry in matrix])
    return np.stack(entries, axis=-1).reshape(-1, 2, 2).astype(np.complex128)


def _written(block: _Block, parts: Parts, where: slice, needed: Bools) -> list[Step]:
    a, b = block.qubits
    steps: list[Step] = [
        One(qubit, _matrix(turn[where])) for qubit, turn in zip((a, b), parts.before, strict=True)
    ]
    for axis in np.flatnonzero(needed).tolist():
        to_z = _TO_Z[axis]
        angle = _plain(-2 * parts.coordinates[where, axis])
        steps += [One(a, to_z), One(b, to_z), Two(a, b, angle)]
        steps += [One(a, to_z.inverse), One(b, to_z.inverse)]
    steps += [
        One(qubit, _matrix(turn[where])) for qubit, turn in zip((a, b), parts.after, strict=True)
    ]
    return steps


def _matrix(stack: Complexes) -> Matrix:
    a, b, c, d = (_plain(entry) for entry in stack.reshape(-1, 4).T)
    return Matrix(a, b, c, d)


def _plain(values: NDArray[Any]) -> Any:
    """A number, if there is one row."""
    return values.item() if len(values) == 1 else np.ascontiguousarray(values)
