"""What a routine is: reading, planning, running, each in a process that may die alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import msgspec

from ketway.circuits.circuit import Batch, Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.routines.runner import Runner


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """What a job turned out to be when its parameters were read."""

    circuits: int
    """Points of all sweeps together."""
    qubits: int
    """Of the widest circuit."""
    gates_1q: int
    """Of all circuits together, as the next."""
    gates_2q: int
    shots: int
    """The most of any circuit."""

    @classmethod
    def of(cls, batches: Iterable[Batch], shots: int) -> Size:
        sizes = [(len(b), b.structure.qubits, *b.structure.counts) for b in batches]
        return cls(
            circuits=sum(rows for rows, *_ in sizes),
            qubits=max((qubits for _, qubits, *_ in sizes), default=0),
            gates_1q=sum(rows * one for rows, _, one, _ in sizes),
            gates_2q=sum(rows * two for rows, _, _, two in sizes),
            shots=shots,
        )


class Routine(Protocol):
    """One of `registry.find`. Inputs are what `read` made of a request's parameters, and what `run`
    gets, in another process and perhaps several times; they are packed in between."""

    name: str

    def read(self, params: bytes) -> Any:
        """The inputs; raises `FailedError` for parameters that mean nothing. Texts of strangers are
        parsed here, and nowhere else."""

    @property
    def inputs(self) -> Any:
        """The type of the inputs, by which they are unpacked."""

    def size(self, inputs: Any) -> Size: ...

    def seed(self, inputs: Any) -> int | None:
        """The seed that was asked for."""

    def noise(self, inputs: Any, device: NoiseModel | None) -> NoiseModel | None:
        """What the circuits suffer: the device's noise, or what the user gave instead of it."""

    def structures(self, inputs: Any) -> Iterable[Structure]:
        """Every structure in the inputs: engines walk them without asking, so they are checked."""

    def check(self, inputs: Any, device: Device) -> None:
        """Raises `FailedError` for what the device cannot do."""

    def plan(self, inputs: Any, runner: Runner) -> Sequence[Plan]:
        """What running will need; raises `FailedError` for what cannot be run here."""

    def run(self, inputs: Any, runner: Runner) -> Any:
        """The answer: one of `jobs.answers`, or another value that can be packed."""


class Ran(NamedTuple):
    """A circuit that a routine has run, and that becomes a job of its own."""

    qubits: int
    gates_1q: int
    gates_2q: int


@runtime_checkable
class Bearing(Protocol):
    """A routine whose circuits are shown as children of its job."""

    def ran(self, inputs: Any, answer: Any) -> Sequence[Ran]:
        """One for each child, in their order."""
