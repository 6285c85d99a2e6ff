"""The routine of an `optimization` job: the point where a quantum function is least."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from ketway.circuits.circuit import Floats, Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.seeds import derive, generator
from ketway.jobs.answers import Evaluation, OptimumAnswer
from ketway.routines.ionq.asked import OptimizationInput, finite, read, wrong
from ketway.routines.ionq.checking import check_width, size_of
from ketway.routines.ionq.energy import Energy, Meter
from ketway.routines.ionq.minimising import (
    MOST_ITERATIONS,
    NEED_GRADIENT,
    USUAL_ITERATIONS,
    Search,
    Trial,
    minimise,
)
from ketway.routines.routine import Ran, Size
from ketway.routines.runner import Runner

MOST_REPORTED: Final = 1_000
"""Evaluations that are kept of a job."""


class OptimizationInputs(msgspec.Struct, frozen=True):
    asked: OptimizationInput
    shots: int

    @property
    def iterations(self) -> int:
        return self.asked.maxiter or USUAL_ITERATIONS


class Optimization:
    name = "ionq.optimization"
    inputs = OptimizationInputs

    def read(self, params: bytes) -> OptimizationInputs:
        inputs = OptimizationInputs(*read(params, OptimizationInput))
        asked = inputs.asked
        if asked.maxiter is not None and not 1 <= asked.maxiter <= MOST_ITERATIONS:
            raise wrong("input.maxiter", f"from 1 to {MOST_ITERATIONS:,} iterations are made")
        if asked.log_interval is not None and asked.log_interval < 1:
            raise wrong("input.log_interval", "the interval must be 1 or more")
        energy = _energy(inputs)
        if asked.initial_params is not None:
            energy.points(asked.initial_params, "input.initial_params")
        return inputs

    def size(self, inputs: OptimizationInputs) -> Size:
        """As large as it may become."""
        energy = _energy(inputs)
        point = np.full((1, energy.parameters), 0.5)
        return size_of(energy, point, inputs.shots, _rows(inputs, energy))

    def seed(self, inputs: OptimizationInputs) -> int | None:
        return None

    def noise(self, inputs: OptimizationInputs, device: NoiseModel | None) -> NoiseModel | None:
        return device

    def structures(self, inputs: OptimizationInputs) -> Iterable[Structure]:
        """None are stored: the ansatz is read again where it runs."""
        return ()

    def check(self, inputs: OptimizationInputs, device: Device) -> None:
        check_width(_energy(inputs).qubits, device)

    def plan(self, inputs: OptimizationInputs, runner: Runner) -> list[Plan]:
        energy = _energy(inputs)
        return [Meter(energy, runner).plan(_rows(inputs, energy))]

    def run(self, inputs: OptimizationInputs, runner: Runner) -> OptimumAnswer:
        energy, asked = _energy(inputs), inputs.asked
        meter = Meter(energy, runner)
        source = generator(derive(runner.seed, -1))
        start = _start(asked.initial_params, energy.parameters, source)
        search = Search(meter.values, meter.sampled)
        found = minimise(
            search,
            asked.method,
            start,
            iterations=inputs.iterations,
            options=asked.options or {},
            generator=source,
        )
        return OptimumAnswer(
            found.best.value,
            found.best.point.tolist(),
            found.converged,
            _reported(search.trials, found.best, asked.log_interval or 1),
            runner.used,
        )

    def ran(self, inputs: OptimizationInputs, answer: OptimumAnswer) -> list[Ran]:
        energy = _energy(inputs)
        point = np.full((1, energy.parameters), 0.5)
        size = size_of(energy, point, inputs.shots, 1)
        return [Ran(size.qubits, size.gates_1q, size.gates_2q)] * len(answer.evaluations)


OPTIMIZATION: Final = Optimization()


def _energy(inputs: OptimizationInputs) -> Energy:
    where = "input.quantum_function.data"
    return Energy(inputs.asked.quantum_function.data, inputs.shots, where)


def _rows(inputs: OptimizationInputs, energy: Energy) -> int:
    """About how many points are computed, if it needs all its iterations."""
    gradient = 2 * energy.parameters if inputs.asked.method in NEED_GRADIENT else 1
    return inputs.iterations * (1 + gradient) + 1


def _start(given: list[float] | None, parameters: int, source: np.random.Generator) -> Floats:
    if given is None:
        return source.uniform(-math.pi, math.pi, parameters)
    return np.array(finite(given, "input.initial_params"), dtype=float)


def _reported(trials: Sequence[Trial], best: Trial, interval: int) -> list[Evaluation]:
    """Every so many of them; and the first, the best and the last, which a plot needs."""
    interval = max(interval, -(-len(trials) // MOST_REPORTED))
    last = len(trials) - 1
    return [
        Evaluation(trial.point.tolist(), trial.value, k)
        for k, trial in enumerate(trials)
        if k % interval == 0 or k == last or trial is best
    ]
