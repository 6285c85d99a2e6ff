"""Makes `corpus/params.json`: what IBM's client posts to `executor`, and exact answers by Qiskit.

Run in an environment with qiskit-ibm-runtime[noise-learning]:

    python tests/routines/executor/make_params.py

The client's executor is replaced by one that keeps the program; it is then encoded by the client in
every version of the schema. Answers are exact distributions of the bits (`exact`), or exact values
of the products that are measured in each basis (`values`), both of the circuit before its twirls.
"""

import base64
import json
import zlib
from pathlib import Path

import numpy as np
from make_cases import A, B
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli, PauliLindbladMap, SparsePauliOp, Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime.executor import Executor
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_noise_learner import NoiseLearnerV3
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.options_models import ExecutorOptions
from qiskit_ibm_runtime.quantum_program import QuantumProgram
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS
from samplomatic import InjectNoise, Twirl, build
from samplomatic.transpiler import generate_boxing_pass_manager
from samplomatic.utils import find_unique_box_instructions

HERE = Path(__file__).parent / "corpus"
BACKEND = FakeManilaV2()
VALUES = np.array([[0.3, -1.2], [2.0, 0.7]])
SHOTS = 2048


class Kept(Exception):
    pass


def keep(self, program, dry_run=False):
    raise Kept(program, self.options)


Executor.run = keep


def kept(run, *arguments, **named):
    """What the client would have posted."""
    try:
        run(*arguments, **named)
    except Kept as found:
        program, options = found.args
        return QuantumProgram.from_(program) if type(
            program
        ) is not QuantumProgram else program, options
    raise AssertionError("nothing was posted")


def ansatz(measured):
    circuit = QuantumCircuit(3)
    circuit.ry(A, 0)
    circuit.cx(0, 1)
    circuit.rx(B, 2)
    circuit.cx(1, 2)
    circuit.ry(A + B, 1)
    if measured:
        circuit.measure_all()
    passes = generate_preset_pass_manager(
        optimization_level=1, backend=BACKEND, initial_layout=[0, 1, 2], seed_transpiler=1
    )
    return passes.run(circuit)


def exact(circuit, values):
    bound = circuit.assign_parameters(values)
    qubits = [bound.find_bit(step.qubits[0]).index for step in bound.data if step.name == "measure"]
    state = Statevector(bound.remove_final_measurements(inplace=False))
    return {str(k): float(p) for k, p in enumerate(state.probabilities(qubits)) if p > 1e-12}


def bound_state(circuit, values):
    return Statevector(circuit.assign_parameters(values))


def products(program, circuit):
    """Of each item that changes basis: the values of its products, in the shape of its sweep."""
    found = []
    for item in program.items:
        names = [n for n in item.samplex_arguments if n.startswith("basis_changes.")]
        angles = item.samplex_arguments.get("parameter_values")
        if not names or angles is None:
            found.append(None)
            continue
        (name,) = names
        bases = item.samplex_arguments[name]
        sweep = np.broadcast_shapes(bases.shape[:-1], angles.shape[:-1])
        bases = np.broadcast_to(bases, (*sweep, bases.shape[-1]))
        angles = np.broadcast_to(angles, (*sweep, angles.shape[-1]))
        values = np.zeros(sweep)
        for index in np.ndindex(sweep):
            label = "".join("IZXY"[b] for b in bases[index])[::-1]
            state = bound_state(circuit, angles[index])
            label = "I" * (circuit.num_qubits - len(label)) + label
            values[index] = np.real(state.expectation_value(Pauli(label)))
        found.append({"argument": name, "values": values.tolist()})
    return found


def packed(data):
    return base64.b64encode(zlib.compress(data, 9)).decode()


def record(program, options, versions):
    made = {}
    for version in versions:
        converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[version]
        params = converter.encoder(program, options).model_dump(mode="json")
        made[version] = packed(json.dumps(params).encode())
    return {"params": made, "shapes": [list(item.shape) for item in program.items]}


ALL = tuple(QUANTUM_PROGRAM_PARAMS_CONVERTERS)


def samplers():
    circuit = ansatz(True)
    sampler = Sampler(mode=BACKEND)
    distributions = [exact(circuit, values) for values in VALUES]
    program, options = kept(sampler.run, [(circuit, VALUES)], shots=SHOTS)
    yield "sampler", record(program, options, ALL) | {"exact": distributions}
    sampler.options.twirling.enable_gates = True
    sampler.options.twirling.enable_measure = True
    sampler.options.twirling.num_randomizations = 16
    sampler.options.twirling.shots_per_randomization = SHOTS // 16
    program, options = kept(sampler.run, [(circuit, VALUES)])
    yield "sampler_twirled", record(program, options, ALL) | {"exact": distributions}


def estimators():
    circuit = ansatz(False)
    observable = SparsePauliOp(["ZZI", "IXX", "IIZ", "YIX"], [1, 0.5, 0.3, -0.7])
    laid = observable.apply_layout(circuit.layout)
    for level in (0, 1, 2):
        estimator = Estimator(mode=BACKEND)
        estimator.options.resilience_level = level
        if level:
            estimator.options.twirling.num_randomizations = 16
            estimator.options.twirling.shots_per_randomization = SHOTS // 16
        program, options = kept(estimator.run, [(circuit, laid, VALUES)])
        versions = ALL if level == 1 else ("v2.0",)
        yield (
            f"estimator_{level}",
            record(program, options, versions) | {"values": products(program, circuit)},
        )


def learners():
    circuit = ansatz(True).assign_parameters(VALUES[0])
    boxed = generate_boxing_pass_manager(inject_noise_targets="gates").run(circuit)
    learner = NoiseLearnerV3(mode=BACKEND)
    learner.options.num_randomizations = 4
    learner.options.shots_per_randomization = 16
    learner.options.layer_pair_depths = [0, 1, 2]
    boxes = find_unique_box_instructions(boxed, undress_boxes=True)
    program, options = kept(learner.run, boxes)
    yield "noise_learner", record(program, options, ("v2.0",))


def by_hand():
    """Noise, a sweep across several axes, chunks, levels, and data that is only passed through."""
    circuit = QuantumCircuit(2)
    with circuit.box([Twirl(), InjectNoise("n")]):
        circuit.rx(A, 0)
        circuit.rx(B, 1)
        circuit.cx(0, 1)
    with circuit.box([Twirl()]):
        circuit.measure_all()
    template, samplex = build(circuit)
    noise = PauliLindbladMap.from_sparse_list([("X", [0], 0.05), ("ZY", [0, 1], 0.1)], 2)
    for level in ("classified", "kerneled", "avg_kerneled"):
        program = QuantumProgram(
            shots=64,
            noise_maps={"n": noise},
            meas_level=level,
            passthrough_data={"a": [1, "two", None], "b": {"c": 0.5}},
        )
        program.append_samplex_item(
            template,
            samplex=samplex,
            samplex_arguments={"parameter_values": VALUES[:, None, None]},
            shape=(2, 3, 4),
            chunk_size=5,
        )
        plain = QuantumCircuit(1, 1)
        plain.x(0)
        plain.measure(0, 0)
        program.append_circuit_item(plain, chunk_size=1)
        versions = ALL if level == "classified" else ALL[1:]
        yield f"by_hand_{level}", record(program, ExecutorOptions(), versions)


def main():
    found = {}
    for make in (samplers, estimators, learners, by_hand):
        for name, made in make():
            found[name] = made
            print(name, made["shapes"], {v: len(t) for v, t in made["params"].items()})
    (HERE / "params.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
