"""What was measured on a device on one day.

A history is not stored: any day of it follows from the device's `[drift]`, so that it reaches back
to its first day and costs nothing. The catalogue's figures are its centre. A day has medians, which
wander about that centre, and each qubit and each pair has its place around the day's median.
"""

from __future__ import annotations

import datetime
import math
import statistics
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from ketway.devices.device import Device, Fidelity, Timing
from ketway.devices.drift import Drift, places, walks

_EDITION: Final = 1
"""Of the way from a drift to figures. Raise it when that changes: days that say something else must
have other ids."""
KINDS: Final = ("spam", "1q", "2q")
"""The fidelities: of preparation and measurement, and of gates on one and two qubits."""
_WANDERING: Final = (*KINDS, "t1", "t2")
"""In the order of their draws."""
_WORST: Final = {"spam": 0.5, "1q": 0.5, "2q": 0.75}
"""The most that a fidelity may lack: what is left is a coin, or a state that nobody knows."""
_LEAST: Final = 1e-7
_VERSION: Final = 0x8
"""Of the ids, UUIDs with a form of our own (RFC 9562)."""


class Spread(NamedTuple):
    """A figure of many qubits or pairs."""

    median: float
    mean: float
    stderr: float
    """The standard error of the mean."""


class QubitFigures(NamedTuple):
    """What was measured on one qubit."""

    fidelity: float
    """Average fidelity of a one-qubit gate."""
    p01: float
    """Probability that a 0 is read as 1, preparation counted in."""
    p10: float
    """Probability that a 1 is read as 0."""
    t1: float
    """In seconds, as `t2`."""
    t2: float

    @property
    def spam(self) -> float:
        """How often it is read right, of zeros and ones as many."""
        return 1 - (self.p01 + self.p10) / 2


class NoCharacterizationError(LookupError):
    """A device has no figures of a day, or none with an id; the message says why."""


@dataclass(frozen=True, eq=False)
class Characterization:
    """The figures of a device on a day. The medians are at hand; what is measured on each qubit and
    pair is worked out when it is first looked at, and kept."""

    device: Device
    day: datetime.date
    id: str
    spam: float
    """Median over the qubits, as `one_qubit`."""
    one_qubit: float
    two_qubit: float
    """Median over the pairs."""
    t1: float
    """Median over the qubits, in seconds, as `t2`."""
    t2: float

    @property
    def timing(self) -> Timing:
        """How long gates and readings take, which does not drift: they are calibrated to take as
        long as they do; and the day's median times of the qubits."""
        _, timing, _ = _parts(self.device)
        return msgspec.structs.replace(timing, t1=self.t1, t2=self.t2)

    @cached_property
    def qubits(self) -> tuple[QubitFigures, ...]:
        count, asymmetry = self.device.qubits, self._drift.asymmetry
        spam = self._errors("spam", 1 - self.spam, count, self._drift.spread_qubits)
        errors = self._errors("1q", 1 - self.one_qubit, count, self._drift.spread_qubits)
        return tuple(
            QubitFigures(
                fidelity=round(1 - error, 9),
                p01=round(min(1.0, 2 * misread / (1 + asymmetry)), 9),
                p10=round(min(1.0, 2 * misread * asymmetry / (1 + asymmetry)), 9),
                t1=t1,
                t2=min(t2, 2 * t1),  # which no qubit can exceed
            )
            for error, misread, t1, t2 in zip(
                errors, spam, self._times("t1", self.t1), self._times("t2", self.t2), strict=True
            )
        )

    @cached_property
    def pairs(self) -> dict[tuple[int, int], float]:
        """Average fidelity of a two-qubit gate on each connected pair, the lower qubit first."""
        pairs = self.device.connections
        errors = self._errors("2q", 1 - self.two_qubit, len(pairs), self._drift.spread_pairs)
        return {pair: round(1 - error, 9) for pair, error in zip(pairs, errors, strict=True)}

    def spread(self, kind: str) -> Spread:
        """Of `spam`, `1q` or `2q`: its median, its mean, and the standard error of that."""
        if kind == "spam":
            return _spread(self.spam, [qubit.spam for qubit in self.qubits])
        if kind == "1q":
            return _spread(self.one_qubit, [qubit.fidelity for qubit in self.qubits])
        return _spread(self.two_qubit, list(self.pairs.values()))

    @property
    def _drift(self) -> Drift:
        return _parts(self.device)[2]

    def _errors(self, kind: str, median: float, count: int, spread: float) -> list[float]:
        worst = _WORST[kind]
        return [
            min(worst, max(_LEAST, median * factor))
            for factor in self._factors(kind, count, spread)
        ]

    def _times(self, kind: str, median: float) -> list[float]:
        factors = self._factors(kind, self.device.qubits, self._drift.spread_qubits)
        return [_digits(median * factor) for factor in factors]

    def _factors(self, kind: str, count: int, spread: float) -> list[float]:
        """By what each differs from the median: their own median is 1."""
        found = [math.exp(spread * z) for z in places(self._drift, kind, self.day, count)]
        middle = statistics.median(found)
        return [factor / middle for factor in found]


def characterization(device: Device, day: datetime.date) -> Characterization:
    """The figures of that day; raises `NoCharacterizationError` if its history does not have it.

    It knows no clock: see `history.py` for the days that have come.
    """
    _, _, drift = _parts(device)
    if day < drift.since:
        raise NoCharacterizationError(
            f"{device.name} has no characterization of {day}: its history begins on {drift.since}"
        )
    if drift.until is not None and day > drift.until:
        raise NoCharacterizationError(
            f"{device.name} has no characterization of {day}: its history ends on {drift.until}"
        )
    return _characterization(device, day)


@lru_cache(maxsize=128)
def _characterization(device: Device, day: datetime.date) -> Characterization:
    fidelity, timing, drift = _parts(device)
    moved = dict(zip(_WANDERING, walks(drift, "medians", day, len(_WANDERING)), strict=True))
    factors = {kind: math.exp(drift.wander * z) for kind, z in moved.items()}

    def fidelity_of(kind: str, centre: float) -> float:
        return round(1 - min(_WORST[kind], max(_LEAST, (1 - centre) * factors[kind])), 7)

    t1 = _digits(timing.t1 * factors["t1"])
    return Characterization(
        device=device,
        day=day,
        id=id_of(device, day),
        spam=fidelity_of("spam", fidelity.spam),
        one_qubit=fidelity_of("1q", fidelity.one_qubit),
        two_qubit=fidelity_of("2q", fidelity.two_qubit),
        t1=t1,
        t2=min(_digits(timing.t2 * factors["t2"]), 2 * t1),
    )


def id_of(device: Device, day: datetime.date) -> str:
    """A UUID that begins with its day, as a UUIDv7 does with its millisecond, so that ids sort by
    day; the rest is a digest of the day and of all that its figures follow from. So an id tells
    which day to look at, and is accepted if it is the id of that day: an invented one is not, nor
    one of an edition of the catalogue that had other figures."""
    digest = blake2b(_figures(device) + b"%d" % day.toordinal(), digest_size=16).digest()
    tail = int.from_bytes(digest, "big") & ((1 << 74) - 1)
    moment = datetime.datetime.combine(day, datetime.time(), datetime.UTC)
    milliseconds = int(moment.timestamp()) * 1000
    value = milliseconds << 80 | _VERSION << 76 | (tail >> 62) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | tail & ((1 << 62) - 1)))


def day_in(id_: str) -> datetime.date | None:
    """The day that an id says it is of; None if it cannot be an id of a characterization."""
    try:
        parsed = uuid.UUID(id_)
        seconds, rest = divmod(parsed.int >> 80, 1000)
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if rest or moment.time() != datetime.time() or parsed.int >> 76 & 0xF != _VERSION:
        return None
    return moment.date()


def _parts(device: Device) -> tuple[Fidelity, Timing, Drift]:
    if device.fidelity is None or device.timing is None or device.drift is None:
        raise NoCharacterizationError(f"There is no characterization of {device.name}")
    return device.fidelity, device.timing, device.drift


@lru_cache(maxsize=128)
def _figures(device: Device) -> bytes:
    """All numbers that a day's figures follow from, and no words: a better source is no new day.
    Nor is a day another when the history gets a new end."""
    fidelity, timing, drift = _parts(device)
    told = ("source", "date", "derived", "since", "until")
    kept = [
        [getattr(part, name) for name in part.__struct_fields__ if name not in told]
        for part in (fidelity, timing, drift)
    ]
    return msgspec.json.encode([_EDITION, device.name, device.qubits, device.connectivity, kept])


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def _spread(median: float, values: Sequence[float]) -> Spread:
    mean = math.fsum(values) / len(values)
    return Spread(median, round(mean, 9), round(_deviation(values, mean), 9))


def _deviation(values: Iterable[float], mean: float) -> float:
    """Of the mean of so many."""
    squares = [(value - mean) ** 2 for value in values]
    return math.sqrt(math.fsum(squares) / (len(squares) - 1) / len(squares))
