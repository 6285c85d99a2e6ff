"""The circuits of Qiskit Aer's errors: short lists of instructions, and arrays as JSON has them."""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ketway.circuits.gates import QASM
from ketway.devices.channels import (
    MOST_OPERATORS,
    RESET,
    Array,
    ChannelError,
    Operation,
    check_operation,
    matrix_of,
)
from ketway.devices.noise import NoiseModelError

_SIZE: Final = 4
"""Rows of the largest matrix, of two qubits."""
_LONGEST: Final = 1 << 14
"""Bytes of an array of that size, and what a file says of it."""
_IDLE: Final = frozenset(("id", "barrier"))
_NAMES: Final = {"cx": "cx", "cy": "cy", "cz": "cz", "ch": "ch", "cp": "cphase", "crx": "crx",
                 "cry": "cry", "crz": "crz", "csx": "csx", "cs": "cs", "csdg": "csdg"}  # fmt: skip
_HEADER: Final = re.compile(
    rb"\{'descr': '(<c16|<f8)', 'fortran_order': (True|False), 'shape': \((\d*,? ?\d*)\), \}\s*"
)


class Budget:
    """How many operations may still be read."""

    def __init__(self, left: int) -> None:
        self._left = left

    def take(self, place: str) -> None:
        self._left -= 1
        if self._left < 0:
            raise NoiseModelError(place, "the noise model has too many instructions in all")


def read_case(circuit: object, place: str, width: int, budget: Budget) -> tuple[Operation, ...]:
    """The operations of a circuit on the operands of a gate."""
    if not isinstance(circuit, (list, tuple)):
        raise NoiseModelError(place, "must be a list of instructions")
    found = []
    for k, instruction in enumerate(circuit):
        where = f"{place}[{k}]"
        budget.take(where)
        if not isinstance(instruction, Mapping):
            raise NoiseModelError(where, "must be an object")
        operation = _operation(instruction, where, width)
        if operation is None:
            continue
        try:
            check_operation("", operation, width)
        except ChannelError as error:
            raise NoiseModelError(f"{where}{error.field}", error.message) from None
        found.append(operation)
    return tuple(found)


def _operation(instruction: Mapping[Any, Any], place: str, width: int) -> Operation | None:
    name, on = str(instruction.get("name"))[:40], instruction.get("qubits")
    if not isinstance(on, (list, tuple)) or any(type(qubit) is not int for qubit in on):
        raise NoiseModelError(f"{place}.qubits", "must be a list of numbers")
    qubits = tuple(on)
    if len(set(qubits)) != len(qubits) or not all(0 <= qubit < width for qubit in qubits):
        raise NoiseModelError(
            f"{place}.qubits",
            f"{list(qubits)} must be different qubits below {width}: errors on other qubits than "
            "the gate's are not known here",
        )
    if instruction.get("condition") is not None:
        raise NoiseModelError(f"{place}.condition", "errors have no conditions here: take it out")
    params = instruction.get("params", [])
    if isinstance(params, np.ndarray):
        params = list(params)
    if not isinstance(params, (list, tuple)):
        raise NoiseModelError(f"{place}.params", "must be a list")
    if name in _IDLE:
        return None
    if name == "pauli":
        label = params[0] if len(params) == 1 else None
        if not isinstance(label, str) or len(label) != len(qubits):
            raise NoiseModelError(f"{place}.params", f"give one label of {len(qubits)} letters")
        return Operation(qubits, pauli=label[::-1])  # Qiskit writes the first qubit last
    if name in ("x", "y", "z"):
        return Operation(qubits, pauli=name.upper() * len(qubits))
    if name == "reset":
        return Operation(qubits, gate=RESET)
    if name == "unitary":
        if len(params) != 1:
            raise NoiseModelError(f"{place}.params", "give one matrix")
        return Operation(qubits, unitary=matrix_of(_array(params[0], f"{place}.params[0]")))
    if name == "kraus":
        if not 0 < len(params) <= MOST_OPERATORS:
            raise NoiseModelError(f"{place}.params", f"give 1 to {MOST_OPERATORS} matrices")
        arrays = [_array(value, f"{place}.params[{i}]") for i, value in enumerate(params)]
        return Operation(qubits, kraus=tuple(matrix_of(array) for array in arrays))
    row = QASM.get(name)
    gate = _NAMES.get(name) or (row.name if row is not None else name)
    angles = []
    for i, angle in enumerate(params):
        if isinstance(angle, bool) or not isinstance(angle, (int, float)):
            raise NoiseModelError(f"{place}.params[{i}]", "must be a number")
        angles.append(float(angle))
    return Operation(qubits, gate=gate, params=tuple(angles))


def _array(value: object, place: str) -> Array:
    """A matrix: an array, a typed array of JSON, or rows of numbers, pairs or complex numbers."""
    if isinstance(value, Mapping):
        value = _typed(value, place)
    if isinstance(value, np.ndarray):
        if value.size > 2 * _SIZE * _SIZE or value.dtype.kind not in "biufcO":
            raise NoiseModelError(place, f"must be a matrix of at most {_SIZE} rows")
        value = value.tolist()
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= _SIZE:
        raise NoiseModelError(place, f"must be a matrix of at most {_SIZE} rows")
    rows = []
    for row in value:
        if not isinstance(row, (list, tuple)) or len(row) != len(value):
            raise NoiseModelError(place, f"must have {len(value)} rows of {len(value)} numbers")
        rows.append([_complex(number, place) for number in row])
    return np.array(rows, dtype=np.complex128)


def _complex(value: object, place: str) -> complex:
    if isinstance(value, Mapping) and value.get("__type__") == "complex":
        value = value.get("__value__")
    parts: Sequence[Any] = (value, 0.0)
    if isinstance(value, (list, tuple)) and len(value) == 2:
        parts = value
    if isinstance(value, complex):
        parts = (value.real, value.imag)
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (int, float)):
            raise NoiseModelError(place, "must hold numbers, or pairs of them")
    found = complex(float(parts[0]), float(parts[1]))
    if not (math.isfinite(found.real) and math.isfinite(found.imag)):
        raise NoiseModelError(place, "must hold finite numbers")
    return found


def _typed(value: Mapping[Any, Any], place: str) -> object:
    """The array in typed JSON: a list, or numpy's file, compressed, in base64."""
    held = value.get("__value__")
    if value.get("__type__") != "ndarray" or not isinstance(held, (str, list)):
        raise NoiseModelError(place, "must be a matrix")
    if isinstance(held, list):
        return held
    if len(held) > _LONGEST:
        raise NoiseModelError(place, f"must be a matrix of at most {_SIZE} rows")
    try:
        packed = base64.b64decode(held, validate=True)
        stream = zlib.decompressobj()
        data = stream.decompress(packed, _LONGEST)
        if not stream.eof:
            raise NoiseModelError(place, f"must be a matrix of at most {_SIZE} rows")
    except (binascii.Error, ValueError, zlib.error):
        raise NoiseModelError(place, "is no array as typed JSON holds it") from None
    return _numpy_file(data, place)


def _numpy_file(data: bytes, place: str) -> Array:
    if data[:6] != b"\x93NUMPY" or data[6:7] not in (b"\x01", b"\x02", b"\x03"):
        raise NoiseModelError(place, "is no file of numpy's")
    start = 10 if data[6] == 1 else 12
    end = start + int.from_bytes(data[8:start], "little")
    header = _HEADER.fullmatch(data[start:end])
    if header is None:
        raise NoiseModelError(place, "must be an array of real or complex double precision")
    shape = tuple(int(part) for part in header[3].replace(b" ", b"").split(b",") if part)
    kind = np.dtype(header[1].decode())
    if len(shape) != 2 or max(shape) > _SIZE or len(data) - end != math.prod(shape) * kind.itemsize:
        raise NoiseModelError(place, f"must be a matrix of at most {_SIZE} rows")
    found: Array = np.frombuffer(data[end:], dtype=kind).astype(np.complex128)
    return found.reshape(shape, order="F" if header[2] == b"True" else "C")
