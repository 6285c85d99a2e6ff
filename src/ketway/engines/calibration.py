"""Calibration: how many times as long as its estimate each engine takes on this machine.

The engines' estimates were fitted on one machine. Here each engine runs a few short tasks of the
kinds that it is planned for, and the ratio of what they took to what was estimated is that engine's
*pace*. The planner multiplies by it. Engines never run in the server, so it is measured by

    python -m ketway.engines.calibration

which prints the paces as JSON after about two seconds.
"""

from __future__ import annotations

import math
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import core
from ketway.engines.engine import Plan, Task
from ketway.engines.planner import ENGINES, Machine, pace_name, plan

ROUNDS: Final = 3
"""Each task is run so many times, and the quickest counts: the others met somebody else."""
_AMPLE: Final = Machine(bytes=1 << 40)
_WILDEST: Final = 100.0
"""A pace beyond this, either way, says more about the moment than about the machine."""


class Calibration(msgspec.Struct, frozen=True):
    """Paces, and what they were measured on: of another machine or engine they say nothing."""

    paces: dict[str, float]
    machine: str
    engines: dict[str, str]

    @property
    def fits(self) -> bool:
        """Whether it was made here, by the engines that run here."""
        return self.machine == this_machine() and self.engines == _versions()


def this_machine() -> str:
    return f"{_processor()}, {core.isa()}"


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _versions() -> dict[str, str]:
    return {name: engine.version for name, engine in ENGINES.items()}


def calibrate() -> Calibration:
    """Measure. Takes seconds, runs every engine: for a process of its own."""
    ratios: dict[str, list[float]] = {}
    for task in _tasks():
        planned = plan(task.batch, task.shots, task.exact, task.noise, _AMPLE)
        taken = min(_seconds(planned, task) for _ in range(ROUNDS))
        ratios.setdefault(pace_name(planned), []).append(taken / planned.seconds)
    paces = {name: _mean(found) for name, found in ratios.items()}
    return Calibration(paces, this_machine(), _versions())


def _seconds(planned: Plan, task: Task) -> float:
    task = replace(task, precision=planned.precision)
    begun = time.perf_counter()
    for _ in ENGINES[planned.engine].run(task):
        pass
    return time.perf_counter() - begun


def _mean(ratios: Iterable[float]) -> float:
    found = list(ratios)
    mean = math.exp(sum(map(math.log, found)) / len(found))
    return min(max(mean, 1 / _WILDEST), _WILDEST)


def _tasks() -> Iterator[Task]:
    """Tasks of the kinds that engines are planned for; none takes more than half a second."""
    noise = NoiseModel("calibration", one_qubit=0.0003, two_qubit=0.005)
    yield _task(_layers(2, 1), rows=1)
    yield _task(_layers(5, 8), rows=100)
    yield _task(_layers(12, 8), rows=20)
    yield _task(_layers(18, 8))
    yield _task(_layers(10, 8), shots=200, noise=noise)
    yield _task(_layers(4, 8), shots=50_000, noise=noise)
    yield _task(_layers(21, 6), shots=100)
    yield _task(_layers(40, 4), shots=500)
    yield _task(_ghz(1000), shots=1000)
    yield _task(_ghz(100), shots=1000, noise=noise)


def _task(builder: Builder, rows: int = 1, shots: int = 0, noise: NoiseModel | None = None) -> Task:
    circuit = builder.circuit()
    angles = np.random.default_rng(1).uniform(0, 6, (rows, len(circuit.params)))
    batch = Batch(circuit.structure, angles)
    return Task(batch, tuple(range(rows)), shots, exact=not shots, noise=noise)


def _layers(qubits: int, depth: int) -> Builder:
    builder = Builder(qubits)
    for layer in range(depth):
        for qubit in range(qubits):
            builder.add((Kind.RX, Kind.RY, Kind.RZ)[(layer + qubit) % 3], [qubit], [0.0])
        for qubit in range(layer % 2, qubits - 1, 2):
            builder.add(Kind.X, [qubit + 1], controls=[qubit])
    return builder


def _ghz(qubits: int) -> Builder:
    builder = Builder(qubits)
    builder.add(Kind.H, [0])
    for qubit in range(1, qubits):
        builder.add(Kind.X, [qubit], controls=[qubit - 1])
    return builder


def encode(calibration: Calibration) -> bytes:
    return msgspec.json.encode(calibration)


def decode(data: bytes) -> Calibration | None:
    """What was stored; None if it is not a calibration, or not of this machine and version."""
    try:
        found = msgspec.json.decode(data, type=Calibration)
    except msgspec.MsgspecError:
        return None
    return found if found.fits else None


def main() -> None:
    """The process's whole life: nothing else writes to its standard output."""
    sys.stdout.buffer.write(encode(calibrate()))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
