"""The endpoints of backends: which there are, what they are, what was measured on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from ketway.devices.device import Device
from ketway.dialects.http import Call, Operation, encoded, reply
from ketway.dialects.ibm_runtime import configuration, errors
from ketway.dialects.ibm_runtime.errors import IbmError
from ketway.dialects.ibm_runtime.moments import moment
from ketway.dialects.ibm_runtime.properties import metrics, properties
from ketway.dialects.ibm_runtime.versions import OBJECTS_SINCE, version_of
from ketway.dialects.ibm_runtime.wire import (
    BackendObject,
    BackendsQuery,
    BackendsResponse,
    BackendStatus,
    Clops,
    PropertiesQuery,
    StatusName,
    WaitTime,
)
from ketway.service.backends import Backend, Backends
from ketway.service.errors import NotFoundError
from ketway.version import VERSION


class Named(NamedTuple):
    """A backend, by the name that somebody gave."""

    backend: Backend
    name: str
    mock: bool
    """Named for a dry run, of which nothing is to be computed."""


def mock_name(name: str) -> str:
    """What the client makes of a backend's name for a dry run: the part before the first `_` is
    replaced (qiskit_runtime_service.py, `_run`)."""
    return re.sub(r"^[^_]+", "mock", name)


class BackendRoutes:
    def __init__(self, backends: Backends) -> None:
        self._backends = backends
        self._encoder = msgspec.json.Encoder()
        self._kept: dict[tuple[str, str], bytes] = {}
        """Answers that never change: a client that lists backends asks for the configuration of
        each."""

    # -- finding ------------------------------------------------------------------------------

    def all(self) -> list[Backend]:
        """IBM's, the largest first and simulators last; then IonQ's, which IBM's client can use."""
        return [*sorted(self._backends.list("ibm"), key=_order), *self._backends.list("ionq")]

    def named(self, name: str, status: int = 404) -> Named:
        """The backend of that name, or of the name that it has for a dry run."""
        for backend in self.all():
            device = backend.device
            if device.name == name:
                return Named(backend, name, False)
            if _has_mock(device) and mock_name(device.name) == name:
                return Named(backend, name, True)
        try:
            self._backends.get(name, "ibm")
        except NotFoundError as error:
            raise IbmError(status, errors.BACKEND_NOT_FOUND, error.message) from None
        raise AssertionError("every backend of IBM's is in the list")

    # -- endpoints ----------------------------------------------------------------------------

    async def list(self, call: Call) -> Response:
        """Objects, or names alone for versions before 2025."""
        query: BackendsQuery = call.query
        found = self.all()
        if version_of(call.request) < OBJECTS_SINCE:
            return reply(BackendsResponse([b.device.name for b in found]))
        waits = any("wait_time_seconds" in field.split(",") for field in query.fields)
        shown = [self._line(backend, waits) for backend in found]
        if query.include_mocks.lower() == "true":
            shown += [_mock(backend) for backend in found if _has_mock(backend.device)]
        return reply(BackendsResponse(shown))

    async def configuration(self, call: Call) -> Response:
        named = self.named(call.path("name"))
        device = named.backend.device
        return self._constant(
            "configuration", named.name, lambda: configuration.configuration(device, named.name)
        )

    async def properties(self, call: Call) -> Response:
        """Of a simulator nothing was measured, and clients take `{}` for that; nor was anything
        before the day of the snapshot."""
        query: PropertiesQuery = call.query
        named = self.named(call.path("name"))
        snapshot = named.backend.device.snapshot
        before = moment(query.updated_before, "updated_before")
        if snapshot is None or (before is not None and before < snapshot.date.timestamp() * 1e6):
            return reply({})
        return self._constant("properties", named.name, lambda: properties(snapshot, named.name))

    async def status(self, call: Call) -> Response:
        backend = self.named(call.path("name")).backend
        snapshot = backend.device.snapshot
        version = VERSION if snapshot is None else snapshot.version
        # The client warns at every run where a backend is operational and not `active`.
        return reply(BackendStatus(True, "active", "", _queue(backend), version))

    async def defaults(self, call: Call) -> Response:
        """Of pulses, which there are none of; clients before 0.41 fail where this is 404."""
        self.named(call.path("name"))
        return reply({})

    def _line(self, backend: Backend, waits: bool) -> BackendObject:
        device, snapshot = backend.device, backend.device.snapshot
        found = _object(backend, device.name)
        if snapshot is not None:
            found.physical_qubits = snapshot.qubits
            found.processor_type = UNSET if snapshot.processor is None else snapshot.processor
            if snapshot.clops is not None and snapshot.clops_of is not None:
                found.clops = Clops(snapshot.clops_of, snapshot.clops)
            kept = self._bytes("metrics", device.name, lambda: metrics(snapshot))
            found.performance_metrics = msgspec.Raw(kept)
        if waits and not _queue(backend):
            found.wait_time_seconds = WaitTime(0, 0, 0)
        return found

    def _constant(self, what: str, name: str, make: Callable[[], Any]) -> Response:
        return encoded(self._bytes(what, name, make))

    def _bytes(self, what: str, name: str, make: Callable[[], Any]) -> bytes:
        found = self._kept.get((what, name))
        if found is None:
            found = self._kept[what, name] = self._encoder.encode(make())
        return found

    def operations(self) -> tuple[Operation, ...]:
        backend = "/backends/{name}"
        # fmt: off
        return (
            Operation("GET", "/backends", "list_backends", self.list, "All backends",
                      query=BackendsQuery, answer=BackendsResponse),
            Operation("GET", backend + "/configuration", "get_backend_configuration",
                      self.configuration, "A backend's gates and limits"),
            Operation("GET", backend + "/properties", "get_backend_properties", self.properties,
                      "What was measured on a backend", query=PropertiesQuery),
            Operation("GET", backend + "/status", "get_backend_status", self.status,
                      "A backend's queue", answer=BackendStatus),
            Operation("GET", backend + "/defaults", "get_backend_defaults", self.defaults,
                      "A backend's pulses"),
        )
        # fmt: on


def _order(backend: Backend) -> tuple[bool, int]:
    """Clients that ask for the least busy one take the first of those that have nothing to do."""
    return backend.device.kind == "simulator", -backend.device.qubits


def _has_mock(device: Device) -> bool:
    """A dry run makes sense of what stands for a machine, and the client needs a `_` for it."""
    return device.vendor == "ibm" and device.kind == "qpu" and "_" in device.name


def _queue(backend: Backend) -> int:
    return backend.waiting + backend.running


def _object(backend: Backend, name: str) -> BackendObject:
    """Every backend is online: that its vendor has retired its own does not matter."""
    return BackendObject(
        name=name,
        status=StatusName("online", "available"),
        is_simulator=backend.device.kind == "simulator",
        qubits=backend.device.qubits,
        queue_length=_queue(backend),
    )


def _mock(backend: Backend) -> BackendObject:
    found = _object(backend, mock_name(backend.device.name))
    found.class_ = "mock"
    return found
