"""A circuit as its interactions, and what turns each qubit before them and at the end."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from dataclasses import dataclass

from ketway.compile.elementary import One, Step
from ketway.compile.numbers import EXACT, Real, either, nearest, size, some, tiny, wrapped
from ketway.compile.one_qubit import IDENTITY, Matrix


@dataclass(slots=True)
class Interaction:
    """exp(-i angle / 2 Z Z), after a turn of each of its two qubits."""

    qubits: tuple[int, int]
    angle: Real
    before: tuple[Matrix, Matrix]


@dataclass(slots=True)
class Course:
    interactions: list[Interaction]
    tail: list[Matrix]
    """What turns each qubit after its last interaction."""


def gathered(qubits: int, steps: Iterable[Step]) -> Course:
    """Turns of a qubit that follow each other are one."""
    waiting = [IDENTITY] * qubits
    interactions = []
    for step in steps:
        if isinstance(step, One):
            waiting[step.qubit] = step.matrix.after(waiting[step.qubit])
            continue
        first, second, angle = step
        interactions.append(Interaction((first, second), angle, (waiting[first], waiting[second])))
        waiting[first] = waiting[second] = IDENTITY
    return Course(interactions, waiting)


def merged(course: Course) -> Course:
    """Interactions of the same two qubits as one, wherever only turns about Z and other
    interactions lie between: all these commute.

    X on one qubit turns an interaction the other way, so turns of the first kind, and these after
    X, are put off until the qubit is turned otherwise.
    """
    ages = list(range(len(course.tail)))
    """A number for what a qubit is between two other turns; no two of them have one."""
    age = len(ages)
    waiting = [IDENTITY] * len(ages)
    placed: dict[tuple[int, int], Interaction] = {}
    interactions = []
    for one in course.interactions:
        angle = one.angle
        before = []
        for qubit, own in zip(one.qubits, one.before, strict=True):
            turn = own.after(waiting[qubit])
            if _passes(turn):
                waiting[qubit] = turn
                before.append(IDENTITY)
                angle = -angle if turn.crossed else angle
            else:
                waiting[qubit] = IDENTITY
                before.append(turn)
                ages[qubit] = age
                age += 1
        low, high = sorted(ages[qubit] for qubit in one.qubits)
        grown = placed.get((low, high))
        if grown is not None:
            grown.angle = grown.angle + angle
            continue
        placed[low, high] = made = Interaction(one.qubits, angle, (before[0], before[1]))
        interactions.append(made)
    tail = [last.after(turn) for last, turn in zip(course.tail, waiting, strict=True)]
    return _cleaned(Course(interactions, tail))


def _cleaned(course: Course) -> Course:
    """Angles as small as they can be; without those that are nothing.

    A whole turn changes nothing but the phase of everything, half a turn is Z on both.
    """
    waiting = [IDENTITY] * len(course.tail)
    interactions = []
    for one in course.interactions:
        before = [
            turn.after(waiting[qubit]) for qubit, turn in zip(one.qubits, one.before, strict=True)
        ]
        angle, flip = reduced(one.angle)
        if tiny(angle):
            for qubit, turn in zip(one.qubits, before, strict=True):
                waiting[qubit] = flip.after(turn)
            continue
        for qubit in one.qubits:
            waiting[qubit] = flip
        interactions.append(Interaction(one.qubits, angle, (before[0], before[1])))
    tail = [last.after(turn) for last, turn in zip(course.tail, waiting, strict=True)]
    return Course(interactions, tail)


def reduced(angle: Real) -> tuple[Real, Matrix]:
    """The same interaction by an angle from -pi / 2 to pi / 2, and what turns both qubits then."""
    angle = wrapped(angle, 2 * math.pi)
    over = size(angle) > math.pi / 2 + EXACT
    if not some(over):
        return angle, IDENTITY
    halves = either(over, nearest(angle / math.pi), 0.0)
    return angle - math.pi * halves, Matrix(1, 0, 0, either(over, -1.0, 1.0))


def without_end(course: Course) -> Course:
    """Without what only turns about Z follow: every qubit is read in the basis of Z, which sees
    neither."""
    free = [_passes(turn) for turn in course.tail]
    dropped: set[int] = set()
    for place in range(len(course.interactions) - 1, -1, -1):
        one = course.interactions[place]
        if all(free[qubit] for qubit in one.qubits):
            dropped.add(place)
        for qubit, turn in zip(one.qubits, one.before, strict=True):
            free[qubit] = free[qubit] and _passes(turn)
    return without(course, dropped)


def without(course: Course, dropped: Container[int]) -> Course:
    """Without some of its interactions; what turned their qubits stays."""
    waiting = [IDENTITY] * len(course.tail)
    kept = []
    for place, one in enumerate(course.interactions):
        first, second = one.qubits
        before = one.before[0].after(waiting[first]), one.before[1].after(waiting[second])
        if place in dropped:
            waiting[first], waiting[second] = before
        else:
            waiting[first] = waiting[second] = IDENTITY
            kept.append(Interaction(one.qubits, one.angle, before))
    tail = [last.after(turn) for last, turn in zip(course.tail, waiting, strict=True)]
    return Course(kept, tail)


def _passes(turn: Matrix) -> bool:
    """An interaction is the same before it and after it, but for its direction."""
    return turn.diagonal or turn.crossed
