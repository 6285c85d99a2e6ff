"""What Qiskit itself says of a circuit, for the suites of IBM's clients: by its own state vector,
in the client's own environment."""

from __future__ import annotations

import math
from collections.abc import Mapping

from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp, Statevector

ALARM = 1e-9
"""How likely a right server is to fail one comparison."""


def three() -> QuantumCircuit:
    """Three entangled qubits, no two alike: any wrong bit order changes what is counted."""
    circuit = QuantumCircuit(3)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.rx(1.2, 2)
    circuit.cz(1, 2)
    circuit.ry(0.4, 1)
    circuit.x(0)
    return circuit


OBSERVABLE = SparsePauliOp.from_list([("ZIZ", 1.0), ("IZZ", -0.5), ("XYI", 0.75), ("IIZ", 0.75)])
"""On three qubits; it too is another one in another order."""


def long() -> QuantumCircuit:
    """Minutes of work, measured."""
    circuit = QuantumCircuit(25)
    for layer in range(40):
        for qubit in range(25):
            circuit.ry(0.1 + layer, qubit)
            circuit.cx(qubit, (qubit + 1 + layer % 24) % 25)
    circuit.measure_all()
    return circuit


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    made = circuit.copy()
    made.measure_all()
    return made


def probabilities(circuit: QuantumCircuit) -> dict[str, float]:
    found: dict[str, float] = Statevector(circuit).probabilities_dict(decimals=12)
    return found


def mean(circuit: QuantumCircuit, observable: SparsePauliOp) -> float:
    return float(Statevector(circuit).expectation_value(observable).real)


def distance(counts: Mapping[str, int], wanted: Mapping[str, float]) -> float:
    """In total variation."""
    shots = sum(counts.values())
    keys = {*counts, *wanted}
    return sum(abs(counts.get(key, 0) / shots - wanted.get(key, 0.0)) for key in keys) / 2


def chance(shots: int, outcomes: int) -> float:
    """How far counts may be from what they are drawn from: the mean of the distance is at most the
    first term, and McDiarmid's inequality bounds the rest."""
    return math.sqrt(outcomes / shots) / 2 + math.sqrt(-math.log(ALARM) / (2 * shots))


def agree(counts: Mapping[str, int], circuit: QuantumCircuit, noise: float = 0.0) -> None:
    """Counts are those of the circuit: but for chance, and on a device for so much of noise."""
    wanted = probabilities(circuit)
    allowed = chance(sum(counts.values()), len(wanted)) + noise
    assert distance(counts, wanted) < allowed, (counts, wanted)
