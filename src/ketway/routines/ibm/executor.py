"""The program `executor`: quantum programs, which a client has compiled to circuits and draws."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import prod
from typing import Final

import msgspec

from ketway.circuits.circuit import Batch, Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import Written
from ketway.routines.executor import CircuitItem, Params, check_size, encode, execute, read_params
from ketway.routines.executor.program import Item
from ketway.routines.ibm.checking import any_batch, check_circuits, check_totals
from ketway.routines.routine import Size
from ketway.routines.runner import Runner, scaled


class ExecutorInputs(msgspec.Struct, frozen=True):
    """The parameters as they came, which are read again where they are run: a samplex is a program
    of its own, and is stored nowhere in another form."""

    params: bytes


class Executor:
    name = "executor"
    inputs = ExecutorInputs

    def read(self, params: bytes) -> ExecutorInputs:
        _read(params)
        return ExecutorInputs(params)

    def size(self, inputs: ExecutorInputs) -> Size:
        program = _read(inputs.params).program
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
        program = _read(inputs.params).program
        check_size(program)
        check_circuits(map(_some, program.items), device)
        check_totals([(prod(item.shape), program.shots) for item in program.items], device)

    def plan(self, inputs: ExecutorInputs, runner: Runner) -> list[Plan]:
        program = _read(inputs.params).program
        return [
            scaled(runner.plan_sampling(batch, program.shots), float(points))
            for points, batch in ((prod(item.shape), _some(item)) for item in program.items)
            if batch.structure.measured and points
        ]

    def run(self, inputs: ExecutorInputs, runner: Runner) -> Written:
        params = _read(inputs.params)
        answer = execute(params.program, runner)
        return Written(encode(answer, params.version), runner.used)


EXECUTOR: Final = Executor()


@lru_cache(maxsize=1)
def _read(params: bytes) -> Params:
    """Read once in each process, though reading, sizing, checking and planning ask for it."""
    return read_params(params)


def _some(item: Item) -> Batch:
    """One of an item's circuits: those of a samplex are not drawn yet."""
    if isinstance(item, CircuitItem) and item.arguments.size:
        return item.circuit.batch(item.arguments.reshape(-1, len(item.circuit.parameters))[:1])
    return any_batch(item.circuit)
