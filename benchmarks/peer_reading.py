"""Readers of others, run by `benchmarks.peers` in the peers' environment: Qiskit's for OpenQASM;
for JSON Python's own, which ends where reading a circuit begins."""

from __future__ import annotations

import json
import platform
import sys
import warnings
from collections.abc import Callable

import qiskit  # type: ignore[import-not-found,unused-ignore]
from qiskit import qasm2, qasm3  # type: ignore[import-not-found,unused-ignore]

from benchmarks.reading_programs import text
from benchmarks.turns import Ready, say, turns


def main() -> None:
    task, gates = sys.argv[1:]
    readers: dict[str, tuple[str, Callable[[str], object]]] = {
        "json": (f"json.loads of Python {platform.python_version()}", json.loads),
        "qasm2": (f"qasm2.loads of Qiskit {qiskit.__version__}", qasm2.loads),
        "qasm3": (f"qasm3.loads_experimental of Qiskit {qiskit.__version__}",
                  qasm3.loads_experimental),
    }  # fmt: skip
    name, read = readers[task]
    program = text(task, int(gates))
    warnings.simplefilter("ignore")  # that it is experimental is said by its name
    read(program)

    def run() -> int:
        read(program)
        return len(program)

    ready = Ready(name, run)
    say({"name": ready.name, "share": ready.share})
    turns(ready)


if __name__ == "__main__":
    main()
