"""The circuits of an executor job, which come as QPY or as OpenQASM 3 with `input` parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from ketway.circuits.circuit import Batch, Circuit, Floats, Register, Structure
from ketway.circuits.qasm import read_qasm
from ketway.circuits.qpy import Limits, read_qpy
from ketway.jobs.failures import Code, FailedError
from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.tensors import inflated, of_base64

_QPY_BYTES: Final = Limits().bytes

_INPUT: Final = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "[^"\n]*"
      | \binput \s+ (?P<type>\w+) \s* (?:\[ [^\]\n]{0,20} \])? \s* (?P<name>\w+) \s* ;""",
    re.VERBOSE | re.DOTALL,
)
_REAL: Final = ("float", "angle")
_ANY_VALUE: Final = 0.6180339887498949
"""Stands for every parameter where a program is only looked at: no special angle."""


class Template(Protocol):
    """A circuit whose parameters are open."""

    @property
    def structure(self) -> Structure: ...
    @property
    def registers(self) -> tuple[Register, ...]: ...
    @property
    def parameters(self) -> tuple[str, ...]: ...
    def batch(self, values: Floats) -> Batch:
        """One circuit for each row of values."""
        ...


@dataclass(frozen=True)
class QasmTemplate:
    """An OpenQASM program. A parameter is one `input float` or `input angle`, in order of name."""

    text: str
    circuit: Circuit
    """The program with some value for each parameter."""
    parameters: tuple[str, ...]

    @property
    def structure(self) -> Structure:
        return self.circuit.structure

    @property
    def registers(self) -> tuple[Register, ...]:
        return self.circuit.registers

    def batch(self, values: Floats) -> Batch:
        if not self.parameters:
            params = np.broadcast_to(self.circuit.params, (len(values), len(self.circuit.params)))
            return Batch(self.structure, params.copy())
        bound = [_bound(self.text, self.parameters, row) for row in values]
        for row, circuit in enumerate(bound):
            if circuit.structure.digest != self.structure.digest:
                raise ExecutorError(
                    f"row {row} of the values makes other gates than the rows before: inputs may "
                    "be angles of gates, and nothing that decides which gates there are."
                )
        params = np.zeros((0, self.structure.params))
        return Batch(self.structure, np.stack([c.params for c in bound]) if bound else params)


def _bound(text: str, names: Sequence[str], values: Sequence[float] | Floats) -> Circuit:
    """The program with `const float` in the place of each `input`, on the same lines."""
    value = dict(zip(names, values, strict=True))

    def constant(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        lines = "\n" * found[0].count("\n")
        return f"const float {name} = {float(value[name])!r};{lines}"

    return read_qasm(_INPUT.sub(constant, text))


def read_qasm_template(text: str, where: str) -> QasmTemplate:
    names = []
    for found in _INPUT.finditer(text):
        if found["name"] is None:
            continue
        if found["type"] not in _REAL:
            raise ExecutorError(
                f"the input {shown(found['name'])} is of type {found['type']}: inputs are angles "
                "of gates here, so declare it as `input float`.",
                where,
                Code.PREFLIGHT,
            )
        names.append(found["name"])
    if len(set(names)) < len(names):
        raise ExecutorError("two inputs have one name.", where, Code.PREFLIGHT)
    names.sort()
    try:
        circuit = _bound(text, names, [_ANY_VALUE] * len(names))
    except FailedError as error:
        failure = error.failure
        line = "" if failure.line is None else f", line {failure.line}, column {failure.column}"
        raise ExecutorError(failure.message, f"{where}{line}", failure.code) from None
    return QasmTemplate(text, circuit, tuple(names))


def read_qpy_templates(text: str, compressed: bool, count: int, where: str) -> Sequence[Template]:
    """All circuits of a QPY file in base64."""
    data = of_base64(text, where)
    if compressed:
        data = inflated(data, _QPY_BYTES, where)
        if len(data) > _QPY_BYTES:
            raise ExecutorError(
                f"the circuits have more than {_QPY_BYTES:,} bytes: split the job.", where
            )
    try:
        found = read_qpy(data)
    except FailedError as error:
        raise ExecutorError(error.failure.message, where, error.failure.code) from None
    if len(found) != count:
        raise ExecutorError(f"there are {len(found)} circuits, and should be {count}.", where)
    return found
