"""Random circuits over every kind of gate, with controls, Pauli exponentials and native gates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind

PARAMS = {
    Kind.RX: 1, Kind.RY: 1, Kind.RZ: 1, Kind.PHASE: 1, Kind.U: 3, Kind.RXX: 1, Kind.RYY: 1,
    Kind.RZZ: 1, Kind.GPI: 1, Kind.GPI2: 1, Kind.MS: 3, Kind.ZZ: 1, Kind.GLOBAL_PHASE: 1,
}  # fmt: skip
"""Parameters per kind, written out a second time: the corpus does not trust the table."""

_TWO = (Kind.SWAP, Kind.RXX, Kind.RYY, Kind.RZZ, Kind.MS, Kind.ZZ, Kind.ECR)
_TURNS = (Kind.GPI, Kind.GPI2, Kind.MS, Kind.ZZ)

_ACTING = (Kind.MEASURE, Kind.RESET, Kind.JUMP, Kind.ASSIGN)
_ADDED = (Kind.DRESSING,)
"""Kinds that no circuit is written with."""
UNITARY_KINDS = tuple(k for k in Kind if k not in _ACTING + _ADDED)
"""Every kind that is a unitary, and that circuits are written with."""


def random_circuit(
    qubits: int,
    gates: int,
    seed: int,
    kinds: Sequence[Kind] = UNITARY_KINDS,
    controls: int = 2,
    measures: int = 0,
    resets: int = 0,
) -> Circuit:
    """Gates at random places; each kind comes at least once if there are enough gates.

    With `measures` or `resets`, that many stand in the middle, and all qubits are read at the end.
    """
    rng = np.random.default_rng(seed)
    b = Builder(qubits, bits=qubits + measures if measures or resets else 0)
    chosen = [Kind(int(k)) for k in rng.permutation(np.resize([int(k) for k in kinds], gates))]
    middle = [Kind.MEASURE] * measures + [Kind.RESET] * resets
    for kind in middle:
        chosen.insert(int(rng.integers(1, len(chosen) + 1)), kind)
    read = 0
    for kind in chosen:
        if kind == Kind.MEASURE:
            b.add(kind, [int(rng.integers(qubits)), qubits + read])
            read += 1
        elif kind == Kind.RESET:
            b.add(kind, [int(rng.integers(qubits))])
        else:
            _add(b, kind, controls, rng)
    if middle:
        for q in range(qubits):
            b.add(Kind.MEASURE, [q, q])
    return b.circuit()


def _add(b: Builder, kind: Kind, controls: int, rng: np.random.Generator) -> None:
    order = [int(q) for q in rng.permutation(b.qubits)]
    width = 1
    if kind in _TWO:
        width = 2
    elif kind == Kind.PAULIEXP:
        width = int(rng.integers(1, min(4, b.qubits) + 1))
    elif kind == Kind.GLOBAL_PHASE:
        width = 0
    if width > b.qubits:
        return
    most = min(controls, b.qubits - width)
    held = order[width : width + int(rng.integers(0, most + 1))]
    targets = order[:width]
    if kind == Kind.PAULIEXP:
        terms = ["".join(rng.choice(list("IXYZ"), size=width)) for _ in range(rng.integers(1, 4))]
        b.add_pauliexp(targets, terms, rng.normal(size=len(terms)), held)
        return
    span = 1.0 if kind in _TURNS else 2 * math.pi
    b.add(kind, targets, rng.uniform(-span, span, size=PARAMS.get(kind, 0)), held)
