"""Makes `corpus/samplexes.json`: templates and samplexes by real samplomatic, and exact answers.

Run in an environment with samplomatic and Qiskit:

    python tests/routines/executor/make_corpus.py

Each case is a circuit in boxes, what it is without boxes, and arguments of its samplex. The exact
answer is computed from the circuit without boxes by Qiskit's density matrices. A samplex is kept in
every serialization version (SSV) that can say it.
"""

import base64
import io
import json
import zlib
from pathlib import Path

import numpy as np
from ibm_quantum_schemas.common.annotation_serializer import AnnotationSerializer
from make_cases import CASES
from qiskit import qpy
from qiskit.quantum_info import DensityMatrix, PauliLindbladMap
from samplomatic import build
from samplomatic.exceptions import SerializationError
from samplomatic.serialization import samplex_to_json

HERE = Path(__file__).parent / "corpus"


def exact(steps, n, measured):
    """Weights of the outcomes: bit k of an outcome is classical bit k, read from `measured[k]`."""
    rho = DensityMatrix.from_int(0, 2**n)
    for step in steps:
        what, where = step if isinstance(step, tuple) else (step, range(n))
        rho = rho.evolve(what, list(where))
    found = {}
    for outcome, weight in enumerate(np.real(np.diag(rho.data))):
        key = sum((outcome >> qubit & 1) << bit for bit, qubit in measured.items())
        found[key] = found.get(key, 0.0) + float(weight)
    return {str(k): v for k, v in sorted(found.items()) if abs(v) > 1e-12}


def packed(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def written(value):
    if isinstance(value, PauliLindbladMap):
        return {"sparse_terms": value.to_sparse_list(), "num_qubits": value.num_qubits}
    return np.asarray(value).tolist()


def main():
    kept = {}
    for name, make in CASES.items():
        circuit, plains, measured, arguments = make()
        template, samplex = circuit if isinstance(circuit, tuple) else build(circuit)
        if not isinstance(plains[0], list):
            plains = [plains]
        buffer = io.BytesIO()
        qpy.dump(template, buffer, annotation_factories={"samplomatic": AnnotationSerializer})
        versions = {}
        for ssv in (1, 2, 3, 4):
            try:
                versions[str(ssv)] = packed(samplex_to_json(samplex, ssv=ssv).encode())
            except SerializationError:
                continue
        kept[name] = {
            "template": packed(buffer.getvalue()),
            "parameters": len(template.parameters),
            "samplexes": versions,
            "arguments": {key: written(value) for key, value in arguments.items()},
            "exact": [exact(steps, steps[0].num_qubits, measured) for steps in plains],
        }
        print(name, sorted(versions), len(json.dumps(kept[name])))
    HERE.mkdir(exist_ok=True)
    (HERE / "samplexes.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
