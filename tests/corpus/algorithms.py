"""Circuits with a name: what people run first, and what their answers are known for."""

from __future__ import annotations

import math

import numpy as np

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind


def ghz(qubits: int) -> Circuit:
    """Half all zeros, half all ones."""
    b = Builder(qubits)
    b.add(Kind.H, [0])
    for q in range(qubits - 1):
        b.add(Kind.X, [q + 1], controls=[q])
    return b.circuit()


def w_state(qubits: int) -> Circuit:
    """Exactly one 1, evenly among the qubits."""
    b = Builder(qubits)
    b.add(Kind.X, [0])
    for q in range(qubits - 1):
        angle = 2 * math.acos(math.sqrt(1 / (qubits - q)))
        b.add(Kind.RY, [q + 1], [angle], controls=[q])
        b.add(Kind.X, [q], controls=[q + 1])
    return b.circuit()


def qft(qubits: int, value: int = 0) -> Circuit:
    """The Fourier transform of a basis state: amplitude k is exp(2 pi i k value / 2**qubits)."""
    b = Builder(qubits)
    for q in range(qubits):
        if value >> q & 1:
            b.add(Kind.X, [q])
    for q in range(qubits - 1, -1, -1):
        b.add(Kind.H, [q])
        for lower in range(q):
            b.add(Kind.PHASE, [q], [math.pi / 2 ** (q - lower)], controls=[lower])
    for q in range(qubits // 2):
        b.add(Kind.SWAP, [q, qubits - 1 - q])
    return b.circuit()


def qaoa(qubits: int, layers: int = 2, seed: int = 0) -> Circuit:
    """Max-cut on a ring with chords, at angles that mean nothing in particular."""
    rng = np.random.default_rng(seed)
    edges = [(q, (q + 1) % qubits) for q in range(qubits)]
    edges += [(q, q + qubits // 2) for q in range(qubits // 2)]
    b = Builder(qubits)
    for q in range(qubits):
        b.add(Kind.H, [q])
    for _ in range(layers):
        gamma, beta = rng.uniform(0, math.pi, size=2)
        for a, c in edges:
            if a != c:
                b.add(Kind.RZZ, [a, c], [gamma])
        for q in range(qubits):
            b.add(Kind.RX, [q], [2 * beta])
    return b.circuit()


def vqe(qubits: int, layers: int = 2, seed: int = 0) -> Circuit:
    """A hardware-efficient ansatz: every seed has the same structure."""
    rng = np.random.default_rng(seed)
    b = Builder(qubits)
    for _ in range(layers):
        for q in range(qubits):
            b.add(Kind.RY, [q], rng.uniform(-math.pi, math.pi, size=1))
            b.add(Kind.RZ, [q], rng.uniform(-math.pi, math.pi, size=1))
        for q in range(qubits - 1):
            b.add(Kind.X, [q + 1], controls=[q])
    return b.circuit()


def grover(qubits: int, marked: int) -> Circuit:
    """The marked outcome stands out after about pi/4 sqrt(2**qubits) rounds."""
    b = Builder(qubits)
    everyone = list(range(qubits))
    for q in everyone:
        b.add(Kind.H, [q])
    for _ in range(int(math.pi / 4 * math.sqrt(2**qubits))):
        _flip_phase_of(b, marked)
        for q in everyone:
            b.add(Kind.H, [q])
        _flip_phase_of(b, 0)
        for q in everyone:
            b.add(Kind.H, [q])
    return b.circuit()


def _flip_phase_of(b: Builder, value: int) -> None:
    zeros = [q for q in range(b.qubits) if not value >> q & 1]
    for q in zeros:
        b.add(Kind.X, [q])
    b.add(Kind.Z, [b.qubits - 1], controls=list(range(b.qubits - 1)))
    for q in zeros:
        b.add(Kind.X, [q])


def adder(width: int, a: int, c: int) -> Circuit:
    """A ripple-carry adder: the sum a + c is read from `width + 1` bits.

    Qubit 0 carries in; then pairs of (c, a) qubits; the last qubit carries out.
    """
    b = Builder(2 * width + 2, bits=width + 1)
    cs = [1 + 2 * i for i in range(width)]
    as_ = [2 + 2 * i for i in range(width)]
    for i in range(width):
        if a >> i & 1:
            b.add(Kind.X, [as_[i]])
        if c >> i & 1:
            b.add(Kind.X, [cs[i]])
    carries = [0, *as_]
    for i in range(width):
        b.add(Kind.X, [cs[i]], controls=[as_[i]])
        b.add(Kind.X, [carries[i]], controls=[as_[i]])
        b.add(Kind.X, [as_[i]], controls=[carries[i], cs[i]])
    b.add(Kind.X, [2 * width + 1], controls=[as_[-1]])
    for i in range(width - 1, -1, -1):
        b.add(Kind.X, [as_[i]], controls=[carries[i], cs[i]])
        b.add(Kind.X, [carries[i]], controls=[as_[i]])
        b.add(Kind.X, [cs[i]], controls=[carries[i]])
    for i in range(width):
        b.add(Kind.MEASURE, [cs[i], i])
    b.add(Kind.MEASURE, [2 * width + 1, width])
    return b.circuit()


def bernstein_vazirani(secret: int, qubits: int) -> Circuit:
    """One question tells the secret: it is read from the first `qubits` bits."""
    b = Builder(qubits + 1, bits=qubits)
    b.add(Kind.X, [qubits])
    for q in range(qubits + 1):
        b.add(Kind.H, [q])
    for q in range(qubits):
        if secret >> q & 1:
            b.add(Kind.X, [qubits], controls=[q])
    for q in range(qubits):
        b.add(Kind.H, [q])
        b.add(Kind.MEASURE, [q, q])
    return b.circuit()
