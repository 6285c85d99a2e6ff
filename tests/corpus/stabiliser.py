"""Clifford circuits: random ones under all the names a Clifford gate can have, and known ones."""

from __future__ import annotations

import math

import numpy as np

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind

_PLAIN = (
    Kind.X, Kind.Y, Kind.Z, Kind.H, Kind.S, Kind.SDG, Kind.SX, Kind.SXDG, Kind.NOP,
)  # fmt: skip
_QUARTERS = (Kind.RX, Kind.RY, Kind.RZ, Kind.PHASE, Kind.U)
_PAIR_QUARTERS = (Kind.RXX, Kind.RYY, Kind.RZZ)
_NATIVE = (Kind.GPI, Kind.GPI2, Kind.MS, Kind.ZZ)
_CONTROLLED = (Kind.X, Kind.Y, Kind.Z, Kind.PHASE, Kind.RZ, Kind.GLOBAL_PHASE)


def random_clifford(
    qubits: int, gates: int, seed: int, measures: int = 0, resets: int = 0
) -> Circuit:
    """Clifford gates of every name, at random places; optionally measured in the middle."""
    rng = np.random.default_rng(seed)
    middle = measures + resets
    b = Builder(qubits, bits=qubits + measures if middle else 0)
    places = sorted(rng.integers(0, gates + 1, size=middle).tolist())
    todo = [Kind(int(k)) for k in rng.permutation([27] * measures + [28] * resets)]
    read = 0
    for gate in range(gates + 1):
        while places and places[0] == gate:
            places.pop(0)
            kind = todo.pop()
            qubit = int(rng.integers(qubits))
            if kind == Kind.MEASURE:
                b.add(kind, [qubit, qubits + read])
                read += 1
            else:
                b.add(kind, [qubit])
        if gate < gates:
            _add(b, rng)
    if middle:
        for q in range(qubits):
            b.add(Kind.MEASURE, [q, q])
    return b.circuit()


def _add(b: Builder, rng: np.random.Generator) -> None:
    def quarters(count: int, step: float) -> list[float]:
        return [int(k) * step for k in rng.integers(-4, 5, size=count)]

    order = [int(q) for q in rng.permutation(b.qubits)]
    family = rng.choice(
        ["plain", "quarter", "one native"]
        if b.qubits < 2
        else ["plain", "quarter", "native", "pair", "controlled", "swap", "exponential", "phase"]
    )
    match family:
        case "plain":
            b.add(_PLAIN[rng.integers(len(_PLAIN))], order[:1])
        case "quarter":
            kind = _QUARTERS[rng.integers(len(_QUARTERS))]
            b.add(kind, order[:1], quarters(3 if kind == Kind.U else 1, math.pi / 2))
        case "native" | "one native":
            kind = _NATIVE[rng.integers(4 if family == "native" else 2)]
            if kind == Kind.MS:
                b.add(kind, order[:2], [*quarters(2, 0.25), *quarters(1, 0.25)])
            elif kind == Kind.ZZ:
                b.add(kind, order[:2], quarters(1, 0.25))
            else:
                # gpi is Clifford at eighths of a turn, gpi2 at quarters.
                b.add(kind, order[:1], quarters(1, 0.125 if kind == Kind.GPI else 0.25))
        case "pair":
            b.add(_PAIR_QUARTERS[rng.integers(3)], order[:2], quarters(1, math.pi / 2))
        case "controlled":
            kind = _CONTROLLED[rng.integers(len(_CONTROLLED))]
            if kind == Kind.GLOBAL_PHASE:
                b.add(kind, [], quarters(1, math.pi / 2), controls=order[:1])
                return
            step = 2 * math.pi if kind == Kind.RZ else math.pi
            count = 1 if kind in (Kind.PHASE, Kind.RZ) else 0
            b.add(kind, order[1:2], quarters(count, step), controls=order[:1])
        case "swap":
            b.add(Kind.SWAP, order[:2])
        case "exponential":
            width = int(rng.integers(1, min(3, b.qubits) + 1))
            term = "".join(rng.choice(list("IXYZ"), size=width))
            b.add_pauliexp(order[:width], [term, term], quarters(2, math.pi / 4))
        case "phase":
            b.add(Kind.GLOBAL_PHASE, [], [float(rng.normal())])


def teleportation(theta_quarters: int = 1) -> Circuit:
    """Teleport ry(theta) from qubit 0 to qubit 2, corrections as controlled gates after measuring.

    Bits 0 and 1 are the two measurements, bit 2 the teleported qubit after undoing the rotation:
    it is always 0. Qubit 0 is reset and used again; its last reading is bit 3, always 0.
    """
    angle = theta_quarters * math.pi / 2
    b = Builder(3, bits=4)
    b.add(Kind.RY, [0], [angle])
    b.add(Kind.H, [1])
    b.add(Kind.X, [2], controls=[1])
    b.add(Kind.X, [1], controls=[0])
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    b.add(Kind.MEASURE, [1, 1])
    b.add(Kind.X, [2], controls=[1])
    b.add(Kind.Z, [2], controls=[0])
    b.add(Kind.RY, [2], [-angle])
    b.add(Kind.MEASURE, [2, 2])
    b.add(Kind.RESET, [0])
    b.add(Kind.MEASURE, [0, 3])
    return b.circuit()


def repetition_code(distance: int, rounds: int) -> Circuit:
    """Data qubits first, then ancillas; every round reads each parity into its own bit."""
    b = Builder(2 * distance - 1, bits=rounds * (distance - 1) + distance)
    bit = distance
    for _ in range(rounds):
        for i in range(distance - 1):
            ancilla = distance + i
            b.add(Kind.X, [ancilla], controls=[i])
            b.add(Kind.X, [ancilla], controls=[i + 1])
            b.add(Kind.MEASURE, [ancilla, bit])
            b.add(Kind.RESET, [ancilla])
            bit += 1
    for q in range(distance):
        b.add(Kind.MEASURE, [q, q])
    return b.circuit()
