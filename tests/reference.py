"""A second opinion: circuits computed slowly, from the formulas in the vendors' documents.

Nothing here is shared with the engines but the numbers of the gate kinds. The matrices are written
from IonQ's documentation, in its basis |a b> with the first target as the high digit; a state is an
array with one axis per qubit, so no bit order is needed until the very end, where qubit k becomes
bit k. Meant for up to about 12 qubits, and 6 with noise.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import Kind

Array = NDArray[np.complex128]

I2 = np.eye(2, dtype=complex)
X = np.array([[0, 1], [1, 0]], dtype=complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
PAULIS = (I2, X, Y, Z)


def _exp(pauli: Array, angle: float) -> Array:
    """exp(-i angle P) for P P = 1."""
    return math.cos(angle) * np.eye(len(pauli)) - 1j * math.sin(angle) * pauli


def _turn(turns: float) -> complex:
    return complex(math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns))


def _u(theta: float, phi: float, lam: float) -> Array:
    """Rz(phi) Ry(theta) Rz(lambda), with the phase that makes the first corner real."""
    product = _exp(Z, phi / 2) @ _exp(Y, theta / 2) @ _exp(Z, lam / 2)
    return product * np.exp(0.5j * (phi + lam))


def _ms(p0: float, p1: float, angle: float) -> Array:
    c, s = math.cos(math.pi * angle), math.sin(math.pi * angle)
    return np.array(
        [
            [c, 0, 0, -1j * s * _turn(-(p0 + p1))],
            [0, c, -1j * s * _turn(-(p0 - p1)), 0],
            [0, -1j * s * _turn(p0 - p1), c, 0],
            [-1j * s * _turn(p0 + p1), 0, 0, c],
        ]
    )


def matrix_of(kind: Kind, p: list[float]) -> Array:
    """The documented matrix on the gate's targets, the first target as the high digit."""
    match kind:
        case Kind.X:
            return X
        case Kind.Y:
            return Y
        case Kind.Z:
            return Z
        case Kind.H:
            return (X + Z) / math.sqrt(2)
        case Kind.S:
            return np.diag([1, 1j])
        case Kind.SDG:
            return np.diag([1, -1j])
        case Kind.T:
            return np.diag([1, _turn(1 / 8)])
        case Kind.TDG:
            return np.diag([1, _turn(-1 / 8)])
        case Kind.SX:
            return np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2
        case Kind.SXDG:
            return np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2
        case Kind.RX:
            return _exp(X, p[0] / 2)
        case Kind.RY:
            return _exp(Y, p[0] / 2)
        case Kind.RZ:
            return _exp(Z, p[0] / 2)
        case Kind.PHASE:
            return np.diag([1, np.exp(1j * p[0])])
        case Kind.U | Kind.DRESSING:
            return _u(p[0], p[1], p[2])
        case Kind.SWAP:
            return (np.eye(4) + np.kron(X, X) + np.kron(Y, Y) + np.kron(Z, Z)) / 2
        case Kind.RXX:
            return _exp(np.kron(X, X), p[0] / 2)
        case Kind.RYY:
            return _exp(np.kron(Y, Y), p[0] / 2)
        case Kind.RZZ:
            return _exp(np.kron(Z, Z), p[0] / 2)
        case Kind.GPI:
            return np.array([[0, _turn(-p[0])], [_turn(p[0]), 0]])
        case Kind.GPI2:
            return np.array([[1, -1j * _turn(-p[0])], [-1j * _turn(p[0]), 1]]) / math.sqrt(2)
        case Kind.MS:
            return _ms(p[0], p[1], p[2])
        case Kind.ZZ:
            return np.diag([_turn(-p[0] / 2), _turn(p[0] / 2), _turn(p[0] / 2), _turn(-p[0] / 2)])
        case Kind.ECR:
            return (np.kron(X, I2) - np.kron(Y, X)) / math.sqrt(2)
        case Kind.NOP:
            return I2
        case Kind.GLOBAL_PHASE:
            return np.array([[np.exp(1j * p[0])]])
    raise ValueError(f"{kind.name} has no matrix of its own")


def exponential(terms: list[list[int]], coefficients: list[float]) -> Array:
    """exp(-i sum c P), by diagonalising the sum. Letter 0 of a term is the high digit."""
    width = len(terms[0]) if terms else 0
    total = np.zeros((2**width, 2**width), dtype=complex)
    for letters, c in zip(terms, coefficients, strict=True):
        product = np.ones((1, 1), dtype=complex)
        for letter in letters:
            product = np.kron(product, PAULIS[letter])
        total += c * product
    values, vectors = np.linalg.eigh(total)
    return (vectors * np.exp(-1j * values)) @ vectors.conj().T


def controlled(matrix: Array, controls: int) -> Array:
    """Controls are the high digits: the matrix is the last block."""
    out = np.eye(len(matrix) << controls, dtype=complex)
    out[-len(matrix) :, -len(matrix) :] = matrix
    return out


@dataclass(frozen=True)
class Step:
    """One gate, spelled out."""

    kind: Kind
    controls: int
    operands: list[int]
    params: list[float]
    terms: list[list[int]]

    def unitary(self) -> Array:
        if self.kind == Kind.PAULIEXP:
            inner = exponential(self.terms, self.params)
        else:
            inner = matrix_of(self.kind, self.params)
        return controlled(inner, self.controls)


def steps_of(circuit: Circuit) -> Iterator[Step]:
    """The gates of a circuit one by one."""
    s = circuit.structure
    letter = 0
    for g in range(s.gates):
        kind = Kind(int(s.kinds[g]))
        operands = s.operands_of(g)
        params = [float(v) for v in circuit.params[s.param_starts[g] : s.param_starts[g + 1]]]
        controls = int(s.controls[g])
        terms: list[list[int]] = []
        if kind == Kind.PAULIEXP:
            width = len(operands) - controls
            for _ in params:
                terms.append([int(v) for v in s.letters[letter : letter + width]])
                letter += width
        yield Step(kind, controls, operands, params, terms)


def apply(tensor: Array, matrix: Array, axes: list[int]) -> Array:
    """The matrix on the given axes, the first axis as its high digit."""
    k = len(axes)
    if k == 0:
        return tensor * matrix[0, 0]
    moved = np.tensordot(matrix.reshape((2,) * (2 * k)), tensor, axes=(range(k, 2 * k), axes))
    return np.moveaxis(moved, range(k), axes)


def state_of(circuit: Circuit) -> Array:
    """The final state of a circuit without measurements; bit k of the index is qubit k."""
    tensor = _start(circuit.qubits)
    for step in steps_of(circuit):
        tensor = apply(tensor, step.unitary(), step.operands)
    return tensor.transpose(range(circuit.qubits)[::-1]).reshape(-1)


def unitary_of(circuit: Circuit) -> Array:
    """The circuit's matrix; bit k of both indices is qubit k."""
    n = circuit.qubits
    tensor = np.eye(2**n, dtype=complex).reshape((2,) * (2 * n))
    for step in steps_of(circuit):
        tensor = apply(tensor, step.unitary(), step.operands)
    backwards = list(range(n))[::-1]
    return tensor.transpose(backwards + [n + q for q in backwards]).reshape(2**n, 2**n)


def distribution(circuit: Circuit) -> dict[int, float]:
    """Every outcome that can be read, with its exact probability; every branch is followed."""
    branches: list[tuple[int, Array]] = [(0, _start(circuit.qubits))]
    for step in steps_of(circuit):
        branches = [after for bits, state in branches for after in _follow(step, bits, state)]
    totals: dict[int, float] = {}
    for bits, state in branches:
        if circuit.structure.measured:
            pairs = [(bits, float((abs(state) ** 2).sum()))]
        else:
            chances = abs(state) ** 2
            pairs = [
                (_integer(index), float(chances[index]))
                for index in itertools.product((0, 1), repeat=circuit.qubits)
            ]
        for outcome, chance in pairs:
            totals[outcome] = totals.get(outcome, 0.0) + chance
    return {o: p for o, p in sorted(totals.items()) if p > 1e-14}


def _follow(step: Step, bits: int, state: Array) -> Iterator[tuple[int, Array]]:
    if step.kind not in (Kind.MEASURE, Kind.RESET):
        yield bits, apply(state, step.unitary(), step.operands)
        return
    qubit = step.operands[0]
    for value in (0, 1):
        projected = apply(state, np.diag([1 - value, value]).astype(complex), [qubit])
        if not np.abs(projected).max() > 1e-13:
            continue
        if step.kind == Kind.RESET:
            yield bits, apply(projected, X, [qubit]) if value else projected
        else:
            yield _written(bits, step.operands[1], value), projected


def noise_sites(step: Step) -> list[list[int]]:
    """The qubits that noise strikes after a gate, one list per site."""
    if step.kind in (Kind.NOP, Kind.GLOBAL_PHASE, Kind.MEASURE, Kind.RESET, Kind.DRESSING):
        return []
    if step.kind == Kind.PAULIEXP:
        sites = []
        for letters in step.terms:
            on = step.operands[: step.controls] + [
                q for q, p in zip(step.operands[step.controls :], letters, strict=True) if p
            ]
            if len(on) == 1:
                sites.append(on)
            else:
                there = [[on[i], on[i + 1]] for i in range(len(on) - 1)]
                sites += there + there[::-1]
        return sites
    on = step.operands
    if len(on) <= 2:
        return [on]
    return [[on[i % (len(on) - 1)], on[i % (len(on) - 1) + 1]] for i in range(6 * (len(on) - 2))]


def noisy_distribution(
    circuit: Circuit, one: float, two: float, readout: float = 0.0
) -> dict[int, float]:
    """The exact distribution under depolarising noise, from density matrices (unnormalised)."""
    n = circuit.qubits
    start = _start(n)
    branches: dict[int, Array] = {0: np.multiply.outer(start, start.conj())}
    for step in steps_of(circuit):
        after: dict[int, Array] = {}
        for bits, rho in branches.items():
            for new_bits, followed in _follow_density(step, bits, rho, n, readout):
                noisy = followed
                for site in noise_sites(step):
                    noisy = _depolarised(noisy, site, one if len(site) == 1 else two, n)
                after[new_bits] = after[new_bits] + noisy if new_bits in after else noisy
        branches = after
    totals: dict[int, float] = {}
    for bits, rho in branches.items():
        chances = np.einsum(rho, list(range(n)) * 2, list(range(n))).real
        if circuit.structure.measured:
            totals[bits] = totals.get(bits, 0.0) + float(chances.sum())
            continue
        flip = np.array([[1 - readout, readout], [readout, 1 - readout]], dtype=complex)
        for q in range(n):
            chances = apply(chances.astype(complex), flip, [q]).real
        for index in itertools.product((0, 1), repeat=n):
            totals[_integer(index)] = float(chances[index])
    return dict(sorted(totals.items()))


def _follow_density(
    step: Step, bits: int, rho: Array, n: int, readout: float
) -> Iterator[tuple[int, Array]]:
    if step.kind not in (Kind.MEASURE, Kind.RESET):
        yield bits, _both_sides(rho, step.unitary(), step.operands, n)
        return
    qubit = step.operands[0]
    halves = [_both_sides(rho, np.diag([1 - v, v]).astype(complex), [qubit], n) for v in (0, 1)]
    if step.kind == Kind.RESET:
        yield bits, halves[0] + _both_sides(halves[1], X, [qubit], n)
        return
    bit = step.operands[1]
    for value in (0, 1):
        yield _written(bits, bit, value), (1 - readout) * halves[value]
        yield _written(bits, bit, 1 - value), readout * halves[value]


def _both_sides(rho: Array, matrix: Array, qubits: list[int], n: int) -> Array:
    return apply(apply(rho, matrix, qubits), matrix.conj(), [n + q for q in qubits])


def _depolarised(rho: Array, site: list[int], rate: float, n: int) -> Array:
    """The Kraus sum of the documentation: each Pauli but the identity with rate / 4**qubits."""
    share = rate / 4 ** len(site)
    out = (1 - rate) * rho
    for letters in itertools.product(PAULIS, repeat=len(site)):
        pauli = np.ones((1, 1), dtype=complex)
        for letter in letters:
            pauli = np.kron(pauli, letter)
        out = out + share * _both_sides(rho, pauli, site, n)
    return out


def _start(qubits: int) -> Array:
    tensor = np.zeros((2,) * qubits, dtype=complex)
    tensor[(0,) * qubits] = 1
    return tensor


def _integer(index: tuple[int, ...]) -> int:
    return sum(bit << qubit for qubit, bit in enumerate(index))


def _written(bits: int, bit: int, value: int) -> int:
    return (bits & ~(1 << bit)) | (value << bit)
