"""Qiskit's standard gates by the names of their classes, in rows of the gate table.

Most are one row, perhaps with controls. The others are steps of such gates, on the gate's own
qubits, with angles that are sums of its parameters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from ketway.circuits.gates import Kind

Angle: TypeAlias = tuple[float, Mapping[int, float]]
"""A constant, and a factor for some of the gate's parameters."""

_HALF: Final = math.pi / 2


@dataclass(frozen=True, slots=True)
class Standard:
    """One row of the gate table; the first `controls` qubits are controls (-1: as many as said)."""

    kind: Kind
    controls: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    kind: Kind
    qubits: tuple[int, ...]
    """The last are the targets, those before are controls."""
    angles: tuple[Angle, ...] = ()


@dataclass(frozen=True, slots=True)
class Steps:
    """A gate that others make."""

    qubits: int
    params: int
    steps: tuple[Step, ...]
    controls: int = 0
    """So many of its qubits are controls whose state can be chosen."""


STANDARD: Final[Mapping[str, Standard]] = {
    "XGate": Standard(Kind.X), "YGate": Standard(Kind.Y), "ZGate": Standard(Kind.Z),
    "HGate": Standard(Kind.H), "SGate": Standard(Kind.S), "SdgGate": Standard(Kind.SDG),
    "TGate": Standard(Kind.T), "TdgGate": Standard(Kind.TDG), "SXGate": Standard(Kind.SX),
    "SXdgGate": Standard(Kind.SXDG), "RXGate": Standard(Kind.RX), "RYGate": Standard(Kind.RY),
    "RZGate": Standard(Kind.RZ), "PhaseGate": Standard(Kind.PHASE), "U1Gate": Standard(Kind.PHASE),
    "UGate": Standard(Kind.U), "U3Gate": Standard(Kind.U), "SwapGate": Standard(Kind.SWAP),
    "RXXGate": Standard(Kind.RXX), "RYYGate": Standard(Kind.RYY), "RZZGate": Standard(Kind.RZZ),
    "ECRGate": Standard(Kind.ECR), "IGate": Standard(Kind.NOP),
    "GlobalPhaseGate": Standard(Kind.GLOBAL_PHASE),
    "CXGate": Standard(Kind.X, 1), "CYGate": Standard(Kind.Y, 1), "CZGate": Standard(Kind.Z, 1),
    "CHGate": Standard(Kind.H, 1), "CSGate": Standard(Kind.S, 1), "CSdgGate": Standard(Kind.SDG, 1),
    "CSXGate": Standard(Kind.SX, 1), "CPhaseGate": Standard(Kind.PHASE, 1),
    "CU1Gate": Standard(Kind.PHASE, 1), "CU3Gate": Standard(Kind.U, 1),
    "CRXGate": Standard(Kind.RX, 1), "CRYGate": Standard(Kind.RY, 1),
    "CRZGate": Standard(Kind.RZ, 1), "CSwapGate": Standard(Kind.SWAP, 1),
    "CCXGate": Standard(Kind.X, 2), "CCZGate": Standard(Kind.Z, 2), "C3XGate": Standard(Kind.X, 3),
    "C4XGate": Standard(Kind.X, 4), "C3SXGate": Standard(Kind.SX, 3),
    "MCXGate": Standard(Kind.X, -1), "MCXGrayCode": Standard(Kind.X, -1),
    "MCPhaseGate": Standard(Kind.PHASE, -1), "MCU1Gate": Standard(Kind.PHASE, -1),
}  # fmt: skip

_H, _T, _TDG, _X = Kind.H, Kind.T, Kind.TDG, Kind.X


def _angle(constant: float = 0.0, **factors: float) -> Angle:
    """`p0=1` is the first parameter itself."""
    return constant, {int(name[1:]): factor for name, factor in factors.items()}


_RELATIVE_3: Final = (
    *(Step(_H, (3,)), Step(_T, (3,)), Step(_X, (2, 3)), Step(_TDG, (3,)), Step(_H, (3,))),
    *(Step(_X, (0, 3)), Step(_T, (3,)), Step(_X, (1, 3)), Step(_TDG, (3,))),
    *(Step(_X, (0, 3)), Step(_T, (3,)), Step(_X, (1, 3)), Step(_TDG, (3,))),
    *(Step(_H, (3,)), Step(_T, (3,)), Step(_X, (2, 3)), Step(_TDG, (3,)), Step(_H, (3,))),
)

COMPOSED: Final[Mapping[str, Steps]] = {
    "U2Gate": Steps(1, 2, (Step(Kind.U, (0,), (_angle(_HALF), _angle(p0=1), _angle(p1=1))),)),
    "RGate": Steps(
        1, 2, (Step(Kind.U, (0,), (_angle(p0=1), _angle(-_HALF, p1=1), _angle(_HALF, p1=-1))),)
    ),
    "CUGate": Steps(
        2,
        4,
        (
            Step(Kind.PHASE, (0,), (_angle(p3=1),)),
            Step(Kind.U, (0, 1), (_angle(p0=1), _angle(p1=1), _angle(p2=1))),
        ),
        controls=1,
    ),
    "iSwapGate": Steps(
        2,
        0,
        (
            Step(Kind.RXX, (0, 1), (_angle(-_HALF),)),
            Step(Kind.RYY, (0, 1), (_angle(-_HALF),)),
        ),
    ),
    "DCXGate": Steps(2, 0, (Step(_X, (0, 1)), Step(_X, (1, 0)))),
    "RZXGate": Steps(
        2, 1, (Step(_H, (1,)), Step(Kind.RZZ, (0, 1), (_angle(p0=1),)), Step(_H, (1,)))
    ),
    "RCCXGate": Steps(
        3,
        0,
        (
            *(Step(_H, (2,)), Step(_T, (2,)), Step(_X, (1, 2)), Step(_TDG, (2,))),
            *(Step(_X, (0, 2)), Step(_T, (2,)), Step(_X, (1, 2)), Step(_TDG, (2,))),
            Step(_H, (2,)),
        ),
    ),
    "RC3XGate": Steps(4, 0, _RELATIVE_3),
    "XXPlusYYGate": Steps(
        2,
        2,
        (
            Step(Kind.RZ, (0,), (_angle(p1=1),)),
            Step(Kind.RXX, (0, 1), (_angle(p0=0.5),)),
            Step(Kind.RYY, (0, 1), (_angle(p0=0.5),)),
            Step(Kind.RZ, (0,), (_angle(p1=-1),)),
        ),
    ),
    "XXMinusYYGate": Steps(
        2,
        2,
        (
            Step(Kind.RZ, (1,), (_angle(p1=-1),)),
            Step(Kind.RXX, (0, 1), (_angle(p0=0.5),)),
            Step(Kind.RYY, (0, 1), (_angle(p0=-0.5),)),
            Step(Kind.RZ, (1,), (_angle(p1=1),)),
        ),
    ),
}
"""CU's phase stands first: where a control is open, X stands around all of it."""

NOTHING: Final = frozenset({"Barrier", "Delay"})
"""What no ideal circuit notices."""
