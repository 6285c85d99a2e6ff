"""The verbs on backends: which there are, and how busy they are."""

from __future__ import annotations

import msgspec

from ketway.devices.device import Device
from ketway.devices.loading import Catalogue, UnknownNameError
from ketway.scheduling.dispatcher import Dispatcher
from ketway.service.errors import NotFoundError


class Backend(msgspec.Struct, frozen=True):
    """A device, and its queue."""

    device: Device
    waiting: int
    running: int


class Backends:
    def __init__(self, catalogue: Catalogue, dispatcher: Dispatcher) -> None:
        self._catalogue = catalogue
        self._dispatcher = dispatcher

    def list(self) -> list[Backend]:
        """The simulator first: it is what people look for."""
        load = self._dispatcher.load()
        devices = sorted(self._catalogue.devices.values(), key=lambda d: d.kind == "qpu")
        return [Backend(device, *load.get(device.name, (0, 0))) for device in devices]

    def get(self, name: str) -> Backend:
        try:
            device = self._catalogue.device(name)
        except UnknownNameError as error:
            raise NotFoundError(f"{error}.".replace("device", "backend", 1)) from None
        return Backend(device, *self._dispatcher.load().get(name, (0, 0)))
