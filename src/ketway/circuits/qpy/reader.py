"""From the bytes of a QPY file to templates."""

from __future__ import annotations

from ketway.circuits.qpy.container import open_file
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import DEFAULT_LIMITS, Limits
from ketway.circuits.qpy.lowering import Lowering
from ketway.circuits.qpy.parsed import Reading
from ketway.circuits.qpy.parsing import read_circuit
from ketway.circuits.template import Template


def read_qpy(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Template]:
    """All circuits of a file, in its order. Raises `QpyError`, whatever the bytes are."""
    file, cursor, offsets = open_file(data, limits)
    reading = Reading(file.version, file.symengine, limits)
    templates = []
    for index in range(file.programs):
        here = cursor
        if offsets:
            end = offsets[index + 1] if index + 1 < len(offsets) else len(cursor.data)
            if end > len(cursor.data):
                raise QpyError("The file ends before the last circuit that its table names.")
            here = Cursor(cursor.data[offsets[index] : end])
        here.where = f"circuit {index}"
        reading.instructions = 0
        last = bool(offsets) or index == file.programs - 1
        circuit = read_circuit(here, reading, last=last)
        templates.append(Lowering(reading, circuit).template())
    return templates
