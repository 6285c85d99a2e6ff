"""What routines answer. An answer is stored once; each dialect writes it in its vendor's words."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.jobs.results import Provenance


class Bits(msgspec.Struct, frozen=True):
    """Shots of one register."""

    bits: int
    array: NDArray[np.uint8]
    """Shape (*sweep, shots, bytes): the register as an integer in big-endian bytes, in the order
    taken. It is the form that Qiskit's `BitArray` has too."""


class Span(msgspec.Struct, frozen=True):
    """When some of the shots were taken."""

    kind: str
    start: float
    """Seconds since 1970, as the next."""
    stop: float
    slices: dict[int, list[Any]]
    """For each PUB, which part of its data; what stands in it depends on the kind."""


class PubAnswer(msgspec.Struct, frozen=True):
    """The answer to one PUB: named arrays, which all begin with the shape of its sweep."""

    shape: tuple[int, ...]
    bits: dict[str, Bits] = {}
    numbers: dict[str, NDArray[Any]] = {}
    metadata: dict[str, Any] = {}


class PrimitiveAnswer(msgspec.Struct, frozen=True):
    """The answers to all PUBs of a sampler or an estimator."""

    pubs: list[PubAnswer]
    metadata: dict[str, Any] = {}
    spans: list[Span] | None = None
    plain: bool = False
    """Whether it is for a reader that has no Qiskit."""
    made_by: list[Provenance] = []


class Written(msgspec.Struct, frozen=True):
    """An answer in its vendor's own words: to a question that no other vendor has."""

    text: bytes
    made_by: list[Provenance] = []
