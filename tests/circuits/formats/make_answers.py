"""Makes `answers.json`: each circuit as Qiskit writes it to QPY, in base64, and the probability of
each outcome as Qiskit's state vector has it. Run in an environment with Qiskit 2:

    python -m tests.circuits.formats.make_answers
"""

import base64
import io
import json
from pathlib import Path

from qiskit import QuantumCircuit, qpy
from qiskit.circuit.library import C3XGate
from qiskit.quantum_info import Statevector
from tests.circuits.formats.circuits import CIRCUITS, Circuit

VERSION = 13


def built(circuit: Circuit) -> QuantumCircuit:
    made = QuantumCircuit(circuit.qubits, circuit.qubits)
    for gate in circuit.gates:
        if gate.name == "c3x":
            made.append(C3XGate(), gate.qubits)
        else:
            getattr(made, gate.name)(*gate.angles, *gate.qubits)
    return made


def main() -> None:
    answers = {}
    for name, circuit in CIRCUITS.items():
        made = built(circuit)
        probabilities = Statevector(made).probabilities()
        made.measure(range(circuit.qubits), range(circuit.qubits))
        file = io.BytesIO()
        qpy.dump(made, file, version=VERSION)
        answers[name] = {
            "qpy": base64.b64encode(file.getvalue()).decode(),
            "probabilities": {
                str(outcome): p for outcome, p in enumerate(probabilities) if p > 1e-15
            },
        }
    path = Path(__file__).with_name("answers.json")
    path.write_text(json.dumps(answers, indent=1) + "\n")
    print(f"{path.name}: {len(answers)} circuits")


if __name__ == "__main__":
    main()
