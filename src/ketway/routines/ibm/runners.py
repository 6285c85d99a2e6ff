"""The programs `circuit-runner` and `qasm3-runner`: what `backend.run` of older clients asks for.

They differ in nothing here: both take circuits in QPY and in OpenQASM 3, static or dynamic.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ketway.jobs.answers import CountsAnswer
from ketway.jobs.failures import Code
from ketway.routines.ibm.executions import (
    Executing,
    Executions,
    counted,
    listed,
    read_executions,
    shots_of,
    simulating_of,
)
from ketway.routines.ibm.typed import ParamsError, Reading, decoded
from ketway.routines.runner import Runner

DEFAULT_SHOTS: Final = 4000
"""What the client fills in where nothing was said (ibm_backend.py, `_default_options`)."""


class RunnerInputs(msgspec.Struct, frozen=True):
    executions: Executions
    memory: bool
    header: dict[str, Any] = {}


class CircuitRunner(Executing):
    """Every shot begins with all qubits at 0, so that `init_qubits` and `init_num_resets` change
    nothing; neither does `rep_delay`, as nothing is left over from the shot before."""

    inputs = RunnerInputs

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, params: bytes) -> RunnerInputs:
        given = decoded(params)
        if given.get("meas_level", 2) not in (2, None):
            raise ParamsError(
                "meas_level",
                "only classified measurements (2) are made here: for kerneled ones use the "
                "`sampler` with execution.meas_type.",
                Code.UNSUPPORTED_GATE,
            )
        if given.get("init_circuit") is not None:
            raise ParamsError(
                "init_circuit",
                "this is not supported: put it before each circuit, with `circuit.compose`.",
                Code.UNSUPPORTED_GATE,
            )
        header = given.get("header") or {}
        if not isinstance(header, dict):
            raise ParamsError("header", "an object of notes is wanted.")
        circuits = listed(given.get("circuits"), "circuits")
        found = read_executions(
            Reading(),
            circuits,
            [None] * len(circuits),
            shots_of(given.get("shots"), DEFAULT_SHOTS, "shots"),
            simulating_of(given, ""),
        )
        return RunnerInputs(found, bool(given.get("memory")), header)

    def executions(self, inputs: RunnerInputs) -> Executions:
        return inputs.executions

    def run(self, inputs: RunnerInputs, runner: Runner) -> CountsAnswer:
        found = inputs.executions
        circuits = counted(found, runner, keep=inputs.memory)
        seed = found.simulating.seed
        return CountsAnswer(circuits, found.shots, seed, inputs.header, runner.used)


CIRCUIT_RUNNER: Final = CircuitRunner("circuit-runner")
QASM3_RUNNER: Final = CircuitRunner("qasm3-runner")
