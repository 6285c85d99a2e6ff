"""Any gate as turns of single qubits and one interaction, exp(-i angle / 2 Z Z).

The interaction takes any angle, as that of ions does: a gate with one control is one of it,
whatever its matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from ketway.circuits.circuit import Batch, Structure
from ketway.circuits.gates import GATES, Kind, Matrices, Params
from ketway.circuits.rows import RowOf, batch_rows
from ketway.compile.numbers import Real
from ketway.compile.one_qubit import IDENTITY, Y_TO_Z, H, Matrix, X, axis, phase, rz
from ketway.jobs.failures import Code, FailedError, Failure

_TURN: Final = 2 * math.pi


_OWN_INVERSES: Final = (Kind.X, Kind.Y, Kind.Z, Kind.H, Kind.SWAP)

_DECIDING: Final = (Kind.JUMP, Kind.ASSIGN)
"""These act on bits, and on no qubit."""


class One(NamedTuple):
    qubit: int
    matrix: Matrix


class Two(NamedTuple):
    first: int
    second: int
    angle: Real


Step: TypeAlias = One | Two
Steps: TypeAlias = Iterator[Step]
Row: TypeAlias = RowOf[Real]


class Variant(NamedTuple):
    """Which of its ways a gate with several controls is taken: all are as long, but what is left of
    it may meet what its neighbours left."""

    turned: bool = False
    """The controls in the other order."""
    backwards: bool = False
    """From its end to its beginning, if it is its own inverse."""


VARIANTS: Final = tuple(Variant(*both) for both in product((False, True), repeat=2))


def varies(structure: Structure) -> bool:
    """Whether a variant makes a difference."""
    widths = np.diff(structure.operand_starts)
    return bool(((structure.controls > 0) & (widths > 2)).any())


def gates(batch: Batch, variant: Variant = VARIANTS[0]) -> Iterator[Steps]:
    """The steps of each gate of its circuits; `FailedError` names what a device without memory
    cannot do.

    A measurement after which its qubit rests is no gate: every qubit is read at the end.
    """
    read: dict[int, Row] = {}
    for row in batch_rows(batch):
        if row.kind is Kind.MEASURE:
            read[row.targets[0]] = row
            continue
        if row.kind not in _DECIDING:
            for qubit in (*row.controls, *row.targets):
                if qubit in read:
                    raise _refused(read[qubit])
        yield _gate(row) if len(row.controls) + len(row.targets) < 3 else _varied(row, variant)


def _varied(row: Row, variant: Variant) -> Steps:
    if variant.turned:
        row = replace(row, controls=row.controls[::-1])
    if not (variant.backwards and row.controls and row.kind in _OWN_INVERSES):
        return _gate(row)
    return iter([_inverse(step) for step in reversed(list(_gate(row)))])


def _inverse(step: Step) -> Step:
    if isinstance(step, One):
        return One(step.qubit, step.matrix.inverse)
    return Two(step.first, step.second, -step.angle)


def _gate(row: Row) -> Steps:
    special = _SPECIAL.get(row.kind)
    if special is not None:
        yield from special(row)
        return
    gate = GATES[row.kind]
    if gate.matrices is None or gate.targets != 1:
        raise _refused(row)
    yield from _controlled(row.controls, row.targets[0], _matrix(gate.matrices, row.params))


def _matrix(matrices: Callable[[Params], Matrices], params: Sequence[Real]) -> Matrix:
    if not any(isinstance(value, np.ndarray) for value in params):
        ((a, b), (c, d)) = matrices(np.array([params], dtype=np.float64))[0].tolist()
        return Matrix(a, b, c, d)
    columns = np.stack(np.broadcast_arrays(*params), axis=1)
    a, b, c, d = np.ascontiguousarray(matrices(columns).reshape(len(columns), 4).T)
    return Matrix(a, b, c, d)


def _refused(row: Row, why: str = "") -> FailedError:
    name = GATES[row.kind].name
    reason = why or "a native circuit has gates alone, and every qubit is read at its end"
    return FailedError(
        Failure(
            code=Code.UNSUPPORTED_GATE,
            message=f"Gate {row.index} ({name}) cannot be compiled to native gates: {reason}.",
            gate=row.index,
        )
    )


# -- one qubit, with controls ---------------------------------------------------------------------


def _controlled(controls: Sequence[int], target: int, matrix: Matrix) -> Steps:
    """With one control it is one interaction, at half the angle.

    With more, the Gray code of Barenco et al. (1995), lemma 7.1: roots of the matrix, controlled by
    the parity of each choice of the controls, forth where the choice is odd, back where it is even.
    """
    if not controls:
        yield One(target, matrix)
        return
    shift, angle, basis = axis(matrix)
    parts = 2 ** (len(controls) - 1)
    yield One(target, basis.inverse)
    before = 0
    for step in range(1, 2 * parts):
        choice = step ^ (step >> 1)
        top = choice.bit_length() - 1
        if before:
            # The parity stands on the choice's highest control. Where that is a new one, the choice
            # before was the highest of then alone.
            where = (before ^ choice).bit_length() - 1
            joins = where if where < top else before.bit_length() - 1
            yield from _cnot(controls[joins], controls[top])
        sign = 1 if choice.bit_count() % 2 else -1
        yield One(target, rz(sign * angle / (2 * parts)))
        yield One(controls[top], phase(sign * shift / parts))
        yield Two(controls[top], target, -sign * angle / (2 * parts))
        before = choice
    yield One(target, basis)


def _cnot(control: int, target: int) -> Steps:
    yield from _controlled((control,), target, X)


# -- several qubits -------------------------------------------------------------------------------


def _turned(row: Row, angle: Real, first: Matrix, second: Matrix) -> Steps:
    """An interaction of other axes: `first` and `second` take them to Z."""
    a, b = row.targets
    yield One(a, first)
    yield One(b, second)
    yield from _interaction(row.controls, a, b, angle)
    yield One(a, first.inverse)
    yield One(b, second.inverse)


def _interaction(controls: Sequence[int], a: int, b: int, angle: Real) -> Steps:
    if not controls:
        yield Two(a, b, angle)
        return
    yield from _cnot(a, b)
    yield from _controlled(controls, b, rz(angle))
    yield from _cnot(a, b)


def _rxx(row: Row) -> Steps:
    return _turned(row, row.params[0], H, H)


def _ryy(row: Row) -> Steps:
    return _turned(row, row.params[0], Y_TO_Z, Y_TO_Z)


def _rzz(row: Row) -> Steps:
    return _turned(row, row.params[0], IDENTITY, IDENTITY)


def _zz(row: Row) -> Steps:
    return _turned(row, _TURN * row.params[0], IDENTITY, IDENTITY)


def _ms(row: Row) -> Steps:
    """Its axes are X, turned about Z by its phases."""
    first, second, angle = row.params
    to_z = [H.after(rz(-_TURN * given)) for given in (first, second)]
    return _turned(row, _TURN * angle, *to_z)


def _swap(row: Row) -> Steps:
    a, b = row.targets
    if row.controls:
        yield from _cnot(b, a)
        yield from _controlled([*row.controls, a], b, X)
        yield from _cnot(b, a)
        return
    for to_z in (IDENTITY, H, Y_TO_Z):
        yield from _turned(row, math.pi / 2, to_z, to_z)


def _ecr(row: Row) -> Steps:
    """X on the first after exp(-i pi / 4 Z X)."""
    a, b = row.targets
    if row.controls:
        raise _refused(row, "with a control it is no gate of a device")
    yield One(b, H)
    yield Two(a, b, math.pi / 2)
    yield One(b, H)
    yield One(a, X)


_TO_Z: Final = (None, H, Y_TO_Z, IDENTITY)
"""By letter: I, X, Y, Z."""


def _pauliexp(row: Row) -> Steps:
    """Each term apart, which is the same where the terms commute."""
    width = len(row.targets)
    terms = [row.letters[k : k + width] for k in range(0, len(row.letters), width)]
    for k, one in enumerate(terms):
        if not all(_commute(one, other) for other in terms[:k]):
            raise _refused(row, "its terms do not commute: split it into steps of a Trotter series")
    for letters, coefficient in zip(terms, row.params, strict=True):
        yield from _term(row, letters, 2 * coefficient)


def _commute(one: Sequence[int], other: Sequence[int]) -> bool:
    return sum(bool(a and b and a != b) for a, b in zip(one, other, strict=True)) % 2 == 0


def _term(row: Row, letters: Sequence[int], angle: Real) -> Steps:
    acting = [
        (qubit, to_z)
        for qubit, letter in zip(row.targets, letters, strict=True)
        if (to_z := _TO_Z[letter]) is not None
    ]
    if not acting:
        if row.controls:
            *others, last = row.controls
            yield from _controlled(others, last, phase(-angle / 2))
        return
    qubits = [qubit for qubit, _ in acting]
    for qubit, to_z in acting:
        yield One(qubit, to_z)
    # The parity of all but the last two is gathered; the last two interact.
    chain = list(pairwise(qubits[:-1]))
    for a, b in chain:
        yield from _cnot(a, b)
    if len(qubits) == 1:
        yield from _controlled(row.controls, qubits[0], rz(angle))
    else:
        yield from _interaction(row.controls, qubits[-2], qubits[-1], angle)
    for a, b in reversed(chain):
        yield from _cnot(a, b)
    for qubit, to_z in acting:
        yield One(qubit, to_z.inverse)


def _phase(row: Row) -> Steps:
    if row.controls:
        *others, last = row.controls
        yield from _controlled(others, last, phase(row.params[0]))


def _nothing(_row: Row) -> Steps:
    yield from ()


_SPECIAL: Final[dict[Kind, Callable[[Row], Steps]]] = {
    Kind.RXX: _rxx,
    Kind.RYY: _ryy,
    Kind.RZZ: _rzz,
    Kind.ZZ: _zz,
    Kind.MS: _ms,
    Kind.SWAP: _swap,
    Kind.ECR: _ecr,
    Kind.PAULIEXP: _pauliexp,
    Kind.GLOBAL_PHASE: _phase,
    Kind.NOP: _nothing,
}
