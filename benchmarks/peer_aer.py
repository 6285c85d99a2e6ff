"""Qiskit Aer, run by `benchmarks.peers` in the peers' environment."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import qiskit  # type: ignore[import-not-found,unused-ignore]
import qiskit_aer  # type: ignore[import-not-found,unused-ignore]
from qiskit.quantum_info import SparsePauliOp  # type: ignore[import-not-found,unused-ignore]
from qiskit_aer import noise as aer_noise

from benchmarks.circuits import WIDE, Gate
from benchmarks.tasks import THREADS, Noise, Task
from benchmarks.turns import Ready, take_turns

FEW_SHOTS = 20
"""Of a wide noisy circuit: Aer runs every shot from its beginning, so 20 cost a fiftieth of
1,000."""
MOST_WIDE = 15


def prepare(task: Task, given: argparse.Namespace) -> Ready:
    method = "matrix_product_state" if task.qubits == WIDE.qubits else "statevector"
    options: dict[str, Any] = {"method": method, "max_parallel_threads": THREADS}
    if method == "statevector":
        options["precision"] = given.precision
    else:  # both make it quicker
        options.update(max_parallel_threads=1, mps_lapack=True)
    if given.parallel:
        options["max_parallel_experiments"] = 0  # as many as there are cores
    if task.noise is not None:
        options["noise_model"] = _model(task.noise)
    aer = qiskit_aer.AerSimulator(**options)
    circuits = [_circuit(task.qubits, gates) for gates in task.circuits]
    for circuit in circuits:
        if task.terms is not None:
            sparse = [(term.letters, list(term.qubits), term.coefficient) for term in task.terms()]
            operator = SparsePauliOp.from_sparse_list(sparse, num_qubits=task.qubits)
            circuit.save_expectation_value(operator, range(task.qubits))
        elif task.shots:
            circuit.measure_all()
        else:
            circuit.save_probabilities()
    few = task.noise is not None and task.qubits > MOST_WIDE
    shots = FEW_SHOTS if few else task.shots or 1
    small = _circuit(2, [Gate("cx", (0, 1))])
    small.measure_all()
    aer.run(small, shots=10).result()

    def run() -> Any:
        result = aer.run(circuits, shots=shots).result()
        if not result.success:
            raise RuntimeError(result.status)
        if task.shots:
            return sum(result.get_counts().values())
        if task.terms is not None:
            return [result.data(index)["expectation_value"] for index in range(len(circuits))]
        found = [result.data(index)["probabilities"] for index in range(len(circuits))]
        return [float(value) for value in found[-1][:8]]

    words = [
        f"Aer {qiskit_aer.__version__} {'mps' if task.qubits == WIDE.qubits else given.precision}"
    ]
    words += ["in parallel"] if given.parallel else []
    words += [f"{shots} shots, scaled"] if few else []
    return Ready(", ".join(words), run, shots / task.shots if few else 1.0)


def _model(noise: Noise) -> aer_noise.NoiseModel:
    model = aer_noise.NoiseModel()
    one = aer_noise.depolarizing_error(noise.one_qubit, 1)
    model.add_all_qubit_quantum_error(one, ["h", "rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(aer_noise.depolarizing_error(noise.two_qubit, 2), ["cx"])
    return model


def _circuit(qubits: int, gates: Sequence[Gate]) -> qiskit.QuantumCircuit:
    circuit = qiskit.QuantumCircuit(qubits)
    for gate in gates:
        angle = () if gate.angle is None else (gate.angle,)
        getattr(circuit, gate.name)(*angle, *gate.qubits)
    return circuit


if __name__ == "__main__":
    take_turns(prepare)
