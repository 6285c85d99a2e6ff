"""Circuits as QPY writes them: header, registers, variables, definitions, instructions, layout."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from ketway.circuits.formulas import Formula
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.errors import QpyError, shown
from ketway.circuits.qpy.parsed import (
    BitRow,
    Circuit,
    Definition,
    Expr,
    Instruction,
    Reading,
    Value,
)
from ketway.circuits.qpy.values import read_bits, read_param, read_value, read_variables

_HEADER: Final = struct.Struct("!HcHIIQIQ")
_HEADER_12: Final = struct.Struct("!HcHIIQIQI")
_REGISTER: Final = struct.Struct("!c?IH?")
_REGISTER_18: Final = struct.Struct("!c?IH?B")
_INSTRUCTION: Final = struct.Struct("!HHHIIBHqII")
_ARGUMENT: Final = struct.Struct("!cI")
_PARAM: Final = struct.Struct("!cQ")
_RANGE: Final = struct.Struct("!qqq")
_LONG: Final = struct.Struct("!Q")
_INT: Final = struct.Struct("!I")
_SHORT: Final = struct.Struct("!H")
_DEFINITION: Final = struct.Struct("!HcII?QIIQ")
_STATE: Final = struct.Struct("!IQ")
_VECTOR: Final = struct.Struct("!HQ16s")
_LAYOUT: Final = struct.Struct("!?iiiIi")
_LAYOUT_BIT: Final = struct.Struct("!ii")

_ANNOTATED: Final = 0b1000_0000
_NOT_THERE: Final = 0xFFFFFFFF


def read_circuit(cursor: Cursor, reading: Reading, depth: int = 0, last: bool = True) -> Circuit:
    """One circuit. `last`: nothing follows it, so what ends it need not be read."""
    reading.check_depth(depth, cursor.where)
    newer = reading.version >= 12
    head = cursor.unpack(_HEADER_12) if newer else (*cursor.unpack(_HEADER), 0)
    name_size, phase_kind, phase_size, qubits, bits, metadata, registers, instructions, own = head
    circuit = Circuit(cursor.text(name_size), qubits, bits)
    if depth == 0:
        cursor.where = f"circuit {shown(circuit.name)}"
    limits = reading.limits
    for count, most, what in (
        (qubits, limits.qubits, "qubits"),
        (bits, limits.bits, "classical bits"),
        (registers, limits.registers, "registers"),
        (own, limits.variables, "variables"),
    ):
        if count > most:
            raise cursor.error(f"it has {count:,} {what}, and at most {most:,} are read.")
    phase = cursor.take(phase_size)
    cursor.take(metadata)
    _read_registers(cursor, reading, circuit, registers)
    circuit.variables = read_variables(cursor, own)
    if reading.version >= 15:
        for _ in range(cursor.unpack(_INT)[0]):
            space, state = cursor.unpack(_STATE)
            cursor.take(space)
            cursor.take(state)
    if reading.version >= 18:
        for _ in range(cursor.unpack(_SHORT)[0]):
            size, _, root = cursor.unpack(_VECTOR)
            circuit.vectors.append((cursor.text(size), int.from_bytes(root, "big")))
    # Only now: from version 18 on, the phase may name a vector of the table.
    found = read_value(phase_kind, phase, reading, circuit, cursor.where, depth)
    if not isinstance(found, Formula):
        raise cursor.error("its global phase is no real number.")
    circuit.phase = found
    circuit.definitions = _read_definitions(cursor)
    cursor.count(instructions, _INSTRUCTION.size, "instructions")
    reading.afford_written(instructions, cursor.where)
    written = circuit.instructions
    try:
        for _ in range(instructions):
            written.append(read_instruction(cursor, reading, circuit, depth))
    except QpyError as error:
        raise error.inside(cursor.where, f"instruction {len(written)}") from None
    if not last:
        _skip_end(cursor, reading)
    return circuit


def _read_registers(cursor: Cursor, reading: Reading, circuit: Circuit, count: int) -> None:
    newer = reading.version >= 18
    for _ in range(count):
        head = cursor.unpack(_REGISTER_18 if newer else _REGISTER)
        kind, _alone, size, name_size, inside = head[:5]
        name = cursor.text(name_size)
        if newer and head[5] == 1:
            (start,) = cursor.unpack(_INT)
            if size > circuit.qubits + circuit.bits:
                raise cursor.error(f"register {shown(name)} is larger than the circuit.")
            reading.afford(size, cursor.where)
            places: Sequence[int] = range(start, start + size)
        else:
            width = 4 if newer else 8
            cursor.count(size, width, "bits of a register")
            data = cursor.take(size * width)
            places = struct.unpack(f"!{size}{'I' if newer else 'q'}", data)
        reading.afford(size // 16, cursor.where)
        if kind != b"c":
            circuit.qubit_registers.append(places)
            continue
        if any(not 0 <= p < circuit.bits for p in places):
            if inside or any(p not in (-1, _NOT_THERE) and p >= circuit.bits for p in places):
                raise cursor.error(f"register {shown(name)} has bits that the circuit does not.")
            continue
        row = BitRow(tuple(places))
        circuit.all_registers[name] = row
        if inside:
            circuit.registers.append((name, row))


def _read_definitions(cursor: Cursor) -> dict[str, Definition]:
    (count,) = cursor.unpack(_LONG)
    definitions: dict[str, Definition] = {}
    for _ in range(cursor.count(count, _DEFINITION.size, "definitions")):
        size, sort, qubits, bits, defined, body, controls, state, base = cursor.unpack(_DEFINITION)
        name = cursor.text(size)
        data = cursor.take(body) if defined else None
        definitions[name] = Definition(
            name, sort.decode("latin-1"), qubits, bits, data, controls, state, cursor.take(base)
        )
    return definitions


def read_instruction(
    cursor: Cursor, reading: Reading, circuit: Circuit, depth: int, alone: bool = False
) -> Instruction:
    """`alone`: the base of a controlled gate, which has no operands of its own."""
    head = cursor.unpack(_INSTRUCTION)
    name_size, label, params, qubits, bits, extras, register, compared, controls, state = head
    name = cursor.text(name_size)
    cursor.take(label)
    named = cursor.take(register)
    condition: tuple[BitRow, int] | Expr | None = None
    if extras & 0b11 == 1:
        row = read_bits(cursor.within(named), reading, circuit)
        condition = (row, compared)
    elif extras & 0b11 == 2:
        kind, size = cursor.unpack(_PARAM)
        found = read_value(kind, cursor.take(size), reading, circuit, cursor.where, depth)
        if not isinstance(found, Expr):
            raise cursor.error("its condition is no expression.")
        condition = found
    on_qubits, on_bits = (
        ((), ())
        if alone
        else (
            _read_operands(cursor, b"q", qubits, circuit.qubits),
            _read_operands(cursor, b"c", bits, circuit.bits),
        )
    )
    values = tuple(_read_param(cursor, reading, circuit, depth) for _ in range(params))
    if extras & _ANNOTATED:
        for _ in range(cursor.unpack(_INT)[0]):
            _, size = cursor.unpack(_STATE)
            cursor.take(size)
    return Instruction(name, on_qubits, on_bits, values, condition, controls, state)


def _read_operands(cursor: Cursor, kind: bytes, count: int, most: int) -> tuple[int, ...]:
    cursor.count(count, _ARGUMENT.size, "operands")
    data = cursor.take(count * _ARGUMENT.size)
    found = tuple(place for sort, place in _ARGUMENT.iter_unpack(data) if sort == kind)
    if len(found) != count or any(place >= most for place in found):
        raise cursor.error("it acts on a qubit or bit that its circuit does not have.")
    return found


def _read_param(cursor: Cursor, reading: Reading, circuit: Circuit, depth: int) -> Value:
    kind, size = cursor.unpack(_PARAM)
    data = cursor.take(size)
    if kind == b"q":
        return read_circuit(cursor.within(data), reading, depth + 1)
    if kind == b"r":
        start, stop, step = cursor.within(data).unpack(_RANGE)
        if step == 0:
            raise cursor.error("it goes over a range whose step is 0.")
        return range(start, stop, step)
    if kind == b"t":
        reading.check_depth(depth, cursor.where)
        inside = cursor.within(data)
        (count,) = inside.unpack(_LONG)
        inside.count(count, _PARAM.size, "values")
        reading.afford(count, cursor.where)
        return tuple(_read_param(inside, reading, circuit, depth + 1) for _ in range(count))
    return read_param(kind, data, reading, circuit, cursor.where, depth)


def _skip_end(cursor: Cursor, reading: Reading) -> None:
    """What follows the instructions: calibrations, and where a transpiler put the qubits."""
    if reading.version < 18 and cursor.unpack(_SHORT)[0]:
        raise cursor.error("it has pulse calibrations, which are not supported: remove them.")
    exists, initial, mapping, final, extra, _ = cursor.unpack(_LAYOUT)
    if not exists:
        return
    scratch = Circuit("", reading.limits.qubits, reading.limits.bits)
    _read_registers(cursor, reading, scratch, cursor.count(extra, 9, "registers"))
    for _ in range(max(0, initial)):
        _, size = cursor.unpack(_LAYOUT_BIT)
        cursor.take(max(0, size))
    cursor.take(4 * (max(0, mapping) + max(0, final)))
