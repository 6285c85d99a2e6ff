"""What stands behind a backend: names and figures, each with its source. Data, not code."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from ketway.devices.drift import Drift
from ketway.devices.noise import NoiseModel
from ketway.devices.snapshot import Snapshot

Vendor: TypeAlias = Literal["ionq", "ibm"]


class Fidelity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Median average fidelities of the device's operations."""

    spam: float
    """State preparation and measurement."""
    one_qubit: float
    two_qubit: float
    source: str
    date: datetime.date | None = None
    """When they were measured, where the source says so."""
    derived: tuple[str, ...] = ()
    """The figures here that nobody has published; `source` says what they were made from."""


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long things take, and last, in seconds."""

    readout: float
    reset: float
    one_qubit: float
    two_qubit: float
    t1: float
    t2: float
    source: str
    date: datetime.date | None = None
    derived: tuple[str, ...] = ()


class Driven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By whom a device is run that is no simulation: see `ketway.drivers`."""

    name: str
    """Of an entry point in the group `ketway.drivers`."""
    at_once: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    """How many jobs it takes at the same time."""
    options: dict[str, Any] = {}
    """What the driver is told: addresses, names."""


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device of the catalogue."""

    name: str
    """What users name: `simulator`, `qpu.forte-1`."""
    kind: Literal["simulator", "qpu"]
    status: Literal["available", "retired"]
    """What its vendor says of it; whether jobs for a retired one run is the server's choice."""
    qubits: int
    """Without noise; see `Catalogue.qubits` for the simulator's limit under a noise model."""
    qis_gates: tuple[str, ...]
    """The gates of IonQ's abstract gate set; none on other vendors' devices."""
    native_gates: tuple[str, ...]
    """As the vendor lists them (IBM's word for them is basis gates); `nop` is taken by every device
    and listed by none."""
    source: str
    checked: datetime.date
    """When this entry was last compared with its sources."""
    vendor: Vendor = "ionq"
    """Whose backend it is: a vendor's dialect shows that vendor's devices only."""
    description: str = ""
    max_shots: int | None = None
    """Most shots of a circuit, where the vendor says so."""
    max_circuits: int | None = None
    """Most circuits of a job, where the vendor says so."""
    control_flow: tuple[str, ...] = ()
    """What classical bits may decide while it runs, in the vendor's words."""
    location: str | None = None
    connectivity: Literal["all", "couplings"] = "all"
    """On which pairs two-qubit gates act: on all, or on those of the snapshot."""
    noise_models: tuple[str, ...] = ()
    """The noise models that a job may name."""
    noise: str | None = None
    """The noise model that the device itself has."""
    error_mitigations: tuple[str, ...] = ()
    fidelity: Fidelity | None = None
    timing: Timing | None = None
    drift: Drift | None = None
    """How the figures change from day to day; None for a device that has no history."""
    driver: Driven | None = None
    """None for a simulation."""
    snapshot: Snapshot | None = None
    """Of a calibrated device: what was measured qubit by qubit and gate by gate."""

    @property
    def connections(self) -> list[tuple[int, int]]:
        """Every pair of qubits that a two-qubit gate can act on, each once."""
        if self.connectivity == "couplings" and self.snapshot is not None:
            return sorted({(min(pair), max(pair)) for pair in self.snapshot.couplings})
        return [(a, b) for a in range(self.qubits) for b in range(a + 1, self.qubits)]


class NoiseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A noise model with what comes with it when the simulator runs under it."""

    name: str
    one_qubit: float
    two_qubit: float
    qubits: int
    """The simulator's limit under this model."""
    native_gates: tuple[str, ...]
    """The native gates of the modelled system."""
    source: str
    checked: datetime.date
    readout: float = 0.0
    device: str | None = None
    """The modelled device."""
    derived: bool = False
    """True if the vendor has published no rates; `formula` says how these were made."""
    formula: str = ""

    @property
    def model(self) -> NoiseModel:
        source = f"{self.source}; {self.formula}" if self.derived else self.source
        return NoiseModel(
            name=self.name,
            one_qubit=self.one_qubit,
            two_qubit=self.two_qubit,
            readout=self.readout,
            source=source,
        )


class UploadedNoise(msgspec.Struct, frozen=True):
    """A noise model that a user has given: it changes nothing else about the simulator."""

    model: NoiseModel
    qubits: int | None = None
    native_gates: tuple[str, ...] | None = None
