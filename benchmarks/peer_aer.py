"""Qiskit Aer, run by `benchmarks.peers` in the peers' environment: a turn per line of its input.
`--help` shows what can be asked of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import qiskit  # type: ignore[import-not-found,unused-ignore]
import qiskit_aer  # type: ignore[import-not-found,unused-ignore]

from benchmarks.circuits import BATCH, DEEP, WIDE, Gate, Size, layered

SHOTS = 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("batch", "deep", "wide"))
    parser.add_argument("--precision", choices=("double", "single"), default="double")
    parser.add_argument("--parallel", action="store_true", help="circuits side by side")
    parser.add_argument("--lapack", action="store_true", help="decompose by LAPACK (wide only)")
    given = parser.parse_args()
    options: dict[str, Any] = {"method": "statevector", "precision": given.precision}
    if given.task == "wide":
        # One thread, with which it is faster here.
        options.update(method="matrix_product_state", max_parallel_threads=1)
        options.update(mps_lapack=given.lapack)
    if given.parallel:
        options["max_parallel_experiments"] = 0  # as many as there are cores
    aer = qiskit_aer.AerSimulator(**options)
    run = {"batch": batch, "deep": deep, "wide": wide}[given.task](aer)
    words = [f"Aer {qiskit_aer.__version__} {given.precision}"]
    words += ["in parallel"] if given.parallel else []
    words += ["LAPACK"] if given.lapack else []
    _say({"name": ", ".join(words)})
    for _ in sys.stdin:
        begun = time.perf_counter()
        answer = run()
        _say({"seconds": time.perf_counter() - begun, "answer": answer})


def batch(aer: qiskit_aer.AerSimulator) -> Callable[[], Any]:
    """Exact probabilities of every circuit."""
    circuits = [_circuit(BATCH, gates) for gates in layered(BATCH)]
    for circuit in circuits:
        circuit.save_probabilities()
    aer.run(circuits[:2]).result()

    def run() -> list[float]:
        result = aer.run(circuits).result()
        found = [result.data(index)["probabilities"] for index in range(len(circuits))]
        return [float(value) for value in found[-1][:8]]

    return run


def deep(aer: qiskit_aer.AerSimulator) -> Callable[[], Any]:
    """1,000 shots of one circuit."""
    circuit, small = (_circuit(size, layered(size)[0]) for size in (DEEP, DEEP._replace(qubits=12)))
    for each in (circuit, small):
        each.measure_all()
    aer.run(small, shots=SHOTS).result()

    def run() -> int:
        return sum(aer.run(circuit, shots=SHOTS).result().get_counts().values())

    return run


def wide(aer: qiskit_aer.AerSimulator) -> Callable[[], Any]:
    """1,000 shots of one circuit: how often each qubit was 1."""
    circuit, small = (_circuit(size, layered(size)[0]) for size in (WIDE, WIDE._replace(layers=4)))
    for each in (circuit, small):
        each.measure_all()
    aer.run(small, shots=SHOTS).result()

    def run() -> list[int]:
        counts = aer.run(circuit, shots=SHOTS).result().get_counts()
        return [
            sum(count for bits, count in counts.items() if bits[-1 - qubit] == "1")
            for qubit in range(WIDE.qubits)
        ]

    return run


def _circuit(size: Size, gates: Sequence[Gate]) -> qiskit.QuantumCircuit:
    circuit = qiskit.QuantumCircuit(size.qubits)
    for gate in gates:
        if gate.angle is None:
            circuit.cx(*gate.qubits)
        else:
            getattr(circuit, gate.name)(gate.angle, gate.qubits[0])
    return circuit


def _say(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
