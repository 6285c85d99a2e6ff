"""Blocks as numbers: each is a chain of small tensors, one per site that it acts on.

A core has the axes (left bond, out, right bond, in). An operator on two sites is cut by its Schmidt
decomposition; a wider one is written as a sum of products (controls need two: the identity, and
what differs from it where every control is 1), or cut site by site, and its bonds made as small as
they can be. So no gate moves a qubit: it stretches over the sites between.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats
from ketway.circuits.gates import GATES, Kind
from ketway.engines.mps_program import Block, Program
from ketway.jobs.failures import Code, FailedError, Failure

Array: TypeAlias = NDArray[np.complex128]

ROUNDING: Final = 1e-14
"""Terms that are this much smaller than the largest are rounding, not terms."""

_MATRIX_WIRES: Final = 6
"""Operators up to this width are made from their whole matrix."""

MOST_WIRES: Final = 10
"""Exponentials of terms that do not commute are made from their whole matrix up to this width."""

_PAULIS: Final[Array] = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)
_ONE: Final[Array] = np.diag([0.0, 1.0]).astype(np.complex128)
"""The projector on 1."""

_REVERSED: Final = np.array([0, 2, 1, 3])
"""Indices of a pair whose bits are exchanged."""


@dataclass(frozen=True)
class Operator:
    """A product of cores on ascending sites; what lies between passes the bond on."""

    sites: tuple[int, ...]
    cores: tuple[Array, ...]


@dataclass(frozen=True)
class Error:
    """A Pauli that noise put after a gate."""

    gate: int
    wire: int
    letter: int


class Operators:
    """The operators of a program at one row of parameters."""

    def __init__(self, program: Program, params: Floats) -> None:
        self._program, self._params = program, params
        self._letters = _letter_starts(program)
        self._matrices = self._small_matrices()
        self._pairs = self._decomposed()
        self._made: dict[int, tuple[Operator, ...]] = {}

    def of(self, place: int, errors: Sequence[Error] = ()) -> tuple[Operator, ...]:
        """The operators of a block, to be applied in order."""
        block = self._program.blocks[place]
        if not errors:
            if place not in self._made:
                self._made[place] = self._plain(place, block)
            return self._made[place]
        if len(block.wires) <= 2:
            return self._small(block, self._product(block, errors))
        return (*self.of(place), *(self._pauli(error) for error in errors))

    def _plain(self, place: int, block: Block) -> tuple[Operator, ...]:
        if len(block.wires) == 1:
            return (self._single(block.wires[0], self._pairs[place]),)
        if len(block.wires) == 2:
            return self._small(block, self._pairs[place])
        return tuple(self._wide(block.gates[0], block.wires))

    def _site(self, wire: int) -> int:
        return self._program.site_of[wire]

    def _single(self, wire: int, matrix: Array) -> Operator:
        return Operator((self._site(wire),), (matrix[:2, :2].reshape(1, 2, 1, 2),))

    def _pauli(self, error: Error) -> Operator:
        return self._single(error.wire, _PAULIS[error.letter])

    def _small(self, block: Block, matrix: Array) -> tuple[Operator, ...]:
        if len(block.wires) == 1:
            return (self._single(block.wires[0], matrix),)
        sites = [self._site(wire) for wire in block.wires]
        if sites[0] > sites[1]:
            matrix = matrix[_REVERSED][:, _REVERSED]
            sites.reverse()
        return (Operator(tuple(sites), tuple(cores_of(matrix, 2))),)

    def _decomposed(self) -> dict[int, Array]:
        """The products of all blocks on one or two wires: the first gates of all, the second …"""
        places = [p for p, b in enumerate(self._program.blocks) if self._is_small(b)]
        blocks = [self._program.blocks[place] for place in places]
        lengths = np.array([len(block.gates) for block in blocks], dtype=np.int64)
        found = np.broadcast_to(np.eye(4, dtype=np.complex128), (len(blocks), 4, 4)).copy()
        for depth in range(int(lengths.max(initial=0))):
            chosen = np.flatnonzero(lengths > depth)
            gates = [blocks[i].gates[depth] for i in chosen.tolist()]
            found[chosen] = self._matrices[gates] @ found[chosen]
        return dict(zip(places, found, strict=True))

    @staticmethod
    def _is_small(block: Block) -> bool:
        return not block.event and len(block.wires) <= 2

    def _product(self, block: Block, errors: Sequence[Error]) -> Array:
        product = np.eye(4, dtype=np.complex128)
        for gate in block.gates:
            product = self._matrices[gate] @ product
            for error in errors:
                if error.gate == gate:
                    side = block.wires.index(error.wire)
                    product = _on_pair(_PAULIS[error.letter][None], (side,))[0] @ product
        return product

    def _small_matrices(self) -> Array:
        """For every gate of a small block its matrix on the block's wires, the first the low bit;
        kind by kind, for all gates that are alike at once."""
        structure, wires = self._program.structure, self._program.gate_wires
        alike: dict[tuple[int, int, tuple[int, ...]], list[int]] = {}
        kinds, controls = structure.kinds.tolist(), structure.controls.tolist()
        for block in self._program.blocks:
            if self._is_small(block):
                place = {wire: side for side, wire in enumerate(block.wires)}
                for gate in block.gates:
                    sides = tuple([place[wire] for wire in wires[gate]])
                    alike.setdefault((kinds[gate], controls[gate], sides), []).append(gate)
        out = np.zeros((structure.gates, 4, 4), dtype=np.complex128)
        for (kind, held, sides), gates in alike.items():
            out[gates] = _on_pair(controlled(self._targets(Kind(kind), gates), held), sides)
        return out

    def _targets(self, kind: Kind, gates: Sequence[int]) -> Array:
        """The matrices on their targets of gates of one kind."""
        if kind == Kind.PAULIEXP:
            return np.stack([self._exponential(gate) for gate in gates])
        if kind == Kind.SWAP:  # the wires are exchanged already
            return np.broadcast_to(np.eye(4, dtype=np.complex128), (len(gates), 4, 4))
        row = GATES[kind]
        assert row.matrices is not None
        starts = self._program.structure.param_starts[gates].astype(np.int64)
        return row.matrices(self._params[starts[:, None] + np.arange(row.params)])

    def _terms(self, gate: int) -> tuple[Floats, NDArray[np.uint8]]:
        structure = self._program.structure
        first, last = structure.param_starts[gate : gate + 2]
        width = len(self._program.gate_wires[gate]) - int(structure.controls[gate])
        start = self._letters[gate]
        letters = structure.letters[start : start + (last - first) * width]
        return self._params[first:last], letters.reshape(-1, width)

    def _exponential(self, gate: int) -> Array:
        return exponential(*self._terms(gate))

    def _wide(self, gate: int, wires: tuple[int, ...]) -> Iterable[Operator]:
        structure = self._program.structure
        kind, held = Kind(int(structure.kinds[gate])), int(structure.controls[gate])
        if kind == Kind.PAULIEXP:
            coefficients, letters = self._terms(gate)
            for part in commuting_parts(letters):
                yield from self._pauli_wide(coefficients[part], letters[part], held, wires)
            return
        row = GATES[kind]
        assert row.matrices is not None
        first = int(structure.param_starts[gate])
        matrix = row.matrices(self._params[None, first : first + row.params])[0]
        if len(wires) <= _MATRIX_WIRES:
            yield self._cut(controlled(matrix[None], held)[0], wires)
            return
        terms = [[_PAULIS[0]] * len(wires)]
        targets = len(wires) - held
        if targets == 0:  # a phase, where every control is 1
            terms.append([_ONE] * (held - 1) + [_ONE * (matrix[0, 0] - 1)])
        else:
            cores = cores_of(matrix - np.eye(len(matrix)), targets)
            for term in range(cores[0].shape[2]):
                sides = [cores[0][0, :, term]] + [core[term, :, 0] for core in cores[1:]]
                terms.append([_ONE] * held + sides)
        yield self._sum(terms, wires)

    def _pauli_wide(
        self, coefficients: Floats, letters: NDArray[np.uint8], held: int, wires: tuple[int, ...]
    ) -> Iterable[Operator]:
        """Terms of which each fails to commute with another one, or a single term."""
        used = np.flatnonzero((letters > 0).any(axis=0)).tolist()
        acted = (*wires[:held], *(wires[held + target] for target in used))
        if not acted:
            return
        if len(acted) <= _MATRIX_WIRES or len(letters) > 1:
            matrix = controlled(exponential(coefficients, letters[:, used])[None], held)[0]
            yield self._cut(matrix, acted)
            return
        cos, sin = math.cos(coefficients[0]), math.sin(coefficients[0])
        product = [_PAULIS[letter] for letter in letters[0, used].tolist()]
        identity = [_PAULIS[0]] * len(used)
        everywhere = [_PAULIS[0]] * held + identity
        terms = [everywhere, _scaled([_ONE] * held + product, -1j * sin)]
        if held:
            terms.append(_scaled([_ONE] * held + identity, cos - 1))
        else:
            terms[0] = _scaled(everywhere, cos)
        yield self._sum(terms, acted)

    def _cut(self, matrix: Array, wires: tuple[int, ...]) -> Operator:
        sites = [self._site(wire) for wire in wires]
        order = np.argsort(sites)
        width = len(sites)
        axes = [width - 1 - int(j) for j in order[::-1]]  # the last axis is the low bit
        tensor = matrix.reshape((2,) * (2 * width))
        matrix = tensor.transpose(axes + [width + a for a in axes]).reshape(matrix.shape)
        return _balanced(tuple(sorted(sites)), cores_of(matrix, width))

    def _sum(self, terms: list[list[Array]], wires: tuple[int, ...]) -> Operator:
        sites = [self._site(wire) for wire in wires]
        order = np.argsort(sites).tolist()
        stacked = [np.stack([term[j] for term in terms]) for j in order]
        return _balanced(tuple(sorted(sites)), _rounded(_summed(stacked)))


def check(program: Program) -> None:
    """Refuse, before anything runs, what has no chain of small tensors."""
    structure = program.structure
    starts = _letter_starts(program)
    for gate in np.flatnonzero(structure.kinds == Kind.PAULIEXP).tolist():
        held = int(structure.controls[gate])
        width = len(program.gate_wires[gate]) - held
        terms = int(structure.param_starts[gate + 1] - structure.param_starts[gate])
        letters = structure.letters[starts[gate] : starts[gate] + terms * width]
        letters = letters.reshape(-1, width)
        for part in commuting_parts(letters):
            acted = held + int((letters[part] > 0).any(axis=0).sum())
            if len(part) > 1 and acted > MOST_WIRES:
                raise FailedError(
                    Failure(
                        Code.UNSUPPORTED_GATE,
                        f"Gate {gate} is the exponential of Pauli terms that do not commute, on "
                        f"{acted} qubits; as a matrix product it may have {MOST_WIRES}: write it "
                        "as a product of exponentials.",
                        gate=gate,
                    )
                )


def commuting_parts(letters: NDArray[np.uint8]) -> list[list[int]]:
    """The terms in parts, such that terms of different parts commute."""
    x = np.isin(letters, (1, 2)).astype(np.float64)
    z = (letters >= 2).astype(np.float64)
    linked = (x @ z.T + z @ x.T) % 2 == 1
    left = set(range(len(letters)))
    parts = []
    while left:
        part = [min(left)]
        left.discard(part[0])
        for term in part:
            near = [other for other in np.flatnonzero(linked[term]).tolist() if other in left]
            part.extend(near)
            left.difference_update(near)
        parts.append(sorted(part))
    return parts


def exponential(coefficients: Floats, letters: NDArray[np.uint8]) -> Array:
    """exp(-i sum c P), by diagonalising the sum; letter j of a term is bit j."""
    total = np.zeros((1 << letters.shape[1],) * 2, dtype=np.complex128)
    for coefficient, term in zip(coefficients, letters, strict=True):
        product = np.ones((1, 1), dtype=np.complex128)
        for letter in term.tolist():
            product = np.kron(_PAULIS[letter], product)
        total += coefficient * product
    values, vectors = np.linalg.eigh(total)
    found: Array = (vectors * np.exp(-1j * values)) @ vectors.conj().T
    return found


def controlled(matrices: Array, held: int) -> Array:
    """With so many controls as low bits: the matrices act where all of them are 1."""
    count, dim = matrices.shape[:2]
    if not held:
        return matrices
    out = np.zeros((count, dim << held, dim << held), dtype=np.complex128)
    out[:] = np.eye(dim << held)
    chosen = ((1 << held) - 1) + (np.arange(dim) << held)
    out[:, chosen[:, None], chosen] = matrices
    return out


def cores_of(matrix: Array, width: int) -> list[Array]:
    """A matrix, bit j of whose indices is site j, cut between the sites."""
    tensor = matrix.reshape((2,) * (2 * width))
    axes = [axis for j in range(width) for axis in (width - 1 - j, 2 * width - 1 - j)]
    rest = tensor.transpose(axes).reshape(1, -1)
    cores = []
    for _ in range(width - 1):
        bond = len(rest)
        left, right = _halved(rest.reshape(bond * 4, -1))
        cores.append(left.reshape(bond, 2, 2, -1).transpose(0, 1, 3, 2))
        rest = right
    cores.append(rest.reshape(len(rest), 2, 2, 1).transpose(0, 1, 3, 2))
    return [np.ascontiguousarray(core) for core in cores]


def _halved(matrix: Array) -> tuple[Array, Array]:
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    rank = max(1, int((s > ROUNDING * s[0]).sum()))
    roots = np.sqrt(s[:rank])
    return u[:, :rank] * roots, roots[:, None] * v[:rank]


def _summed(stacked: list[Array]) -> list[Array]:
    """A sum of products, `stacked[site][term]`, as cores: the bond says which term it is."""
    terms = len(stacked[0])
    cores = []
    for j, matrices in enumerate(stacked):
        core = np.zeros((terms, 2, terms, 2), dtype=np.complex128)
        core[np.arange(terms), :, np.arange(terms), :] = matrices
        if j == 0:
            core = core.sum(axis=0, keepdims=True)
        if j == len(stacked) - 1:
            core = core.sum(axis=2, keepdims=True)
        cores.append(core)
    return cores


def _rounded(cores: list[Array]) -> list[Array]:
    """The same operator with the smallest bonds: made orthonormal one way, cut on the way back."""
    found = [core.transpose(0, 1, 3, 2) for core in cores]  # (left, out, in, right)
    for j in range(len(found) - 1):
        bond, last = found[j].shape[0], found[j].shape[3]
        q, r = np.linalg.qr(found[j].reshape(bond * 4, last))
        found[j] = q.reshape(bond, 2, 2, -1)
        found[j + 1] = np.tensordot(r, found[j + 1], axes=1)
    for j in range(len(found) - 1, 0, -1):
        bond, last = found[j].shape[0], found[j].shape[3]
        u, s, v = np.linalg.svd(found[j].reshape(bond, 4 * last), full_matrices=False)
        rank = max(1, int((s > ROUNDING * s[0]).sum()))
        found[j] = v[:rank].reshape(rank, 2, 2, last)
        found[j - 1] = found[j - 1] @ (u[:, :rank] * s[:rank])
    return [np.ascontiguousarray(core.transpose(0, 1, 3, 2)) for core in found]


def _balanced(sites: tuple[int, ...], cores: list[Array]) -> Operator:
    """With all cores of one size, so that where the bonds are 1 each core is unitary."""
    sizes = [float(np.linalg.norm(core)) for core in cores]
    mean = math.exp(math.fsum(map(math.log, sizes)) / len(sizes))
    return Operator(
        sites, tuple(core * (mean / size) for core, size in zip(cores, sizes, strict=True))
    )


def _scaled(product: list[Array], factor: complex) -> list[Array]:
    return [product[0] * factor, *product[1:]]


def _on_pair(matrices: Array, sides: tuple[int, ...]) -> Array:
    """Matrices on one or both wires of a pair, as matrices of the pair."""
    if sides == (0, 1):
        return matrices
    if sides == (1, 0):
        return matrices[:, _REVERSED][:, :, _REVERSED]
    out = np.zeros((len(matrices), 4, 4), dtype=np.complex128)
    step = 2 if sides == (1,) else 1  # of the gate's own bit; the other bit passes
    for other in (0, 3 - step):
        for i in (0, 1):
            for j in (0, 1):
                out[:, other + step * i, other + step * j] = matrices[:, i, j]
    return out


def _letter_starts(program: Program) -> dict[int, int]:
    structure = program.structure
    starts: dict[int, int] = {}
    at = 0
    for gate in np.flatnonzero(structure.kinds == Kind.PAULIEXP).tolist():
        starts[gate] = at
        width = len(program.gate_wires[gate]) - int(structure.controls[gate])
        at += width * int(structure.param_starts[gate + 1] - structure.param_starts[gate])
    return starts
