"""The program `executor`: quantum programs, which a client has compiled to circuits and draws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from math import prod
from typing import Final

import msgspec

from ketway.circuits.circuit import Batch, Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import Written
from ketway.routines.executor import (
    Params,
    check_size,
    encode,
    examples,
    execute,
    held_bytes,
    read_params,
)
from ketway.routines.ibm.checking import check_circuits, check_totals
from ketway.routines.routine import Size
from ketway.routines.runner import Runner, scaled


class ExecutorInputs(msgspec.Struct, frozen=True, dict=True):
    """The parameters as they came, which are read again where they are run: a samplex is a program
    of its own, and is stored nowhere in another form."""

    params: bytes

    @cached_property
    def asked(self) -> Params:
        """What they say; it is kept for as long as they are, and never stored."""
        return read_params(self.params)

    @cached_property
    def examples(self) -> list[Batch]:
        """Circuits of each item, by which they are checked and planned."""
        return examples(self.asked.program)


class Executor:
    name = "executor"
    inputs = ExecutorInputs

    def read(self, params: bytes) -> ExecutorInputs:
        inputs = ExecutorInputs(params)
        _ = inputs.asked  # what is wrong with them is said now
        return inputs

    def size(self, inputs: ExecutorInputs) -> Size:
        program = inputs.asked.program
        counts = [(prod(i.shape), i.circuit.structure.counts) for i in program.items]
        return Size(
            circuits=sum(points for points, _ in counts),
            qubits=max((i.circuit.structure.qubits for i in program.items), default=0),
            gates_1q=sum(points * one for points, (one, _) in counts),
            gates_2q=sum(points * two for points, (_, two) in counts),
            shots=program.shots,
        )

    def seed(self, inputs: ExecutorInputs) -> int | None:
        return None

    def noise(self, inputs: ExecutorInputs, device: NoiseModel | None) -> NoiseModel | None:
        return device

    def structures(self, inputs: ExecutorInputs) -> Iterable[Structure]:
        return ()  # they are read from the text, and by its reader checked

    def check(self, inputs: ExecutorInputs, device: Device) -> None:
        program = inputs.asked.program
        check_size(program)
        check_circuits(inputs.examples, device)
        check_totals([(prod(item.shape), program.shots) for item in program.items], device)

    def plan(self, inputs: ExecutorInputs, runner: Runner) -> list[Plan]:
        program = inputs.asked.program
        held = held_bytes(program)
        return [
            scaled(runner.plan_sampling(batch, program.shots), prod(item.shape) / len(batch), held)
            for item, batch in zip(program.items, inputs.examples, strict=True)
            if batch.structure.measured and len(batch)
        ]

    def run(self, inputs: ExecutorInputs, runner: Runner) -> Written:
        answer = execute(inputs.asked.program, runner)
        return Written(encode(answer, inputs.asked.version), runner.used)


EXECUTOR: Final = Executor()
