"""The program `noise-learner`: of circuits, whose layers it finds itself (`NoiseLearner`), or of
layers that it is given as boxes (`NoiseLearnerV3`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from ketway.circuits.circuit import Batch, Structure
from ketway.circuits.qpy import QpyError
from ketway.circuits.qpy.boxes import read_boxes
from ketway.circuits.qpy.writing import write_qpy
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import LearnedAnswer, LearnedLayer
from ketway.jobs.failures import Code
from ketway.routines.ibm.checking import any_batch, check_circuits
from ketway.routines.ibm.executions import listed
from ketway.routines.ibm.simulating import Simulating, read_simulating
from ketway.routines.ibm.typed import ParamsError, Reading, decoded, options_of, struct_of
from ketway.routines.learning import (
    Instruction,
    LayerError,
    learn,
    learn_instructions,
    plan_learn,
    plan_learn_instructions,
)
from ketway.routines.options import NoiseLearnerOptions
from ketway.routines.routine import Size
from ketway.routines.runner import Runner

SCHEMAS: Final = ("v0.1", "v0.2", "v0.3")
"""Of the parameters that hold boxes. They differ in options that change nothing here."""


class NoiseLearnerInputs(msgspec.Struct, frozen=True):
    batches: list[Batch]
    """Circuits or single layers, of one row each."""
    options: NoiseLearnerOptions
    simulating: Simulating = Simulating()
    boxes: list[tuple[int, ...]] | None = None
    """The qubits of each layer; None for circuits."""
    schema: str = ""
    """Of the layers' parameters and answer."""
    plain: bool = False

    @property
    def instructions(self) -> list[Instruction]:
        return [
            Instruction(batch, qubits)
            for batch, qubits in zip(self.batches, self.boxes or (), strict=True)
        ]


class NoiseLearner:
    name = "noise-learner"
    inputs = NoiseLearnerInputs

    def read(self, params: bytes) -> NoiseLearnerInputs:
        given = decoded(params)
        return _layers(given) if "schema_version" in given else _circuits(given)

    def size(self, inputs: NoiseLearnerInputs) -> Size:
        return Size.of(inputs.batches, inputs.options.shots_per_randomization)

    def seed(self, inputs: NoiseLearnerInputs) -> int | None:
        return inputs.simulating.seed

    def noise(self, inputs: NoiseLearnerInputs, device: NoiseModel | None) -> NoiseModel | None:
        return inputs.simulating.noise or device

    def structures(self, inputs: NoiseLearnerInputs) -> Iterable[Structure]:
        return (batch.structure for batch in inputs.batches)

    def check(self, inputs: NoiseLearnerInputs, device: Device) -> None:
        noun = "Circuit" if inputs.boxes is None else "Instruction"
        check_circuits(inputs.batches, device, noun)

    def plan(self, inputs: NoiseLearnerInputs, runner: Runner) -> Sequence[Plan]:
        if inputs.boxes is None:
            return plan_learn(inputs.batches, inputs.options, runner)
        return plan_learn_instructions(inputs.instructions, inputs.options, runner)

    def run(self, inputs: NoiseLearnerInputs, runner: Runner) -> LearnedAnswer:
        if inputs.boxes is None:
            errors = learn(inputs.batches, inputs.options, runner)
            layers = [_layer(error, write_qpy(error.circuit)) for error in errors]
        else:
            errors = learn_instructions(inputs.instructions, inputs.options, runner)
            layers = [_layer(error, b"") for error in errors]
        asked: dict[str, Any] = msgspec.to_builtins(inputs.options)
        return LearnedAnswer(layers, asked, inputs.schema, inputs.plain, runner.used)


NOISE_LEARNER: Final = NoiseLearner()


def _layer(error: LayerError, circuit: bytes) -> LearnedLayer:
    return LearnedLayer(
        circuit,
        list(error.qubits),
        list(error.generators),
        list(error.rates),
        list(error.errors),
        error.metadata["learning_protocol"],
    )


def _circuits(given: dict[str, Any]) -> NoiseLearnerInputs:
    reading = Reading()
    options = options_of(given)
    circuits = listed(given.get("circuits"), "circuits")
    batches = [
        any_batch(reading.circuit(circuit, f"circuits[{i}]")) for i, circuit in enumerate(circuits)
    ]
    return NoiseLearnerInputs(
        batches,
        struct_of(options, NoiseLearnerOptions, "options"),
        read_simulating(options.get("simulator"), "options.simulator"),
        plain=not options.get("support_qiskit", False),
    )


def _layers(given: dict[str, Any]) -> NoiseLearnerInputs:
    schema = given["schema_version"]
    if schema not in SCHEMAS:
        raise ParamsError(
            "schema_version", f"known are {', '.join(SCHEMAS)}, not {str(schema)[:40]!r}."
        )
    options = options_of(given)
    _check_unfiltered(options)
    learning: NoiseLearnerOptions = struct_of(options, NoiseLearnerOptions, "options")
    envelope = given.get("instructions")
    if not isinstance(envelope, dict) or "circuit_b64" not in envelope:
        raise ParamsError(
            "instructions", "a circuit of boxes is wanted: an object with QPY in `circuit_b64`."
        )
    where = "instructions.circuit_b64"
    data = Reading().binary(envelope["circuit_b64"], where, compressed=False)
    try:
        boxes = read_boxes(data)
    except QpyError as error:
        raise ParamsError(where, error.failure.message) from None
    return NoiseLearnerInputs(
        [any_batch(box.template) for box in boxes],
        learning,
        boxes=[box.qubits for box in boxes],
        schema=schema,
    )


def _check_unfiltered(options: dict[str, Any]) -> None:
    """Shots are not thrown away here: qubits of Ketway's machines neither leak nor are left in a
    state from before."""
    checks = options.get("bit_flip_checks")
    wanted = {"post_selection": options.get("post_selection")}
    if isinstance(checks, dict):
        wanted |= {f"bit_flip_checks.{name}": check for name, check in checks.items()}
    for name, check in wanted.items():
        if isinstance(check, dict) and check.get("enable"):
            raise ParamsError(
                f"options.{name}.enable",
                "shots are not selected here, where no qubit leaks: leave it off.",
                Code.UNSUPPORTED_GATE,
            )
