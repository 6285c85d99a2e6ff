"""Answers over HTTP agree with a dense computation that shares nothing with the engines.

Circuits are drawn over every gate of IonQ's two gate sets, with controls, and written as IonQ's
JSON here; the matrices are written from the documented formulas, beside `tests/reference.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.acceptance.serving import Server
from tests.reference import controlled, exponential

Gate = dict[str, Any]
S = math.sqrt(0.5)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
FIXED = {
    "x": X,
    "not": X,
    "y": Y,
    "z": Z,
    "h": np.array([[S, S], [S, -S]], complex),
    "s": np.diag([1, 1j]),
    "si": np.diag([1, -1j]),
    "t": np.diag([1, np.exp(0.25j * math.pi)]),
    "ti": np.diag([1, np.exp(-0.25j * math.pi)]),
    "v": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "vi": np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2,
}
PAULIS = {"I": np.eye(2, dtype=complex), "X": X, "Y": Y, "Z": Z}


def rotation(pauli: np.ndarray, angle: float) -> np.ndarray:
    return math.cos(angle / 2) * np.eye(len(pauli)) - 1j * math.sin(angle / 2) * pauli


def draw(rng: np.random.Generator, qubits: int, native: bool) -> tuple[Gate, np.ndarray, list[int]]:
    """A gate as JSON, its matrix (bit j of an index is operand j), and its operands."""
    order = [int(q) for q in rng.permutation(qubits)]
    angle = float(rng.uniform(-7, 7))
    if native:
        return draw_native(rng, order)
    kind = rng.integers(0, 6)
    if kind == 0 or qubits < 2:
        name = str(rng.choice(list(FIXED)))
        return with_controls(rng, {"gate": name, "target": order[0]}, FIXED[name], order, 1)
    if kind == 1:
        name = str(rng.choice(["rx", "ry", "rz"]))
        gate = {"gate": name, "target": order[0], "rotation": angle}
        return with_controls(rng, gate, rotation(PAULIS[name[1].upper()], angle), order, 1)
    if kind == 2:
        gate = {"gate": "z", "targets": [order[0]], "rotation": angle}
        return with_controls(rng, gate, np.diag([1, np.exp(1j * angle)]), order, 1)
    if kind == 3:
        name = str(rng.choice(["xx", "yy", "zz"]))
        pauli = PAULIS[name[0].upper()]
        gate = {"gate": name, "targets": order[:2], "rotation": angle}
        return with_controls(rng, gate, rotation(np.kron(pauli, pauli), angle), order, 2)
    if kind == 4:
        swap = np.eye(4, dtype=complex)[[0, 2, 1, 3]]
        return {"gate": "swap", "targets": order[:2]}, swap, order[:2]
    width = int(rng.integers(1, min(4, qubits) + 1))
    terms = ["".join(rng.choice(list("IXYZ"), width)) for _ in range(int(rng.integers(1, 4)))]
    weights = [float(w) for w in rng.normal(size=len(terms))]
    time = float(rng.uniform(0, 2))
    gate = {
        "gate": "pauliexp",
        "targets": order[:width],
        "terms": terms,
        "coefficients": weights,
        "time": time,
    }
    # The rightmost letter acts on targets[0], which is the low digit of the matrix.
    letters = [["IXYZ".index(letter) for letter in term] for term in terms]
    return gate, exponential(letters, [time * w for w in weights]), order[:width]


def with_controls(
    rng: np.random.Generator, gate: Gate, matrix: np.ndarray, order: list[int], targets: int
) -> tuple[Gate, np.ndarray, list[int]]:
    count = int(rng.integers(0, min(3, len(order) - targets) + 1))
    if not count:
        return gate, matrix, order[:targets]
    chosen = order[targets : targets + count]
    written = {"control": chosen[0]} if count == 1 else {"controls": chosen}
    return {**gate, **written}, controlled(matrix, count), [*order[:targets], *chosen]


def draw_native(rng: np.random.Generator, order: list[int]) -> tuple[Gate, np.ndarray, list[int]]:
    p, q = (float(x) for x in rng.uniform(-1, 1, 2))
    angle = float(rng.uniform(0, 0.25))
    match rng.integers(0, 4):
        case 0:
            matrix = np.array([[0, np.exp(-2j * math.pi * p)], [np.exp(2j * math.pi * p), 0]])
            return {"gate": "gpi", "target": order[0], "phase": p}, matrix, order[:1]
        case 1:
            matrix = S * np.array(
                [[1, -1j * np.exp(-2j * math.pi * p)], [-1j * np.exp(2j * math.pi * p), 1]]
            )
            return {"gate": "gpi2", "target": order[0], "phase": p}, matrix, order[:1]
        case 2:
            gate = {"gate": "zz", "targets": order[:2], "angle": angle}
            return gate, rotation(np.kron(Z, Z), 2 * math.pi * angle), order[:2]
    # exp(-i pi angle GPi(p) x GPi(q)), the definition from which IonQ's matrix follows.
    first = math.cos(2 * math.pi * p) * X + math.sin(2 * math.pi * p) * Y
    second = math.cos(2 * math.pi * q) * X + math.sin(2 * math.pi * q) * Y
    gate = {"gate": "ms", "targets": order[:2], "phases": [p, q], "angle": angle}
    return gate, rotation(np.kron(second, first), 2 * math.pi * angle), order[:2]


def follow(state: np.ndarray, matrix: np.ndarray, operands: list[int], qubits: int) -> np.ndarray:
    """The state has one axis per qubit, the highest first."""
    k = len(operands)
    axes = [qubits - 1 - q for q in reversed(operands)]
    out = np.tensordot(matrix.reshape((2,) * 2 * k), state, (range(k, 2 * k), axes))
    return np.moveaxis(out, range(k), axes)


def circuit_of(
    seed: int, qubits: int, gates: int, active: int, native: bool
) -> tuple[dict[str, Any], np.ndarray]:
    """An IonQ circuit on `active` of the qubits, and its exact distribution."""
    rng = np.random.default_rng(seed)
    places = sorted(int(q) for q in rng.permutation(qubits)[:active])
    state = np.zeros((2,) * active, complex)
    state[(0,) * active] = 1
    written = []
    for _ in range(gates):
        gate, matrix, operands = draw(rng, active, native)
        state = follow(state, matrix, operands, active)
        written.append({k: moved(v, places) if k in QUBITS else v for k, v in gate.items()})
    exact = np.abs(state.reshape(-1)) ** 2
    keys = np.arange(len(exact))
    wide = sum(((keys >> j) & 1) << q for j, q in enumerate(places))
    distribution = np.zeros(1 << qubits)
    distribution[wide] = exact
    gateset = "native" if native else "qis"
    return {"qubits": qubits, "gateset": gateset, "circuit": written}, distribution


QUBITS = ("target", "targets", "control", "controls")


def moved(value: Any, places: list[int]) -> Any:
    return [places[q] for q in value] if isinstance(value, list) else places[value]


@pytest.mark.parametrize("native", [False, True], ids=["qis", "native"])
def test_distributions_agree_to_1e_10_up_to_16_qubits(shared: Server, native: bool) -> None:
    made = [
        circuit_of(
            seed=100 * qubits + native, qubits=qubits, gates=60, active=qubits, native=native
        )
        for qubits in (2, 3, 5, 8, 12, 16)
    ]
    circuits = [{"circuit": c["circuit"], "qubits": c["qubits"]} for c, _ in made]
    gateset = "native" if native else "qis"
    client = shared.client()
    job = client.submit({"gateset": gateset, "circuits": circuits}, "ionq.multi-circuit.v1")
    client.completed(job)
    answer = client.ask("GET", f"/v0.4/jobs/{job}/results/probabilities/aggregated").json
    for (circuit, expected), found in zip(made, answer.values(), strict=True):
        got = np.zeros_like(expected)
        got[[int(key) for key in found]] = list(found.values())
        assert np.abs(got - expected).max() < 1e-10, circuit["qubits"]
        assert math.isclose(math.fsum(found.values()), 1, abs_tol=1e-12)


def answered(shared: Server, circuit: dict[str, Any], expected: np.ndarray) -> np.ndarray:
    """What the server says of a circuit, as an array like `expected`."""
    client = shared.client()
    job = client.submit(circuit)
    client.completed(job)
    found = client.ask("GET", f"/v0.4/jobs/{job}/results/probabilities").json
    got = np.zeros_like(expected)
    got[[int(key) for key in found]] = list(found.values())
    return got


def test_distributions_agree_to_1e_5_above(shared: Server) -> None:
    """In single precision: 22 qubits, of which 18 are mixed, so that every outcome is kept."""
    circuit, expected = circuit_of(seed=7, qubits=22, gates=80, active=18, native=False)
    used = {q for gate in circuit["circuit"] for key in QUBITS for q in listed(gate.get(key, []))}
    # What is 0 and controls a gate does nothing, but no pre-pass knows that it is 0.
    still = [{"gate": "cnot", "control": q, "target": min(used)} for q in set(range(22)) - used]
    assert len(still) == 4
    got = answered(shared, {**circuit, "circuit": still + circuit["circuit"]}, expected)
    assert np.abs(got - expected).max() < 1e-5
    # A largest probability of 1e-4 would pass any such bound: the relative error counts as well.
    assert np.abs(got - expected).max() < 1e-4 * expected.max()


def listed(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value]


def test_idle_qubits_and_unconnected_parts_cost_no_precision(shared: Server) -> None:
    """Two circuits side by side on 22 qubits, each on few enough for double precision."""
    first, one = circuit_of(seed=8, qubits=11, gates=50, active=9, native=False)
    second, other = circuit_of(seed=9, qubits=11, gates=50, active=8, native=False)
    beside = [
        {k: moved(v, list(range(11, 22))) if k in QUBITS else v for k, v in gate.items()}
        for gate in second["circuit"]
    ]
    circuit = {"qubits": 22, "gateset": "qis", "circuit": first["circuit"] + beside}
    expected = np.multiply.outer(other, one).reshape(-1)
    assert np.abs(answered(shared, circuit, expected) - expected).max() < 1e-10
