"""Numbers, names, parameters and expressions, as QPY writes them: a letter for the type, a size."""

from __future__ import annotations

import struct
from typing import Final

from ketway.circuits.formulas import Formula, FormulaError, number, symbol
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.parsed import (
    DEFAULT,
    Array,
    BitRow,
    Circuit,
    Expr,
    Modifier,
    Reading,
    Type,
    Value,
    Variable,
)
from ketway.circuits.qpy.replay import read_expression

_LONG: Final = struct.Struct("!q")
_DOUBLE: Final = struct.Struct("!d")
_COMPLEX: Final = struct.Struct("!dd")
_PARAMETER: Final = struct.Struct("!H16s")
_ELEMENT: Final = struct.Struct("!HQ16sQ")
_ELEMENT_OF_TABLE: Final = struct.Struct("!HQ")
_MODIFIER: Final = struct.Struct("!cIId")
_BYTE: Final = struct.Struct("!B")
_SHORT: Final = struct.Struct("!H")
_INT: Final = struct.Struct("!I")
_VARIABLE: Final = struct.Struct("!16scH")

_OTHER_ORDER_UNTIL: Final = 17
"""Up to this version, whole and real parameters of instructions are written the wrong way round."""


def read_parameter(cursor: Cursor, reading: Reading) -> bytes:
    """A parameter of its own; gives what tells it apart."""
    size, uuid = cursor.unpack(_PARAMETER)
    name = cursor.text(size)
    reading.names.setdefault(uuid, (name, (name, -1)))
    return bytes(uuid)


def read_element(cursor: Cursor, reading: Reading, circuit: Circuit) -> bytes:
    """An element of a parameter vector."""
    if reading.version >= 18:
        vector, index = cursor.unpack(_ELEMENT_OF_TABLE)
        if vector >= len(circuit.vectors):
            raise cursor.error("it names a parameter vector that is not in the file.")
        name, root = circuit.vectors[vector]
        uuid = ((root + index) % (1 << 128)).to_bytes(16, "big")
    else:
        size, _, uuid, index = cursor.unpack(_ELEMENT)
        name = cursor.text(size)
    reading.names.setdefault(uuid, (f"{name}[{index}]", (name, index)))
    return bytes(uuid)


def _number(cursor: Cursor, value: float) -> Formula:
    try:
        return number(value)
    except (FormulaError, OverflowError) as reason:
        raise cursor.error(str(reason)) from None


def read_value(
    kind: bytes, data: memoryview, reading: Reading, circuit: Circuit, where: str, depth: int = 0
) -> Value:
    """A value outside the parameters of instructions."""
    cursor = Cursor(data, where)
    match kind:
        case b"i":
            return _number(cursor, cursor.unpack(_LONG)[0])
        case b"f":
            return _number(cursor, cursor.unpack(_DOUBLE)[0])
        case b"c":
            real, imaginary = cursor.unpack(_COMPLEX)
            return complex(real, imaginary) if imaginary else _number(cursor, real)
        case b"p":
            return symbol(read_parameter(cursor, reading))
        case b"v":
            return symbol(read_element(cursor, reading, circuit))
        case b"e":
            return read_expression(cursor, reading, circuit, depth)
        case b"x":
            return read_expr(cursor, reading, circuit, depth)
        case b"s":
            return cursor.text(len(data))
        case b"z":
            return None
        case b"d":
            return DEFAULT
        case b"n":
            return Array(data)
    raise cursor.error(f"it has a value of the unknown type {kind!r}.")


def read_param(
    kind: bytes, data: memoryview, reading: Reading, circuit: Circuit, where: str, depth: int
) -> Value:
    """A parameter of an instruction that is no circuit and no sequence."""
    cursor = Cursor(data, where)
    if kind in (b"i", b"f"):
        swapped = reading.version <= _OTHER_ORDER_UNTIL
        form = ("<" if swapped else "!") + ("q" if kind == b"i" else "d")
        return _number(cursor, cursor.unpack(struct.Struct(form))[0])
    if kind == b"R":
        return read_bits(cursor, reading, circuit)
    if kind == b"m":
        sort, controls, state, power = cursor.unpack(_MODIFIER)
        if sort == b"i":
            return Modifier("inverse")
        if sort == b"c":
            return Modifier("control", controls, state)
        if sort == b"p":
            return Modifier("power", power=power)
        raise cursor.error(f"it has a modifier of the unknown type {sort!r}.")
    return read_value(kind, data, reading, circuit, where, depth)


def read_bits(cursor: Cursor, reading: Reading, circuit: Circuit) -> BitRow:
    """A classical register or one bit, as conditions and `switch` name them."""
    if reading.version >= 18:
        (tag,) = cursor.unpack(_BYTE)
        if tag == 0:
            return one_bit(cursor, circuit, cursor.unpack(_INT)[0])
        if tag != 1:
            raise cursor.error("it names something that is neither a register nor a bit.")
    text = cursor.text(cursor.left)
    if reading.version < 18 and text.startswith("\0"):
        digits = text[1:]
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
            raise cursor.error("it names a bit that is no number.")
        return one_bit(cursor, circuit, int(digits))
    return register(cursor, circuit, text)


def one_bit(cursor: Cursor, circuit: Circuit, index: int) -> BitRow:
    if index >= circuit.bits:
        raise cursor.error(f"it names bit {index}, and its circuit has {circuit.bits}.")
    return BitRow((index,), single=True)


def register(cursor: Cursor, circuit: Circuit, name: str) -> BitRow:
    found = circuit.all_registers.get(name)
    if found is None:
        raise cursor.error("it names a classical register that its circuit does not have.")
    return found


# -- classical expressions ------------------------------------------------------------------------


def read_type(cursor: Cursor) -> Type:
    kind = bytes(cursor.take(1))
    if kind == b"b":
        return Type("bool")
    if kind == b"u":
        return Type("uint", cursor.unpack(_INT)[0])
    if kind == b"f":
        return Type("float")
    if kind == b"d":
        return Type("duration")
    raise cursor.error(f"it has an expression of the unknown type {kind!r}.")


def read_variables(cursor: Cursor, count: int) -> list[Variable]:
    variables = []
    for _ in range(count):
        uuid, _usage, size = cursor.unpack(_VARIABLE)
        type_ = read_type(cursor)
        variables.append(Variable(uuid, cursor.text(size), type_))
    return variables


def read_expr(cursor: Cursor, reading: Reading, circuit: Circuit, depth: int) -> Expr:
    reading.check_depth(depth, cursor.where)
    reading.afford(1, cursor.where)
    kind = bytes(cursor.take(1))
    type_ = read_type(cursor)
    match kind:
        case b"x":
            return _variable(cursor, circuit, type_)
        case b"s":
            raise cursor.error("durations that are not known (`stretch`) are not supported.")
        case b"v":
            return Expr("value", type_, _literal(cursor))
        case b"c":
            cursor.take(1)
            return Expr("cast", type_, None, (read_expr(cursor, reading, circuit, depth + 1),))
        case b"u":
            (op,) = cursor.unpack(_BYTE)
            return Expr("unary", type_, op, (read_expr(cursor, reading, circuit, depth + 1),))
        case b"b" | b"i":
            op = cursor.unpack(_BYTE)[0] if kind == b"b" else None
            left = read_expr(cursor, reading, circuit, depth + 1)
            right = read_expr(cursor, reading, circuit, depth + 1)
            return Expr("binary" if kind == b"b" else "index", type_, op, (left, right))
    raise cursor.error(f"it has an expression of the unknown kind {kind!r}.")


def _variable(cursor: Cursor, circuit: Circuit, type_: Type) -> Expr:
    kind = bytes(cursor.take(1))
    if kind == b"U":
        (index,) = cursor.unpack(_SHORT)
        if index >= len(circuit.variables):
            raise cursor.error("an expression names a variable that is not declared.")
        return Expr("variable", type_, circuit.variables[index])
    if kind == b"C":
        return Expr("bits", type_, one_bit(cursor, circuit, cursor.unpack(_INT)[0]))
    if kind == b"R":
        (size,) = cursor.unpack(_SHORT)
        return Expr("bits", type_, register(cursor, circuit, cursor.text(size)))
    raise cursor.error(f"an expression has a variable of the unknown kind {kind!r}.")


def _literal(cursor: Cursor) -> int | float:
    kind = bytes(cursor.take(1))
    if kind == b"b":
        return bool(cursor.take(1)[0])
    if kind == b"i":
        (size,) = cursor.unpack(_BYTE)
        return int.from_bytes(cursor.take(size), "big", signed=True)
    if kind == b"f":
        return float(cursor.unpack(_DOUBLE)[0])
    if kind == b"t":
        raise cursor.error("durations cannot be compared: circuits take no time here.")
    raise cursor.error(f"an expression has a value of the unknown kind {kind!r}.")
