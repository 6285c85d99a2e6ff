"""What is learned of layers, and given back to the estimator."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime import EstimatorV2
from qiskit_ibm_runtime.noise_learner import NoiseLearner
from qiskit_ibm_runtime.options import NoiseLearnerOptions


@pytest.fixture
def circuit(machine: Any) -> QuantumCircuit:
    made = QuantumCircuit(3)
    for _ in range(3):
        made.cz(0, 1)
        made.sx(1)
        made.cz(1, 2)
    return transpile(made, machine, optimization_level=1, seed_transpiler=7)


def test_layers_are_learned_and_used(machine: Any, circuit: QuantumCircuit) -> None:
    options = NoiseLearnerOptions(
        num_randomizations=16, shots_per_randomization=64, layer_pair_depths=[0, 2, 8]
    )
    result = NoiseLearner(machine, options=options).run([circuit]).result()
    assert result.metadata["backend"] == machine.name
    pairs = set(map(frozenset, machine.coupling_map))
    for layer in result:
        assert layer.error.num_qubits == layer.circuit.num_qubits == len(layer.qubits)
        assert layer.error.rates.sum() > 0
        for instruction in layer.circuit:
            on = [layer.qubits[layer.circuit.find_bit(q).index] for q in instruction.qubits]
            assert instruction.operation.name == "cz"
            assert frozenset(on) in pairs
    if not hasattr(result[0], "_json"):
        return  # 0.27 can read what was learned, and has no words to send it back
    estimator = EstimatorV2(machine, options={"resilience_level": 0})
    estimator.options.resilience.layer_noise_model = result
    estimator.options.resilience.pec_mitigation = True
    observable = SparsePauliOp("IIZ").apply_layout(circuit.layout)
    metadata = estimator.run([(circuit, observable)], precision=0.1).result()[0].metadata
    assert "layers_not_learned" not in metadata["resilience"]
    assert metadata["resilience"]["pec"]["sampling_overhead"] > 1
