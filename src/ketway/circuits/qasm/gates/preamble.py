"""Definitions of the gates that OpenQASM's library lacks, as the writer and Qiskit write them.

The reader knows them again: a definition that is one of these, word for word, is a row of the gate
table and not the gates in its body. So native gates survive being written and read, and every
other tool still finds a definition that says exactly what the gate does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from ketway.circuits.gates import Kind
from ketway.circuits.qasm.gates.gate import Primitive
from ketway.circuits.qasm.lexer import Lexer

_MIDDLE: Final = "cx a, b; rz({0}) b; cx a, b;"

DEFINITIONS: Final[Mapping[Kind, str]] = {
    Kind.U: "gate u(theta, phi, lambda) q { p(lambda) q; ry(theta) q; p(phi) q; }",
    Kind.RXX: "gate rxx(theta) a, b { h a; h b; " + _MIDDLE.format("theta") + " h a; h b; }",
    Kind.RYY: "gate ryy(theta) a, b { rx(pi/2) a; rx(pi/2) b; "
    + _MIDDLE.format("theta")
    + " rx(-pi/2) a; rx(-pi/2) b; }",
    Kind.RZZ: "gate rzz(theta) a, b { " + _MIDDLE.format("theta") + " }",
    Kind.GPI: "gate gpi(turns) q { p(-2*pi*turns) q; x q; p(2*pi*turns) q; }",
    Kind.GPI2: "gate gpi2(turns) q { p(-2*pi*turns) q; rx(pi/2) q; p(2*pi*turns) q; }",
    Kind.MS: "gate ms(turns_a, turns_b, turns) a, b { "
    "p(-2*pi*turns_a) a; p(-2*pi*turns_b) b; h a; h b; "
    + _MIDDLE.format("2*pi*turns")
    + " h a; h b; p(2*pi*turns_a) a; p(2*pi*turns_b) b; }",
    Kind.ZZ: "gate zz(turns) a, b { " + _MIDDLE.format("2*pi*turns") + " }",
    Kind.ECR: "gate ecr a, b { gphase(-pi/4); s a; sx b; cx a, b; x a; }",
}


def _name(text: str) -> str:
    return text.removeprefix("gate ").split("(")[0].split()[0]


NAMES: Final[Mapping[Kind, str]] = {kind: _name(text) for kind, text in DEFINITIONS.items()}


_ON: Final = {"a": "_gate_q_0", "b": "_gate_q_1", "c": "_gate_q_2"}

_QISKIT: Final[Mapping[str, tuple[Kind, int]]] = {
    "gate cx c, t { ctrl @ U(pi, 0, pi) c, t; }": (Kind.X, 1),
    "gate sxdg a { s a; h a; s a; }": (Kind.SXDG, 0),
    "gate rzz(p0) a, b { cx a, b; rz(p0) b; cx a, b; }": (Kind.RZZ, 0),
    "gate rxx(p0) a, b { h a; h b; cx a, b; rz(p0) b; cx a, b; h b; h a; }": (Kind.RXX, 0),
    "gate ryy(p0) a, b { sxdg a; sxdg b; cx a, b; rz(p0) b; cx a, b; sx a; sx b; }": (Kind.RYY, 0),
    "gate cs a, b { t a; cx a, b; tdg b; cx a, b; t b; }": (Kind.S, 1),
    "gate csdg a, b { tdg a; cx a, b; t b; cx a, b; tdg b; }": (Kind.SDG, 1),
    "gate csx a, b { h b; cs a, b; h b; }": (Kind.SX, 1),
    "gate ccz a, b, c { h c; ccx a, b, c; h c; }": (Kind.Z, 2),
    "gate cu1(p0) a, b { p(0.5*p0) a; cx a, b; p((-0.5)*p0) b; cx a, b; p(0.5*p0) b; }": (
        Kind.PHASE,
        1,
    ),
}
"""What Qiskit 2 writes for gates of its own, up to phases of a whole gate, which it leaves out.
(The first of them it means without the phase that OpenQASM's `U` has.)"""


def words(text: str) -> tuple[str, ...]:
    """The words of a definition, without blanks and comments."""
    lexer, found = Lexer(text), list[str]()
    while lexer.peek().sort != "end":
        found.append(lexer.take().text)
    return tuple(found)


@cache
def _known() -> dict[tuple[str, ...], Primitive]:
    known = {words(text): Primitive(kind) for kind, text in DEFINITIONS.items()}
    for text, (kind, controls) in _QISKIT.items():
        own = words(text)
        if own[1] != "cx":
            own = tuple(_ON.get(word, word) for word in own)
        known[own] = Primitive(kind, controls)
    return known


@cache
def _names() -> frozenset[str]:
    return frozenset(own[1] for own in _known())


def known_again(name: str, text: str, changed: set[str]) -> Primitive | None:
    """The row of the gate table that a definition is, if its text is one of these, and the gates
    in it mean what they usually do: `changed` do not."""
    if name not in _names():
        return None
    own = words(text)
    return None if changed.intersection(own) else _known().get(own)
