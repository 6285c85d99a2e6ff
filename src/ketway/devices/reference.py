"""The page `docs/reference/devices.md`, made from the catalogue itself."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Final

import msgspec

from ketway.devices.device import Device, Fidelity, NoiseEntry, Timing
from ketway.devices.drift import Drift
from ketway.devices.loading import Catalogue, load
from ketway.devices.price import RateCard

HEAD: Final = """# Devices

<!-- Made by script/device-reference from src/ketway/devices/catalogue; edit that. -->

Every figure that a user sees of a device stands in `src/ketway/devices/catalogue`, in a table that
names its source. What nobody has published is marked *derived*, and the source says how or why. A
test walks all of them (`tests/devices/test_sources.py`).

## Characterizations

An IonQ device has a new characterization every day at midnight, UTC, from the first day of its
history on; a retired one keeps its last. Nothing of it is stored: any day follows from the seed in
the device's `[drift]`, the same on every machine and for ever, until the figures in the catalogue
change, and then the ids are others too.

- A day's medians are the catalogue's figures times exp(`wander` · w). w has mean 0 and deviation 1
  over the days; it moves smoothly between bearings that are drawn every `returns` days, and the
  share `scatter` of it is new every day. So the catalogue's figures are the medians of the history.
  Of a fidelity F it is 1 - F that wanders.
- A qubit or a pair has the day's median error times exp(`spread` · z), scaled so that their median
  is the day's. z has deviation 1 among them; the share `restless` of it wanders as w does, and the
  rest never changes.
- `spam` is how often a qubit is read right, zeros and ones as many: 1 - (p01 + p10) / 2, with
  p10 = `asymmetry` · p01.
- Gates and readings take as long as the catalogue says, every day.
- A standard error is that of the mean over the qubits or the pairs.

The noise of a device on a day is made of that day's figures alone. After a gate come phase flips of
each of its qubits, with the odds (1 - exp(-t / t2)) / 2 for a gate that takes t, and depolarising
for the rest, such that both together have the average fidelity that was measured. Where the flips
alone are worse than that, there are only flips, fewer of them. Then each qubit is misread by its
own p01 and p10. Entries name all gates of a width, so that it makes no difference which gates a
circuit is written in; gates on more qubits are charged as in [noise models](noise-models.md).

| `[drift]` | meaning |
|---|---|
"""

DRIFT: Final = {
    "seed": "everything is drawn from this text; the day on which it was chosen is in it",
    "since": "first day of the history",
    "until": "last day of the history of a device that is retired",
    "spread_qubits": "deviation of ln(error / median) among the qubits, and of their times",
    "spread_pairs": "deviation of ln(error / median) among the pairs",
    "restless": "share of that which wanders; shares add up in squares",
    "wander": "deviation of ln(median / catalogue) over the days",
    "returns": "days from one bearing to the next",
    "scatter": "share of what wanders that is new every day",
    "asymmetry": "p10 / p01",
}
FIDELITY: Final = {
    "spam": "preparation and measurement",
    "one_qubit": "one-qubit gate",
    "two_qubit": "two-qubit gate",
}
TIMING: Final = {
    "readout": "reading, s",
    "reset": "reset, s",
    "one_qubit": "one-qubit gate, s",
    "two_qubit": "two-qubit gate, s",
    "t1": "t1, s",
    "t2": "t2, s",
}


def page() -> str:
    """The whole page, the same wherever it is made."""
    return "\n".join(_lines(load())).rstrip() + "\n"


def _lines(catalogue: Catalogue) -> Iterator[str]:
    yield HEAD.rstrip()
    yield from (f"| `{name}` | {meaning} |" for name, meaning in DRIFT.items())
    for device in catalogue.of("ionq"):
        yield from _device(device, catalogue.cards.get(device.name))
    yield from _noises(catalogue)
    yield from _others(catalogue.of("ibm"))


def _device(device: Device, card: RateCard | None) -> Iterator[str]:
    yield f"\n## {device.name}\n"
    yield f"{device.qubits} qubits, {device.status}. Native gates: {_names(device.native_gates)}."
    if device.kind == "qpu":
        pairs = "all pairs" if device.connectivity == "all" else "the pairs of its snapshot"
        yield f"Two-qubit gates act on {pairs}."
    yield f"Source: {_one_line(device.source)}; looked up on {device.checked}."
    if device.fidelity is not None:
        yield from _table("fidelity (median)", device.fidelity, FIDELITY)
    if device.timing is not None:
        yield from _table("takes, or lasts", device.timing, TIMING)
    if device.drift is not None:
        yield from _table("drift", device.drift, {name: f"`{name}`" for name in DRIFT})
    if card is not None:
        told = ("id", "devices", "model", "source", "checked", "unit", "derived")
        names = {
            name: f"`{name}`, {card.unit}"
            for name in card.__struct_fields__
            if name not in told and getattr(card, name)
        }
        yield from _table(f"price, by {card.model}", card, names)


def _table(
    title: str, part: Fidelity | Timing | Drift | RateCard, names: dict[str, str]
) -> Iterator[str]:
    yield f"\n| {title} | | |\n|---|---|---|"
    for name, meaning in names.items():
        value = getattr(part, name)
        if value is not None:
            yield f"| {meaning} | {_shown(value)} | {'derived' if name in part.derived else ''} |"
    date = getattr(part, "date", None)
    yield f"\nSource: {_one_line(part.source)}{'' if date is None else f' Measured on {date}.'}"


def _noises(catalogue: Catalogue) -> Iterator[str]:
    yield "\n## Noise models of the simulator\n"
    yield "Depolarising rates after each gate, as IonQ defines its own.\n"
    yield "| model | one qubit | two qubits | qubits | |\n|---|---|---|---|---|"
    entries = [entry for entry in catalogue.noises.values() if isinstance(entry, NoiseEntry)]
    for entry in entries:
        rates = f"{_shown(entry.one_qubit)} | {_shown(entry.two_qubit)} | {entry.qubits}"
        yield f"| `{entry.name}` | {rates} | {'derived' if entry.derived else ''} |"
    yield "\nSources:\n"
    for entry in entries:
        formula = f"; {entry.formula}" if entry.formula else ""
        yield f"- `{entry.name}`: {_one_line(entry.source)}{formula}"


def _others(devices: list[Device]) -> Iterator[str]:
    yield "\n## IBM's\n"
    yield (
        "Snapshots that IBM publishes, qubit by qubit and gate by gate; they do not drift. Noise\n"
        "is derived from them as Qiskit Aer does it.\n"
    )
    yield "| backend | qubits | measured | source |\n|---|---|---|---|"
    for device in devices:
        date = "" if device.snapshot is None else device.snapshot.date.date().isoformat()
        yield f"| `{device.name}` | {device.qubits} | {date} | {_one_line(device.source)} |"


def _shown(value: object) -> str:
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _one_line(text: str) -> str:
    return " ".join(text.split()).rstrip(";")
