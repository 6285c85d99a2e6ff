"""PennyLane's lightning.qubit, as its users call it: a device and a quantum function."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pennylane as qml  # type: ignore[import-not-found,unused-ignore]
from pennylane_lightning.core import __version__  # type: ignore[import-not-found,unused-ignore]

from benchmarks.tasks import Task
from benchmarks.turns import Ready, take_turns

_GATES = {
    "h": qml.Hadamard,
    "cx": qml.CNOT,
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "rzz": qml.IsingZZ,
    "cp": qml.ControlledPhaseShift,
}


def prepare(task: Task, given: argparse.Namespace) -> Ready:
    kind = np.complex64 if given.precision == "single" else np.complex128
    device = qml.device("lightning.qubit", wires=task.qubits, c_dtype=kind)
    # Its first wire is the heaviest bit.
    wire = {qubit: task.qubits - 1 - qubit for qubit in range(task.qubits)}
    tapes = []
    for gates in task.circuits:
        moves = [
            _GATES[name](*(() if angle is None else (angle,)), wires=[wire[q] for q in on])
            for name, on, angle in gates
        ]
        wanted = qml.sample() if task.shots else qml.probs()
        tapes.append(qml.tape.QuantumScript(moves, [wanted], shots=task.shots or None))

    def run() -> Any:
        found = device.execute(tapes)
        if task.shots:
            return len(found[0])
        return [float(value) for value in found[-1][:8]]

    return Ready(f"Lightning {__version__} {given.precision}", run)


if __name__ == "__main__":
    take_turns(prepare)
