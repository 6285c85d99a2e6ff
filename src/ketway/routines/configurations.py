"""Configurations: which point of a sweep is measured in which basis.

Products that agree on every qubit that both hold are read from the same shots. Which products a
point needs follows from the elements of the answer that lie on it; points that need the same share
their bases, and nothing is measured that no element needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats
from ketway.engines.observables import Observables
from ketway.routines.placing import Index
from ketway.routines.pubs import EstimatorPub


class Basis(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Some points measured in one basis."""

    letters: NDArray[np.uint8]
    """What is measured on each qubit, as places in "IXYZ"; I: nothing is."""
    points: Index
    products: Index
    """Those that are read from it."""
    first: int
    """The first of its configurations: one for each point, in order."""
    pair: int
    """The first of its pairs of a point and a product: each point's products follow each other."""


@dataclass(frozen=True)
class Configurations:
    """All that has to be measured for an answer, and how the answer is made of it."""

    bases: tuple[Basis, ...]
    count: int
    """Configurations of all bases."""
    pairs: int
    owners: Index
    """For each term of each element of the answer, the element."""
    sources: Index
    """And the pair that it is the value of."""
    coefficients: Floats
    offsets: Floats
    """For each element, what the identity adds."""
    products: Index
    """For each pair, its product."""
    letters: NDArray[np.uint8]
    """Of each product on each qubit, as places in "IXYZ"."""

    @property
    def points(self) -> Index:
        """The point of each configuration."""
        return np.concatenate([np.zeros(0, np.int64), *(basis.points for basis in self.bases)])

    @property
    def measured(self) -> NDArray[np.bool_]:
        """Which qubits any basis measures."""
        held = np.array([basis.letters for basis in self.bases]) > 0
        return np.asarray(held.any(axis=0), dtype=np.bool_)

    def sums(self, values: Floats) -> Floats:
        """The elements of the answer, where the pairs have these values: the last axis of both."""
        out = np.repeat(self.offsets[:, None], values.size // max(1, values.shape[-1]), axis=1)
        flat = values.reshape(-1, values.shape[-1])
        np.add.at(out, self.owners, (self.coefficients * flat[:, self.sources]).T)
        return np.ascontiguousarray(out.T).reshape(*values.shape[:-1], len(self.offsets))

    def errors(self, squares: Floats) -> Floats:
        """Standard errors of the elements, where these are the squares of those of the pairs.

        Terms that are read from the same shots are taken to be independent, as IBM takes them.
        """
        flat = squares.reshape(-1, squares.shape[-1])
        out = np.zeros((len(self.offsets), len(flat)))
        np.add.at(out, self.owners, (self.coefficients**2 * flat[:, self.sources]).T)
        found: Floats = np.sqrt(np.ascontiguousarray(out.T))
        return found.reshape(*squares.shape[:-1], len(self.offsets))


def configurations(pub: EstimatorPub) -> Configurations:
    """What has to be measured for a PUB."""
    observables = pub.observables
    letters = letters_of(observables)
    bases: list[Basis] = []
    count = pairs = 0
    chosen = np.arange(len(pub.points))
    owners, sources, coefficients = [], [], []
    products = []
    none = np.zeros(0, dtype=np.int64)
    for points, members in _alike(pub):
        needed = np.unique(np.concatenate([_terms(observables, m)[1] for m in members.tolist()]))
        pair_of = np.zeros(observables.products, dtype=np.int64)
        stride_of = np.zeros(observables.products, dtype=np.int64)
        groups = grouped(letters, needed)
        sizes = np.array([len(some) for _, some in groups], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        read = np.concatenate([none, *(some for _, some in groups)])
        pair_of[read] = pairs + np.arange(len(read)) + np.repeat((len(points) - 1) * starts, sizes)
        stride_of[read] = np.repeat(sizes, sizes)
        for (basis, some), start in zip(groups, starts.tolist(), strict=True):
            bases.append(Basis(basis, points, some, count, pairs + len(points) * start))
            products.append(some if len(points) == 1 else np.tile(some, len(points)))
            count += len(points)
        pairs += len(points) * len(read)
        here = chosen[np.isin(pub.points, points)]
        place = np.searchsorted(points, pub.points[here])
        for member in members.tolist():
            mine = pub.members[here] == member
            values, terms = _terms(observables, member)
            owners.append(np.repeat(here[mine], len(terms)))
            sources.append((pair_of[terms] + place[mine][:, None] * stride_of[terms]).ravel())
            coefficients.append(np.tile(values, int(mine.sum())))
    return Configurations(
        tuple(bases),
        count,
        pairs,
        np.concatenate([none, *owners]),
        np.concatenate([none, *sources]),
        np.concatenate([np.zeros(0), *coefficients]),
        observables.offsets[pub.members],
        np.concatenate([none, *products]),
        letters,
    )


def _terms(observables: Observables, member: int) -> tuple[Floats, Index]:
    part = slice(observables.starts[member], observables.starts[member + 1])
    return observables.coefficients[part], observables.members[part]


def _alike(pub: EstimatorPub) -> list[tuple[Index, Index]]:
    """Points of which the same observables are wanted, and those observables."""
    width = len(pub.observables)
    keys = np.unique(pub.points * width + pub.members)
    points, firsts = np.unique(keys // width, return_index=True)
    together: dict[bytes, list[int]] = {}
    for point, members in zip(points.tolist(), np.split(keys % width, firsts[1:]), strict=True):
        together.setdefault(members.tobytes(), []).append(point)
    return [
        (np.array(some, dtype=np.int64), np.frombuffer(members, dtype=np.int64))
        for members, some in together.items()
    ]


def letters_of(observables: Observables) -> NDArray[np.uint8]:
    """Of each product on each qubit, as places in "IXYZ"."""
    x, z = (
        np.unpackbits(masks, axis=1, count=observables.qubits, bitorder="little")
        for masks in (observables.x, observables.z)
    )
    return np.asarray(np.where(z == 1, 3 - x, x), dtype=np.uint8)


def grouped(letters: NDArray[np.uint8], products: Index) -> list[tuple[NDArray[np.uint8], Index]]:
    """Bases, and the products that are read from each: a product goes to the first basis that it
    agrees with. Those that hold the most qubits come first, for others to join."""
    own = letters[products]
    order = np.argsort(-(own > 0).sum(axis=1), kind="stable")
    out: list[tuple[NDArray[np.uint8], Index]] = []
    for start in range(0, len(order), _AT_ONCE):
        some = products[order[start : start + _AT_ONCE]]
        for found in _together(letters[some], some):
            own = letters[found]
            out.append((own[0] if len(own) == 1 else own.max(axis=0), found))
    return out


_AT_ONCE: Final = 4096
"""Products that are grouped together: each is compared with each. Part of what a seed means."""


def _together(own: NDArray[np.uint8], products: Index) -> list[Index]:
    """A basis has the letters of its products, so what agrees with each of them agrees with it."""
    first, second = _words(own & 1 > 0), _words(own & 2 > 0)
    held = first | second
    agree = np.ones((len(own), len(own)), dtype=np.bool_)
    for one, other, both in zip(first.T, second.T, held.T, strict=True):
        differ = (one[:, None] ^ one) | (other[:, None] ^ other)
        agree &= (differ & both & both[:, None]) == 0
    open_to = np.empty_like(agree)
    """Of each basis, the products that it can take."""
    members: list[list[int]] = []
    alone = (agree.sum(axis=1) == 1).tolist()
    shared: list[int] = []
    """The bases that may take another product; row k of `open_to` is that of the k-th."""
    for place, single in enumerate(alone):
        if single:
            members.append([place])
            continue
        count = len(shared)
        found = int(open_to[:count, place].argmax()) if count else 0
        if count and open_to[found, place]:
            open_to[found] &= agree[place]
            members[shared[found]].append(place)
            continue
        open_to[count] = agree[place]
        shared.append(len(members))
        members.append([place])
    return [products[some] if len(some) == 1 else np.sort(products[some]) for some in members]


def _words(bits: NDArray[np.bool_]) -> NDArray[np.unsignedinteger[Any]]:
    """Rows of bits, up to 64 to a word: the smallest that holds a row, if there is one."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    size = next((size for size in (1, 2, 4) if packed.shape[1] <= size), 8)
    wide = np.zeros((len(bits), max(1, -(-packed.shape[1] // size)) * size), dtype=np.uint8)
    wide[:, : packed.shape[1]] = packed
    found: NDArray[np.unsignedinteger[Any]] = wide.view(f"u{size}")
    return found
