"""QIR's quantum instructions, in rows of the gate table.

Their names are `__quantum__qis__<name>__<body or adj>`. Which names there are is for every producer
to say: those here are written by pyqir, the Q# compiler, CUDA-Q, pytket and Qiskit's converters.
Angles stand before qubits, controls before targets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ketway.circuits.gates import Kind

PREFIX: Final = "__quantum__qis__"
RUNTIME: Final = "__quantum__rt__"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the gate table; the first `controls` qubits are controls."""

    kind: Kind
    controls: int = 0
    angles: tuple[float, ...] = ()
    """Given with the name: then the call has none."""


_QUARTER: Final = math.pi / 2

ROWS: Final[Mapping[str, Row]] = {
    "i": Row(Kind.NOP), "id": Row(Kind.NOP),
    "x": Row(Kind.X), "y": Row(Kind.Y), "z": Row(Kind.Z), "h": Row(Kind.H),
    "s": Row(Kind.S), "sdg": Row(Kind.SDG), "t": Row(Kind.T), "tdg": Row(Kind.TDG),
    "sx": Row(Kind.SX), "v": Row(Kind.SX), "vi": Row(Kind.SXDG),
    "rx": Row(Kind.RX), "ry": Row(Kind.RY), "rz": Row(Kind.RZ),
    "r1": Row(Kind.PHASE), "u1": Row(Kind.PHASE), "p": Row(Kind.PHASE),
    "u3": Row(Kind.U), "u": Row(Kind.U),
    "cnot": Row(Kind.X, 1), "cx": Row(Kind.X, 1), "cy": Row(Kind.Y, 1), "cz": Row(Kind.Z, 1),
    "ch": Row(Kind.H, 1), "cs": Row(Kind.S, 1), "ct": Row(Kind.T, 1),
    "crx": Row(Kind.RX, 1), "cry": Row(Kind.RY, 1), "crz": Row(Kind.RZ, 1),
    "cr1": Row(Kind.PHASE, 1), "cphase": Row(Kind.PHASE, 1),
    "ccx": Row(Kind.X, 2), "ccnot": Row(Kind.X, 2), "ccz": Row(Kind.Z, 2),
    "toffoli": Row(Kind.X, 2),
    "swap": Row(Kind.SWAP), "cswap": Row(Kind.SWAP, 1),
    "rxx": Row(Kind.RXX), "ryy": Row(Kind.RYY), "rzz": Row(Kind.RZZ),
    "zzphase": Row(Kind.RZZ), "zzmax": Row(Kind.RZZ, angles=(_QUARTER,)),
}  # fmt: skip

PHASED: Final = frozenset({"phased_rx", "phasedx", "prx"})
"""RX(p0) turned by p1 about Z: RZ(-p1) first, then RX(p0), then RZ(p1). CUDA-Q writes the first
name, pytket the second."""

MEASURE: Final = frozenset({"mz", "m", "measure"})
MEASURE_RESET: Final = frozenset({"mresetz", "mzreset"})
NOTHING: Final = frozenset({"barrier", "order"})
