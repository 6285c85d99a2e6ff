"""Twirls: random Paulis before a two-qubit Clifford gate, and after it those that undo them.

Averaged over them, whatever follows the gate is a mixture of Paulis. Only the qubits of a gate are
twirled: on a qubit of a layer that no gate acts on, the Pauli before and the one after meet with
nothing between them, whatever the strategy says. So all strategies draw the same circuits here.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats
from ketway.circuits.gates import GATES, Kind, Matrices
from ketway.devices.noise import NoiseModel
from ketway.engines.clifford_gates import full_matrices, gate_groups, params_of

_PAULIS: Final = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]],
    dtype=np.complex128,
)
PAIRS: Final = np.array([np.kron(_PAULIS[p >> 2], _PAULIS[p & 3]) for p in range(16)])
"""The Pauli with number p on two qubits: letter p & 3 on the first, p >> 2 on the second."""

_PI: Final = np.pi
ANGLES: Final = np.array(
    [(0.0, 0.0, 0.0), (_PI, 0.0, _PI), (_PI, _PI / 2, _PI / 2), (0.0, 0.0, _PI)]
)
"""Angles of the dressing that is I, X, Y or Z."""

_APART: Final = 1e-9


def twirls_matter(noise: NoiseModel | None) -> bool:
    """Whether gates have to be twirled for their noise to be a mixture of Paulis.

    Where it is one already, the circuits of all randomizations have the same outcomes equally
    often, once the Paulis are undone: then one circuit takes the shots of all.
    """
    return noise is not None and noise.relaxes


def conjugations(batch: Batch) -> dict[int, NDArray[np.uint8]]:
    """The gates that can be twirled: for each, what Pauli every Pauli before it is after it.

    They are the two-qubit gates that are Clifford, and the same in all rows. Where classical bits
    decide what happens, none is.
    """
    structure = batch.structure
    out: dict[int, NDArray[np.uint8]] = {}
    if structure.has_control or not len(batch):
        return out
    for kind, controls, gates in gate_groups(structure):
        row = GATES[kind]
        if row.matrices is None or row.targets + controls != 2 or kind == Kind.NOP:
            continue
        if not row.params:
            table = _fixed(kind, controls)
            if table is not None:
                out.update(dict.fromkeys(gates.tolist(), table))
            continue
        values = params_of(structure, batch.params, kind, gates)
        same = (values == values[:1]).all(axis=(0, 2))
        for gate, params in zip(gates[same].tolist(), values[0, same], strict=True):
            table = _table(full_matrices(kind, controls, params[None])[0])
            if table is not None:
                out[gate] = table
    return dict(sorted(out.items()))


@cache
def _fixed(kind: Kind, controls: int) -> NDArray[np.uint8] | None:
    return _table(full_matrices(kind, controls, np.zeros((1, 0)))[0])


def _table(matrix: Matrices) -> NDArray[np.uint8] | None:
    """What each Pauli becomes under conjugation; None if one becomes no Pauli."""
    moved = matrix @ PAIRS @ matrix.conj().T
    shares = np.abs(np.einsum("pij,qji->pq", moved, PAIRS)) / 4
    found = shares.argmax(axis=1)
    if (shares[np.arange(16), found] < 1 - _APART).any():
        return None
    return np.asarray(found, dtype=np.uint8)


def drawn_paulis(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """A Pauli on two qubits for each word of random bits."""
    return (words >> np.uint64(60)).astype(np.uint8)


def dressings(paulis: NDArray[np.uint8]) -> Floats:
    """Angles of the dressings of both qubits: shape (..., 2, 3)."""
    return np.stack((ANGLES[paulis & 3], ANGLES[paulis >> 2]), axis=-2)


def odd_draws(words: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """A fair coin for each word of random bits."""
    return (words >> np.uint64(63)).astype(np.bool_)


def inverse_of(table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What each Pauli before the inverse of a gate is after it."""
    return np.argsort(table).astype(np.uint8)
