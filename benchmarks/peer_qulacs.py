"""Qulacs; it has double precision only."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import qulacs  # type: ignore[import-not-found,unused-ignore]

from benchmarks.circuits import Gate
from benchmarks.tasks import Task
from benchmarks.turns import Ready, take_turns


def prepare(task: Task, _given: argparse.Namespace) -> Ready:
    circuits = [_circuit(task.qubits, gates) for gates in task.circuits]

    observable = qulacs.Observable(task.qubits)
    for letters, on, coefficient in [] if task.terms is None else task.terms():
        pairs = zip(letters, on, strict=True)
        words = [f"{letter} {qubit}" for letter, qubit in pairs if letter != "I"]
        observable.add_operator(coefficient, " ".join(words))

    def values() -> list[float]:
        found, state = [], qulacs.QuantumState(task.qubits)
        for circuit in circuits:
            state.set_zero_state()
            circuit.update_quantum_state(state)
            found.append(observable.get_expectation_value(state).real)
        return found

    def run() -> Any:
        if task.terms is not None:
            return values()
        for circuit in circuits:
            state = qulacs.QuantumState(task.qubits)
            circuit.update_quantum_state(state)
            if task.shots:
                return len(state.sampling(task.shots))
            found = np.abs(state.get_vector()) ** 2
        return [float(value) for value in found[:8]]

    return Ready(f"Qulacs {qulacs.__version__} double", run)


def _circuit(qubits: int, gates: Sequence[Gate]) -> Any:
    circuit = qulacs.QuantumCircuit(qubits)
    for name, on, angle in gates:
        if name == "cx":
            circuit.add_CNOT_gate(*on)
        elif name == "h":
            circuit.add_H_gate(*on)
        elif name == "rzz":  # its rotations turn the other way
            circuit.add_multi_Pauli_rotation_gate(list(on), [3, 3], -angle)
        elif name == "cp":
            matrix = np.diag([1.0, np.exp(1j * angle)])
            gate = qulacs.gate.DenseMatrix(on[1], matrix)
            gate.add_control_qubit(on[0], 1)
            circuit.add_gate(gate)
        else:
            assert angle is not None
            assert math.isfinite(angle)
            getattr(circuit, f"add_{name.upper()}_gate")(on[0], -angle)
    return circuit


if __name__ == "__main__":
    take_turns(prepare)
