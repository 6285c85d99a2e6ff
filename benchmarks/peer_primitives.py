"""Qiskit's primitives, run by `benchmarks.primitives` in the peers' environment: Aer's in this
process, or IBM's client, untouched, which asks a Ketway. Both get the same objects."""

from __future__ import annotations

import argparse
import random
import warnings
from collections.abc import Callable
from typing import Any

from qiskit import QuantumCircuit  # type: ignore[import-not-found,unused-ignore]
from qiskit.circuit import ParameterVector  # type: ignore[import-not-found,unused-ignore]
from qiskit.quantum_info import SparsePauliOp  # type: ignore[import-not-found,unused-ignore]

from benchmarks.circuits import layered
from benchmarks.tasks import POINTS, POINTS_SHOTS, SWEPT, TERMS, TERMS_OF
from benchmarks.turns import Ready, say, turns

PRECISION = 0.015625
"""Of a product. Ketway draws 4,096 shots of each basis for it; Aer adds a normal error to the exact
value of the sum."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("points", "terms", "errors"))
    parser.add_argument("side", choices=("aer", "ketway"))
    given = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # IBM's of its own SamplerV2
    side: Any = {"aer": _aer, "ketway": _ketway}[given.side]
    name, sampler, estimator = side()
    if given.task == "errors":
        run = _errors()
    else:
        run = _points(sampler) if given.task == "points" else _terms(estimator)
        run()  # a warm-up
    say({"name": name, "share": 1.0})
    turns(Ready(name, run))


def _aer() -> tuple[str, Any, Any]:
    import qiskit_aer  # type: ignore[import-not-found,unused-ignore]
    from qiskit_aer.primitives import (  # type: ignore[import-not-found,unused-ignore]
        EstimatorV2,
        SamplerV2,
    )

    return f"Aer {qiskit_aer.__version__}", SamplerV2(), EstimatorV2()


def _ketway() -> tuple[str, Any, Any]:
    import qiskit_ibm_runtime as runtime  # type: ignore[import-not-found,unused-ignore]

    service = runtime.QiskitRuntimeService()
    backend = service.backend("ibmq_qasm_simulator", use_fractional_gates=None)
    estimator = runtime.EstimatorV2(mode=backend)
    name = f"qiskit-ibm-runtime {runtime.__version__}"
    return name, runtime.SamplerV2(mode=backend), estimator


def _points(sampler: Any) -> Callable[[], Any]:
    """A sweep of 1,000 points, to the decoded shots."""
    (gates,) = layered(SWEPT)
    angles = ParameterVector("t", sum(gate.angle is not None for gate in gates))
    circuit, free = QuantumCircuit(SWEPT.qubits), iter(angles)
    for gate in gates:
        angle = () if gate.angle is None else (next(free),)
        getattr(circuit, gate.name)(*angle, *gate.qubits)
    circuit.measure_all()
    chance = random.Random(5)
    values = [[chance.uniform(0, 6) for _ in angles] for _ in range(POINTS)]

    def run() -> Any:
        found = sampler.run([(circuit, values)], shots=POINTS_SHOTS).result()[0].data.meas
        return [found.num_shots, *found.shape, found.num_bits]

    return run


def _terms(estimator: Any) -> Callable[[], Any]:
    """The sum of 500 Pauli products, as exactly as IBM's default asks for."""
    (gates,) = layered(TERMS_OF)
    circuit = QuantumCircuit(TERMS_OF.qubits)
    for gate in gates:
        angle = () if gate.angle is None else (gate.angle,)
        getattr(circuit, gate.name)(*angle, *gate.qubits)
    chance = random.Random(9)
    labels = ["".join(chance.choices("IXYZ", k=TERMS_OF.qubits)) for _ in range(TERMS)]
    operator = SparsePauliOp(labels, [chance.gauss(0, 1) for _ in labels])

    def run() -> Any:
        found = estimator.run([(circuit, operator)], precision=PRECISION).result()[0].data
        return [float(found.evs)]

    return run


MACHINE = "ibmq_manila"
CIRCUITS = 6


def _errors() -> Callable[[], Any]:
    """Mean errors of expectation values on a noisy machine: as they are, and mitigated. Two
    layers of rotations and controlled Zs on its five qubits, four observables, true values by
    Qiskit's state vectors."""
    import qiskit_ibm_runtime as runtime
    from qiskit.quantum_info import Statevector  # type: ignore[import-not-found,unused-ignore]
    from qiskit.transpiler import (  # type: ignore[import-not-found,unused-ignore]
        generate_preset_pass_manager,
    )

    backend = runtime.QiskitRuntimeService().backend(MACHINE)
    passes = generate_preset_pass_manager(1, backend=backend, initial_layout=range(5))
    labels = ("ZZIII", "IIIIZ", "XIIII", "IYYII")
    chance, pubs, truth = random.Random(11), [], []
    for _ in range(CIRCUITS):
        circuit = QuantumCircuit(5)
        for _ in range(4):
            for qubit in range(5):
                circuit.ry(chance.uniform(-0.6, 0.6), qubit)
                circuit.rz(chance.uniform(-0.6, 0.6), qubit)
            for start in (0, 1):
                for qubit in range(start, 4, 2):
                    circuit.cz(qubit, qubit + 1)
        state = Statevector(circuit)
        truth.append([float(state.expectation_value(SparsePauliOp(w)).real) for w in labels])
        isa = passes.run(circuit)
        pubs.append((isa, [SparsePauliOp(word).apply_layout(isa.layout) for word in labels]))

    def run() -> Any:
        found = []
        for name in ("bare", "TREX", "ZNE", "PEC"):
            estimator = runtime.EstimatorV2(mode=backend)
            options = estimator.options
            options.resilience_level = 0
            options.resilience.measure_mitigation = name != "bare"
            options.resilience.zne_mitigation = name == "ZNE"
            options.resilience.pec_mitigation = name == "PEC"
            values = [result.data.evs for result in estimator.run(pubs, precision=0.01).result()]
            off = [abs(float(a) - b) for row, own in zip(values, truth, strict=True)
                   for a, b in zip(row, own, strict=True)]  # fmt: skip
            found.append(sum(off) / len(off))
        return found

    return run


if __name__ == "__main__":
    main()
