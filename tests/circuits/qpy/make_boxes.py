"""Records an envelope of boxes as the noise learner's client writes it. Run it in the environment
of qiskit-ibm-runtime 0.51:

    python tests/circuits/qpy/make_boxes.py
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

from ibm_quantum_schemas.common.annotation_serializer import AnnotationSerializer
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qpy
from samplomatic import InjectNoise, Twirl

FILE = Path(__file__).with_name("boxes.json")


def main() -> None:
    circuit = QuantumCircuit(QuantumRegister(133, "q"), ClassicalRegister(3, "c"))
    with circuit.box([Twirl(), InjectNoise("one")]):
        circuit.noop(8)
        circuit.sx(5)
        circuit.cz(5, 7)
    with circuit.box([Twirl(dressing="left")]):
        circuit.measure([7, 5], [1, 0])
    # In an order of its own, as a set has it.
    qubits = [circuit.qubits[k] for k in (7, 5, 8)]
    envelope = QuantumCircuit(qubits, circuit.clbits[:2])
    for instruction in circuit.data:
        envelope.append(instruction)
    found = {}
    for version in (13, 16, 17, 18):
        if version == 13:
            wanted = QuantumCircuit(QuantumRegister(2, "q"))  # has no boxes yet
            wanted.cz(0, 1)
        else:
            wanted = envelope
        file = io.BytesIO()
        factories = {"samplomatic": AnnotationSerializer}
        qpy.dump(wanted, file, version=version, annotation_factories=factories)
        found[str(version)] = base64.b64encode(file.getvalue()).decode()
    FILE.write_text(json.dumps(found, indent=1) + "\n")


main()
