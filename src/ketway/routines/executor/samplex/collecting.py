"""Nodes that write what the registers ended as: angles of the template, and bits to flip."""

from __future__ import annotations

from dataclasses import dataclass

from ketway.routines.executor.errors import shown
from ketway.routines.executor.samplex.nodes import Checking, Indices, Run, unique
from ketway.routines.executor.samplex.synthesis import ANGLES, Synthesis, angles


@dataclass(frozen=True, eq=False, slots=True)
class CollectAngles:
    """Gates into angles of the template."""

    register: str
    chosen: Indices
    output: str
    places: Indices
    """One row of three for each subsystem."""
    synthesis: Synthesis

    @property
    def writes(self) -> tuple[str, Indices]:
        return self.output, self.places.ravel()

    def check(self, checking: Checking) -> None:
        checking.read(self.register, "u2", self.chosen)
        checking.output(self.output, self.places)
        if self.places.shape != (len(self.chosen), ANGLES):
            raise checking.error(
                f"it writes {self.places.shape} angles of {len(self.chosen)} subsystems."
            )
        if not unique(self.places.ravel().tolist()):
            raise checking.error("it writes two angles to one place.")

    def run(self, run: Run, node: int) -> None:
        found = angles(run.registers[self.register][self.chosen], self.synthesis)
        values = found.transpose(1, 0, 2).reshape(found.shape[1], -1)
        run.outputs[self.output][:, self.places.ravel()] = values


@dataclass(frozen=True, eq=False, slots=True)
class CollectBits:
    """Bits into an output, such as which measurements to flip."""

    register: str
    chosen: Indices
    output: str
    places: Indices

    @property
    def writes(self) -> tuple[str, Indices]:
        return self.output, self.places

    def check(self, checking: Checking) -> None:
        checking.read(self.register, "z2", self.chosen)
        found = checking.output(self.output, self.places)
        if self.places.shape != self.chosen.shape:
            raise checking.error(f"it writes {len(self.chosen)} bits to {len(self.places)} places.")
        if any(dimension != 1 for dimension in found.shape[1:-1]):
            raise checking.error(f"the output {shown(self.output)} has more than one row of bits.")

    def run(self, run: Run, node: int) -> None:
        output = run.outputs[self.output]
        rows = output.reshape(len(output), output.shape[-1])
        rows[:, self.places] = run.registers[self.register][self.chosen].T
