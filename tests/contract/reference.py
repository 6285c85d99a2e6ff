"""The exact answer of a small circuit, computed here and not by Ketway.

It reads IonQ's JSON gates and works from the formulas in IonQ's documentation, with dense arrays:
slow, short, and sharing no line with what it checks. Bit k of an outcome is qubit k.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import linalg, stats

GateList = Sequence[Mapping[str, Any]]
Operation = tuple[Any, list[int], list[int]]
"""A matrix (bit j of its index is target j), its targets, its controls."""

X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
PAULIS = {"I": np.eye(2, dtype=complex), "X": X, "Y": Y, "Z": Z}
V = np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
FIXED = {
    "x": X,
    "not": X,
    "cnot": X,
    "y": Y,
    "z": Z,
    "h": np.array([[1, 1], [1, -1]]) / math.sqrt(2),
    "s": np.diag([1, 1j]),
    "si": np.diag([1, -1j]),
    "t": np.diag([1, np.exp(0.25j * math.pi)]),
    "ti": np.diag([1, np.exp(-0.25j * math.pi)]),
    "v": V,
    "vi": V.conj().T,
}
SWAP = np.eye(4)[[0, 2, 1, 3]]
AXES = {"rx": "X", "ry": "Y", "rz": "Z", "xx": "XX", "yy": "YY", "zz": "ZZ"}


def pauli(term: str) -> Any:
    """The matrix of a Pauli string whose rightmost letter acts on the lowest bit."""
    matrix = np.eye(1, dtype=complex)
    for letter in term:
        matrix = np.kron(matrix, PAULIS[letter])
    return matrix


def operations(gate: Mapping[str, Any], native: bool) -> list[Operation]:
    name = gate["gate"]
    targets = [int(t) for t in gate["targets"]] if "targets" in gate else [int(gate["target"])]
    controls = [int(c) for c in gate.get("controls", [])]
    if gate.get("control") is not None:
        controls.append(int(gate["control"]))
    if native:
        return [(native_matrix(gate), targets, controls)]
    if name == "pauliexp":
        pairs = zip(gate["coefficients"], gate["terms"], strict=True)
        generator = sum(c * pauli(term) for c, term in pairs)
        return [(linalg.expm(-1j * gate["time"] * generator), targets, controls)]
    if name == "swap":
        return [(SWAP, targets, controls)]
    if name in ("xx", "yy", "zz"):
        return [(rotation(AXES[name], gate["rotation"]), targets, controls)]
    if name == "z" and gate.get("rotation") is not None:
        matrix = np.diag([1, np.exp(1j * gate["rotation"])])
    elif name in AXES:
        matrix = rotation(AXES[name], gate["rotation"])
    else:
        matrix = FIXED[name]
    return [(matrix, [target], controls) for target in targets]


def rotation(axis: str, angle: float) -> Any:
    matrix = pauli(axis)
    return math.cos(angle / 2) * np.eye(len(matrix)) - 1j * math.sin(angle / 2) * matrix


def native_matrix(gate: Mapping[str, Any]) -> Any:
    name = gate["gate"]
    if name == "nop":
        return np.eye(2, dtype=complex)
    if name in ("gpi", "gpi2"):
        turn = np.exp(2j * math.pi * gate["phase"])
        if name == "gpi":
            return np.array([[0, 1 / turn], [turn, 0]])
        return np.array([[1, -1j / turn], [-1j * turn, 1]]) / math.sqrt(2)
    if name == "zz":
        angle = math.pi * gate.get("angle", gate.get("phase", 0.25))
        return np.diag(np.exp(1j * angle * np.array([-1, 1, 1, -1])))
    first, second = gate["phases"]
    angle = math.pi * gate.get("angle", 0.25)
    c, s = math.cos(angle), -1j * math.sin(angle)
    plus, minus = np.exp(2j * math.pi * (first + second)), np.exp(2j * math.pi * (first - second))
    written = np.array(
        [[c, 0, 0, s / plus], [0, c, s / minus, 0], [0, s * minus, c, 0], [s * plus, 0, 0, c]]
    )
    # IonQ writes it with the first target as the high bit; here it is the low one.
    return SWAP @ written @ SWAP


def applied(state: Any, matrix: Any, targets: Sequence[int], controls: Sequence[int]) -> Any:
    """The state after a gate; it has one axis of two for each qubit, the last qubit first."""
    width = state.ndim
    where = tuple(slice(1, 2) if width - 1 - a in controls else slice(None) for a in range(width))
    axes = [width - 1 - target for target in reversed(targets)]
    count = len(targets)
    tensor = np.reshape(matrix, (2,) * (2 * count))
    moved = np.tensordot(tensor, state[where], axes=(list(range(count, 2 * count)), axes))
    out = state.copy()
    out[where] = np.moveaxis(moved, list(range(count)), axes)
    return out


def probabilities(circuit: GateList, qubits: int, *, native: bool = False) -> dict[int, float]:
    state = np.zeros((2,) * qubits, dtype=complex)
    state[(0,) * qubits] = 1
    for gate in circuit:
        for matrix, targets, controls in operations(gate, native):
            state = applied(state, matrix, targets, controls)
    return kept(np.abs(state.reshape(-1)) ** 2)


def noisy_probabilities(
    circuit: GateList, qubits: int, one: float, two: float, *, native: bool = False
) -> dict[int, float]:
    """The exact distribution with depolarising noise of those rates after each gate.

    The density matrix is a state of twice the qubits: its rows are the upper half.
    """
    state = np.zeros((2,) * (2 * qubits), dtype=complex)
    state[(0,) * (2 * qubits)] = 1
    for gate in circuit:
        for matrix, targets, controls in operations(gate, native):
            state = both_sides(state, matrix, targets, controls, qubits)
            touched = [*targets, *controls]
            rate = one if len(touched) == 1 else two
            mixed = np.zeros_like(state)
            for term in pauli_strings(len(touched)):
                mixed += both_sides(state, pauli(term), touched, [], qubits)
            state = (1 - rate) * state + rate * mixed / 4 ** len(touched)
    diagonal = np.diagonal(state.reshape(2**qubits, 2**qubits)).real
    return kept(diagonal)


def both_sides(
    state: Any, matrix: Any, targets: Sequence[int], controls: Sequence[int], qubits: int
) -> Any:
    upper = applied(state, matrix, [t + qubits for t in targets], [c + qubits for c in controls])
    return applied(upper, np.conj(matrix), targets, controls)


def pauli_strings(length: int) -> list[str]:
    strings = [""]
    for _ in range(length):
        strings = [string + letter for string in strings for letter in "IXYZ"]
    return strings


def kept(weights: Any) -> dict[int, float]:
    return {k: float(w) for k, w in enumerate(weights) if w > 1e-14}


def assert_same(
    found: Mapping[int, float], expected: Mapping[int, float], tolerance: float = 1e-9
) -> None:
    worst = max(found.keys() | expected.keys(), key=lambda k: difference(found, expected, k))
    assert difference(found, expected, worst) <= tolerance, (
        f"outcome {worst:b}: {found.get(worst, 0.0)!r} found, "
        f"{expected.get(worst, 0.0)!r} expected; all found: {dict(sorted(found.items()))}"
    )


def difference(a: Mapping[int, float], b: Mapping[int, float], key: int) -> float:
    return abs(a.get(key, 0.0) - b.get(key, 0.0))


def p_value(counts: Mapping[int, int], expected: Mapping[int, float]) -> float:
    """How likely counts at least this far from the distribution are, if they were drawn from it."""
    shots = sum(counts.values())
    seen, wanted = [0.0], [0.0]  # the first bin pools what is too rare to have one of its own
    for key in counts.keys() | expected.keys():
        mean = shots * expected.get(key, 0.0)
        if mean < 8:
            seen[0] += counts.get(key, 0)
            wanted[0] += mean
        else:
            seen.append(counts.get(key, 0))
            wanted.append(mean)
    if wanted[0] < 1e-9:
        assert seen[0] == 0, "outcomes were found that cannot happen"
        seen, wanted = seen[1:], wanted[1:]
    scale = sum(seen) / sum(wanted)
    return float(stats.chisquare(seen, [w * scale for w in wanted]).pvalue)
