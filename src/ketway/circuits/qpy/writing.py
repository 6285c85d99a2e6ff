"""Circuits of standard gates written as QPY, for Qiskit to read."""

from __future__ import annotations

import struct
from typing import Final

from ketway.circuits.circuit import Circuit
from ketway.circuits.gates import Kind
from ketway.circuits.qpy.container import MAGIC
from ketway.circuits.qpy.library import STANDARD

VERSION: Final = 10
"""The oldest that has all that is written here: every Qiskit since 0.45 reads it."""
_QISKIT: Final = (0, 45, 0)
"""The Qiskit that first wrote this version."""

_FILE: Final = struct.Struct("!6sBBBBQcc")
_CIRCUIT: Final = struct.Struct("!HcHIIQIQ")
_PHASE: Final = struct.Struct("!d")
_REGISTER: Final = struct.Struct("!c?IH?")
_INSTRUCTION: Final = struct.Struct("!HHHIIBHqII")
_OPERAND: Final = struct.Struct("!cI")
_PARAM: Final = struct.Struct("!cQ")
_ANGLE: Final = struct.Struct("<d")
_LAYOUT: Final = struct.Struct("!?iiiIi")

_NAMES: Final[dict[tuple[Kind, int], str]] = {}
"""Where two classes are one gate, the one that stands first in the table is written."""
for _name, _row in STANDARD.items():
    if _row.controls >= 0:
        _NAMES.setdefault((_row.kind, _row.controls), _name)

_NOTES: Final = b"{}"
_REGISTER_NAME: Final = b"q"


def write_qpy(circuit: Circuit) -> bytes:
    """A circuit without classical bits, on one register of qubits. Its gates must be among the
    standard ones of Qiskit."""
    structure = circuit.structure
    assert not structure.bits, "only gates are written"
    written, phase = [], 0.0
    starts = structure.param_starts
    for gate, code in enumerate(structure.kinds.tolist()):
        kind, controls = Kind(code), int(structure.controls[gate])
        params = circuit.params[starts[gate] : starts[gate + 1]].tolist()
        if kind is Kind.GLOBAL_PHASE and not controls:
            phase += params[0]
            continue
        written.append(_instruction(kind, controls, structure.operands_of(gate), params))
    qubits = structure.qubits
    parts = [
        _FILE.pack(MAGIC, VERSION, *_QISKIT, 1, b"p", b"q"),
        _CIRCUIT.pack(0, b"f", _PHASE.size, qubits, 0, len(_NOTES), 1, len(written)),
        _PHASE.pack(phase),
        _NOTES,
        _REGISTER.pack(b"q", True, qubits, len(_REGISTER_NAME), True),
        _REGISTER_NAME,
        struct.pack(f"!{qubits}q", *range(qubits)),
        struct.pack("!Q", 0),  # definitions
        *written,
        struct.pack("!H", 0),  # calibrations
        _LAYOUT.pack(False, -1, -1, -1, 0, 0),
    ]
    return b"".join(parts)


def _instruction(kind: Kind, controls: int, qubits: list[int], params: list[float]) -> bytes:
    name = _NAMES[kind, controls].encode()
    closed = (1 << controls) - 1
    head: bytes = _INSTRUCTION.pack(
        len(name), 0, len(params), len(qubits), 0, 0, 0, 0, controls, closed
    )
    operands = b"".join(_OPERAND.pack(b"q", qubit) for qubit in qubits)
    angles = b"".join(_PARAM.pack(b"f", _ANGLE.size) + _ANGLE.pack(angle) for angle in params)
    return head + name + operands + angles
