"""Makes `producers.json`: bitcode that others wrote, and what Qiskit says comes out of it.

Each producer writes one of the circuits below; their files lie in one folder, named as here. They
were made in November 2026 by pyqir 0.7 to 0.12, CUDA-Q 0.10, pytket-qir 2.0, qiskit-qir 0.5 and the
Q# compiler 1.31, each in an environment of its own. With Qiskit 2:

    python -m tests.circuits.qir.make_producers FOLDER
"""

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path

from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector


def bell(qc: QuantumCircuit) -> None:
    qc.h(0)
    qc.cx(0, 1)
    qc.rx(0.5, 0)
    qc.tdg(1)


def cudaq_many(qc: QuantumCircuit) -> None:
    qc.h(0)
    qc.cx(0, 1)
    qc.rx(0.3, 2)
    qc.t(1)
    qc.cp(0.2, 0, 2)
    qc.swap(0, 2)


def cudaq_toffoli(qc: QuantumCircuit) -> None:
    qc.x(0)
    qc.ccx(0, 1, 2)


def pytket(qc: QuantumCircuit) -> None:
    qc.h(0)
    qc.cx(0, 1)
    qc.rz(0.3, 2)


def qiskit_registers(qc: QuantumCircuit) -> None:
    qc.h(0)
    qc.cx(0, 1)
    qc.rx(0.5, 2)
    qc.ccx(0, 1, 2)
    qc.swap(0, 2)
    qc.tdg(1)


def qsharp(qc: QuantumCircuit) -> None:
    qc.h(0)
    qc.cx(0, 1)
    qc.rx(0.3, 2)
    qc.t(0)
    qc.t(2)
    qc.cx(0, 2)
    qc.tdg(2)
    qc.cx(0, 2)
    qc.swap(0, 2)
    qc.ccx(0, 1, 2)
    qc.tdg(1)
    qc.rzz(0.2, 0, 1)


FILES: dict[str, tuple[int, Callable[[QuantumCircuit], None], dict[str, list[int]]]] = {
    **{
        f"bell-{v}": (2, bell, {})
        for v in ("0.7.0", "0.8.2", "0.9.0", "0.10.9", "0.11.1", "0.12.7")
    },
    "cudaq-0": (3, cudaq_many, {}),
    "cudaq-1": (3, cudaq_toffoli, {}),
    "pytket-BASE": (3, pytket, {"c": [0, 1, 2]}),
    "pytket-AZUREBASE": (3, pytket, {"output": [0, 1, 2]}),
    "qiskit": (3, qiskit_registers, {"output": [0, 1], "output_1": [2]}),
    "qiskit2": (3, qiskit_registers, {}),
    "qsharp": (3, qsharp, {"0_a": [0, 1, 2]}),
}
"""How many qubits, what happens to them, and in which registers they are given out."""
REFUSED = ("pytket-ADAPTIVE", "pytket-AZUREADAPTIVE", "pytket-PYTKET")


def main() -> None:
    folder = Path(sys.argv[1])

    def bitcode(name: str) -> str:
        return base64.b64encode((folder / f"{name}.bc").read_bytes()).decode()

    read = {}
    for name, (qubits, body, registers) in FILES.items():
        circuit = QuantumCircuit(qubits)
        body(circuit)
        probabilities = Statevector(circuit).probabilities()
        read[name] = {
            "bitcode": bitcode(name),
            "registers": registers,
            "probabilities": {str(k): p for k, p in enumerate(probabilities) if p > 1e-15},
        }
    document = {"read": read, "refused": {name: bitcode(name) for name in REFUSED}}
    path = Path(__file__).with_name("producers.json")
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"{path.name}: {len(read)} that are read, {len(REFUSED)} that are refused")


if __name__ == "__main__":
    main()
