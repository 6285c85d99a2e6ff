"""Circuits by hand, as rows of gates that belong to no format.

A row is a name, its angles and its qubits, controls first. `writers.py` says how each format writes
it, `make_answers.py` how Qiskit does.
"""

from __future__ import annotations

import math
from typing import NamedTuple

PI = math.pi


class Gate(NamedTuple):
    name: str
    angles: tuple[float, ...]
    qubits: tuple[int, ...]


class Circuit(NamedTuple):
    qubits: int
    gates: tuple[Gate, ...]


def g(name: str, *where: int, by: float | tuple[float, ...] = ()) -> Gate:
    return Gate(name, by if isinstance(by, tuple) else (by,), where)


def c(qubits: int, *gates: Gate) -> Circuit:
    return Circuit(qubits, gates)


def _on_all(name: str, qubits: int) -> tuple[Gate, ...]:
    return tuple(g(name, q) for q in range(qubits))


def _spread(qubits: int) -> tuple[Gate, ...]:
    """A state in which no two amplitudes are alike, so that every phase is seen."""
    return tuple(g("u", q, by=(0.3 + 0.4 * q, 0.7 + q, 1.1 - 0.2 * q)) for q in range(qubits))


def _looked_at(qubits: int, *gates: Gate) -> Circuit:
    return c(qubits, *_spread(qubits), *gates, *_spread(qubits)[::-1])


def _qft(qubits: int, value: int) -> Circuit:
    """There and back again from a shifted state: a single outcome."""
    forth: list[Gate] = []
    for q in range(qubits - 1, -1, -1):
        forth.append(g("h", q))
        forth += [g("cp", k, q, by=PI / 2 ** (q - k)) for k in range(q - 1, -1, -1)]
    shift = [g("p", q, by=2 * PI * value / 2 ** (qubits - q)) for q in range(qubits)]
    back = [Gate(b.name, tuple(-a for a in b.angles), b.qubits) for b in reversed(forth)]
    return c(qubits, g("x", 0), *forth, *shift, *back)


CIRCUITS: dict[str, Circuit] = {
    "nothing": c(2),
    "one": c(3, g("x", 1)),
    "bell": c(2, g("h", 0), g("cx", 0, 1)),
    "ghz": c(5, g("h", 2), g("cx", 2, 1), g("cx", 2, 3), g("cx", 1, 0), g("cx", 3, 4)),
    "singlet": c(2, g("x", 0), g("x", 1), g("h", 0), g("cx", 0, 1), g("ry", 1, by=PI / 3)),
    "w": c(
        3, g("ry", 0, by=2 * math.acos(1 / math.sqrt(3))), g("ch", 0, 1), g("cx", 1, 2),
        g("cx", 0, 1), g("x", 0),
    ),
    "paulis": _looked_at(3, g("x", 0), g("y", 1), g("z", 2)),
    "quarters": _looked_at(4, g("s", 0), g("sdg", 1), g("t", 2), g("tdg", 3)),
    "roots": _looked_at(2, g("sx", 0), g("sxdg", 1)),
    "hadamards": _looked_at(2, g("h", 0), g("s", 0), g("h", 0), g("h", 1)),
    "turns": _looked_at(3, g("rx", 0, by=0.9), g("ry", 1, by=-2.5), g("rz", 2, by=7.0)),
    "phases": _looked_at(2, g("p", 0, by=0.4), g("p", 1, by=-3.0)),
    "u": _looked_at(2, g("u", 1, by=(1.0, -2.0, 3.0))),
    "tiny": _looked_at(2, g("rx", 0, by=1e-7), g("rz", 1, by=-1.25e-9)),
    "cnots": _looked_at(3, g("cx", 2, 0), g("cx", 0, 1), g("cx", 1, 2)),
    "controlled paulis": _looked_at(3, g("cy", 2, 0), g("cz", 0, 1), g("ch", 1, 2)),
    "controlled turns": _looked_at(
        3, g("crx", 0, 2, by=0.5), g("cry", 1, 0, by=1.5), g("crz", 2, 1, by=-0.75)
    ),
    "controlled phases": _looked_at(3, g("cp", 0, 2, by=0.25), g("cp", 2, 1, by=2.0)),
    "swaps": _looked_at(4, g("swap", 0, 3), g("swap", 1, 2), g("swap", 3, 2)),
    "fredkin": _looked_at(3, g("cswap", 2, 0, 1)),
    "toffoli": _looked_at(3, g("ccx", 2, 0, 1), g("ccx", 0, 1, 2)),
    "four": _looked_at(4, g("c3x", 0, 3, 1, 2)),
    "ising": _looked_at(3, g("rxx", 0, 2, by=0.5), g("ryy", 1, 0, by=-1.0), g("rzz", 2, 1, by=1.5)),
    "fourier": _qft(4, 5),
    "grover": c(
        3, *_on_all("h", 3), g("x", 1), g("h", 2), g("ccx", 0, 1, 2), g("h", 2), g("x", 1),
        *_on_all("h", 3), *_on_all("x", 3), g("h", 2), g("ccx", 0, 1, 2), g("h", 2),
        *_on_all("x", 3), *_on_all("h", 3),
    ),
    "adder": c(
        4, g("x", 0), g("h", 1), g("ccx", 0, 1, 3), g("cx", 0, 1), g("ccx", 1, 2, 3),
        g("cx", 1, 2), g("cx", 0, 1),
    ),
    "qaoa": c(
        4, *_on_all("h", 4),
        *[g("rzz", q, (q + 1) % 4, by=0.8) for q in range(4)],
        *[g("rx", q, by=1.1) for q in range(4)],
        *[g("rzz", q, (q + 1) % 4, by=0.3) for q in range(4)],
        *[g("rx", q, by=0.6) for q in range(4)],
    ),
    "ansatz": c(
        3, *[g("ry", q, by=0.3 + q) for q in range(3)], g("cx", 0, 1), g("cx", 1, 2),
        *[g("ry", q, by=1.7 - q) for q in range(3)], g("cz", 0, 2),
        *[g("rx", q, by=0.2 * q - 1) for q in range(3)],
    ),
    "swap test": c(
        3, g("ry", 1, by=0.7), g("ry", 2, by=1.9), g("h", 0), g("cswap", 0, 1, 2), g("h", 0)
    ),
    "wide": c(10, g("h", 9), *[g("cx", q + 1, q) for q in range(8, -1, -1)], g("t", 4), g("h", 0)),
}  # fmt: skip
"""By name."""
