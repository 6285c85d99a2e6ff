"""Symmetries that every outcome of a circuit obeys, found without running it: parities.

At the beginning each Z says 1 of its qubit. A gate carries what it can of this group of Paulis to
other Paulis, and the rest is lost: of those that a rotation does not commute with, the products in
pairs. What is left at the end and has only Zs is a parity of bits that outcomes must have: one that
an outcome does not have is the work of an error, whatever the angles are.

Paulis are i^phase X^x Z^z, with masks of qubits for x and z.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import GATES, Kind

MOST_GATES: Final = 20_000
"""Of a circuit that is looked at: about a second."""
_WIDEST: Final = 4
"""Operands of a gate that is looked at closely; of a wider one only its controls are."""
_EXACT: Final = 1e-9

Matrix = NDArray[np.complex128]


class Pauli(NamedTuple):
    x: int
    z: int
    phase: int


class Parity(NamedTuple):
    """The bits of `mask` have an odd number of ones, or an even one."""

    mask: int
    odd: bool


def parities(circuit: Circuit) -> list[Parity]:
    """Those of a circuit that is read at its end, as many as are independent; none of one that
    measures or resets by itself, or is very long."""
    structure = circuit.structure
    if structure.has_events or structure.gates > MOST_GATES:
        return []
    group = [Pauli(0, 1 << qubit, 0) for qubit in range(structure.qubits)]
    starts, letters = structure.param_starts.tolist(), 0
    for gate, kind in enumerate(structure.kinds.tolist()):
        if not group:
            return []
        params = tuple(circuit.params[starts[gate] : starts[gate + 1]].tolist())
        operands, controls = structure.operands_of(gate), int(structure.controls[gate])
        if kind == Kind.PAULIEXP:
            width = len(operands) - controls
            words = structure.letters[letters : letters + width * len(params)]
            letters += width * len(params)
            group = _through_exponential(group, operands, controls, words.reshape(-1, width))
        elif kind != Kind.NOP:
            group = _through(group, Kind(kind), operands, controls, params)
    return _read(group)


def _product(one: Pauli, other: Pauli) -> Pauli:
    crossed = (one.z & other.x).bit_count()
    phase = (one.phase + other.phase + 2 * crossed) % 4
    return Pauli(one.x ^ other.x, one.z ^ other.z, phase)


def _cleared(group: list[Pauli], faults: Sequence[int]) -> list[Pauli]:
    """The products whose faults, as bits, cancel."""
    pivots: dict[int, tuple[Pauli, int]] = {}
    kept = []
    for pauli, fault in zip(group, faults, strict=True):
        left, product = fault, pauli
        while left:
            found = pivots.get(left.bit_length())
            if found is None:
                pivots[left.bit_length()] = (product, left)
                break
            product, left = _product(product, found[0]), left ^ found[1]
        else:
            kept.append(product)
    return kept


# -- gates ----------------------------------------------------------------------------------------


class _Carried(NamedTuple):
    """What a gate does to the Paulis on its operands."""

    faults: tuple[int, ...]
    """For each, the part that keeps it from staying a Pauli; those cancel in products."""
    images: tuple[tuple[int, int, int], ...]
    """Where it goes, if it stays one: x, z and by how much the phase grows."""


def _through(
    group: list[Pauli], kind: Kind, operands: list[int], controls: int, params: tuple[float, ...]
) -> list[Pauli]:
    if len(operands) > _WIDEST:
        return _past_controls(group, operands, controls)
    carried = _carried(kind, controls, len(operands) - controls, params)
    width = len(operands)
    everywhere = sum(1 << qubit for qubit in operands)
    touched = [p for p in group if (p.x | p.z) & everywhere]
    if not touched:
        return group
    kept = [p for p in group if not (p.x | p.z) & everywhere]
    local = [_local(p, operands) for p in touched]
    for pauli in _cleared(touched, [carried.faults[place] for place in local]):
        x, z, phase = carried.images[_local(pauli, operands)]
        kept.append(
            Pauli(
                pauli.x & ~everywhere | _spread(x, operands, width),
                pauli.z & ~everywhere | _spread(z, operands, width),
                (pauli.phase + phase) % 4,
            )
        )
    return kept


def _local(pauli: Pauli, operands: list[int]) -> int:
    """The part on the operands, as bits: those of x, then those of z."""
    width = len(operands)
    x = sum((pauli.x >> qubit & 1) << k for k, qubit in enumerate(operands))
    z = sum((pauli.z >> qubit & 1) << k for k, qubit in enumerate(operands))
    return x | z << width


def _spread(bits: int, operands: list[int], width: int) -> int:
    return sum((bits >> k & 1) << operands[k] for k in range(width))


def _past_controls(group: list[Pauli], operands: list[int], controls: int) -> list[Pauli]:
    """Of a wide gate: what is a Z or nothing on its controls, and nothing on its targets."""
    faults = []
    for pauli in group:
        local = _local(pauli, operands)
        x, z = local & ((1 << len(operands)) - 1), local >> len(operands)
        faults.append(x | z >> controls << len(operands))
    return _cleared(group, faults)


def _through_exponential(
    group: list[Pauli], operands: list[int], controls: int, words: NDArray[np.uint8]
) -> list[Pauli]:
    """What commutes with every term stays as it is; under a control, that must be free of X."""
    targets = operands[controls:]
    terms = []
    for word in words.tolist():
        x = sum(1 << q for q, letter in zip(targets, word, strict=True) if letter in (1, 2))
        z = sum(1 << q for q, letter in zip(targets, word, strict=True) if letter in (2, 3))
        terms.append((x, z))
    faults = []
    for pauli in group:
        fault = sum((pauli.x >> qubit & 1) << k for k, qubit in enumerate(operands[:controls]))
        for k, (x, z) in enumerate(terms):
            crossed = ((pauli.x & z).bit_count() + (pauli.z & x).bit_count()) & 1
            fault |= crossed << controls + k
        faults.append(fault)
    return _cleared(group, faults)


@lru_cache(maxsize=4096)
def _carried(kind: Kind, controls: int, targets: int, params: tuple[float, ...]) -> _Carried:
    width = controls + targets
    gate = _matrix(kind, controls, targets, params)
    size = 1 << 2 * width
    images: list[tuple[int, int, int] | None] = []
    for place in range(size):
        x, z = place & ((1 << width) - 1), place >> width
        images.append(_as_pauli(gate @ _pauli(x, z, width) @ gate.conj().T, width))
    stays = [place for place, image in enumerate(images) if image is not None]
    # Those that stay are a space of bits; a Pauli's fault is what is left of it beyond that space.
    basis: dict[int, int] = {}
    for place in stays:
        left = _reduced(place, basis)
        if left:
            basis[left.bit_length()] = left
    faults = tuple(_reduced(place, basis) for place in range(size))
    return _Carried(faults, tuple(image or (0, 0, 0) for image in images))


def _reduced(place: int, basis: dict[int, int]) -> int:
    """Without what the basis has, from the highest bit on: the same for all of a coset."""
    for top in sorted(basis, reverse=True):
        if place >> top - 1 & 1:
            place ^= basis[top]
    return place


def _matrix(kind: Kind, controls: int, targets: int, params: tuple[float, ...]) -> Matrix:
    """On controls and targets, operand k as bit k."""
    matrices = GATES[kind].matrices
    assert matrices is not None, "asked for a gate with a matrix"
    inner = matrices(np.array([params], dtype=np.float64).reshape(1, len(params)))[0]
    size = 1 << controls + targets
    out = np.eye(size, dtype=np.complex128)
    chosen = np.flatnonzero((np.arange(size) & ((1 << controls) - 1)) == (1 << controls) - 1)
    out[np.ix_(chosen, chosen)] = inner
    return out


def _pauli(x: int, z: int, width: int) -> Matrix:
    """X^x Z^z."""
    places = np.arange(1 << width)
    out = np.zeros((len(places), len(places)), dtype=np.complex128)
    out[places ^ x, places] = 1 - 2.0 * (np.bitwise_count(places & z) & 1)
    return out


def _as_pauli(found: Matrix, width: int) -> tuple[int, int, int] | None:
    """x, z and phase of what is a Pauli up to a power of i; else None."""
    x = int(np.argmax(np.abs(found[:, 0])))
    unit = found[x, 0]
    phase = round(float(np.angle(unit)) / (np.pi / 2)) % 4
    if abs(unit - 1j**phase) > _EXACT:
        return None
    z = 0
    for k in range(width):
        sign = (found[x ^ 1 << k, 1 << k] / unit).real
        z |= (sign < 0) << k
    if np.abs(found - 1j**phase * _pauli(x, z, width)).max() > _EXACT:
        return None
    return x, z, phase


def _read(group: list[Pauli]) -> list[Parity]:
    """Those of the group that have only Zs, independent of each other."""
    return [
        Parity(pauli.z, pauli.phase == 2)
        for pauli in _cleared(group, [pauli.x for pauli in group])
        if pauli.z
    ]
