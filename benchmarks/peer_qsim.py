"""qsim, called through Cirq; it has single precision only."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any

import cirq  # type: ignore[import-not-found,unused-ignore]
import qsimcirq  # type: ignore[import-not-found,unused-ignore]

from benchmarks.circuits import Gate
from benchmarks.tasks import THREADS, Task
from benchmarks.turns import Ready, take_turns

FUSED = 4
"""Qubits of a fused gate: the quickest of 2, 3 and 4 on deep circuits."""


def prepare(task: Task, _given: argparse.Namespace) -> Ready:
    options = qsimcirq.QSimOptions(cpu_threads=THREADS, max_fused_gate_size=FUSED)
    simulator = qsimcirq.QSimSimulator(options)
    circuits = [_circuit(task, gates) for gates in task.circuits]

    def run() -> Any:
        if task.shots:
            (circuit,) = circuits
            return len(simulator.run(circuit, repetitions=task.shots).measurements["m"])
        found = [abs(simulator.simulate(each).final_state_vector) ** 2 for each in circuits]
        # Cirq's first qubit is the heaviest bit.
        return [float(found[-1][int(f"{k:0{task.qubits}b}"[::-1], 2)]) for k in range(8)]

    return Ready(f"qsim {qsimcirq.__version__} single", run)


def _circuit(task: Task, gates: Sequence[Gate]) -> cirq.Circuit:
    qubits = cirq.LineQubit.range(task.qubits)
    moves = [_operation(gate, [qubits[q] for q in gate.qubits]) for gate in gates]
    if task.shots:
        moves.append(cirq.measure(*qubits, key="m"))
    return cirq.Circuit(moves)


def _operation(gate: Gate, on: Sequence[cirq.Qid]) -> cirq.Operation:
    turn = (gate.angle or 0.0) / math.pi
    match gate.name:
        case "h":
            return cirq.H(*on)
        case "cx":
            return cirq.CNOT(*on)
        case "rzz":
            return cirq.ZZPowGate(exponent=turn, global_shift=-0.5)(*on)
        case "cp":
            return cirq.CZPowGate(exponent=turn)(*on)
        case _:
            return getattr(cirq, gate.name)(gate.angle)(*on)


if __name__ == "__main__":
    take_turns(prepare)
