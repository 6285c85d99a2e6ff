"""The program `executor`: quantum programs, which a client has compiled to circuits and draws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final

import msgspec

from ketway.circuits.circuit import Structure
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


class Executor:
    name = "executor"
    inputs = ExecutorInputs

    def read(self, params: bytes) -> ExecutorInputs:
        inputs = ExecutorInputs(params)
        _ = inputs.asked  # what is wrong with them is said now
        return inputs

    def size(self, inputs: ExecutorInputs) -> Size:
        program = inputs.asked.program
        counts = [(item.circuits, item.circuit.structure.counts) for item in program.items]
        return Size(
            circuits=sum(circuits for circuits, _ in counts),
            qubits=max((item.circuit.structure.qubits for item in program.items), default=0),
            gates_1q=sum(circuits * one for circuits, (one, _) in counts),
            gates_2q=sum(circuits * two for circuits, (_, two) in counts),
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
        for index, item in enumerate(program.items):
            check_circuits(examples(item, index), device, "Item", lambda *_, k=index: k)
        check_totals([(item.circuits, program.shots) for item in program.items], device, "Item")

    def plan(self, inputs: ExecutorInputs, runner: Runner) -> list[Plan]:
        program = inputs.asked.program
        held = held_bytes(program)
        return [
            scaled(runner.plan_sampling(batch, program.shots), item.circuits / item.points, held)
            for index, item in enumerate(program.items)
            if item.circuit.structure.measured and item.circuits
            for batch in examples(item, index)
        ]

    def run(self, inputs: ExecutorInputs, runner: Runner) -> Written:
        answer = execute(inputs.asked.program, runner)
        return Written(encode(answer, inputs.asked.version), runner.used)


EXECUTOR: Final = Executor()
