"""What is learned of layers, by both noise learners, and what the estimator makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import Operator, SparsePauliOp
from qiskit_ibm_runtime import EstimatorV2
from qiskit_ibm_runtime.exceptions import RuntimeJobFailureError
from qiskit_ibm_runtime.noise_learner import NoiseLearner
from qiskit_ibm_runtime.noise_learner_v3 import NoiseLearnerV3
from qiskit_ibm_runtime.options import NoiseLearnerOptions
from samplomatic.transpiler import generate_boxing_pass_manager
from samplomatic.utils import find_unique_box_instructions

QUICK: dict[str, Any] = {
    "num_randomizations": 16,
    "shots_per_randomization": 64,
    "layer_pair_depths": [0, 2, 8],
}


@pytest.fixture
def machine(service: Any) -> Any:
    return service.backend("ibm_brisbane")


@pytest.fixture
def layered(machine: Any) -> QuantumCircuit:
    """Two different layers, several times each, on some four qubits of the machine."""
    circuit = QuantumCircuit(4)
    circuit.h(0)
    for _ in range(3):
        circuit.ecr(0, 1)
        circuit.ecr(2, 3)
        circuit.ecr(1, 2)
    return transpile(circuit, machine, optimization_level=1, seed_transpiler=7)


def test_layers_are_learned_and_used(machine: Any, layered: QuantumCircuit) -> None:
    options = NoiseLearnerOptions(max_layers_to_learn=None, twirling_strategy="active", **QUICK)
    result = NoiseLearner(mode=machine, options=options).run([layered]).result()
    assert result.metadata["backend"] == "ibm_brisbane"
    assert result.metadata["input_options"]["num_randomizations"] == 16
    pairs = set(map(frozenset, machine.coupling_map))
    for layer in result:
        assert layer.error.num_qubits == layer.circuit.num_qubits == len(layer.qubits)
        assert layer.error.rates.sum() > 0.001
        for instruction in layer.circuit:
            on = [layer.qubits[layer.circuit.find_bit(q).index] for q in instruction.qubits]
            assert instruction.operation.name == "ecr"
            assert frozenset(on) in pairs
    estimator = EstimatorV2(mode=machine, options={"resilience_level": 0})
    estimator.options.resilience.layer_noise_model = result
    estimator.options.resilience.pec_mitigation = True
    observable = SparsePauliOp("ZIII").apply_layout(layered.layout)
    job = estimator.run([(layered, observable)], precision=0.1)
    metadata = job.result()[0].metadata
    assert "layers_not_learned" not in metadata["resilience"]
    assert metadata["resilience"]["pec"]["sampling_overhead"] > 1
    sent = job.inputs["options"]["resilience"]["layer_noise_model"]
    assert [layer.qubits for layer in sent] == [layer.qubits for layer in result]


def test_circuits_of_layers_are_the_gates(service: Any) -> None:
    """Of all gates that a layer can have, as this Qiskit reads them."""
    circuit = QuantumCircuit(12)
    circuit.cx(1, 0)
    circuit.cy(2, 3)
    circuit.cz(4, 5)
    circuit.ecr(7, 6)
    circuit.rzz(np.pi / 2, 8, 9)
    circuit.swap(10, 11)
    learner = NoiseLearner(service.backend("ibmq_qasm_simulator"))
    (layer,) = learner.run([circuit]).result()
    assert layer.qubits == list(range(12))
    assert not layer.error.rates.any()
    found = {i.operation.name: i for i in layer.circuit}
    wanted = {i.operation.name: i for i in circuit}
    assert set(found) == set(wanted)
    for name, instruction in wanted.items():
        assert [layer.circuit.find_bit(q).index for q in found[name].qubits] == [
            circuit.find_bit(q).index for q in instruction.qubits
        ]
        assert Operator(found[name].operation) == Operator(instruction.operation)


def test_boxes_are_learned(machine: Any, layered: QuantumCircuit) -> None:
    measured = layered.copy()
    measured.measure_active()
    boxing = generate_boxing_pass_manager(
        inject_noise_targets="all", inject_noise_strategy="uniform_modification"
    )
    boxed = boxing.run(measured)
    boxes = find_unique_box_instructions(boxed.data, normalize_annotations=None)
    learner = NoiseLearnerV3(machine)
    for name, value in QUICK.items():
        setattr(learner.options, name, value)
    results = learner.run(boxes).result()
    protocols = []
    for box, result in zip(boxes, results, strict=True):
        assert result.to_pauli_lindblad_map().num_qubits == len(box.qubits)
        protocols.append(result.metadata["learning_protocol"])
        assert (protocols[-1] == "trex") == ("measure" in box.operation.body.count_ops())
    assert set(protocols) == {"lindblad", "trex"}
    assert len(results.to_dict(boxes)) == len(boxes)
    learner.options.bit_flip_checks.post_circuit.enable = True
    with pytest.raises(RuntimeJobFailureError, match="post_circuit"):
        learner.run(boxes).result()
