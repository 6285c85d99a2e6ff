"""What an operator's program returned: typed JSON for IBM's client, plain JSON for everybody
else."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ketway.dialects.ibm_runtime.typed import array, typed
from ketway.dialects.ibm_runtime.wire import kept
from ketway.jobs.job import Job

_READER: Final = "qiskit"
"""How clients begin their name in `X-Qx-Client-Application` that read typed JSON."""


def custom(value: Any, job: Job) -> Any:
    return _typed(value) if kept(job).caller.startswith(_READER) else _plain(value)


def _typed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.ndim == 0 and value.dtype.kind == "c":
            return typed("complex", [value.real.item(), value.imag.item()])
        return array(value)
    if isinstance(value, dict):
        return {name: _typed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_typed(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    """Complex numbers are pairs."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "c":
            value = np.stack([value.real, value.imag], axis=-1)
        return value.tolist()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value
