"""QIR from a few lines, as bitcode by LLVM itself."""

from __future__ import annotations

import re

import pyqir

_CALL = re.compile(r"call (?P<returns>\S+) @(?P<name>[\w.]+)\((?P<given>.*)\)")
_TYPES = "%Qubit = type opaque\n%Result = type opaque\n"


def q(number: int) -> str:
    return f"%Qubit* inttoptr (i64 {number} to %Qubit*)"


def r(number: int) -> str:
    return f"%Result* inttoptr (i64 {number} to %Result*)"


def qis(name: str, *given: str) -> str:
    return f"call void @__quantum__qis__{name}({', '.join(given)})"


def rt(name: str, *given: str) -> str:
    return f"call void @__quantum__rt__{name}({', '.join(given)})"


def _flat(given: str) -> str:
    """Without what stands in brackets."""
    while (inner := re.sub(r"\([^()]*\)", "", given)) != given:
        given = inner
    return given


def program(*lines: str, attributes: str = '"entry_point"', head: str = "") -> str:
    """A function of these lines, and what it needs declared."""
    declared = {}
    for call in filter(None, map(_CALL.search, lines)):
        types = [given.split()[0] for given in _flat(call["given"]).split(", ") if given]
        declared[call["name"]] = f"declare {call['returns']} @{call['name']}({', '.join(types)})"
    body = "\n".join(f"  {line}" for line in lines)
    return (
        f"{_TYPES}{head}\n" + "\n".join(declared.values()) + f"\ndefine void @main() #0 {{\nentry:"
        f"\n{body}\n  ret void\n}}\nattributes #0 = {{ {attributes} }}\n"
    )


def assembled(text: str) -> bytes:
    return pyqir.Module.from_ir(pyqir.Context(), text).bitcode


def bitcode(*lines: str, attributes: str = '"entry_point"', head: str = "") -> bytes:
    return assembled(program(*lines, attributes=attributes, head=head))
