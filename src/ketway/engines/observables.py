"""Observables: real sums of Pauli products, as masks of bits, many at a time.

A term is never a Python object: its X and Z masks are rows of packed bits, bit q of a row being
qubit q, so that a thousand terms on a thousand qubits are a quarter of a megabyte. A product that
several observables share is kept, and later computed, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import LETTERS, Floats
from ketway.jobs.failures import Code, FailedError, Failure

Masks: TypeAlias = NDArray[np.uint8]
"""Packed bits, one row per term, least significant first."""
Index: TypeAlias = NDArray[np.int64]

LabelSum: TypeAlias = Sequence[tuple[str, float]]
"""Terms as (label, coefficient): one letter per qubit, the rightmost is qubit 0, as in Qiskit."""
SparseSum: TypeAlias = Sequence[tuple[str, Sequence[int], float]]
"""Terms as (letters, qubits, coefficient): letter j acts on `qubits[j]`, in any order."""

_PLACES: Final = np.full(256, 255, dtype=np.uint8)
_PLACES[np.frombuffer(LETTERS.encode(), dtype=np.uint8)] = np.arange(4)


class Bits(NamedTuple):
    """The X and Z masks of some terms."""

    x: Masks
    z: Masks


@dataclass(frozen=True)
class Observables:
    """Observable i is `offsets[i]` and the sum of the products `members[starts[i]:starts[i + 1]]`,
    each times its coefficient. No two products are the same, and none is the identity."""

    qubits: int
    x: Masks
    """Shape (products, bytes): where each holds X or Y."""
    z: Masks
    """The same for Z or Y."""
    starts: Index
    members: Index
    coefficients: Floats
    offsets: Floats

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def products(self) -> int:
        return len(self.x)

    @classmethod
    def of_labels(cls, qubits: int, sums: Sequence[LabelSum]) -> Observables:
        """From labels such as "XIZ": X on qubit 2 and Z on qubit 0."""
        labels = [label for terms in sums for label, _ in terms]
        for place, label in enumerate(labels):
            if len(label) != qubits:
                raise _refusal(
                    sums, place, f"the label has {len(label):,} letters for {qubits:,} qubits"
                )
        text = "".join(labels)
        letters = _letters(text)
        wrong = np.flatnonzero(letters > 3)
        if len(wrong):
            raise _refusal(sums, int(wrong[0]) // qubits, _unknown(text[wrong[0]]))
        letters = letters.reshape(len(labels), qubits)[:, ::-1]
        bits = Bits(
            np.packbits((letters == 1) | (letters == 2), axis=1, bitorder="little"),
            np.packbits(letters >= 2, axis=1, bitorder="little"),
        )
        return cls.of_bits(qubits, bits, _starts(sums), [term[1] for s in sums for term in s])

    @classmethod
    def of_letters(cls, qubits: int, sums: Sequence[SparseSum]) -> Observables:
        """From letters with their qubits: ("XZ", [2, 0], 1.0) is X on qubit 2 and Z on qubit 0."""
        terms = [term for s in sums for term in s]
        for place, (name, on, _) in enumerate(terms):
            if len(name) != len(on):
                many = f"{len(name):,} letters for {len(on):,} qubits"
                raise _refusal(sums, place, f"the term has {many}")
            if len(set(on)) != len(on):
                raise _refusal(sums, place, "a qubit comes twice in the term")
        text = "".join(name for name, _, _ in terms)
        letters = _letters(text)
        where = np.array([q for _, on, _ in terms for q in on], dtype=np.int64)
        owners = np.repeat(np.arange(len(terms)), [len(name) for name, _, _ in terms])
        wrong = np.flatnonzero(letters > 3)
        if len(wrong):
            raise _refusal(sums, int(owners[wrong[0]]), _unknown(text[wrong[0]]))
        outside = np.flatnonzero((where < 0) | (where >= qubits))
        if len(outside):
            why = f"qubit {where[outside[0]]} is not among the {qubits:,} qubits"
            raise _refusal(sums, int(owners[outside[0]]), why)
        bits = Bits(_zeros(len(terms), qubits), _zeros(len(terms), qubits))
        for masks, held in (
            (bits.x, (letters == 1) | (letters == 2)),
            (bits.z, (letters == 2) | (letters == 3)),
        ):
            values = np.uint8(1) << (where[held] & 7).astype(np.uint8)
            np.bitwise_or.at(masks, (owners[held], where[held] >> 3), values)
        return cls.of_bits(qubits, bits, _starts(sums), [term[2] for term in terms])

    @classmethod
    def of_bits(
        cls, qubits: int, bits: Bits, starts: Index, coefficients: Sequence[float] | Floats
    ) -> Observables:
        """From masks: observable i is the terms `starts[i]:starts[i + 1]`, each times its own."""
        values = np.asarray(coefficients, dtype=np.float64)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            place = int(np.searchsorted(starts, wrong[0], side="right")) - 1
            raise _failure(place, int(wrong[0] - starts[place]), "its coefficient is not finite")
        rows = np.concatenate((bits.x, bits.z), axis=1)
        identity = ~rows.any(axis=1)
        owners = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        offsets = np.zeros(len(starts) - 1)
        np.add.at(offsets, owners[identity], values[identity])
        distinct, members = _distinct(rows[~identity])
        width = bits.x.shape[1]
        counts = np.bincount(owners[~identity], minlength=len(offsets))
        return cls(
            qubits,
            np.ascontiguousarray(distinct[:, :width]),
            np.ascontiguousarray(distinct[:, width:]),
            np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            members,
            np.ascontiguousarray(values[~identity]),
            offsets,
        )

    def combined(self, values: Floats) -> Floats:
        """The observables' values where those of the products are: the last axis of both.

        Added in the order of the terms, so that no library decides the last bits.
        """
        owners = np.repeat(np.arange(len(self)), np.diff(self.starts))
        out = np.repeat(self.offsets[:, None], values.shape[0], axis=1)
        np.add.at(out, owners, self.coefficients[:, None] * values[:, self.members].T)
        return np.ascontiguousarray(out.T)


def mask_integers(masks: Masks) -> NDArray[np.uint64]:
    """Masks of at most 64 qubits, as integers."""
    padded = np.zeros((len(masks), 8), dtype=np.uint8)
    padded[:, : masks.shape[1]] = masks
    return np.ascontiguousarray(padded.view("<u8")[:, 0]).astype(np.uint64)


def _zeros(rows: int, qubits: int) -> Masks:
    return np.zeros((rows, (qubits + 7) // 8), dtype=np.uint8)


def _letters(text: str) -> NDArray[np.uint8]:
    """The places of letters in "IXYZ"; 255 for what is none."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    return np.asarray(_PLACES[np.minimum(points, 255)], dtype=np.uint8)


def _starts(sums: Sequence[Sequence[object]]) -> Index:
    return np.concatenate(([0], np.cumsum([len(s) for s in sums]))).astype(np.int64)


def _distinct(rows: Masks) -> tuple[Masks, Index]:
    """Different rows in the order in which they first come, and which of them each row is."""
    if not rows.size:
        return rows, np.zeros(0, dtype=np.int64)
    keys = np.ascontiguousarray(rows).view(f"V{rows.shape[1]}")[:, 0]
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    order = np.argsort(first)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return rows[first[order]], ranks[inverse.reshape(-1)]


def _unknown(letter: str) -> str:
    return f"{letter!r} is not one of the letters I, X, Y, Z"


def _refusal(sums: Sequence[Sequence[object]], place: int, why: str) -> FailedError:
    starts = _starts(sums)
    observable = int(np.searchsorted(starts, place, side="right")) - 1
    return _failure(observable, place - int(starts[observable]), why)


def _failure(observable: int, term: int, why: str) -> FailedError:
    message = f"Term {term} of observable {observable} cannot be read: {why}."
    return FailedError(Failure(Code.INVALID_INPUT, message))
