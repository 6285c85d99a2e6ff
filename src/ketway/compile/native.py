"""Into the native gates of trapped ions: GPi, GPi2, and MS or ZZ.

Turns about Z are never made: the phases of what follows are counted from there. What remains of
them at the end changes no measurement.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import numpy as np

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.compile.course import Course, Interaction, reduced
from ketway.compile.numbers import Real, either, size, tiny, wrapped
from ketway.compile.one_qubit import IDENTITY, H, Matrix, turns

Entangler: TypeAlias = Literal["ms", "zz"]

_TURN: Final = 2 * math.pi


class NativeWriter:
    """Writes courses, one after the other."""

    def __init__(self, qubits: int, entangler: Entangler) -> None:
        self._entangler = entangler
        self._builder = Builder(qubits)
        self._params: list[Real] = []
        self._waiting = [IDENTITY] * qubits
        self._frames: list[Real] = [0.0] * qubits
        """By how much everything on a qubit is turned about Z, in radians."""

    def write(self, course: Course) -> None:
        for one in course.interactions:
            for qubit, turn in zip(one.qubits, one.before, strict=True):
                self._then(qubit, turn)
            self._interact(one)
        for qubit, turn in enumerate(course.tail):
            self._then(qubit, turn)
            self._pulses(qubit)

    def batch(self, rows: int) -> Batch:
        """What is written, with the values of each row."""
        structure = self._builder.circuit().structure
        params = np.empty((rows, len(self._params)))
        for place, values in enumerate(self._params):
            params[:, place] = values
        return Batch(structure, params)

    def _then(self, qubit: int, matrix: Matrix) -> None:
        self._waiting[qubit] = matrix.after(self._waiting[qubit])

    def _interact(self, given: Interaction) -> None:
        both = given.qubits
        angle, flip = reduced(given.angle)
        if flip is not IDENTITY:
            for qubit in both:
                self._then(qubit, flip)
        if tiny(angle):
            return
        to_x = self._entangler == "ms"
        for qubit in both:
            if to_x:
                self._then(qubit, H)
            self._pulses(qubit)
        if to_x:
            first, second = (-self._frames[qubit] / _TURN for qubit in both)
            # Half a turn about Z of one of them turns it the other way.
            first = first + either(angle < 0, 0.5, 0.0)
            self._add(Kind.MS, both, _turns(first), _turns(second), size(angle) / _TURN)
            for qubit in both:
                self._then(qubit, H)
        else:
            self._add(Kind.ZZ, both, angle / _TURN)

    def _pulses(self, qubit: int) -> None:
        """What waits, as at most two pulses."""
        theta, phi, lam = turns(self._waiting[qubit])
        self._waiting[qubit] = IDENTITY
        if tiny(theta):
            self._frames[qubit] += phi + lam
        elif tiny(theta - math.pi):
            self._pulse(Kind.GPI, qubit, lam - math.pi / 2, phi + math.pi / 2)
        elif tiny(theta - math.pi / 2):
            self._pulse(Kind.GPI2, qubit, lam - math.pi / 2, phi + math.pi / 2)
        else:
            self._pulse(Kind.GPI2, qubit, lam, theta + math.pi)
            self._pulse(Kind.GPI2, qubit, 0.0, phi + math.pi)

    def _pulse(self, kind: Kind, qubit: int, before: Real, after: Real) -> None:
        """One, between turns about Z."""
        frame = self._frames[qubit] + before
        self._add(kind, (qubit,), _turns(-frame / _TURN))
        self._frames[qubit] = frame + after

    def _add(self, kind: Kind, qubits: tuple[int, ...], *params: Real) -> None:
        self._builder.add(kind, qubits, [0.0] * len(params))
        self._params += params


def _turns(value: Real) -> Real:
    """From -0.5 to 0.5."""
    return wrapped(value, 1)
