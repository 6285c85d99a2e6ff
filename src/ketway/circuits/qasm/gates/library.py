"""The gates that `stdgates.inc` and `qelib1.inc` bring, and those that need no `include`.

Most are rows of the gate table, perhaps with controls. The few that are not are written in
OpenQASM below, with gates of Qiskit that neither file has: a program for a machine calls the
machine's gates without defining them. Either file brings every gate; they differ in phases alone:

* OpenQASM 3's `U(theta, phi, lambda)` is the gate table's times exp(i theta/2), and `u2` and `u3`
  of its library are symmetrical: times exp(-i (phi+lambda)/2). With a control, one sees that.
* OpenQASM 2 has no modifiers, and its gates are those of Qiskit, which everybody means by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from ketway.circuits.gates import QASM, Kind
from ketway.circuits.qasm.expressions import Scope
from ketway.circuits.qasm.gates.calls import Known
from ketway.circuits.qasm.gates.definitions import read_definition
from ketway.circuits.qasm.gates.gate import Definition, Gate, Opaque, Primitive
from ketway.circuits.qasm.lexer import Lexer
from ketway.circuits.qasm.limits import Limits

INCLUDES: Final = ("stdgates.inc", "qelib1.inc")

_CONTROLLED: Final[Mapping[str, tuple[Kind, int]]] = {
    "cx": (Kind.X, 1), "cy": (Kind.Y, 1), "cz": (Kind.Z, 1), "ch": (Kind.H, 1),
    "CX": (Kind.X, 1), "csx": (Kind.SX, 1), "csxdg": (Kind.SXDG, 1), "cs": (Kind.S, 1),
    "csdg": (Kind.SDG, 1),
    "cp": (Kind.PHASE, 1), "cphase": (Kind.PHASE, 1), "cu1": (Kind.PHASE, 1),
    "crx": (Kind.RX, 1), "cry": (Kind.RY, 1), "crz": (Kind.RZ, 1), "cu3": (Kind.U, 1),
    "cswap": (Kind.SWAP, 1), "ccx": (Kind.X, 2), "ccz": (Kind.Z, 2),
    "c3x": (Kind.X, 3), "c4x": (Kind.X, 4), "c3sqrtx": (Kind.SX, 3),
}  # fmt: skip

_WRITTEN: Final = """
gate u0(gamma) q { id q; }
gate cu(theta, phi, lambda, gamma) a, b { p(gamma) a; ctrl @ u(theta, phi, lambda) a, b; }
gate rccx a, b, c {
  h c; t c; cx b, c; tdg c; cx a, c; t c; cx b, c; tdg c; h c;
}
gate rc3x a, b, c, d {
  h d; t d; cx c, d; tdg d; h d;
  cx a, d; t d; cx b, d; tdg d; cx a, d; t d; cx b, d; tdg d;
  h d; t d; cx c, d; tdg d; h d;
}
gate c3sx a, b, c, d { c3sqrtx a, b, c, d; }
gate rcccx a, b, c, d { rc3x a, b, c, d; }
gate rzx(theta) a, b { h b; rzz(theta) a, b; h b; }
gate ecr a, b { rzx(pi/4) a, b; x a; rzx(-pi/4) a, b; }
gate dcx a, b { cx a, b; cx b, a; }
gate iswap a, b { s a; s b; h a; cx a, b; cx b, a; h b; }
gate xx_plus_yy(theta, beta) a, b {
  rz(beta) a; rxx(theta/2) a, b; ryy(theta/2) a, b; rz(-beta) a;
}
gate xx_minus_yy(theta, beta) a, b {
  rz(-beta) b; rxx(theta/2) a, b; ryy(-theta/2) a, b; rz(beta) b;
}
"""
_WRITTEN_2: Final = """
gate u2(phi, lambda) q { u(pi/2, phi, lambda) q; }
"""
_WRITTEN_3: Final = """
gate U(theta, phi, lambda) q { gphase(theta/2); u(theta, phi, lambda) q; }
gate u2(phi, lambda) q { gphase(-(phi+lambda)/2); u(pi/2, phi, lambda) q; }
gate u3(theta, phi, lambda) q { gphase(-(phi+lambda)/2); u(theta, phi, lambda) q; }
"""


_UNSEEN: Final = Definition(
    "gphase", params=1, qubits=1, body=(), gates=0, work=1, depth=1, roots=0
)
"""PennyLane writes it into programs of OpenQASM 2, on some qubit: without controls, a phase of
everything is seen by nobody."""


@cache
def _all(symmetrical: bool) -> dict[str, Gate]:
    """Every gate; `symmetrical` has the phases of OpenQASM 3."""
    gates: dict[str, Gate] = {
        name: Primitive(row.kind)
        for name, row in QASM.items()
        if row.kind not in (Kind.MEASURE, Kind.RESET)
    }
    gates |= {name: Primitive(*row) for name, row in _CONTROLLED.items()}
    text = _WRITTEN + (_WRITTEN_3 if symmetrical else _WRITTEN_2)
    lexer, scope = Lexer(text), Scope(3, Limits())
    known: dict[str, Gate | Opaque] = dict(gates)
    while lexer.peek().sort != "end":
        lexer.take()
        # `U` is a reserved name everywhere but here, where it is defined.
        name, definition = read_definition(lexer, scope, Known(known, {}, ""))
        known[name.text] = gates[name.text] = definition
    return gates


def builtin(version: int) -> dict[str, Gate | Opaque]:
    """Gates that need no `include`."""
    names = ("U", "CX") if version == 2 else ("U", "gphase")
    gates = _all(version != 2)
    return {name: gates[name] for name in names}


def library(include: str, version: int) -> dict[str, Gate]:
    """What an `include` brings. `qelib1.inc` means the same in every version."""
    gates = _all(version != 2 and include == "stdgates.inc")
    found = {name: gate for name, gate in gates.items() if name not in ("U", "gphase")}
    return found if version != 2 else found | {"gphase": _UNSEEN}
