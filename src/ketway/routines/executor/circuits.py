"""The circuits of an executor job, which come as QPY or as OpenQASM 3 with `input` parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ketway.circuits.qasm import read_template
from ketway.circuits.qpy import Limits, read_qpy
from ketway.circuits.template import Template
from ketway.jobs.failures import FailedError
from ketway.routines.executor.errors import ExecutorError
from ketway.routines.executor.tensors import inflated, of_base64

_QPY_BYTES: Final = Limits().bytes


def read_qasm_template(text: str, where: str) -> Template:
    """An OpenQASM program; its parameters are its inputs."""
    try:
        return read_template(text)
    except FailedError as error:
        failure = error.failure
        line = "" if failure.line is None else f", line {failure.line}, column {failure.column}"
        raise ExecutorError(failure.message, f"{where}{line}", failure.code) from None


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
