"""Reads the catalogue: one TOML file per device, one for the noise models, one for the prices.

Devices that were measured in every detail are files of JSON in a folder of their vendor, written
by a script: all 68 of IBM's are read in less time than the fourteen of TOML.

An operator's own devices are files of TOML of the same form, in a folder of theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from ketway.devices.device import Device, NoiseEntry, UploadedNoise, Vendor
from ketway.devices.noise import NoiseModel
from ketway.devices.price import Load, Quote, RateCard, quote
from ketway.devices.snapshot_noise import noise_of

_NOISE_FILE: Final = "noise.toml"
_PRICES_FILE: Final = "prices.toml"


class CatalogueError(ValueError):
    """An operator's file cannot be read; the message says which, and why."""


class UnknownNameError(KeyError):
    """No device, or no noise model, has this name."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        self.what = what
        self.name = name
        self.known = tuple(known)
        self.close = tuple(get_close_matches(name[:80], self.known, n=3, cutoff=0.5))
        super().__init__(name)

    def __str__(self) -> str:
        """A sentence, where KeyError would give only the quoted key."""
        shown = self.name if len(self.name) <= 80 else f"{self.name[:80]}..."
        meant = f"; did you mean {' or '.join(map(repr, self.close))}?" if self.close else ";"
        return f"unknown {self.what} {shown!r}{meant} known are {', '.join(self.known) or 'none'}"


@dataclass(frozen=True)
class Catalogue:
    """All devices and noise models, by name."""

    devices: Mapping[str, Device]
    noises: Mapping[str, NoiseEntry | UploadedNoise]
    cards: Mapping[str, RateCard]
    """By the device that each is of."""

    def device(self, name: str, vendor: Vendor | None = None) -> Device:
        """The device of that name, among those of `vendor` if one is given."""
        found = self.devices.get(name)
        if found is None or vendor not in (None, found.vendor):
            raise UnknownNameError("device", name, (d.name for d in self.of(vendor)))
        return found

    def of(self, vendor: Vendor | None) -> list[Device]:
        return [d for d in self.devices.values() if vendor in (None, d.vendor)]

    def noise(self, name: str) -> NoiseModel:
        """The model of that name; a calibrated device's own has the device's name."""
        device = self.devices.get(name)
        if device is not None and device.snapshot is not None:
            return _measured(name)
        return self.noise_entry(name).model

    def with_models(self, models: Sequence[NoiseModel]) -> Catalogue:
        """A catalogue whose simulators also take these models."""
        if not models:
            return self
        names = tuple(model.name for model in models)
        devices = {
            name: msgspec.structs.replace(device, noise_models=(*device.noise_models, *names))
            if device.kind == "simulator"
            else device
            for name, device in self.devices.items()
        }
        uploaded = {model.name: UploadedNoise(model) for model in models}
        noises = MappingProxyType({**self.noises, **uploaded})
        return Catalogue(MappingProxyType(devices), noises, self.cards)

    def quote(self, device: str, load: Load) -> Quote:
        """What a load takes of a device, in time and in money."""
        return quote(self.device(device), self.cards.get(device), load)

    def noise_entry(self, name: str) -> NoiseEntry | UploadedNoise:
        found = self.noises.get(name)
        if found is None:
            raise UnknownNameError("noise model", name, self.noises)
        return found

    def qubits(self, device: str, noise: str | None = None) -> int:
        """How many qubits a circuit may have on this device, under this noise model."""
        if noise is None:
            return self.device(device).qubits
        found = self._allowed(device, noise)
        return self.device(device).qubits if found.qubits is None else found.qubits

    def native_gates(self, device: str, noise: str | None = None) -> tuple[str, ...]:
        """The native gates this device takes, under this noise model; `nop` goes without saying."""
        if noise is None:
            return self.device(device).native_gates
        found = self._allowed(device, noise)
        every = self.device(device).native_gates
        return every if found.native_gates is None else found.native_gates

    def _allowed(self, device: str, noise: str) -> NoiseEntry | UploadedNoise:
        allowed = self.device(device).noise_models
        if noise not in allowed:
            raise UnknownNameError(f"noise model of {device}", noise, allowed)
        return self.noise_entry(noise)


@cache
def _measured(name: str) -> NoiseModel:
    """Made when it is first asked for: a hundred qubits have a thousand entries."""
    device = load().devices[name]
    assert device.snapshot is not None, "asked before"
    return noise_of(name, device.snapshot, device.source)


class _NoiseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[NoiseEntry, ...]


class _PricesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    card: tuple[RateCard, ...]


@cache
def load(own: str = "") -> Catalogue:
    """The catalogue that ships with Ketway, and what is in the folder `own`, if one is named; the
    same object each time. Raises `CatalogueError` for what is wrong in that folder."""
    found = _Found()
    folder = resources.files("ketway.devices") / "catalogue"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            found.read(file.name, file.read_bytes())
    decoder = msgspec.json.Decoder(Device)
    for file in sorted((folder / "ibm").iterdir(), key=lambda file: file.name):
        device = decoder.decode(file.read_bytes())
        found.devices[device.name] = device
    own_files = sorted(Path(own).glob("*.toml")) if own else []
    # Noise models first: devices name them.
    for path in sorted(own_files, key=lambda path: path.name != _NOISE_FILE):
        _add(found, path)
    return Catalogue(
        MappingProxyType(found.devices),
        MappingProxyType(found.noises),
        MappingProxyType(found.cards),
    )


class _Found:
    """What was read so far."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.noises: dict[str, NoiseEntry] = {}
        self.cards: dict[str, RateCard] = {}

    def read(self, name: str, data: bytes) -> None:
        """A file of that name."""
        if name == _NOISE_FILE:
            models = msgspec.toml.decode(data, type=_NoiseFile).model
            _check_new("noise model", self.noises, [model.name for model in models])
            self.noises.update((model.name, model) for model in models)
        elif name == _PRICES_FILE:
            cards = msgspec.toml.decode(data, type=_PricesFile).card
            _check_new("price of device", self.cards, [d for card in cards for d in card.devices])
            self.cards.update((device, card) for card in cards for device in card.devices)
        else:
            device = msgspec.toml.decode(data, type=Device)
            _check_new("device", self.devices, [device.name])
            self.devices[device.name] = device


def _check_new(what: str, known: Mapping[str, object], names: Sequence[str]) -> None:
    for name in names:
        if name in known:
            raise CatalogueError(f"there is a {what} {name!r} already: take another name")


def _add(found: _Found, path: Path) -> None:
    """An operator's file."""
    before = set(found.devices)
    try:
        found.read(path.name, path.read_bytes())
        for name in set(found.devices) - before:
            _check_own(found.devices[name], found.noises)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError, CatalogueError) as error:
        raise CatalogueError(f"{path} cannot be read as a device's file: {error}") from None


def _check_own(device: Device, noises: Mapping[str, NoiseEntry]) -> None:
    if device.snapshot is not None or device.connectivity != "all":
        raise CatalogueError(
            "a device of your own has no snapshot and no couplings: leave them out"
        )
    for name in (device.noise, *device.noise_models):
        if name is not None and name not in noises:
            known = ", ".join(noises)
            raise CatalogueError(f"there is no noise model {name!r}; there are {known}")
    if device.driver is not None and (device.kind != "qpu" or device.noise is not None):
        raise CatalogueError("what a driver runs has kind 'qpu', and no noise model here")
