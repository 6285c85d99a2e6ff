"""What two qubits do, as turns of each and three interactions of fixed axes (Cartan, KAK).

U = exp(i phase) (A (x) B) exp(i (x XX + y YY + z ZZ)) (C (x) D), for many U at once: the method is
that of Kraus and Cirac (Physical Review A 63, 062309, 2001). In the basis of Makhlin, turns of the
qubits are real and the interactions diagonal, so the real vectors that diagonalise transpose(U) U
are the turns.
"""

from __future__ import annotations

from itertools import permutations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Complexes = NDArray[np.complex128]

NOTHING: Final = 1e-11
"""A coordinate below this is an error of rounding."""
_AGREES: Final = 1e-10
"""How far a decomposition may be from what it decomposes."""

_MAGIC: Final = np.array(
    [[1, 0, 0, 1j], [0, 1j, 1, 0], [0, 1j, -1, 0], [1, 0, 0, -1j]], dtype=np.complex128
) / np.sqrt(2)
_BACK: Final = _MAGIC.conj().T
_I: Final = np.eye(2, dtype=np.complex128)
_PAULIS: Final = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
_PAIRS: Final = np.array([np.kron(pauli, pauli) for pauli in _PAULIS])
_SIGNS: Final = np.real(np.array([np.diag(_BACK @ pair @ _MAGIC) for pair in _PAIRS])).T
"""Row k: what XX, YY and ZZ are on vector k of the basis."""
_MIXES: Final = ((0.6180339887, 0.7861513778), (0.3141592653, -0.9493750000), (0.95, 0.29))
"""The real part and the imaginary part of a matrix, mixed so, have the vectors of both, unless two
values meet by chance: then the next mix is tried."""


def _exchange(order: tuple[int, ...]) -> Complexes:
    """A turn of one qubit that takes axis `order[k]` to axis k, up to the sign."""
    r = np.sqrt(0.5)
    steps = {
        (0, 2, 1): np.array([[r, -1j * r], [-1j * r, r]]),
        (2, 1, 0): np.array([[r, r], [r, -r]]),
        (1, 0, 2): np.array([[1, 0], [0, 1j]]),
    }
    if order in steps:
        return np.asarray(steps[order], dtype=np.complex128)
    if order == (0, 1, 2):
        return _I
    for first in steps.values():
        for second in steps.values():
            both = second @ first
            if all(
                np.isclose(abs(np.trace(both @ _PAULIS[order[k]] @ both.conj().T @ _PAULIS[k])), 2)
                for k in range(3)
            ):
                return np.asarray(both, dtype=np.complex128)
    raise AssertionError(order)


_ORDERS: Final = tuple(permutations(range(3)))
_EXCHANGES: Final = np.array([_exchange(order) for order in _ORDERS])
_PLACE_OF: Final = {order: place for place, order in enumerate(_ORDERS)}


class Parts(NamedTuple):
    """U but for its phase, of each row. The coordinates go from -pi/4 to pi/4 and fall in size."""

    before: tuple[Complexes, Complexes]
    """C and D: of the first qubit (the more significant of an index) and of the second."""
    coordinates: NDArray[np.float64]
    """x, y, z"""
    after: tuple[Complexes, Complexes]
    """A and B"""


def parts_of(unitaries: Complexes) -> Parts:
    """Of matrices in shape (n, 4, 4)."""
    given = _special(unitaries)
    inner = _BACK @ given @ _MAGIC
    vectors = _vectors(inner)
    squares = np.einsum("nki,nkl,nlj->nij", vectors, inner.transpose(0, 2, 1) @ inner, vectors)
    halves = np.angle(np.diagonal(squares, axis1=1, axis2=2)) / 2
    roots = np.exp(1j * halves)
    # Both turns must be proper ones: the determinant of the middle is 1.
    turned = np.real(np.prod(roots, axis=1)) < 0
    halves[turned, 0] += np.pi
    roots[turned, 0] *= -1
    outer = np.real(inner @ vectors / roots[:, None, :])
    first = _factors(_MAGIC @ vectors.transpose(0, 2, 1) @ _BACK)
    last = _factors(_MAGIC @ outer @ _BACK)
    return _ordered(_small(Parts(first, halves @ _SIGNS / 4, last)))


def mirrored(parts: Parts) -> Parts:
    """Of SWAP U: a whole exchange of the qubits comes after it."""
    a, b = parts.after
    return _ordered(_small(Parts(parts.before, parts.coordinates + np.pi / 4, (b, a))))


def agree(parts: Parts, unitaries: Complexes) -> NDArray[np.bool_]:
    """Whether they multiply to what they are of, row by row."""
    found = whole(parts)
    overlap = np.einsum("nij,nij->n", found.conj(), unitaries)
    turned = found * np.exp(1j * np.angle(overlap))[:, None, None]
    return np.asarray(np.abs(turned - unitaries).max(axis=(1, 2)) < _AGREES, dtype=np.bool_)


def whole(parts: Parts) -> Complexes:
    core = _MAGIC @ (np.exp(1j * parts.coordinates @ _SIGNS.T)[:, :, None] * _BACK)
    return np.asarray(_kron(*parts.after) @ core @ _kron(*parts.before))


def _special(unitaries: Complexes) -> Complexes:
    determinants = np.linalg.det(unitaries)
    return np.asarray(unitaries * np.exp(-0.25j * np.angle(determinants))[:, None, None])


def _vectors(inner: Complexes) -> NDArray[np.float64]:
    """Real ones, with determinant 1, that make transpose(inner) inner diagonal."""
    products = inner.transpose(0, 2, 1) @ inner
    found = np.zeros(products.shape)
    left = np.arange(len(products))
    for real, imaginary in _MIXES:
        some = products[left]
        mixed = real * some.real + imaginary * some.imag
        vectors = np.linalg.eigh(mixed)[1]
        found[left] = vectors
        made = np.einsum("nki,nkl,nlj->nij", vectors, some, vectors)
        made[:, range(4), range(4)] = 0
        left = left[np.abs(made).max(axis=(1, 2)) > _AGREES]
        if not len(left):
            break
    found[:, :, 0] *= np.linalg.det(found)[:, None]
    return found


def _factors(products: Complexes) -> tuple[Complexes, Complexes]:
    """Two matrices with determinant 1 whose tensor product it is, up to the sign."""
    blocks = products.reshape(-1, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4)  # which of A, then B
    sizes = np.abs(blocks).sum(axis=(3, 4)).reshape(-1, 4)
    rows = np.arange(len(blocks))
    second = blocks.reshape(-1, 4, 2, 2)[rows, sizes.argmax(axis=1)]
    second = second / np.sqrt(np.linalg.det(second))[:, None, None]
    first = np.einsum("nabij,nij->nab", blocks, second.conj()) / 2
    return first, second


def _small(parts: Parts) -> Parts:
    """exp(i pi/2 XX) is i XX, so each coordinate is what is left of quarter turns."""
    quarters = np.round(parts.coordinates / (np.pi / 2))
    a, b = parts.after
    for axis, pauli in enumerate(_PAULIS):
        odd = (quarters[:, axis] % 2 != 0)[:, None, None]
        a, b = np.where(odd, a @ pauli, a), np.where(odd, b @ pauli, b)
    return Parts(parts.before, parts.coordinates - quarters * (np.pi / 2), (a, b))


def _ordered(parts: Parts) -> Parts:
    """The largest first, the same axis everywhere where they are as large."""
    orders = np.argsort(-np.round(np.abs(parts.coordinates), 10), axis=1, kind="stable")
    places = np.array([_PLACE_OF[tuple(order)] for order in orders.tolist()], dtype=np.intp)
    turn = _EXCHANGES[places]
    back = turn.conj().transpose(0, 2, 1)
    coordinates = np.take_along_axis(parts.coordinates, orders, axis=1)
    (c, d), (a, b) = parts.before, parts.after
    return Parts((turn @ c, turn @ d), coordinates, (a @ back, b @ back))


def _kron(first: Complexes, second: Complexes) -> Complexes:
    return np.asarray(np.einsum("nab,nij->naibj", first, second).reshape(-1, 4, 4))
