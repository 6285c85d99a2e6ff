"""The chain of tensors itself: a matrix product state, its bonds, and what was cut from them.

Gates are put in without any decomposition: an operator of rank k makes the bonds that it crosses k
times larger. Only when a bond has grown to twice what it was known to need are the bonds made small
again: one sweep makes the changed stretch orthonormal from the right, the next cuts bond after bond
from the left, so that each is cut with the orthogonality centre beside it, where dropping the
smallest Schmidt coefficients is the best that can be done. A circuit that entangles as much as its
gates can is hardly ever decomposed this way, and one that does not is decomposed no more often than
by a cut after every gate.

Cuts are by singular values and not by the eigenvalues of M M+, which would be twice as fast: these
are the squares, so all below 1e-16 is rounding, and that is as large as the weights to be told.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.engines.mps_operators import Operator

Array: TypeAlias = NDArray[np.complex128]

DISCARDED: Final = 1e-16
"""The squares of the Schmidt coefficients that one cut drops add up to no more than this."""

_SMALL: Final = 16
"""Bonds up to here are left alone: cutting them would cost more than it gains."""

_GROWTH: Final = 2
"""A bond may grow by this factor before it is looked at again."""

_ROUNDING: Final = 1e-28
"""A weight up to here is that of coefficients that are zero but for rounding: nothing is lost."""


class Chain:
    """A state of qubits in a row. Tensors are replaced, never changed, so copies share them."""

    def __init__(self, sites: int, most: int | None = None, discarded: float = DISCARDED) -> None:
        """`most` bounds every bond, after a cut."""
        zero = np.array([1, 0], dtype=np.complex128).reshape(1, 2, 1)
        self.tensors: list[Array] = [zero] * sites
        self.most, self.discarded = most, discarded
        self.angle = 0.0
        """By how much the state has been turned away from the true one, at most."""
        # Sites left of `first` are orthonormal from the left, those right of `last` from the right.
        self._first = self._last = 0
        # Of the bond right of each site:
        self._allowed = [self._allowance(1)] * sites
        self._grown = [False] * sites

    def copy(self) -> Chain:
        other = Chain(0, self.most, self.discarded)
        other.tensors = self.tensors.copy()
        other.angle = self.angle
        other._first, other._last = self._first, self._last
        other._allowed, other._grown = self._allowed.copy(), self._grown.copy()
        return other

    @property
    def truncation(self) -> float:
        """No probability of anything differs from the true one by more.

        A cut that drops the weight w turns the state by asin(sqrt(w)); gates keep angles, and
        angles add up at most. The distance of two states at an angle is its sine, and no
        measurement tells them apart any better.
        """
        return math.sin(min(self.angle, math.pi / 2))

    @property
    def bond(self) -> int:
        """The largest."""
        return max((tensor.shape[2] for tensor in self.tensors), default=1)

    def apply(self, operator: Operator) -> None:
        sites, cores = operator.sites, operator.cores
        if all(core.shape[2] == 1 for core in cores):
            for site, core in zip(sites, cores, strict=True):
                self.tensors[site] = core[0, :, 0] @ self.tensors[site]
            return
        ranks = self._ranks(operator)
        if any(
            self.tensors[site].shape[2] * rank > self._allowed[site]
            for site, rank in enumerate(ranks, sites[0])
        ):
            self.compress()
        held = dict(zip(sites, cores, strict=True))
        for site in range(sites[0], sites[-1] + 1):
            if site in held:
                self.tensors[site] = _joined(self.tensors[site], held[site])
            else:
                self.tensors[site] = _passed(self.tensors[site], ranks[site - sites[0]])
        for site in range(sites[0], sites[-1]):
            self._grown[site] = True
        self._first, self._last = min(self._first, sites[0]), max(self._last, sites[-1])

    @staticmethod
    def _ranks(operator: Operator) -> list[int]:
        """Of the operator, at each cut from its first site to its last."""
        ranks: list[int] = []
        for core, site, after in zip(
            operator.cores[:-1], operator.sites[:-1], operator.sites[1:], strict=True
        ):
            ranks.extend([core.shape[2]] * (after - site))
        return ranks

    def _allowance(self, bond: int) -> int:
        """How large a bond may become that was found to need so much."""
        small = _SMALL if self.most is None else min(_SMALL, self.most)
        return max(small, _GROWTH * bond)

    def compress(self) -> None:
        """Make every bond that has grown as small as it can be."""
        grown = [site for site, flag in enumerate(self._grown) if flag]
        if not grown:
            return
        first, last = min(self._first, grown[0]), max(self._last, grown[-1] + 1)
        for site in range(last, first, -1):
            self._pass_left(site)
        for site in range(last, first, -1):
            self._allowed[site - 1] = self._allowance(self._bond(site - 1))
        wide = [s for s in range(first, last) if self._grown[s] and self._wide(s)]
        site = first
        # A bond that is more than twice the one before it is so without need, and passing it shows.
        while site < last and (
            (wide and site <= wide[-1]) or self._bond(site) > 2 * self.tensors[site].shape[0]
        ):
            if self._grown[site] and self._wide(site):
                self._cut(site)
            else:
                self._pass_right(site)
            self._allowed[site] = self._allowance(self._bond(site))
            site += 1
        for changed in range(first, last):
            self._grown[changed] = False
        self._first = self._last = site

    def _bond(self, site: int) -> int:
        return int(self.tensors[site].shape[2])

    def _wide(self, site: int) -> bool:
        """Whether the bond right of a site is worth a cut."""
        bond = self._bond(site)
        return bond > _SMALL // _GROWTH or (self.most is not None and bond > self.most)

    def centre(self, site: int) -> None:
        """Make all sites orthonormal towards this one; no bond is cut."""
        for right in range(self._last, site, -1):
            self._pass_left(right)
        for left in range(self._first, site):
            self._pass_right(left)
        self._first = self._last = site

    def weights(self, site: int) -> tuple[float, float]:
        """The probabilities of 0 and of 1 at a site."""
        self.centre(site)
        squares = np.square(np.abs(self.tensors[site])).sum(axis=(0, 2))
        return float(squares[0]), float(squares[1])

    def project(self, site: int, value: int, becomes: int) -> None:
        """Find `value` at a site, and leave it as `becomes`."""
        weight = self.weights(site)[value]
        tensor = np.zeros_like(self.tensors[site])
        tensor[:, becomes] = self.tensors[site][:, value] / math.sqrt(weight)
        self.tensors[site] = tensor
        # What was entangled with it is no longer, so all bonds may be smaller now.
        self._grown = [tensor.shape[2] > 1 for tensor in self.tensors]

    def _pass_left(self, site: int) -> None:
        tensor = self.tensors[site]
        left, _, right = tensor.shape
        q, r = np.linalg.qr(tensor.reshape(left, 2 * right).conj().T)
        self.tensors[site] = q.conj().T.reshape(-1, 2, right)
        self.tensors[site - 1] = self.tensors[site - 1] @ r.conj().T

    def _pass_right(self, site: int) -> None:
        tensor = self.tensors[site]
        left, _, right = tensor.shape
        q, r = np.linalg.qr(tensor.reshape(left * 2, right))
        self.tensors[site] = q.reshape(left, 2, -1)
        self._multiply(r, site + 1)

    def _cut(self, site: int) -> None:
        tensor = self.tensors[site]
        left, _, right = tensor.shape
        u, s, v = _singular(tensor.reshape(left * 2, right))
        weights = np.square(s)
        total = float(weights.sum())
        tails = np.cumsum(weights[::-1])[::-1] / total  # what is dropped if k are kept
        kept = max(1, int((tails > self.discarded).sum()))
        if self.most is not None:
            kept = min(kept, self.most)
        lost = float(tails[kept]) if kept < len(s) else 0.0
        if lost > _ROUNDING:
            self.angle += math.asin(math.sqrt(min(1.0, lost)))
        self.tensors[site] = u[:, :kept].reshape(left, 2, kept)
        scale = s[:kept] / math.sqrt(float(weights[:kept].sum()))
        self._multiply(scale[:, None] * v[:kept], site + 1)

    def _multiply(self, matrix: Array, site: int) -> None:
        tensor = self.tensors[site]
        left, _, right = tensor.shape
        self.tensors[site] = (matrix @ tensor.reshape(left, 2 * right)).reshape(-1, 2, right)


def _joined(tensor: Array, core: Array) -> Array:
    """A site and an operator's core; the bonds of the two become one, the core's in front."""
    left, out, right, _ = core.shape
    rows = core.reshape(left, 1, out * right, 2)
    joined: Array = np.matmul(rows, tensor[None])
    return joined.reshape(left * tensor.shape[0], 2, right * tensor.shape[2])


def _passed(tensor: Array, rank: int) -> Array:
    """A site between those that an operator acts on."""
    left, _, right = tensor.shape
    out = np.zeros((rank, left, 2, rank, right), dtype=np.complex128)
    for term in range(rank):
        out[term, :, :, term] = tensor
    return out.reshape(rank * left, 2, rank * right)


def _singular(matrix: Array) -> tuple[Array, NDArray[np.float64], Array]:
    """U, the singular values and V of a matrix, descending."""
    try:
        u, s, v = np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:  # it iterates, and may give up on a matrix but not on its like
        v, s, u = np.linalg.svd(matrix.T, full_matrices=False)
        u, v = u.T, v.T
    return u, s, v
