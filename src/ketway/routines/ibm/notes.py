"""The notes that a user keeps on a circuit, `circuit.metadata`: a client gets them back with its
counts, and experiments are analysed by them."""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

from ketway.circuits.qpy import QpyError
from ketway.circuits.qpy.container import open_file
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.limits import DEFAULT_LIMITS
from ketway.routines.ibm.typed import Reading, type_of

_HEADER: Final = struct.Struct("!HcHIIQIQ")
"""Of a circuit in QPY: the sizes of its name, its global phase and its notes among others; from
version 12 on, a count follows."""


def notes_of(circuit: Any, where: str) -> dict[str, Any]:
    """The notes of a circuit in QPY, which was read before; none of what cannot have any."""
    text = circuit.get("__value__") if type_of(circuit) == "QuantumCircuit" else circuit
    if not isinstance(text, str) or ";" in text:
        return {}
    try:
        file, cursor, offsets = open_file(Reading().binary(text, where), DEFAULT_LIMITS)
        here = Cursor(cursor.data[offsets[0] :]) if offsets else cursor
        name, _, phase, _, _, size, _, _ = here.unpack(_HEADER)
        here.take((4 if file.version >= 12 else 0) + name + phase)
        found = msgspec.json.decode(here.take(size))
    except (QpyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}  # numbers that JSON does not have, such as NaN
    return found if isinstance(found, dict) else {}
