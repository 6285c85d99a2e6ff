"""The first line of a program: which OpenQASM it is."""

from __future__ import annotations

import re
from typing import Final

from ketway.circuits.qasm.lexer import Lexer

_HEADER: Final = re.compile(r"OPENQASM\s+([0-9]+(?:\.[0-9]+)?)\s*;")
_VERSIONS: Final = {"2": 2, "2.0": 2, "3": 3, "3.0": 3, "3.1": 3}


def read_header(lexer: Lexer) -> int:
    """The version, 3 where a program does not say: it has all of 2 but the phase of `U`."""
    at = lexer.skip()
    match = _HEADER.match(lexer.text, at)
    if match is None:
        if lexer.peek().text == "OPENQASM":
            raise lexer.error(
                "The header must name a version: write `OPENQASM 3.0;` or `OPENQASM 2.0;`.", at
            )
        return 3
    version = _VERSIONS.get(match.group(1))
    if version is None:
        raise lexer.error(
            f"OpenQASM {match.group(1)[:20]} is not known: write `OPENQASM 3.0;` or "
            "`OPENQASM 2.0;`.",
            match.start(1),
        )
    lexer.seek(match.end())
    return version
