"""What a job takes of a device, in time and in money: one function for estimates and for bills.

It is an emulation: Ketway charges nobody. The rates are published ones, with their sources, in
`catalogue/prices.toml`; the durations are the device's own `timing`.
"""

from __future__ import annotations

import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from ketway.devices.device import Device

CostModel: TypeAlias = Literal["gates", "compute time"]

CURRENCY: Final = "usd"
_MICROS: Final = 1_000_000


class RateCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The prices of some devices."""

    id: str
    devices: tuple[str, ...]
    model: CostModel
    """What is counted: the gates of every shot, or the seconds that the device is busy."""
    source: str
    checked: datetime.date
    unit: str = CURRENCY
    one_qubit: float = 0.0
    """Of a one-qubit gate in one shot; under the model `gates`, as the next three."""
    two_qubit: float = 0.0
    minimum: float = 0.0
    """The least that a job costs."""
    minimum_mitigated: float = 0.0
    """The least that a job with error mitigation costs."""
    per_second: float = 0.0
    """Of a second on the device, under the model `compute time`."""
    derived: tuple[str, ...] = ()
    """The figures here that nobody has published; `source` says what they were made from."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What a job brings to a device."""

    circuits: int = 1
    gates_1q: int
    """Of all circuits together, as `circuits.charging` counts; so too the next."""
    gates_2q: int
    shots: int
    """Of each circuit."""
    mitigated: bool = False


class Quote(msgspec.Struct, frozen=True):
    """What that takes."""

    micros: int
    """Microseconds on the device."""
    cost: float
    unit: str


def busy_micros(device: Device, load: Load) -> int:
    """How long the device runs: ions are reset, turned one after the other, and read, every shot.

    IonQ's systems run their gates one by one; see the `timing` of the device.
    """
    timing = device.timing
    if timing is None:
        return 0
    shots = load.shots * (
        load.circuits * (timing.reset + timing.readout)
        + load.gates_1q * timing.one_qubit
        + load.gates_2q * timing.two_qubit
    )
    return round(shots * _MICROS)


def quote(device: Device, card: RateCard | None, load: Load) -> Quote:
    """A device without a card costs nothing, as simulators do."""
    micros = busy_micros(device, load)
    if card is None:
        return Quote(micros, 0.0, CURRENCY)
    if card.model == "compute time":
        return Quote(micros, _cents(card.per_second * micros / _MICROS), card.unit)
    shots = load.shots * (load.gates_1q * card.one_qubit + load.gates_2q * card.two_qubit)
    least = card.minimum_mitigated if load.mitigated else card.minimum
    return Quote(micros, _cents(max(least, shots)), card.unit)


def _cents(amount: float) -> float:
    """To a ten-thousandth of the unit: published prices go so far."""
    return round(amount, 4)
