"""Makes `recorded.json`: numbers of Qiskit and of IBM's own client, to hold ours against.

Run with qiskit and qiskit-ibm-runtime (0.51) installed:

    python tests/routines/make_recorded.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import BitArray, StatevectorEstimator
from qiskit_ibm_runtime.executor.calculate_twirling_shots import calculate_twirling_shots
from qiskit_ibm_runtime.executor_estimator.pec import calculate_pec_twirling_shots
from qiskit_mitigation.zne.extrapolation import _process_extrapolated_expectation_values

RNG = np.random.default_rng(20261125)
MODELS = ["exponential", "linear", "double_exponential", "polynomial_degree_3", "fallback"]


def circuit(gates: list[list[object]]) -> QuantumCircuit:
    made = QuantumCircuit(4)
    for name, qubits, column in gates:
        params = [] if column is None else [Parameter(f"p{column:02}")]
        getattr(made, str(name))(*params, *qubits)  # type: ignore[misc]
    return made


def estimates() -> dict[str, object]:
    gates: list[list[object]] = []
    columns = 0
    for _ in range(24):
        if RNG.random() < 0.4:
            name = str(RNG.choice(["cx", "cz", "cy", "swap"]))
            gates.append([name, RNG.choice(4, 2, replace=False).tolist(), None])
        elif RNG.random() < 0.3:
            gates.append([str(RNG.choice(["h", "s", "t", "sx"])), [int(RNG.integers(4))], None])
        else:
            name = str(RNG.choice(["rx", "ry", "rz"]))
            gates.append([name, [int(RNG.integers(4))], columns])
            columns += 1
    made = circuit(gates)
    labels = [["".join(RNG.choice(list("IXYZ"), 4)) for _ in range(3)] for _ in range(3)]
    sums = [{label: float(RNG.normal()) for label in row} for row in labels]
    sweep = RNG.uniform(-3, 3, size=(2, 3, columns))
    estimator = StatevectorEstimator()
    cases = {
        "scalar": (sums[0], sweep[0, 0]),
        "line": (sums[0], sweep[0]),
        "paired": (sums, sweep[1]),
        "product": ([[s] for s in sums], sweep[0]),
        "square": (sums, sweep),
    }
    out = {}
    for name, (observables, params) in cases.items():
        evs = estimator.run([(made, observables, params)], precision=0).result()[0].data.evs
        out[name] = np.asarray(evs).tolist()
    return {"gates": gates, "sums": sums, "sweep": sweep.tolist(), "evs": out}


def extrapolations() -> list[dict[str, object]]:
    out = []
    for kind in ("falling", "rising", "noisy", "negative", "wide"):
        factors = [1.0, 2.0, 3.0, 4.0, 5.0]
        x = np.array(factors)
        y = {
            "falling": 0.8 * np.exp(-0.3 * x),
            "rising": 0.2 + 0.05 * x,
            "noisy": 0.1 + 0.2 * RNG.normal(size=5),
            "negative": -0.7 * np.exp(-0.2 * x) - 0.2 * np.exp(-0.9 * x),
            "wide": 0.9 * np.exp(-1.5 * x),
        }[kind] + 0.003 * RNG.normal(size=5)
        stds = 0.01 + 0.01 * RNG.random(5)
        found = _process_extrapolated_expectation_values(
            y, stds, "ZZ", factors, MODELS, np.array([0.0, *factors])
        )
        out.append(
            {"y": y.tolist(), "stds": stds.tolist(), "values": np.asarray(found[3]).tolist()}
        )
    return out


def splits() -> list[list[object]]:
    out: list[list[object]] = []
    for shots in (1, 63, 64, 100, 4096, 10000):
        for many in ("auto", 7, 32):
            for each in ("auto", 50, 128):
                plain = calculate_twirling_shots(shots, many, each)
                cancelling = calculate_pec_twirling_shots(shots, many, each)
                out.append([shots, many, each, list(plain), list(cancelling)])
    return out


def arrays() -> list[dict[str, object]]:
    out = []
    for width in (1, 5, 8, 13, 70):
        bits = RNG.integers(0, 2, size=(4, width)).astype(bool)
        array = BitArray.from_bool_array(bits, "little").array
        out.append({"bits": bits.astype(int).tolist(), "array": array.tolist()})
    return out


recorded = {
    "estimates": estimates(),
    "models": MODELS,
    "extrapolations": extrapolations(),
    "splits": splits(),
    "arrays": arrays(),
}
Path(__file__).with_name("recorded.json").write_text(json.dumps(recorded) + "\n")
