"""Records circuits with notes, as Qiskit writes them. Run it in the environment of a client; what
that Qiskit writes replaces what is there of its versions:

    python tests/routines/ibm/make_notes.py 10 11 12 13
"""

from __future__ import annotations

import base64
import io
import json
import sys
import zlib
from pathlib import Path

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

FILE = Path(__file__).with_name("notes.json")


def main() -> None:
    circuit = QuantumCircuit(1, 1, name="näme", global_phase=Parameter("phase") + 1)
    circuit.metadata = {"xval": 0.5, "group": ["ä", 1]}
    circuit.measure(0, 0)
    found = json.loads(FILE.read_text()) if FILE.exists() else {}
    for version in map(int, sys.argv[1:]):
        file = io.BytesIO()
        qpy.dump(circuit, file, version=version)
        found[str(version)] = base64.b64encode(zlib.compress(file.getvalue())).decode()
    FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


main()
