"""Programs of the operator's own: Python functions of installed packages, which jobs run by name.

A package names its function in the entry point group `ketway.programs`; the entry point's name is
the program's. The function takes a msgspec `Struct`, against which the job's parameters are
checked, and a `Backend`:

    from ketway.programs import Backend

    class Inputs(msgspec.Struct):
        angles: NDArray[np.float64]

    def swing(inputs: Inputs, backend: Backend) -> Any: ...

Users send parameters and never code. The package is imported in the process of an attempt and
nowhere else, so that a program that breaks its process breaks its own job alone. See
docs/how-to/custom-programs.md.
"""

from __future__ import annotations

import inspect
import traceback
import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from ketway.circuits.circuit import Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import CustomAnswer
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.custom_backend import Backend
from ketway.routines.custom_values import given_values, returned
from ketway.routines.ibm.simulating import seed_of
from ketway.routines.ibm.typed import decoded
from ketway.routines.routine import Size
from ketway.routines.runner import Runner

GROUP: Final = "ketway.programs"
DEFAULT_MEMORY: Final = 1 << 30
"""Bytes that a program and the circuits it runs are granted, where it does not say."""
ENGINE: Final = "program"

Function: TypeAlias = Callable[[Any, Backend], Any]


@dataclass(frozen=True)
class Program:
    """A function, and what it needs."""

    function: Function
    memory: int = DEFAULT_MEMORY
    """Bytes for it and the circuits it runs: it gets so many, and waits until they are free."""


def program(*, memory: int) -> Callable[[Function], Program]:
    """Says what a function needs: `@program(memory=4 << 30)`."""
    return lambda function: Program(function, memory)


@cache
def custom_names() -> tuple[str, ...]:
    """The programs that installed packages offer; nothing is imported for that."""
    return tuple(sorted({point.name for point in metadata.entry_points(group=GROUP)}))


class CustomInputs(msgspec.Struct, frozen=True):
    """Checked when they were read, and read again where they are used: what a program takes need
    not be anything that can be packed."""

    params: bytes
    memory: int
    seed: int | None = None


class Custom:
    inputs = CustomInputs

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, params: bytes) -> CustomInputs:
        found = self._program()
        self._given(found.function, params)
        seed = decoded(params).get("seed")
        return CustomInputs(params, found.memory, seed_of(seed, "seed"))

    def size(self, inputs: CustomInputs) -> Size:
        return Size(circuits=0, qubits=0, gates_1q=0, gates_2q=0, shots=0)

    def seed(self, inputs: CustomInputs) -> int | None:
        return inputs.seed

    def noise(self, inputs: CustomInputs, device: NoiseModel | None) -> NoiseModel | None:
        return device

    def structures(self, inputs: CustomInputs) -> Iterable[Structure]:
        return ()

    def check(self, inputs: CustomInputs, device: Device) -> None:
        """What circuits it runs is known when it runs them."""

    def plan(self, inputs: CustomInputs, runner: Runner) -> Sequence[Plan]:
        if inputs.memory > runner.machine.bytes:
            raise self._failed(
                f"it needs {inputs.memory:,} bytes of memory, and {runner.machine.bytes:,} are "
                "there",
                Code.CIRCUIT_TOO_COMPLEX,
            )
        reason = "a program of the operator's, which runs its own circuits"
        return [Plan(ENGINE, reason, inputs.memory, 0.0)]

    def run(self, inputs: CustomInputs, runner: Runner) -> CustomAnswer:
        function = self._program().function
        given = self._given(function, inputs.params)
        runner.machine = msgspec.structs.replace(runner.machine, bytes=inputs.memory)
        backend = Backend(runner)
        try:
            value = returned(function(given, backend), "result")
        except FailedError:
            raise
        except MemoryError:
            raise self._failed(
                f"it needed more than the {inputs.memory:,} bytes of memory that it is granted: "
                "give it smaller inputs, or let it ask for more (ketway.programs.program)",
                Code.CIRCUIT_TOO_COMPLEX,
            ) from None
        except (Exception, SystemExit) as error:
            raise self._failed(f"{type(error).__name__}: {error}{_place(error)}") from None
        return CustomAnswer(value, backend.logged, runner.used)

    def _program(self) -> Program:
        points = [point for point in metadata.entry_points(group=GROUP) if point.name == self.name]
        if not points:
            raise self._failed("it is not installed any more", Code.INTERNAL)
        try:
            found = points[0].load()
        except Exception as error:
            raise self._failed(
                f"it cannot be imported: {type(error).__name__}: {error}", Code.INTERNAL
            ) from None
        return found if isinstance(found, Program) else Program(found)

    def _given(self, function: Function, params: bytes) -> Any:
        """The parameters as what the function's first parameter is annotated with."""
        try:
            first = next(iter(inspect.signature(function).parameters))
            type_ = typing.get_type_hints(function)[first]
        except (TypeError, ValueError, NameError, KeyError, StopIteration):
            type_ = None
        if not (isinstance(type_, type) and issubclass(type_, msgspec.Struct)):
            raise self._failed(
                "its first parameter is not annotated with a msgspec.Struct, against which "
                "parameters could be checked",
                Code.INTERNAL,
            )
        try:
            return given_values(params, type_)
        except TypeError as error:
            raise self._failed(f"its inputs cannot be read: {error}", Code.INTERNAL) from None

    def _failed(self, why: str, code: Code = Code.SIMULATION_ERROR) -> FailedError:
        return FailedError(Failure(code, f"The program {self.name!r} failed: {why[:2000]}."))


def _place(error: BaseException) -> str:
    """Where it was raised: the innermost place outside Ketway, which is the program's or that of a
    library that it calls."""
    own = str(Path(__file__).parents[1])
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(own)
    ]
    if not frames:
        return ""
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno}, in {frames[-1].name})"


__all__ = ["GROUP", "Custom", "Program", "custom_names", "program"]
