"""A program on density matrices, from a program on states.

A density matrix on n qubits is a vector on 2 n: qubit q, and its shadow q + n, on which every gate
acts conjugated. A channel is a matrix on its qubits and their shadows; it is not unitary, which the
core does not mind. A measurement in the middle copies its outcome to a bit of its own, one more
qubit of the vector, so every branch is followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.engines import core
from ketway.engines.lowering import Lowered
from ketway.engines.noise import Sites

Matrix: TypeAlias = NDArray[np.complex128]

_LETTERS: Final = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)


@dataclass(frozen=True)
class Doubled:
    """A program on the vector, from the program on states."""

    code: core.Code
    signs: Floats
    """What the numbers of a row are multiplied with to be those of the shadow."""

    def rows(self, rows: Floats) -> Floats:
        return np.concatenate((rows, rows * self.signs), axis=1)

    @classmethod
    def of(cls, structure: Structure, lowered: Lowered, sites: Sites | None) -> Doubled:
        code, n = lowered.code, structure.qubits
        draft = _Draft(n, len(code.constants))
        sign_of = _signs(lowered)
        middle = {int(g): int(s) for g, s in zip(*_events(lowered), strict=True)}
        recorded = [slot for slot in middle.values() if slot >= 0]
        after = _channels(lowered, sites)
        _add_acts(after, lowered, sites)
        for op, kind in enumerate(code.codes.tolist()):
            if kind in (core.MEASURE, core.RESET):
                (qubit,) = _operands(code, op)
                slot = middle[op]
                if kind == core.RESET:
                    draft.matrix((qubit, qubit + n), _RESET)
                elif slot < 0:
                    draft.matrix((qubit, qubit + n), _DEPHASE)
                else:
                    bit = 2 * n + recorded.index(slot)
                    draft.matrix((qubit, qubit + n, bit), _RECORD)
            else:
                draft.copy(op, 0)
                draft.copy(op, n)
            for operands, matrix in after.get(op, ()):
                draft.matrix((*operands, *(q + n for q in operands)), matrix)
        doubled = draft.code(code, sign_of, 2 * n + len(recorded), lowered.stride)
        return cls(doubled, sign_of[0])


def _operands(code: core.Code, op: int) -> list[int]:
    found: list[int] = code.operands[code.operand_starts[op] : code.operand_starts[op + 1]].tolist()
    return found


def _events(lowered: Lowered) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The operations that happen in the middle, and the slots that they write."""
    return lowered.event_ops, lowered.readout.event_slots


def _channels(lowered: Lowered, sites: Sites | None) -> dict[int, list[_Channel]]:
    """The channels that follow each operation."""
    out: dict[int, list[_Channel]] = {}
    if sites is None:
        return out
    busy = (sites.error_odds > 0) | (sites.damping_odds > 0).any(axis=1)
    gates = np.repeat(np.arange(len(sites.starts) - 1), np.diff(sites.starts))
    ops = lowered.struck_ops[gates].tolist()
    # A circuit has few different channels: each is made once.
    told = np.column_stack((sites.tables, sites.damping_odds, sites.damping))
    known: dict[bytes, Matrix] = {}
    for site in np.flatnonzero(busy).tolist():
        first, second = sites.qubits[site].tolist()
        key = told[site].tobytes()
        if key not in known:
            known[key] = _channel(sites, site)
        qubits = (first,) if second < 0 else (first, second)
        out.setdefault(ops[site], []).append((qubits, known[key]))
    return out


def _add_acts(out: dict[int, list[_Channel]], lowered: Lowered, sites: Sites | None) -> None:
    """The steps of channels, after the errors and dampings of the same gate."""
    if sites is None:
        return
    acts = sites.acts
    ops = lowered.struck_ops[acts.gates].tolist()
    for op, pair, number in zip(ops, acts.qubits.tolist(), acts.numbers.tolist(), strict=True):
        action = acts.actions[number]
        qubits = tuple(pair[: action.width])
        out.setdefault(op, []).append((qubits, action.superoperator))


def _signs(lowered: Lowered) -> tuple[Floats, Floats]:
    """What makes the numbers of rows, and of constants, conjugate.

    The imaginary parts of matrices and phases change sign. exp(-i a P) becomes exp(i a P*), and P*
    is P but for a sign for each Y: so the sine, or the coefficient, changes sign unless the Ys are
    odd in number.
    """
    code = lowered.code
    rows, constants = np.ones(lowered.stride), np.ones(len(code.constants))
    for signs in (rows, constants):
        signs[1::2] = -1
    for op in np.flatnonzero(np.isin(code.codes, (core.ROTATION, core.PAULI_SUM))).tolist():
        targets = len(_operands(code, op)) - int(code.controls[op])
        start, terms = int(code.letter_starts[op]), int(code.terms[op])
        letters = code.letters[start : start + terms * targets].reshape(terms, targets)
        turned = np.where((letters == 2).sum(axis=1) % 2 == 1, 1.0, -1.0)
        data = int(code.data[op])
        if code.codes[op] == core.ROTATION:
            rows[data : data + 2] = 1.0, turned[0]
        else:
            rows[data : data + terms] = turned
    return rows, constants


_Channel: TypeAlias = tuple[tuple[int, ...], Matrix]
"""A site's qubits, and its channel as a matrix on them and their shadows."""


class _Draft:
    """The arrays of a program while they are made: copies of operations, and matrices."""

    def __init__(self, shadow: int, constants: int) -> None:
        self.shadow = shadow
        self.sources: list[int] = []  # an operation, or -1
        self.shifts: list[int] = []
        self.places: list[tuple[int, ...]] = []
        self.data: list[int] = []
        self.forms: list[int] = []
        self.numbers: list[Floats] = []
        self.end = 2 * constants
        self.known: dict[bytes, int] = {}

    def copy(self, op: int, shift: int) -> None:
        self._add(op, shift, (), 0, core.FULL)

    def matrix(self, operands: tuple[int, ...], matrix: Matrix) -> None:
        key = matrix.tobytes()
        if key not in self.known:
            self.known[key] = self.end
            self.numbers.append(matrix.ravel().view(np.float64))
            self.end += 2 * matrix.size
        form = core.FULL if (matrix.real * matrix.imag).any() else core.HALF
        self._add(-1, 0, operands, self.known[key], form)

    def _add(
        self, source: int, shift: int, operands: tuple[int, ...], data: int, form: int
    ) -> None:
        self.sources.append(source)
        self.shifts.append(shift)
        self.places.append(operands)
        self.data.append(data)
        self.forms.append(form)

    def code(
        self, code: core.Code, signs: tuple[Floats, Floats], width: int, stride: int
    ) -> core.Code:
        source, shift = np.array(self.sources, dtype=np.int64), np.array(self.shifts)
        copied = source >= 0
        kept = np.where(copied, source, 0)
        ends, known = code.operand_starts.tolist(), code.operands.tolist()
        starts, operands = [0], list[int]()
        for op, moved, places in zip(self.sources, self.shifts, self.places, strict=True):
            if op < 0:
                operands.extend(places)
            else:
                operands.extend([q + moved for q in known[ends[op] : ends[op + 1]]])
            starts.append(len(operands))

        def chosen(values: NDArray[Any], other: int | list[int]) -> NDArray[Any]:
            taken = values[kept] if len(values) else np.zeros(len(kept), dtype=values.dtype)
            return np.where(copied, taken, other).astype(values.dtype)

        varies = chosen(code.varies, 0)
        shadowed = np.where(varies == 1, stride, len(code.constants)) * (shift > 0)
        data = np.where(copied, chosen(code.data, 0) + shadowed, np.array(self.data))
        return core.Code(
            width,
            chosen(code.codes, core.MATRIX),
            chosen(code.controls, 0),
            np.array(starts, dtype=np.int32),
            np.array(operands, dtype=np.int32),
            chosen(code.terms, 0),
            chosen(code.letter_starts, 0),
            code.letters,
            data.astype(np.int64),
            chosen(code.forms, self.forms),
            varies,
            np.concatenate((code.constants, code.constants * signs[1], *self.numbers)),
            np.full(len(source), -1, dtype=np.int32),
            np.arange(width, dtype=np.int32),
        )


# ---------------------------------------------------------------- channels as matrices


def _superoperator(*kraus: Matrix) -> Matrix:
    """On a site (low bits of the index) and its shadow (high bits)."""
    total = np.zeros((len(kraus[0]) ** 2,) * 2, dtype=np.complex128)
    for k in kraus:
        total += np.kron(k.conj(), k)
    return total


def _product(matrices: list[Matrix]) -> Matrix:
    """Of matrices on one qubit each, the first on the low bit."""
    out: Matrix = np.ones((1, 1), dtype=np.complex128)
    for matrix in matrices:
        out = np.kron(matrix, out).astype(np.complex128)
    return out


_ZERO: Final = np.diag([1, 0]).astype(np.complex128)
_ONE: Final = np.diag([0, 1]).astype(np.complex128)
_FALL: Final = np.array([[0, 1], [0, 0]], dtype=np.complex128)
_DEPHASE: Final = _superoperator(_ZERO, _ONE)
_RESET: Final = _superoperator(_ZERO, _FALL)


def _recording() -> Matrix:
    """A measurement on a qubit, its shadow, and a bit that was 0."""
    out = np.zeros((8, 8), dtype=np.complex128)
    out[0b000, 0b000] = out[0b111, 0b011] = 1
    return out


_RECORD: Final = _recording()


def _channel(sites: Sites, site: int) -> Matrix:
    """All that may happen at a site, as one matrix."""
    width = sites.widths[sites.tables[site]]
    odds_of = sites.distributions[sites.tables[site], : 4**width]
    total: Matrix = (odds_of[:, None, None] * _paulis(width)).sum(axis=0)
    for j in range(width):
        odds, damping = sites.damping_odds[site, j], sites.damping[site, j]
        if odds > 0:
            total = _damped(float(odds), float(damping), j, width) @ total
    return total


@cache
def _paulis(width: int) -> Matrix:
    """What each Pauli product does, by its number; letter 0 is in the low bits of both."""
    products = [[_LETTERS[k >> 2 * j & 3] for j in range(width)] for k in range(4**width)]
    return np.array([_superoperator(_product(letters)) for letters in products])


def _damped(odds: float, damping: float, place: int, width: int) -> Matrix:
    def widened(matrix: Matrix) -> Matrix:
        return _product([matrix if j == place else _LETTERS[0] for j in range(width)])

    kept = np.diag([1, np.sqrt(max(0.0, 1 - damping))]).astype(np.complex128)
    return _superoperator(
        np.sqrt(1 - odds) * widened(_LETTERS[0]),
        np.sqrt(odds) * widened(kept),
        np.sqrt(odds * damping) * widened(_FALL),
    )
