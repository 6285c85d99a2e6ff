"""Adds to `corpus/exports.json`: programs that cirq, PennyLane and pytket export, and what each
tool's own state vector says of them. Run it in an environment with each; what cannot be imported
stays as it was:

    python tests/circuits/qasm/make_exports.py
"""

import json
import random
from pathlib import Path

PATH = Path(__file__).parent / "corpus" / "exports.json"
FOUND: dict[str, object] = json.loads(PATH.read_text()) if PATH.exists() else {}


def add(name, text, probabilities, qubits):
    """Probabilities by number, qubit 0 as its highest bit, as all three tools have it."""
    exact = {}
    for number, p in enumerate(probabilities):
        if p > 1e-15:
            outcome = int(f"{number:0{qubits}b}"[::-1], 2)
            exact[f"{outcome:b}"] = float(p)
    FOUND[name] = {"exact": exact, "qasm": text}


def cirq_exports():
    import cirq

    FOUND[""] = FOUND.get("", {}) | {"cirq": cirq.__version__}
    q = cirq.LineQubit.range(4)
    circuits = {
        "clifford": [cirq.H(q[0]), cirq.CNOT(q[0], q[1]), cirq.S(q[1]) ** -1, cirq.CZ(q[1], q[2]),
                     cirq.SWAP(q[2], q[3]), cirq.Y(q[0]), cirq.H(q[1])],
        "powers": [cirq.X(q[0]) ** 0.3, cirq.Y(q[1]) ** -0.7, cirq.Z(q[0]) ** 0.25,
                   cirq.H(q[2]) ** 0.5, cirq.T(q[1]), cirq.X(q[3]) ** 0.5, cirq.Y(q[3]) ** 0.5,
                   cirq.H(q[0]), cirq.H(q[1])],
        "pairs": [cirq.H.on_each(*q), cirq.CZ(q[0], q[1]) ** 0.3, cirq.CNOT(q[1], q[2]) ** 0.5,
                  cirq.ISWAP(q[2], q[3]) ** 0.5, cirq.XX(q[0], q[3]) ** 0.2,
                  cirq.ZZ(q[1], q[2]) ** 0.7, cirq.YY(q[0], q[1]) ** 0.4, cirq.H.on_each(*q)],
        "three": [cirq.H.on_each(*q), cirq.CCX(q[0], q[1], q[2]), cirq.CSWAP(q[3], q[0], q[1]),
                  cirq.CCZ(q[0], q[2], q[3]), cirq.rx(0.4)(q[1]), cirq.ry(0.9)(q[2]),
                  cirq.rz(1.1)(q[0]), cirq.H.on_each(*q)],
        "matrices": [cirq.MatrixGate(cirq.testing.random_unitary(2, random_state=1))(q[0]),
                     cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=2))(q[0], q[1]),
                     cirq.PhasedXPowGate(phase_exponent=0.2, exponent=0.6)(q[2]),
                     cirq.FSimGate(0.3, 0.4)(q[2], q[3])],
        "random": list(cirq.testing.random_circuit(q, 12, 0.8, random_state=3).all_operations()),
    }  # fmt: skip
    for name, operations in circuits.items():
        circuit = cirq.Circuit(operations)
        state = circuit.final_state_vector(qubit_order=q)
        circuit.append(cirq.measure(*q, key="m"))
        for version in ("2.0", "3.0"):
            text = circuit.to_qasm(qubit_order=q, version=version)
            add(f"cirq-{name}-{version[0]}", text, abs(state) ** 2, 4)


def pennylane_exports():
    import pennylane as qml

    FOUND[""] = FOUND.get("", {}) | {"pennylane": qml.__version__}

    def rotations():
        qml.RX(0.3, 0)
        qml.RY(-0.8, 1)
        qml.RZ(1.2, 0)
        qml.PhaseShift(0.4, 2)
        qml.Rot(0.1, 0.2, 0.3, 2)
        qml.U1(0.5, 1)
        qml.U2(0.3, 0.4, 0)
        qml.U3(0.1, 0.5, 0.9, 2)

    def controlled():
        for wire in range(3):
            qml.Hadamard(wire)
        qml.CNOT([0, 1])
        qml.CZ([1, 2])
        qml.CRX(0.4, [0, 2])
        qml.CRY(0.5, [2, 1])
        qml.CRZ(0.6, [1, 0])
        qml.ControlledPhaseShift(0.7, [0, 2])
        qml.SWAP([0, 1])
        qml.Toffoli([0, 1, 2])
        qml.CSWAP([2, 0, 1])
        rotations()

    def named():
        qml.PauliX(0)
        qml.PauliY(1)
        qml.S(0)
        qml.T(1)
        qml.SX(2)
        qml.adjoint(qml.S(1))
        qml.adjoint(qml.T(0))
        rotations()

    def templates():
        qml.QFT(wires=[0, 1, 2])
        qml.IsingXX(0.3, [0, 1])
        qml.IsingZZ(0.4, [1, 2])
        qml.StronglyEntanglingLayers(
            [[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]], [0, 1, 2]
        )

    device = qml.device("default.qubit", wires=3)
    for body in (rotations, controlled, named, templates):

        @qml.qnode(device)
        def circuit(body=body):
            body()
            return qml.probs(wires=[0, 1, 2])

        add(f"pennylane-{body.__name__}", qml.to_openqasm(circuit)(), circuit(), 3)


def pytket_exports():
    import pytket
    from pytket import Circuit, OpType
    from pytket.qasm import circuit_to_qasm_str

    FOUND[""] = FOUND.get("", {}) | {"pytket": pytket.__version__}
    chance = random.Random(1)
    named = Circuit(3).H(0).X(1).Sdg(0).T(2).V(1).Vdg(2).CX(0, 1).CZ(1, 2).SWAP(0, 2)
    named.CCX(0, 1, 2).CSWAP(2, 0, 1).CH(0, 2).CY(1, 0).H(0).H(1).H(2)
    turned = Circuit(3)
    for q in range(3):
        turned.Rx(0.3 + q, q).Ry(0.2 * q, q).Rz(-0.4, q).U3(0.1, 0.2, 0.3, q).U1(0.7, q)
    turned.CRz(0.3, 0, 1).CRx(0.4, 1, 2).CRy(0.5, 2, 0).CU1(0.6, 0, 2).CU3(0.1, 0.2, 0.3, 1, 0)
    pairs = Circuit(3).H(0).H(1).H(2)
    pairs.ZZPhase(0.3, 0, 1).XXPhase(0.2, 1, 2).add_gate(OpType.ZZMax, [0, 2])
    pairs.add_gate(OpType.PhasedX, [0.3, 0.2], [1]).Rx(0.4, 0)
    wide = Circuit(4)
    for _ in range(60):
        wide.Rx(chance.uniform(0, 2), chance.randrange(4)).Rz(chance.uniform(0, 2), 0)
        wide.CX(*chance.sample(range(4), 2))
    headers = {"named": "qelib1", "turned": "qelib1", "wide": "qelib1", "pairs": "hqslib1"}
    for name, circuit in (("named", named), ("turned", turned), ("pairs", pairs), ("wide", wide)):
        state = circuit.get_statevector()
        circuit.measure_all()
        if headers[name] == "qelib1":
            add(f"pytket-{name}", circuit_to_qasm_str(circuit), abs(state) ** 2, circuit.n_qubits)


for export in (cirq_exports, pennylane_exports, pytket_exports):
    try:
        export()
    except ImportError as error:
        print(f"left as it was: {error}")
PATH.write_text(json.dumps(FOUND, indent=1) + "\n")
print(f"{PATH.name}: {len(FOUND) - 1} programs")
