"""The first version of the program `sampler`: quasi-distributions of whole circuits."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from ketway.jobs.answers import Quasi, QuasiAnswer
from ketway.routines.ibm.executions import Executing, Executions, counted, read_executions
from ketway.routines.ibm.first import read_points, read_run_options, resilience_level
from ketway.routines.ibm.typed import Reading, decoded
from ketway.routines.routine import Routine
from ketway.routines.runner import Runner


class FirstSamplerInputs(msgspec.Struct, frozen=True):
    executions: Executions


class FirstSampler(Executing):
    """Its measurements are not mitigated: the level 1 of its clients changes nothing, and their
    `readout_mitigation_overhead`, which would say that it did, is not in the metadata."""

    name = "sampler"
    inputs = FirstSamplerInputs

    def read(self, params: bytes) -> FirstSamplerInputs:
        given = decoded(params)
        reading = Reading()
        resilience_level(given, most=1)
        options = read_run_options(given)
        circuits, values = read_points(reading, given)
        return FirstSamplerInputs(
            read_executions(reading, circuits, values, options.shots, options.simulating)
        )

    def executions(self, inputs: FirstSamplerInputs) -> Executions:
        return inputs.executions

    def run(self, inputs: FirstSamplerInputs, runner: Runner) -> QuasiAnswer:
        shots = inputs.executions.shots
        dists = []
        for found in counted(inputs.executions, runner, keep=False):
            metadata: dict[str, Any] = {"shots": shots, "circuit_metadata": found.metadata}
            weights = found.counts.astype(np.float64) / shots
            dists.append(Quasi(found.bits, found.outcomes, weights, metadata))
        return QuasiAnswer(dists, runner.used)


def first(_second: Routine) -> Routine:
    return FirstSampler()
