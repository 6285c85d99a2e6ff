"""What is in a file that somebody wants to run: recognised by what it says, not by its name.

It is only recognised here. Whether the circuit means anything is the server's to say, so that the
command and every SDK get the same answer.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any

from ketway.cli.exits import CommandError

CIRCUIT = "ionq.circuit.v1"
MULTI_CIRCUIT = "ionq.multi-circuit.v1"
OPENQASM = "openqasm"
QPY = "qpy"
QIR = "qir"
IONQ_QIR = "ionq.qir.v1"

_FORMATS = {
    CIRCUIT: CIRCUIT,
    MULTI_CIRCUIT: MULTI_CIRCUIT,
    "ionq.qasm3.v1": OPENQASM,
    IONQ_QIR: IONQ_QIR,
}
_BITCODE = (b"BC\xc0\xde", b"\xde\xc0\x17\x0b")
"""What LLVM bitcode begins with, alone and with a header before it."""
_COMMENTS = re.compile(r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_LLVM = re.compile(r"^(?:; ModuleID|source_filename|target |define |%\w+ = type)", re.MULTILINE)
_KNOWN = {"type", "input", "backend", "target", "shots", "noise", "name", "metadata"}

_SHAPES = (
    'A circuit looks like {"qubits": 2, "circuit": [{"gate": "h", "target": 0}]}; '
    'a whole IonQ job ({"type": ..., "input": ...}), OpenQASM text, QPY files and '
    "QIR as LLVM bitcode are read too."
)


@dataclass(frozen=True)
class Program:
    """What to submit, and what the file itself asks for beside the circuit."""

    format: str
    input: dict[str, Any] | str
    backend: str | None = None
    shots: int | None = None
    noise: dict[str, Any] | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    ignored: tuple[str, ...] = field(default=())
    """Fields of an IonQ job body that are not passed on."""


def recognise(content: bytes, called: str) -> Program:
    """What this is. `called` is the file's name, for messages."""
    if _is_qpy(content):
        return Program(QPY, b64encode(content).decode())
    if content.startswith(_BITCODE):
        return Program(QIR, b64encode(content).decode())
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(f"{called} is not text in UTF-8 (byte {error.start}).") from None
    if not text.strip():
        raise _wrong(f"{called} is empty. {_SHAPES}")
    if text.lstrip()[0] in "{[":
        return _from_json(text, called)
    start = _COMMENTS.match(text)
    rest = text[start.end() :] if start else text
    if rest.startswith("OPENQASM") or called.lower().endswith((".qasm", ".qasm2", ".qasm3")):
        return Program(OPENQASM, text)
    if _LLVM.search(rest):
        raise _wrong(
            f"{called} is LLVM IR as text, and QIR is read as bitcode: turn it into that with "
            "`llvm-as`, or with pyqir (`Module.from_ir(Context(), text).bitcode`)."
        )
    raise _wrong(
        f"{called} is neither JSON (it does not start with {{) nor OpenQASM "
        f"(it does not start with OPENQASM). {_SHAPES}"
    )


def _is_qpy(content: bytes) -> bool:
    if content.startswith(b"QISKIT"):
        return True
    if content[:1] not in (b"\x1f", b"x"):  # what gzip and zlib begin with
        return False
    # Only now: the reader brings numpy, which no other file needs here.
    from ketway.circuits.qpy import is_qpy

    return is_qpy(content)


def _from_json(text: str, called: str) -> Program:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise _wrong(
            f"{called} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.",
            {"line": error.lineno, "column": error.colno},
        ) from None
    except (ValueError, RecursionError) as error:
        raise _wrong(f"{called} is not JSON that can be read: {error}.") from None
    if not isinstance(value, dict):
        raise _wrong(f"{called} holds a JSON list; an object is needed. {_SHAPES}")
    if "input" in value:
        return _from_body(value, called)
    if "circuits" in value:
        return Program(MULTI_CIRCUIT, value)
    if "circuit" in value:
        return Program(CIRCUIT, value)
    raise _wrong(f'{called} has no "circuit", no "circuits" and no "input". {_SHAPES}')


def _from_body(body: dict[str, Any], called: str) -> Program:
    inner = body["input"]
    if not isinstance(inner, dict):
        raise _wrong(f'{called}: "input" is to be an object. {_SHAPES}')
    kind = body.get("type", MULTI_CIRCUIT if "circuits" in inner else CIRCUIT)
    format_ = _FORMATS.get(kind) if isinstance(kind, str) else None
    if format_ is None:
        known = ", ".join(_FORMATS)
        raise _wrong(f'{called}: "type" {json.dumps(kind)} is not one of {known}.')
    given: dict[str, Any] | str = inner
    if format_ in (OPENQASM, IONQ_QIR):
        data = inner.get("data")
        if not isinstance(data, str):
            wanted = "the text of an OpenQASM program" if format_ == OPENQASM else "QIR in base64"
            raise _wrong(f'{called}: "input.data" is to be {wanted}.')
        given = data
    return Program(
        format_,
        given,
        backend=_typed(body, "backend", str, called) or _typed(body, "target", str, called),
        shots=_shots(body, called),
        noise=_typed(body, "noise", dict, called),
        name=_typed(body, "name", str, called),
        metadata=_typed(body, "metadata", dict, called),
        ignored=tuple(sorted(set(body) - _KNOWN)),
    )


def _shots(body: dict[str, Any], called: str) -> int | None:
    """Cirq writes the number as a string, so that is read too."""
    value = body.get("shots")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _wrong(f'{called}: "shots" is to be a whole number.')


def _typed(body: dict[str, Any], name: str, kind: type, called: str) -> Any:
    value = body.get(name)
    if value is None or isinstance(value, kind):
        return value
    wanted = "a string" if kind is str else "an object"
    raise _wrong(f'{called}: "{name}" is to be {wanted}.')


def _wrong(message: str, where: dict[str, Any] | None = None) -> CommandError:
    return CommandError(message, code="bad-input", where=where)
