"""Into the native gates of trapped ions: GPi, GPi2, and MS or ZZ.

Turns about Z are never made: the phases of what follows are counted from there. What remains of
them at the end changes no measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.compile.elementary import One, Step, Two, steps
from ketway.compile.one_qubit import EXACT, IDENTITY, H, Matrix, Z, turns

Entangler: TypeAlias = Literal["ms", "zz"]

_TURN: Final = 2 * math.pi


def to_native(circuit: Circuit, entangler: Entangler) -> Circuit:
    """The circuit in native gates, with the same outcomes; `FailedError` if it has what they have
    not: measurement in the middle, decisions, resets."""
    return _Writer(circuit.qubits, entangler).write(circuit)


class _Interaction:
    """One that is placed, and grows by others that follow it at once."""

    __slots__ = ("angle", "first", "second")

    def __init__(self, given: Two) -> None:
        self.first, self.second, self.angle = given


def _gathered(qubits: int, given: Iterable[Step]) -> Iterator[One | _Interaction]:
    """Neighbours as one: turns of the same qubit, interactions of the same two."""
    placed: list[One | _Interaction] = []
    waiting = [IDENTITY] * qubits
    last: list[_Interaction | None] = [None] * qubits
    for step in given:
        if isinstance(step, One):
            waiting[step.qubit] = step.matrix.after(waiting[step.qubit])
            continue
        both = (step.first, step.second)
        grown = last[step.first]
        if (
            grown is not None
            and grown is last[step.second]
            and all(waiting[qubit].diagonal for qubit in both)  # these pass through
        ):
            grown.angle += step.angle
            continue
        for qubit in both:
            placed.append(One(qubit, waiting[qubit]))
            waiting[qubit] = IDENTITY
        last[step.first] = last[step.second] = interaction = _Interaction(step)
        placed.append(interaction)
    yield from placed
    for qubit, matrix in enumerate(waiting):
        yield One(qubit, matrix)


class _Writer:
    def __init__(self, qubits: int, entangler: Entangler) -> None:
        self._entangler = entangler
        self._builder = Builder(qubits)
        self._waiting = [IDENTITY] * qubits
        self._frames = [0.0] * qubits
        """By how much everything on a qubit is turned about Z, in radians."""

    def write(self, circuit: Circuit) -> Circuit:
        for one in _gathered(circuit.qubits, steps(circuit)):
            if isinstance(one, One):
                self._then(one.qubit, one.matrix)
            else:
                self._interact(one)
        for qubit in range(circuit.qubits):
            self._pulses(qubit)
        registers = () if circuit.structure.bits else circuit.registers  # those name bits
        return self._builder.circuit(registers)

    def _then(self, qubit: int, matrix: Matrix) -> None:
        self._waiting[qubit] = matrix.after(self._waiting[qubit])

    def _interact(self, given: _Interaction) -> None:
        both = (given.first, given.second)
        # A whole turn changes nothing, half a turn is Z on both.
        angle = math.remainder(given.angle, _TURN)
        if abs(angle) > math.pi / 2 + EXACT:
            angle -= math.copysign(math.pi, angle)
            for qubit in both:
                self._then(qubit, Z)
        if abs(angle) < EXACT:
            return
        to_x = self._entangler == "ms"
        for qubit in both:
            if to_x:
                self._then(qubit, H)
            self._pulses(qubit)
        if to_x:
            phases = [-self._frames[qubit] / _TURN for qubit in both]
            if angle < 0:  # half a turn about Z of one of them turns it the other way
                phases[0] += 0.5
            values = [*map(_turns, phases), abs(angle) / _TURN]
            self._builder.add(Kind.MS, both, values)
            for qubit in both:
                self._then(qubit, H)
        else:
            self._builder.add(Kind.ZZ, both, (angle / _TURN,))

    def _pulses(self, qubit: int) -> None:
        """What waits, as at most two pulses."""
        theta, phi, lam = turns(self._waiting[qubit])
        self._waiting[qubit] = IDENTITY
        if theta < EXACT:
            self._frames[qubit] += phi + lam
        elif abs(theta - math.pi) < EXACT:
            self._pulse(Kind.GPI, qubit, lam - math.pi / 2, phi + math.pi / 2)
        elif abs(theta - math.pi / 2) < EXACT:
            self._pulse(Kind.GPI2, qubit, lam - math.pi / 2, phi + math.pi / 2)
        else:
            self._pulse(Kind.GPI2, qubit, lam, theta + math.pi)
            self._pulse(Kind.GPI2, qubit, 0, phi + math.pi)

    def _pulse(self, kind: Kind, qubit: int, before: float, after: float) -> None:
        """One, between turns about Z."""
        self._frames[qubit] += before
        self._builder.add(kind, (qubit,), (_turns(-self._frames[qubit] / _TURN),))
        self._frames[qubit] += after


def _turns(value: float) -> float:
    """From -0.5 to 0.5."""
    return math.remainder(value, 1)
