"""Which circuits are Clifford for the parameters that they really have.

A gate counts if it maps Paulis to Paulis at its actual angles, whatever its name: rx(pi/2) does,
and so do ms(0, 0, 1/4), a controlled phase(pi) and u at quarter turns. The question is asked for
whole batches, before anything runs, so it is answered with arrays: one comparison per kind of gate,
and rows that have already failed are not looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Structure
from ketway.circuits.gates import GATES, Kind, Matrices

Flags: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.intp]

TOLERANCE: Final = 1e-12
"""How far from a Clifford angle, in radians, a gate may be and still count as Clifford."""

WIDEST: Final = 3
"""Gates on more operands count only if they do nothing: with two controls, little else is."""

_STEPS: Final = {
    Kind.RX: math.pi / 2,
    Kind.RY: math.pi / 2,
    Kind.RZ: math.pi / 2,
    Kind.PHASE: math.pi / 2,
    Kind.RXX: math.pi / 2,
    Kind.RYY: math.pi / 2,
    Kind.RZZ: math.pi / 2,
    Kind.ZZ: 0.25,
    Kind.GPI: 0.125,
    Kind.GPI2: 0.25,
}
"""Kinds that are Clifford exactly at the multiples of one step: no matrix is needed to tell."""

_TURNS: Final = dict.fromkeys((Kind.ZZ, Kind.GPI, Kind.GPI2), 2 * math.pi)
"""Radians per unit of the parameter, where that is not 1."""

_PAULIS: Final = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]],
    dtype=np.complex128,
)


def clifford_rows(batch: Batch) -> Flags:
    """For each circuit of the batch, whether all its gates are Clifford."""
    structure, params = batch.structure, batch.params
    groups = gate_groups(structure)
    for kind, controls, _ in groups:
        if not GATES[kind].params and not fixed_is_clifford(kind, controls):
            return np.zeros(len(params), dtype=np.bool_)
    rows = np.ones(len(params), dtype=np.bool_)
    # The cheap comparisons come first: in a variational batch they leave no row for the dear ones.
    for kind, controls, gates in sorted(groups, key=lambda group: _cost(group[0], group[1])):
        if not GATES[kind].params:
            continue
        # One gate before all of them: at arbitrary angles the first one settles it.
        for some in (gates[:1], gates[1:]):
            alive = np.flatnonzero(rows)
            if len(alive) and len(some):
                rows[alive] = _rows_of_kind(structure, params[alive], kind, controls, some)
    return rows


def gate_groups(structure: Structure) -> list[tuple[Kind, int, Places]]:
    """The gates of each kind and number of controls, in circuit order."""
    keys = structure.kinds.astype(np.int64) << 8 | structure.controls
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    return [
        (Kind(int(key) >> 8), int(key) & 255, gates)
        for key, gates in zip(found, np.split(order, starts[1:]), strict=False)
    ]


def params_of(structure: Structure, params: Floats, kind: Kind, gates: Places) -> Floats:
    """The parameters of these gates in each row: shape (rows, gates, parameters)."""
    columns = structure.param_starts[gates][:, None] + np.arange(GATES[kind].params)
    return params[:, columns]


def full_matrices(kind: Kind, controls: int, params: Floats) -> Matrices:
    """Matrices on all operands of gates of one kind: operand j (controls first) is bit j."""
    table = GATES[kind].matrices
    assert table is not None
    inner = table(params)
    dim = inner.shape[1] << controls
    out = np.zeros((len(params), dim, dim), dtype=np.complex128)
    out[:, np.arange(dim), np.arange(dim)] = 1
    where = (np.arange(inner.shape[1]) << controls) | ((1 << controls) - 1)
    out[:, where[:, None], where[None, :]] = inner
    return out


@cache
def fixed_is_clifford(kind: Kind, controls: int) -> bool:
    """Whether a gate without parameters is Clifford."""
    if kind in (Kind.MEASURE, Kind.RESET, Kind.NOP):
        return True
    gate = GATES[kind]
    if controls == 0:
        return gate.clifford
    if gate.targets + controls > WIDEST:
        return False
    return bool(_matrices_are_clifford(full_matrices(kind, controls, np.zeros((1, 0))))[0])


def exponentials(
    structure: Structure, gates: Places
) -> Iterator[tuple[Places, Places, NDArray[np.uint8]]]:
    """`pauliexp` gates of one shape at a time: the gates, their parameters and their letters.

    Parameters are columns, of shape (gates, terms); letters have shape (gates, terms, targets).
    """
    starts = _letter_starts(structure)
    widths = (np.diff(structure.operand_starts) - structure.controls)[gates]
    terms = np.diff(structure.param_starts)[gates]
    shapes, members = np.unique(np.stack((terms, widths), axis=1), axis=0, return_inverse=True)
    for place, (count, width) in enumerate(shapes.tolist()):
        some = gates[members.reshape(-1) == place]
        columns = structure.param_starts[some][:, None] + np.arange(count)
        letters = structure.letters[starts[some][:, None] + np.arange(count * width)]
        yield some, columns, letters.reshape(len(some), count, width)


def _letter_starts(structure: Structure) -> NDArray[np.int64]:
    widths = np.diff(structure.operand_starts) - structure.controls
    sizes = np.where(structure.kinds == Kind.PAULIEXP, widths * np.diff(structure.param_starts), 0)
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))


def _cost(kind: Kind, controls: int) -> int:
    return 0 if kind in _STEPS and not controls else 1 + controls + 2 * (kind == Kind.PAULIEXP)


def _rows_of_kind(
    structure: Structure, params: Floats, kind: Kind, controls: int, gates: Places
) -> Flags:
    if kind == Kind.PAULIEXP:
        return _exponential_rows(structure, params, gates, controls)
    if kind == Kind.GLOBAL_PHASE and not controls:
        return np.ones(len(params), dtype=np.bool_)
    values = params_of(structure, params, kind, gates)
    if kind in _STEPS and not controls:
        near = _multiple(values[:, :, 0], _STEPS[kind], _TURNS.get(kind, 1.0))
        return np.asarray(near.all(axis=1))
    flat = values.reshape(-1, values.shape[2])
    distinct, inverse = np.unique(flat, axis=0, return_inverse=True)
    if GATES[kind].targets + controls > WIDEST:
        ok = _matrices_do_nothing(kind, distinct)
    else:
        ok = _matrices_are_clifford(full_matrices(kind, controls, distinct))
    return np.asarray(ok[inverse.reshape(-1)].reshape(values.shape[:2]).all(axis=1))


def _multiple(values: Floats, step: float, scale: float = 1.0) -> Flags:
    return np.abs(values - np.rint(values / step) * step) * scale <= TOLERANCE


def _matrices_do_nothing(kind: Kind, params: Floats) -> Flags:
    table = GATES[kind].matrices
    assert table is not None
    inner = table(params)
    return np.asarray((np.abs(inner - np.eye(inner.shape[1])) <= TOLERANCE).all(axis=(1, 2)))


def _matrices_are_clifford(matrices: Matrices) -> Flags:
    """Whether each matrix takes every X and every Z to one Pauli, up to sign."""
    dim = matrices.shape[1]
    width = dim.bit_length() - 1
    ok = np.ones(len(matrices), dtype=np.bool_)
    if width == 0:
        return ok
    basis = _pauli_basis(width)
    adjoint = matrices.conj().transpose(0, 2, 1)
    for place in range(width):
        for letter in (1, 3):
            image = matrices @ basis[letter << (2 * place)] @ adjoint
            weights = np.einsum("pij,nji->np", basis, image, optimize=True) / dim
            ok &= (np.abs(weights - np.rint(weights.real)) <= TOLERANCE).all(axis=1)
    return ok


@cache
def _pauli_basis(width: int) -> Matrices:
    """All Paulis on `width` operands; base-4 digit j of the index is the letter on operand j."""
    basis = np.ones((1, 1, 1), dtype=np.complex128)
    for _ in range(width):
        basis = np.einsum("pij,qkl->pqikjl", _PAULIS, basis).reshape(
            4 * len(basis), 2 * basis.shape[1], 2 * basis.shape[2]
        )
    return basis


def _exponential_rows(structure: Structure, params: Floats, gates: Places, controls: int) -> Flags:
    """exp(-i sum c P) is Clifford if its terms commute and every c is a multiple of pi / 4.

    Under controls only full turns count: everything else is rare, and dense engines can do it.
    """
    step = 2 * math.pi if controls else math.pi / 4
    ok = np.ones(len(params), dtype=np.bool_)
    for _, columns, letters in exponentials(structure, gates):
        ok &= _multiple(params[:, columns.reshape(-1)], step).all(axis=1)
        if not ok.any():
            break
        for terms, places in zip(letters, columns, strict=True):
            clash = _anticommuting(terms) if len(terms) > 1 else None
            if clash is None or not clash.any():
                continue
            for row in np.flatnonzero(ok):
                active = np.flatnonzero(np.abs(params[row, places]) > TOLERANCE)
                ok[row] = not clash[np.ix_(active, active)].any()
    return ok


def _anticommuting(terms: NDArray[np.uint8]) -> Flags:
    """Which pairs of Pauli terms anticommute. Letters are I, X, Y, Z = 0, 1, 2, 3."""
    x = ((terms == 1) | (terms == 2)).astype(np.float32)
    z = (terms >= 2).astype(np.float32)
    overlap = x @ z.T
    return np.asarray(np.mod(overlap + overlap.T, 2) > 0.5)
