"""A second opinion on noise: density matrices under a noise model, by the books' Kraus operators.

Nothing here is shared with the engines but the model itself: relaxation is amplitude damping and
dephasing as written in the books, not the mixture that the engines draw from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from tests.reference import (
    PAULIS,
    Array,
    Step,
    X,
    apply,
    noise_sites,
    steps_of,
)

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import GATES, Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise


def distribution(circuit: Circuit, model: NoiseModel) -> dict[int, float]:
    """Every outcome with its probability; branches are kept apart by the bits measured so far."""
    n = circuit.qubits
    rho = np.zeros((2,) * (2 * n), dtype=complex)
    rho[(0,) * (2 * n)] = 1
    branches: dict[int, Array] = {0: rho}
    read: dict[int, int] = {}
    for step in steps_of(circuit):
        if step.kind == Kind.MEASURE:
            read[step.operands[1]] = step.operands[0]
        after: dict[int, Array] = {}
        for bits, before in branches.items():
            for new_bits, followed in _follow(step, bits, before, n):
                state = followed
                for site in _sites(step, model):
                    state = _strike(state, step, site, model, n)
                after[new_bits] = after.get(new_bits, 0) + state
        branches = after
    totals: dict[int, float] = {}
    for bits, state in branches.items():
        chances = np.einsum(state, list(range(n)) * 2, list(range(n))).real
        if circuit.structure.measured:
            totals[bits] = totals.get(bits, 0.0) + float(chances.sum())
        else:
            for index in itertools.product((0, 1), repeat=n):
                totals[sum(b << q for q, b in enumerate(index))] = float(chances[index])
    if not circuit.structure.measured:
        read = {q: q for q in range(n)}
    for bit, qubit in read.items():
        totals = _misread(totals, bit, *_misreading(model, qubit))
    return totals


def _follow(step: Step, bits: int, rho: Array, n: int) -> Iterator[tuple[int, Array]]:
    if step.kind not in (Kind.MEASURE, Kind.RESET):
        yield bits, _sides(rho, step.unitary(), step.operands, n)
        return
    qubit = step.operands[0]
    halves = [_sides(rho, np.diag([1 - v, v]).astype(complex), [qubit], n) for v in (0, 1)]
    if step.kind == Kind.RESET:
        yield bits, halves[0] + _sides(halves[1], X, [qubit], n)
        return
    for value in (0, 1):
        yield bits & ~(1 << step.operands[1]) | value << step.operands[1], halves[value]


def _sides(rho: Array, matrix: Array, qubits: list[int], n: int) -> Array:
    return apply(apply(rho, matrix, qubits), matrix.conj(), [n + q for q in qubits])


def _sites(step: Step, model: NoiseModel) -> list[list[int]]:
    if step.kind == Kind.NOP:
        named = any("nop" in entry.gates for entry in model.gates)
        return [step.operands] if named and len(step.operands) == 1 else []
    return noise_sites(step)


def _strike(rho: Array, step: Step, site: list[int], model: NoiseModel, n: int) -> Array:
    entry = _entry(step, site, model)
    if entry is None:
        if step.kind == Kind.NOP:
            return rho
        p = model.one_qubit if len(site) == 1 else model.two_qubit
        return _depolarised(rho, site, p, n)
    rho = _depolarised(rho, site, entry.depolarising, n)
    on = list(entry.qubits) or site
    out = (1 - sum(entry.pauli.values())) * rho
    for letters, p in entry.pauli.items():
        struck = rho
        for letter, qubit in zip(letters, on, strict=True):
            struck = _sides(struck, PAULIS["IXYZ".index(letter)], [qubit], n)
        out = out + p * struck
    for qubit in site:
        out = _relaxed(out, qubit, entry.duration, _times(model, qubit), n)
    return out


def _entry(step: Step, site: list[int], model: NoiseModel) -> GateNoise | None:
    """By rank: the gate on these qubits, the gate, its width on these qubits, its width."""
    name = "c" * step.controls + GATES[step.kind].name
    named = step.kind != Kind.PAULIEXP and len(step.operands) <= 2
    found: list[tuple[int, GateNoise]] = []
    for entry in model.gates:
        ranks = []
        if named and name in entry.gates:
            ranks.append(0)
        if f"{len(site)}q" in entry.gates and step.kind != Kind.NOP:
            ranks.append(10)
        for rank in ranks:
            if list(entry.qubits) == site:
                found.append((rank, entry))
            elif list(entry.qubits) == site[::-1]:
                found.append((rank + 1, entry))
            elif not entry.qubits:
                found.append((rank + 2, entry))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _times(model: NoiseModel, qubit: int) -> QubitNoise | None:
    for wanted in (qubit, None):
        for entry in model.qubits:
            if entry.qubit == wanted and (entry.t1 is not None or entry.t2 is not None):
                return entry
    return None


def _misreading(model: NoiseModel, qubit: int) -> tuple[float, float]:
    for wanted in (qubit, None):
        for entry in model.qubits:
            if entry.qubit == wanted and entry.p01 is not None and entry.p10 is not None:
                return entry.p01, entry.p10
    return model.readout, model.readout


def _misread(totals: dict[int, float], bit: int, p01: float, p10: float) -> dict[int, float]:
    out: dict[int, float] = {}
    for outcome, chance in totals.items():
        wrong = p10 if outcome >> bit & 1 else p01
        out[outcome] = out.get(outcome, 0.0) + (1 - wrong) * chance
        out[outcome ^ 1 << bit] = out.get(outcome ^ 1 << bit, 0.0) + wrong * chance
    return out


def _depolarised(rho: Array, site: list[int], p: float, n: int) -> Array:
    out = (1 - p) * rho
    for letters in itertools.product(range(4), repeat=len(site)):
        struck = rho
        for letter, qubit in zip(letters, site, strict=True):
            struck = _sides(struck, PAULIS[letter], [qubit], n)
        out = out + p / 4 ** len(site) * struck
    return out


def _relaxed(rho: Array, qubit: int, duration: float, times: QubitNoise | None, n: int) -> Array:
    if times is None or duration == 0:
        return rho
    g = 0.0 if times.t1 is None else 1 - math.exp(-duration / times.t1)
    damped = _sides(rho, np.diag([1, math.sqrt(1 - g)]).astype(complex), [qubit], n)
    damped = damped + _sides(rho, np.array([[0, math.sqrt(g)], [0, 0]], dtype=complex), [qubit], n)
    if times.t2 is None:
        return damped
    # Coherences shall be left with exp(-t/t2), of which the damping took sqrt(1 - g).
    factor = math.exp(-duration / times.t2) / math.sqrt(1 - g)
    flipped = _sides(damped, PAULIS[3], [qubit], n)
    return (1 + factor) / 2 * damped + (1 - factor) / 2 * flipped
