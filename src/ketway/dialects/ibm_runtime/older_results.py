"""What programs of older clients answer: counts as Qiskit's `Result`, and the results of primitives
of the first version. Their readers are `RunnerResult`, `SamplerResultDecoder` and
`EstimatorResultDecoder` of qiskit-ibm-runtime before 0.35."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketway.jobs.answers import CountsAnswer, CountsOfCircuit, QuasiAnswer


def counts(answer: CountsAnswer, job_id: str, backend: str, version: str) -> dict[str, Any]:
    """`Result.to_dict()` of Qiskit: outcomes are hexadecimal."""
    results = [_experiment(answer, circuit) for circuit in answer.circuits]
    return {
        "backend_name": backend,
        "backend_version": version,
        "qobj_id": None,
        "job_id": job_id,
        "success": True,
        "status": "COMPLETED",
        "header": answer.header,
        "results": results,
    }


def _experiment(answer: CountsAnswer, circuit: CountsOfCircuit) -> dict[str, Any]:
    texts = [hex(number) for number in _integers(circuit.outcomes)]
    data: dict[str, Any] = {"counts": dict(zip(texts, circuit.counts.tolist(), strict=True))}
    if circuit.shots is not None:
        data["memory"] = np.array(texts, dtype=object)[circuit.shots].tolist()
    shown: dict[str, Any] = {
        "shots": answer.shots,
        "success": True,
        "status": "DONE",
        "meas_level": 2,
        "data": data,
        "header": {
            "name": circuit.name,
            "n_qubits": circuit.qubits,
            "memory_slots": circuit.bits,
            "creg_sizes": list(circuit.registers.items()),
            "clbit_labels": [[name, k] for name, n in circuit.registers.items() for k in range(n)],
            "metadata": circuit.metadata,
        },
    }
    if answer.seed is not None:
        shown["seed"] = answer.seed
    return shown


def quasi(answer: QuasiAnswer) -> dict[str, Any]:
    """Outcomes as bits, the last one first: of all that the client reads, this alone tells it how
    many there are (`QuasiDistribution.binary_probabilities`)."""
    dists = []
    for dist in answer.dists:
        texts = [format(number, f"0{dist.bits}b") for number in _integers(dist.outcomes)]
        dists.append(dict(zip(texts, dist.weights.tolist(), strict=True)))
    return {"quasi_dists": dists, "metadata": [dist.metadata for dist in answer.dists]}


def _integers(outcomes: NDArray[np.uint8]) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in outcomes]
