"""The verbs on backends: which there are, and how busy they are."""

from __future__ import annotations

import msgspec

from ketway.devices.device import Device, Vendor
from ketway.devices.loading import Catalogue, UnknownNameError
from ketway.devices.price import CostModel
from ketway.scheduling.dispatcher import Dispatcher
from ketway.service.errors import NotFoundError


class Backend(msgspec.Struct, frozen=True):
    """A device, and its queue."""

    device: Device
    waiting: int
    running: int
    queue_micros: int = 0
    """How long a job that came now would wait until its device is free for it."""
    status: str = "available"
    """`available`, `unavailable` or `retired`."""


class Backends:
    def __init__(self, catalogue: Catalogue, dispatcher: Dispatcher) -> None:
        self._catalogue = catalogue
        self._dispatcher = dispatcher

    def list(self, vendor: Vendor | None = None) -> list[Backend]:
        """All of a vendor's, or of all of them. The simulator first: it is what people look for."""
        load = self._dispatcher.load()
        devices = sorted(self._catalogue.of(vendor), key=_first_ionq_then_simulators)
        return [self._backend(device, load) for device in devices]

    def get(self, name: str, vendor: Vendor | None = None) -> Backend:
        try:
            device = self._catalogue.device(name, vendor)
        except UnknownNameError as error:
            raise NotFoundError(f"{error}.".replace("device", "backend", 1)) from None
        return self._backend(device, self._dispatcher.load())

    def _backend(self, device: Device, load: dict[str, tuple[int, int]]) -> Backend:
        waiting, running = load.get(device.name, (0, 0))
        found = self._dispatcher.elsewhere.description(device.name)
        if found is None:
            queue = self._dispatcher.seats.queue_micros(device.name)
            return Backend(device, waiting, running, queue, device.status)
        status = device.status if device.status == "retired" else found.status
        return Backend(device, waiting, running, round(found.queue_seconds * 1e6), status)

    def is_qpu(self, name: str) -> bool:
        """False of one that is there no more."""
        found = self._catalogue.devices.get(name)
        return found is not None and found.kind == "qpu"

    def cost_model(self, name: str) -> CostModel | None:
        """What the prices of a backend count; None where it costs nothing."""
        card = self._catalogue.cards.get(name)
        return None if card is None else card.model

    def wait_micros(self, job_id: str) -> int:
        """How long a job that waits will go on waiting until its device is free for it."""
        return self._dispatcher.seats.wait_micros(job_id)

    def native_gates(self, name: str, noise: str | None) -> tuple[str, ...]:
        """Those that a backend takes under a noise model, if it still has that."""
        try:
            return self._catalogue.native_gates(name, noise)
        except UnknownNameError:
            return ()


def _first_ionq_then_simulators(device: Device) -> tuple[bool, bool]:
    return device.vendor != "ionq", device.kind == "qpu"
