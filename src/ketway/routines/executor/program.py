"""A quantum program: what an executor job asks for, in our own words."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final, Literal, TypeAlias

from ketway.circuits.circuit import Floats
from ketway.circuits.template import Template
from ketway.routines.executor.samplex import Inputs, Samplex

Version: TypeAlias = Literal["v0.1", "v0.2", "v1.0", "v1.1", "v2.0"]
VERSIONS: Final[tuple[Version, ...]] = ("v0.1", "v0.2", "v1.0", "v1.1", "v2.0")

MeasurementLevel: TypeAlias = Literal["classified", "kerneled", "avg_kerneled", "both"]
"""Bits; points of the readout, one for each shot; their mean over the shots; or bits and points."""


@dataclass(frozen=True)
class CircuitItem:
    """A circuit with a value for each parameter, for each point of a sweep."""

    circuit: Template
    arguments: Floats
    """Shape (sweep …, parameters)."""
    shape: tuple[int, ...]
    """The sweep, and axes that it is broadcast along: what is repeated."""
    chunk: int | None = None
    """How many circuits are run at a time, if that was asked."""

    @property
    def points(self) -> int:
        """Of the sweep: elsewhere the circuits repeat themselves."""
        return prod(self.arguments.shape[:-1])

    @property
    def circuits(self) -> int:
        """Bound ones, that are run."""
        return prod(self.shape)


@dataclass(frozen=True)
class SamplexItem:
    """A template, and the samplex that draws its angles."""

    circuit: Template
    samplex: Samplex
    inputs: Inputs
    shape: tuple[int, ...]
    """Axes along which the inputs change are a sweep; along all others it is drawn anew."""
    chunk: int | None = None

    @property
    def points(self) -> int:
        """Of the sweep."""
        return self.inputs.points

    @property
    def circuits(self) -> int:
        """Drawn ones, that are run."""
        return prod(self.shape)


Item: TypeAlias = CircuitItem | SamplexItem


@dataclass(frozen=True)
class QuantumProgram:
    shots: int
    """Of every circuit."""
    items: tuple[Item, ...]
    level: MeasurementLevel = "classified"
    role: str | None = None
    """What the client makes of the answer: it is echoed."""
    passthrough: bytes = b"null"
    """What the client wants back with the answer: JSON that nobody here looks at."""


@dataclass(frozen=True)
class Options:
    """What else is asked. None of it changes an outcome here: a simulated qubit starts at 0 in
    every shot, whatever is done between shots, and a circuit takes no time."""

    init_qubits: bool = True
    rep_delay: float | None = None
    scheduler_timing: bool = False
    stretch_values: bool = False


@dataclass(frozen=True)
class Params:
    """The parameters of an executor job."""

    version: Version
    program: QuantumProgram
    options: Options
