"""Makes the corpus of Qiskit Aer's noise models: run it where qiskit, qiskit-aer and
qiskit-ibm-runtime are installed (`python tests/devices/corpus/make.py`); nothing of Ketway is used.

Each file is a noise model as a client sends it, circuits, and their exact distributions, gates as
they stand: `probabilities` by Aer's density matrices, and `channels` by Qiskit's operators, to
which every error is a superoperator. Aer's lose what is below a threshold of its own, up to 4e-9 in
all for the errors of backends. Errors of measurements are put into the circuit before what is
saved, since Aer saves probabilities before it measures; misreading is applied afterwards, by the
matrices of the readout errors.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import U1Gate, U2Gate, U3Gate
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import DensityMatrix, Operator, SuperOp, random_unitary
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (
    NoiseModel,
    PauliLindbladError,
    ReadoutError,
    amplitude_damping_error,
    coherent_unitary_error,
    depolarizing_error,
    kraus_error,
    mixed_unitary_error,
    pauli_error,
    phase_amplitude_damping_error,
    phase_damping_error,
    reset_error,
    thermal_relaxation_error,
)
from qiskit_ibm_runtime import RuntimeEncoder
from qiskit_ibm_runtime.fake_provider import FakeManilaV2, FakeTorino

HERE = Path(__file__).parent
warnings.simplefilter("ignore")


def circuits(qubits, pairs, two, seed, resets=True):
    """Random circuits of IBM's gates on a line of pairs."""
    rng = np.random.default_rng(seed)
    for number in range(2):
        rows = []
        for _ in range(14):
            draw = rng.integers(0, 7 if resets and number else 6)
            qubit = int(rng.choice(qubits))
            if draw <= 2:
                rows.append([two, list(map(int, pairs[rng.integers(len(pairs))])), []])
            elif draw == 6:
                rows.append(["reset", [qubit], []])
            else:
                name = ("sx", "x", "rz", "id")[rng.integers(4)]
                rows.append([name, [qubit], [float(rng.uniform(-3, 3))] if name == "rz" else []])
        yield [["sx", [int(q)], []] for q in qubits] + rows


def others():
    """Gates of other names."""
    return [
        ["h", [0], []], ["u2", [1], [0.3, -1.1]], ["u3", [2], [1.2, 0.4, 0.9]], ["cx", [0, 1], []],
        ["u1", [1], [0.7]], ["rzz", [1, 2], [0.8]], ["swap", [0, 2], []], ["cx", [2, 1], []],
        ["sx", [0], []], ["cz", [1, 0], []], ["h", [1], []], ["ry", [2], [0.6]], ["cx", [0, 1], []],
        ["h", [2], []],
    ]  # fmt: skip


def gate_of(name, params):
    known = {"u1": U1Gate, "u2": U2Gate, "u3": U3Gate}
    if name in known:
        return known[name](*params)
    circuit = QuantumCircuit(2)
    count = 2 if name in ("cx", "cz", "rzz", "swap") else 1
    getattr(circuit, name)(*params, *range(count))
    return circuit.data[0].operation


def error_of(model, name, qubits):
    local = model._local_quantum_errors.get(name, {})
    return local.get(tuple(qubits), model._default_quantum_errors.get(name))


def by_aer(model, rows, width):
    circuit = QuantumCircuit(width)
    for name, qubits, params in rows:
        circuit.append(gate_of(name, params), qubits)
    for qubit in range(width):
        error = error_of(model, "measure", [qubit])
        if error is not None:
            circuit.append(error.to_instruction(), [qubit])
    circuit.save_probabilities()
    simulator = AerSimulator(method="density_matrix", noise_model=model)
    return np.asarray(simulator.run(circuit).result().data(0)["probabilities"])


def by_channels(model, rows, width):
    state = DensityMatrix.from_label("0" * width)
    for name, qubits, params in rows:
        if name == "reset":
            state = state.reset(qubits)
        else:
            state = state.evolve(Operator(gate_of(name, params)), qubits)
        error = error_of(model, name, qubits)
        if error is not None:
            state = state.evolve(SuperOp(error), qubits)
    for qubit in range(width):
        error = error_of(model, "measure", [qubit])
        if error is not None:
            state = state.evolve(SuperOp(error), [qubit])
    return np.real(np.diag(state.data))


def misread(model, chances, width):
    """Of all qubits, qubit k as bit k."""
    chances = chances.reshape((2,) * width)  # axis 0 is the last qubit
    for qubit in range(width):
        readout = model._local_readout_errors.get((qubit,), model._default_readout_error)
        if readout is not None:
            axis = width - 1 - qubit
            matrix = readout.probabilities.T
            chances = np.moveaxis(np.tensordot(matrix, chances, axes=(1, axis)), 0, axis)
    return chances.ravel().tolist()


def write(name, model, many, width):
    text = json.dumps(model, cls=RuntimeEncoder)
    document = {
        "model": json.loads(text)["__value__"],
        "qubits": width,
        "circuits": [
            {
                "gates": rows,
                "probabilities": misread(model, by_aer(model, rows, width), width),
                "channels": misread(model, by_channels(model, rows, width), width),
            }
            for rows in many
        ],
    }
    (HERE / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
    print(name, len(text))


def everywhere(one=None, two=None, ones=("sx", "x", "h", "u2", "u3", "id"), twos=("cx", "rzz")):
    model = NoiseModel()
    if one is not None:
        model.add_all_qubit_quantum_error(one, list(ones))
    if two is not None:
        model.add_all_qubit_quantum_error(two, list(twos))
    return model


def constructed():
    """A model for each constructor of errors."""
    rng = np.random.default_rng(5)
    unitary = random_unitary(4, seed=3).data
    rx = np.array([[np.cos(0.1), -1j * np.sin(0.1)], [-1j * np.sin(0.1), np.cos(0.1)]])
    t1 = thermal_relaxation_error
    yield "depolarizing", everywhere(depolarizing_error(0.05, 1), depolarizing_error(0.1, 2))
    yield "depolarizing_most", everywhere(None, depolarizing_error(16 / 15, 2))
    yield (
        "pauli",
        everywhere(
            pauli_error([("X", 0.1), ("Z", 0.05), ("I", 0.85)]),
            pauli_error([("XZ", 0.1), ("YI", 0.2), ("II", 0.7)]),
        ),
    )
    yield (
        "lindblad",
        everywhere(
            PauliLindbladError(["X", "Y"], [0.1, 0.02]),
            PauliLindbladError(["XX", "ZI", "YZ"], [0.1, 0.2, 0.05]),
        ),
    )
    short, long = t1(50, 40, 10), t1(50, 70, 10)
    yield "relaxing_short_t2", everywhere(short, short.tensor(t1(80, 60, 20)))
    yield "relaxing_long_t2", everywhere(long, long.expand(t1(80, 160, 20)))
    yield "relaxing_excited", everywhere(t1(50, 40, 10, 0.3), long.tensor(t1(50, 80, 20, 0.2)))
    yield (
        "amplitude_damping",
        everywhere(
            amplitude_damping_error(0.1),
            amplitude_damping_error(0.2).tensor(depolarizing_error(0.1, 1)),
        ),
    )
    yield "amplitude_damping_excited", everywhere(amplitude_damping_error(0.2, 0.4))
    yield "phase_damping", everywhere(phase_damping_error(0.2))
    yield "phase_amplitude_damping", everywhere(phase_amplitude_damping_error(0.1, 0.2, 0.1))
    yield "reset", everywhere(reset_error(0.1, 0.05), reset_error(0.1).tensor(reset_error(0.2)))
    yield "reset_always", everywhere(reset_error(1.0), None, ("id",))
    yield "coherent", everywhere(coherent_unitary_error(rx), coherent_unitary_error(unitary))
    yield (
        "mixed_unitary",
        everywhere(
            mixed_unitary_error([(rx, 0.3), (np.eye(2), 0.7)]),
            mixed_unitary_error([(unitary, 0.4), (np.eye(4), 0.6)]),
        ),
    )
    stacked = rng.normal(size=(12, 4)) + 1j * rng.normal(size=(12, 4))
    columns = np.linalg.qr(stacked)[0]
    three = [columns[4 * k : 4 * k + 4] for k in range(3)]
    yield (
        "kraus",
        everywhere(kraus_error([np.diag([1, 0.8]), np.diag([0, 0.6])]), kraus_error(three)),
    )
    yield (
        "kraus_canonical",
        everywhere(
            None, kraus_error(three, canonical_kraus=True).compose(depolarizing_error(0.1, 2))
        ),
    )
    yield (
        "composed",
        everywhere(
            depolarizing_error(0.02, 1).compose(long).compose(coherent_unitary_error(rx)),
            depolarizing_error(0.05, 2).compose(short.tensor(long)),
        ),
    )


def local():
    """Errors of places, of gates in both orders, of resets and measurements, and misreading."""
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(0.1, 2), ["cx"])
    model.add_quantum_error(pauli_error([("IX", 0.3), ("II", 0.7)]), ["cx"], [0, 1])
    model.add_quantum_error(
        amplitude_damping_error(0.2).tensor(reset_error(0.1)), ["rzz", "cz"], [1, 2]
    )
    model.add_quantum_error(thermal_relaxation_error(50, 70, 10), ["sx", "u3"], [2])
    model.add_quantum_error(pauli_error([("Y", 0.2), ("I", 0.8)]), ["sx"], [0])
    model.add_all_qubit_quantum_error(amplitude_damping_error(0.15, 0.2), ["measure"])
    model.add_quantum_error(pauli_error([("X", 0.1), ("I", 0.9)]), ["measure"], [1])
    model.add_all_qubit_quantum_error(thermal_relaxation_error(50, 40, 10, 0.1), ["reset"])
    model.add_all_qubit_readout_error(ReadoutError([[0.95, 0.05], [0.1, 0.9]]))
    model.add_readout_error(ReadoutError([[0.8, 0.2], [0.3, 0.7]]), [1])
    return model


def part(model, qubits):
    """A model without the errors of other qubits."""
    out = NoiseModel(basis_gates=model.basis_gates)
    for name, held in model._local_quantum_errors.items():
        for place, error in held.items():
            if set(place) <= set(qubits):
                out.add_quantum_error(error, name, place)
    for place, error in model._local_readout_errors.items():
        if set(place) <= set(qubits):
            out.add_readout_error(error, place)
    return out


def main():
    line = [(0, 1), (1, 0), (1, 2), (2, 1)]
    for name, model in constructed():
        write(name, model, [*circuits(range(3), line, "cx", 1), others()], 3)
    write("local", local(), [*circuits(range(3), line, "cx", 2), others()], 3)
    generic = NoiseModel.from_backend(GenericBackendV2(3, seed=1))
    write("generic", generic, list(circuits(range(3), line, "cx", 3)), 3)
    manila = NoiseModel.from_backend(FakeManilaV2())
    pairs = [*line, (2, 3), (3, 4), (4, 3)]
    write("manila", manila, list(circuits(range(5), pairs, "cx", 4)), 5)
    torino = part(NoiseModel.from_backend(FakeTorino()), range(4))
    write("torino", torino, list(circuits(range(4), [*line, (3, 2)], "cz", 5)), 4)


if __name__ == "__main__":
    sys.exit(main())
