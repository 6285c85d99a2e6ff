"""Reading a chain: shots drawn from it, or its outcomes one and all.

Both walk along the sites from the left. With the orthogonality centre at the first site, all that
stands right of a site is orthonormal, so the probability of a prefix is the square of what its
product of matrices has become, and nothing to its right need be known. Shots with equal prefixes
are one row until they part.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.engines.mps_chain import Chain
from ketway.jobs.failures import Code, FailedError, Failure

Array: TypeAlias = NDArray[np.complex128]
Bits: TypeAlias = NDArray[np.uint8]

_DRAW: Final = 40
"""Conditional probabilities are rounded to so many bits before they are compared with random ones.

The sums behind them differ in their last bits between processors, as an instruction set has other
kernels. Rounded, an exact half is a half and a zero is a zero everywhere, and any other difference
decides a shot only if it straddles the middle between two of 2**40 steps and the random bits fall
on that very step: once in about 10**15 draws.
"""

_ROWS: Final = 1 << 16
ROW_NUMBERS: Final = 1 << 22
"""Shots, and the complex numbers that they need, that are read together. Part of what a seed means:
other sizes use other kernels, which round otherwise."""

MOST_OUTCOMES: Final = 1 << 21
"""An exact distribution may have so many outcomes; 20 qubits always fit."""


class Found(NamedTuple):
    """Outcomes with a probability, in no order."""

    bits: Bits
    """Shape (outcomes, sites)."""
    probabilities: NDArray[np.float64]


def draw(chain: Chain, sites: int, shots: int, source: np.random.Philox) -> Bits:
    """The first `sites` sites of so many shots, in the order taken: shape (shots, sites)."""
    out = np.empty((shots, sites), dtype=np.uint8)
    if not sites:
        return out
    chain.centre(0)
    widest = max(tensor.shape[2] for tensor in chain.tensors)
    step = max(64, min(_ROWS, ROW_NUMBERS // (2 * widest), ROW_NUMBERS // sites))
    for start in range(0, shots, step):
        part = out[start : start + step]
        words = np.asarray(source.random_raw(part.size), dtype=np.uint64).reshape(part.shape)
        _draw_part(chain, part, words >> np.uint64(64 - _DRAW))
    return out


def steps_of(zero: NDArray[np.float64], one: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A random number of `_DRAW` bits that is below this means 1."""
    return np.rint(one / (zero + one) * float(1 << _DRAW)).astype(np.uint64)


def coins(source: np.random.Philox, count: int) -> NDArray[np.uint64]:
    """Random numbers to compare with `steps_of`."""
    return np.asarray(source.random_raw(count), dtype=np.uint64) >> np.uint64(64 - _DRAW)


def _draw_part(chain: Chain, out: Bits, words: NDArray[np.uint64]) -> None:
    rows = np.ones((1, 1), dtype=np.complex128)
    prefix = np.zeros(len(out), dtype=np.int64)  # the row of each shot
    for site in range(out.shape[1]):
        ends, weights = _next(chain, site, rows)
        ones = words[:, site] < steps_of(weights[:, 0], weights[:, 1])[prefix]
        out[:, site] = ones
        keys = 2 * prefix + ones
        used = np.zeros(2 * len(rows), dtype=np.bool_)
        used[keys] = True
        chosen = np.flatnonzero(used)
        rows = ends.reshape(2 * len(rows), -1)[chosen]
        rows /= np.sqrt(weights.reshape(-1)[chosen, None])
        prefix = (np.cumsum(used) - 1)[keys]


def _next(chain: Chain, site: int, rows: Array) -> tuple[Array, NDArray[np.float64]]:
    """What each row becomes with 0 and with 1 at a site, and the squares of both."""
    tensor = chain.tensors[site]
    left, _, right = tensor.shape
    ends = (rows @ tensor.reshape(left, 2 * right)).reshape(len(rows), 2, right)
    flat = ends.view(np.float64)
    return ends, np.einsum("ijk,ijk->ij", flat, flat)


def outcomes(chain: Chain, sites: int, floor: float) -> Found:
    """All values of the first `sites` sites that are likelier than the floor."""
    chain.centre(0)
    done: list[Bits] = []
    masses: list[NDArray[np.float64]] = []
    waiting: list[tuple[Array, Bits]] = [
        (np.ones((1, 1), dtype=np.complex128), np.empty((1, 0), dtype=np.uint8))
    ]
    finished, frontier = 0, 1
    while waiting:
        rows, bits = waiting.pop()
        frontier -= len(rows)
        if bits.shape[1] == sites:
            done.append(bits)
            masses.append(np.square(np.abs(rows)).sum(axis=1))
            finished += len(rows)
            continue
        ends, weights = _next(chain, bits.shape[1], rows)
        row, value = np.nonzero(weights > floor)
        frontier += len(row)
        if finished + frontier > MOST_OUTCOMES:
            raise FailedError(
                Failure(
                    Code.INVALID_INPUT,
                    f"The exact distribution has more than {MOST_OUTCOMES:,} outcomes: ask for "
                    "shots, or measure fewer qubits.",
                )
            )
        grown = np.concatenate((bits[row], value[:, None].astype(np.uint8)), axis=1)
        rows = ends[row, value]
        # Depth first where there are many, so that not all prefixes stand beside each other.
        halves = 2 if rows.size > ROW_NUMBERS and len(rows) > 1 else 1
        for part in reversed(range(halves)):
            chosen = slice(part * len(rows) // halves, (part + 1) * len(rows) // halves)
            waiting.append((rows[chosen], grown[chosen]))
    return Found(np.concatenate(done), np.concatenate(masses))
