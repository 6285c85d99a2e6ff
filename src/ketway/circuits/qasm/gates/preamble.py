"""Definitions of the gates that OpenQASM's library lacks, as the writer writes them.

The reader knows them again: a definition that is one of these, word for word, is a row of the gate
table and not the gates in its body. So native gates survive being written and read, and every
other tool still finds a definition that says exactly what the gate does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from ketway.circuits.gates import Kind
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


def words(text: str) -> tuple[str, ...]:
    """The words of a definition, without blanks and comments."""
    lexer, found = Lexer(text), list[str]()
    while lexer.peek().sort != "end":
        found.append(lexer.take().text)
    return tuple(found)


@cache
def _known() -> dict[tuple[str, ...], Kind]:
    return {words(text): kind for kind, text in DEFINITIONS.items()}


def kind_of(name: str, text: str) -> Kind | None:
    """The row of the gate table that a definition is, if its text is one of these."""
    return _known().get(words(text)) if name in NAMES.values() else None
