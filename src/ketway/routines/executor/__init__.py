"""IBM's `executor`: quantum programs whose circuits are bound, or drawn by a samplex, and run.

`read_params` reads what a client sent, `execute` runs it, `encode` writes the answer.
"""

from ketway.routines.executor.answer import Answer, encode
from ketway.routines.executor.errors import ExecutorError
from ketway.routines.executor.executing import execute
from ketway.routines.executor.program import (
    VERSIONS,
    CircuitItem,
    Options,
    Params,
    QuantumProgram,
    SamplexItem,
    Version,
)
from ketway.routines.executor.sizing import check_size, examples, held_bytes
from ketway.routines.executor.wire import read_params

__all__ = [
    "VERSIONS",
    "Answer",
    "CircuitItem",
    "ExecutorError",
    "Options",
    "Params",
    "QuantumProgram",
    "SamplexItem",
    "Version",
    "check_size",
    "encode",
    "examples",
    "execute",
    "held_bytes",
    "read_params",
]
