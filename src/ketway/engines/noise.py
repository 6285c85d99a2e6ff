"""Where noise strikes: the sites that follow each gate.

A one-qubit gate has one one-qubit site and a two-qubit gate one two-qubit site, controls counted. A
gate on k > 2 qubits is charged as what it compiles to: 6 (k - 2) two-qubit gates, along its
operands. The exponential of a Pauli product on w > 1 qubits is charged as the 2 (w - 1) two-qubit
gates of its chain. No-ops, global phases, measurements and resets are free.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Ints, Structure
from ketway.circuits.gates import Kind

_FREE = (Kind.NOP, Kind.GLOBAL_PHASE, Kind.MEASURE, Kind.RESET)


@dataclass(frozen=True)
class Sites:
    """The sites of gate g are `qubits[starts[g]:starts[g + 1]]`."""

    starts: NDArray[np.int64]
    qubits: Ints
    """Shape (sites, 2): a pair of qubits, or one qubit and -1."""


def noise_sites(structure: Structure) -> Sites:
    """The sites of every gate of a circuit."""
    starts, operands = structure.operand_starts.tolist(), structure.operands.tolist()
    found: list[tuple[int, int]] = []
    ends = [0]
    letters = 0
    params = np.diff(structure.param_starts).tolist()
    for gate, kind in enumerate(structure.kinds.tolist()):
        qubits = operands[starts[gate] : starts[gate + 1]]
        if kind == Kind.PAULIEXP:
            controls = int(structure.controls[gate])
            width = len(qubits) - controls
            for _ in range(params[gate]):
                term = structure.letters[letters : letters + width].tolist()
                letters += width
                found.extend(_chain(qubits, controls, term))
        elif kind not in _FREE:
            found.extend(_gate(qubits))
        ends.append(len(found))
    return Sites(np.array(ends, dtype=np.int64), np.array(found, dtype=np.int32).reshape(-1, 2))


def _gate(qubits: list[int]) -> list[tuple[int, int]]:
    if len(qubits) == 1:
        return [(qubits[0], -1)]
    pairs = list(itertools.pairwise(qubits))
    if len(qubits) == 2:
        return pairs
    return [pairs[i % len(pairs)] for i in range(6 * (len(qubits) - 2))]


def _chain(qubits: list[int], controls: int, term: list[int]) -> list[tuple[int, int]]:
    held = qubits[:controls] + [
        q for q, letter in zip(qubits[controls:], term, strict=True) if letter
    ]
    if len(held) == 1:
        return [(held[0], -1)]
    pairs = list(itertools.pairwise(held))
    return pairs + pairs[::-1]
