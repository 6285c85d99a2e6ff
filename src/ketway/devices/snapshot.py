"""What was measured on a device one day: qubit by qubit, gate by gate. Data, not code.

Units are those in which the vendor wrote them, so that what is sent to its client is, digit by
digit, what was measured: microseconds for t1 and t2, nanoseconds for lengths, GHz for frequencies.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import msgspec

Pair: TypeAlias = tuple[int, int]
Column: TypeAlias = tuple[float | None, ...] | float | None
"""A figure for each place, or one for all of them; None where there is none."""


class Processor(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    family: str
    revision: str
    segment: str | None = None


class TimingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What durations must be multiples of, in steps of `dt`."""

    granularity: int
    min_length: int
    pulse_alignment: int
    acquire_alignment: int


class Layered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well a chain of qubits does at layers of two-qubit gates."""

    fidelity: float
    qubits: tuple[int, ...]


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instruction that only this vendor has."""

    name: str
    qubits: int
    bits: int
    description: str


class Place(NamedTuple):
    """One gate on its qubits."""

    gate: str
    qubits: tuple[int, ...]
    error: float | None
    """1 minus the average gate fidelity; 1 where measuring it failed."""
    length: float | None
    """In nanoseconds."""
    faulty: bool
    """Said to be out of order."""


class GateFigures(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What was measured of gates that share their figures."""

    gates: tuple[str, ...]
    on: tuple[Pair, ...] | Literal["qubits", "couplings"] = "qubits"
    """The places where they are, in the order of the columns."""
    errors: Column = None
    lengths: Column = None
    faulty: tuple[int, ...] = ()
    """Which of the places are said to be out of order."""


class Snapshot(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A calibrated device on one day."""

    date: datetime.datetime
    version: str
    qubits: int
    online: datetime.datetime
    """Since when it has been in service."""
    basis: tuple[str, ...]
    """The gates of every program; `fractional` ones a client must ask for."""
    fractional: tuple[str, ...] = ()
    instructions: tuple[str, ...]
    """What else it does: `measure`, `reset`, `delay`, control flow."""
    signatures: tuple[Signature, ...] = ()
    features: tuple[str, ...] = ()
    couplings: tuple[Pair, ...]
    """Pairs in the order in which two-qubit gates act on them: (control, target)."""
    coordinates: tuple[Pair, ...] = ()
    """Where each qubit is drawn: (row, column)."""
    dt: float | None = None
    """The step of all durations, in nanoseconds."""
    timing: TimingRules | None = None
    rep_delays: tuple[float, float] | None = None
    """The least and the most microseconds between shots."""
    rep_delay: float | None = None
    processor: Processor | None = None
    clops: int | None = None
    """Circuit layers per second, as the vendor counts them."""
    clops_of: Literal["hardware", "virtual"] | None = None
    quantum_volume: int | None = None
    layered: Layered | None = None
    t1: Column = None
    t2: Column = None
    frequency: Column = None
    anharmonicity: Column = None
    p01: Column = None
    """Probability that a 0 is read as 1."""
    p10: Column = None
    """Probability that a 1 is read as 0."""
    readout_error: Column = None
    """The mean of both as the vendor rounded it, where it did not take (p01 + p10) / 2."""
    readout_length: Column = None
    faulty: tuple[int, ...] = ()
    """The qubits that are said to be out of order."""
    figures: tuple[GateFigures, ...]

    @property
    def gates(self) -> tuple[str, ...]:
        return (*self.basis, *self.fractional)

    def places(self) -> Iterator[Place]:
        """Every gate on every place where it can be."""
        broken = set(self.faulty)
        for group in self.figures:
            places = self.places_of(group)
            errors = column(group.errors, len(places))
            lengths = column(group.lengths, len(places))
            faulty = set(group.faulty)
            for gate in group.gates:
                for i, (place, error, length) in enumerate(
                    zip(places, errors, lengths, strict=True)
                ):
                    out = i in faulty or not broken.isdisjoint(place)
                    yield Place(gate, place, error, length, out)

    def places_of(self, group: GateFigures) -> tuple[tuple[int, ...], ...]:
        if group.on == "qubits":
            return tuple((qubit,) for qubit in range(self.qubits))
        return self.couplings if group.on == "couplings" else group.on

    def readout_errors(self) -> tuple[float | None, ...]:
        """1 minus the fidelity of reading each qubit."""
        if self.readout_error is not None:
            return column(self.readout_error, self.qubits)
        both = zip(column(self.p01, self.qubits), column(self.p10, self.qubits), strict=True)
        return tuple(None if a is None or b is None else (a + b) / 2 for a, b in both)


def column(values: Column, size: int) -> tuple[float | None, ...]:
    """One value for each place."""
    return values if isinstance(values, tuple) else (values,) * size
