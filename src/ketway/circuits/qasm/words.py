"""Words of OpenQASM that mean something here, and those that are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RUN_TIME: Final = (
    "a gate is the same whenever it is applied. Write it around the calls of the gate"
)
_VALUE: Final = "values that change while a program runs are not supported. Write `const {0}`"
_PULSE: Final = "pulses are not supported. Delete it and use gates"
_TIME: Final = (
    "times are not computed. Delete it; `delay`, `box` and `stretch` alone are allowed, and ignored"
)

REFUSED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("if", "else", "for", "while", "switch", "case", "default"), _RUN_TIME),
    **dict.fromkeys(("break", "continue"), _RUN_TIME),
    "end": "outside of blocks a program ends where its text ends. Delete it and what follows",
    **dict.fromkeys(
        ("def", "return", "extern"),
        "subroutines are not supported. Define a `gate`, or write the statements out",
    ),
    **dict.fromkeys(("cal", "defcal", "defcalgrammar"), _PULSE),
    **dict.fromkeys(("box", "duration", "stretch", "durationof"), _TIME),
    "input": "it is declared outside of gates. Give the gate a parameter",
    "output": "every register of bits is in the result. Delete the word `output`",
    **{word: _VALUE.format(word) for word in ("int", "uint", "float", "angle", "bool")},
    "complex": "gates take real numbers. Write `const float`",
    "array": "arrays are not supported. Use registers of qubits or bits",
    "readonly": "arrays are not supported. Use registers of qubits or bits",
    "mutable": "arrays are not supported. Use registers of qubits or bits",
    "void": "it is no statement. Delete it",
}
"""Why a statement that starts with this word is refused, and what to do."""

ONLY_3: Final = frozenset(REFUSED) - {"if"} | {
    "qubit",
    "bit",
    "const",
    "let",
    "delay",
    "nop",
    "pragma",
    "ctrl",
    "negctrl",
    "inv",
    "pow",
    "gphase",
}
"""Words that OpenQASM 2 has no use for, so that its programs may use them as names."""

MODIFIERS: Final = frozenset({"ctrl", "negctrl", "inv", "pow"})

TYPES: Final = frozenset({"int", "uint", "float", "angle"})
"""Types that a constant may have."""

RESERVED_2: Final = frozenset(
    {"OPENQASM", "include", "qreg", "creg", "gate", "opaque", "measure", "reset", "barrier", "if"}
)
RESERVED_3: Final = (
    frozenset(REFUSED)
    | MODIFIERS
    | {"OPENQASM", "include", "qreg", "creg", "gate", "measure", "reset", "barrier", "qubit"}
    | {"bit", "const", "let", "delay", "gphase", "true", "false", "in"}
)
"""Names that no program may declare."""


def reserved(name: str, version: int) -> bool:
    return name in (RESERVED_2 if version == 2 else RESERVED_3)
