"""The routine of a `quantum-function` job: the energy of a Hamiltonian at one point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from ketway.circuits.circuit import Floats, Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import EnergyAnswer
from ketway.routines.ionq.asked import FunctionInput, read
from ketway.routines.ionq.checking import check_width, size_of
from ketway.routines.ionq.energy import Energy, Meter
from ketway.routines.routine import Size
from ketway.routines.runner import Runner


class FunctionInputs(msgspec.Struct, frozen=True):
    asked: FunctionInput
    shots: int


class QuantumFunction:
    name = "ionq.quantum-function"
    inputs = FunctionInputs

    def read(self, params: bytes) -> FunctionInputs:
        inputs = FunctionInputs(*read(params, FunctionInput))
        _understood(inputs)
        return inputs

    def size(self, inputs: FunctionInputs) -> Size:
        energy, points = _understood(inputs)
        return size_of(energy, points, inputs.shots, rows=1)

    def seed(self, inputs: FunctionInputs) -> int | None:
        return None

    def noise(self, inputs: FunctionInputs, device: NoiseModel | None) -> NoiseModel | None:
        return device

    def structures(self, inputs: FunctionInputs) -> Iterable[Structure]:
        """None are stored: the ansatz is read again where it runs."""
        return ()

    def check(self, inputs: FunctionInputs, device: Device) -> None:
        check_width(_understood(inputs)[0].qubits, device)

    def plan(self, inputs: FunctionInputs, runner: Runner) -> list[Plan]:
        energy, _ = _understood(inputs)
        meter = Meter(energy, runner)
        return [meter.plan(1), meter.plan_moments()]

    def run(self, inputs: FunctionInputs, runner: Runner) -> EnergyAnswer:
        energy, points = _understood(inputs)
        value, variance = Meter(energy, runner).value(points)
        return EnergyAnswer(value, variance, runner.used)


QUANTUM_FUNCTION: Final = QuantumFunction()


def _understood(inputs: FunctionInputs) -> tuple[Energy, Floats]:
    energy = Energy(inputs.asked.data.data, inputs.shots, "input.data.data")
    return energy, energy.points(inputs.asked.params, "input.params")
