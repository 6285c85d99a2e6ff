"""The shapes of IonQ's JSON circuits, and the error that says where one is wrong.

The shapes are decoded by msgspec as part of a request body, so a value of the wrong JSON type is
refused there, with its path. They are wider than IonQ's own schema, because its clients are: a
qubit may be written `3.0`, in `target` or in `targets`, and unknown keys are passed over.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Gateset: TypeAlias = Literal["qis", "native"]

Qubit: TypeAlias = int | float
"""A qubit as written; the reader refuses what is not a whole number."""


class GateObject(msgspec.Struct, gc=False):
    """One gate as written. Which fields it needs depends on its name.

    Outside the cycle collector, because a circuit has 150,000 of them and none can be in a cycle.
    """

    gate: str | None = None
    target: Qubit | None = None
    targets: list[Qubit] | None = None
    control: Qubit | None = None
    controls: list[Qubit] | None = None
    rotation: float | None = None
    """Radians: the angle of a QIS gate."""
    phase: float | None = None
    """Turns: `gpi`, `gpi2`, and `zz` as Cirq writes it."""
    phases: list[float] | None = None
    """Turns: the two phases of `ms`."""
    angle: float | None = None
    """Turns: the angle of `ms` and of the native `zz`."""
    terms: list[str] | None = None
    coefficients: list[float] | None = None
    time: float | None = None


class CircuitObject(msgspec.Struct):
    """One of several circuits of a job."""

    circuit: list[GateObject]
    name: str | None = None
    qubits: int | None = None
    gateset: Gateset | None = None
    """Replaces the job's gate set for this circuit."""
    registers: dict[str, list[int | None]] | None = None
    """Which qubits the client wants in which register; clients get it back, nothing runs by it."""


class ReadError(Exception):
    """A circuit that cannot be read. Its text is for the person who wrote the circuit."""

    def __init__(self, message: str, path: str, gate: int | None = None) -> None:
        super().__init__(f"{path}: {message}")
        self.message = message
        """What is wrong and what to do, without the path."""
        self.path = path
        """Where in the request, such as `input.circuit[3].target`."""
        self.gate = gate
        """Index of the gate in the circuit as written, from 0."""


class FieldError(Exception):
    """What is wrong with one gate, in one of its fields; the reader adds where the gate is."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        """Such as `target` or `targets[1]`."""
