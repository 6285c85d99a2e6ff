"""IBM's typed JSON: values that JSON has no word for, as `{"__type__": ..., "__value__": ...}`.

`qiskit_ibm_runtime.RuntimeEncoder` writes it and `RuntimeDecoder` reads it, by importing modules
that the text names and inflating without bounds. Here nothing is imported and nothing evaluated:
the few types that a program's parameters can hold are read, and everything is counted first.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.qasm import read_template
from ketway.circuits.qpy import QpyError, Template, read_qpy
from ketway.jobs.failures import Code, FailedError, Failure

LARGEST: Final = 512 << 20
"""Bytes that all arrays and circuits of a job may have together when they are unpacked."""
_NPY: Final = re.compile(
    r"\{'descr': '([<>|=]?)([a-zA-Z])(\d+)', 'fortran_order': (True|False), "
    r"'shape': \(((?:\d+, ?)*\d*)\), ?\}\s*"
)
"""The header of a numpy array file, as numpy writes it (numpy.lib.format)."""
_NPY_MAGIC: Final = b"\x93NUMPY"
_LONGEST_HEADER: Final = 4096
_DTYPES: Final = {
    ("b", 1), ("i", 1), ("i", 2), ("i", 4), ("i", 8), ("u", 1), ("u", 2), ("u", 4), ("u", 8),
    ("f", 2), ("f", 4), ("f", 8), ("c", 8), ("c", 16),
}  # fmt: skip
_OF_MACHINE: Final = re.compile(r"\$\d")


class ParamsError(FailedError):
    """Parameters of a program that cannot be read. `where` is the path of the value."""

    def __init__(self, where: str, message: str, code: Code = Code.INVALID_INPUT) -> None:
        super().__init__(Failure(code, f"{where}: {message}" if where else message))
        self.where = where
        self.message = message


def decoded(params: bytes) -> dict[str, Any]:
    """The parameters of a program as plain data."""
    try:
        found = msgspec.json.decode(params)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ParamsError("params", f"this is not JSON: {error}.") from None
    except RecursionError:
        raise ParamsError("params", "this is nested too deeply.") from None
    if not isinstance(found, dict):
        raise ParamsError("params", "a program takes an object of named parameters.")
    return found


def type_of(value: Any) -> str | None:
    """The name of a typed value's type; None for plain data."""
    if isinstance(value, dict) and isinstance(value.get("__type__"), str):
        return str(value["__type__"])
    return None


def struct_of(value: Any, type_: type[Any], where: str) -> Any:
    """Plain data as a struct; unknown fields are left out, as IBM adds options now and then."""
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise ParamsError(where + path.removesuffix("`"), f"{message}.") from None


def options_of(given: dict[str, Any]) -> dict[str, Any]:
    options = given.get("options") or {}
    if not isinstance(options, dict):
        raise ParamsError("options", "the options are an object.")
    return options


def pubs_of(given: dict[str, Any], form: str) -> list[Any]:
    pubs = given.get("pubs")
    if not isinstance(pubs, list) or not pubs:
        raise ParamsError("pubs", f"a list of at least one PUB is wanted: {form}.")
    return pubs


class Reading:
    """Reads the typed values of one job, within one allowance of bytes."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._left = largest
        self._templates: dict[str, Template] = {}

    # -- arrays -------------------------------------------------------------------------------

    def array(self, value: Any, where: str) -> NDArray[Any]:
        """Numbers: a typed array, or nested lists of plain numbers."""
        if type_of(value) == "ndarray":
            value = value.get("__value__")
            if isinstance(value, str):
                return self._npy(self.binary(value, where), where)
        if isinstance(value, bool) or not isinstance(value, (list, int, float)):
            raise ParamsError(where, "numbers are wanted here: an array or a list of them.")
        return _listed(value, where)

    def floats(self, value: Any, where: str) -> NDArray[np.float64]:
        """Real and finite numbers."""
        found = self.array(value, where)
        if found.dtype.kind not in "biuf":
            raise ParamsError(where, "the numbers must be real.")
        numbers = found.astype(np.float64)
        if not np.isfinite(numbers).all():
            raise ParamsError(where, "the numbers must be finite.")
        return numbers

    def _npy(self, data: bytes, where: str) -> NDArray[Any]:
        """A numpy array file; what numpy would unpickle is refused."""
        wide = 2 if data[6:7] == b"\x01" else 4
        start = 8 + wide
        if not data.startswith(_NPY_MAGIC) or data[6:7] not in (b"\x01", b"\x02", b"\x03"):
            raise ParamsError(where, "these bytes are no numpy array: write them with numpy.save.")
        end = start + int.from_bytes(data[8:start], "little")
        text = data[start : min(end, start + _LONGEST_HEADER)].decode("latin-1")
        head = _NPY.fullmatch(text)
        if head is None or (head[2], int(head[3])) not in _DTYPES:
            raise ParamsError(where, "the array has a type that is not read: send plain numbers.")
        dtype = np.dtype(f"{head[1].replace('|', '=')}{head[2]}{head[3]}")
        shape = tuple(int(text) for text in head[5].replace(" ", "").split(",") if text)
        if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(data) - end:
            raise ParamsError(where, "the array is not as long as its shape says.")
        order = "F" if head[4] == "True" else "C"
        return np.frombuffer(data, dtype, offset=end).reshape(shape, order=order)  # type: ignore[call-overload, no-any-return]

    # -- bytes --------------------------------------------------------------------------------

    def binary(self, text: Any, where: str, *, compressed: bool = True) -> bytes:
        """Bytes in base64, by default compressed with zlib; inflated no further than allowed."""
        if not isinstance(text, str):
            raise ParamsError(where, "a text in base64 is wanted here.")
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ParamsError(where, f"this is not base64: {error}.") from None
        if compressed:
            data = self._inflated(data, where)
        self._spend(len(data), where)
        return data

    def _inflated(self, data: bytes, where: str) -> bytes:
        unpacking = zlib.decompressobj()
        try:
            whole = unpacking.decompress(data, self._left + 1)
        except zlib.error as error:
            raise ParamsError(where, f"this is not compressed with zlib: {error}.") from None
        if len(whole) <= self._left and not unpacking.eof:
            raise ParamsError(where, "the compressed bytes end too early.")
        return whole

    def _spend(self, size: int, where: str) -> None:
        self._left -= size
        if self._left < 0:
            raise ParamsError(
                where,
                f"the job's circuits and arrays have more than {LARGEST >> 20:,} MiB when they are "
                "unpacked: split it into several jobs.",
            )

    # -- circuits -----------------------------------------------------------------------------

    def circuit(self, value: Any, where: str) -> Template:
        """A circuit: typed QPY, QPY as a text in base64, or OpenQASM 2 or 3. One that comes several
        times is read once."""
        text = value.get("__value__") if type_of(value) == "QuantumCircuit" else value
        if not isinstance(text, str):
            raise ParamsError(where, "a circuit is wanted here: QPY or OpenQASM 3.")
        if text not in self._templates:
            self._templates[text] = self._read(text, where)
        return self._templates[text]

    def machine_circuit(self, value: Any, qubits: int, where: str) -> Template:
        """A circuit that may be OpenQASM of a machine's qubits, such as `$5`. What is written so
        does not say how many the machine has: `qubits`, if that is more."""
        template = self.circuit(value, where)
        structure = template.structure
        if (
            qubits <= structure.qubits
            or not isinstance(value, str)
            or not _OF_MACHINE.search(value)
        ):
            return template
        return replace(template, structure=replace(structure, qubits=qubits))

    def _read(self, text: str, where: str) -> Template:
        try:
            if ";" in text:  # which base64 has not, and OpenQASM not without
                return read_template(text)
            found = read_qpy(self.binary(text, where))
        except ParamsError:
            raise
        except FailedError as error:
            message = f"{where}: {error.failure.message}"
            raise FailedError(msgspec.structs.replace(error.failure, message=message)) from None
        if len(found) != 1:
            raise ParamsError(where, f"one circuit is wanted here, and there are {len(found):,}.")
        return found[0]

    # -- sweeps -------------------------------------------------------------------------------

    def bindings(
        self, template: Template, value: Any, where: str
    ) -> tuple[NDArray[np.float64], tuple[int, ...]]:
        """Values of a circuit's parameters: one row for each point of the sweep, and its shape."""
        count = len(template.parameters)
        if type_of(value) == "BindingsArray":
            inner = value.get("__value__")
            value = inner.get("data") if isinstance(inner, dict) else None
            value = {} if value is None else value
        if value is None:
            value = []
        if isinstance(value, Mapping) and type_of(value) is None:
            return self._named(template, value, where)
        values = self.floats(value, where)
        if not count:
            if values.size and values.shape[-1:] != (0,):
                raise ParamsError(where, "the circuit has no parameters, and values were given.")
            shape = values.shape[:-1]
            return np.zeros((math.prod(shape), 0)), shape
        if values.ndim and values.shape[-1] != count and count == 1:
            values = values[..., None]
        if not values.ndim or values.shape[-1] != count:
            raise ParamsError(
                where,
                f"the circuit has {count:,} parameters, and the values have shape {values.shape}: "
                "give one column for each parameter.",
            )
        return values.reshape(-1, count), values.shape[:-1]

    def _named(
        self, template: Template, value: Mapping[str, Any], where: str
    ) -> tuple[NDArray[np.float64], tuple[int, ...]]:
        """Values by the parameters' names; a key may be a list of names, in JSON."""
        places = {name: i for i, name in enumerate(template.parameters)}
        columns: dict[int, NDArray[np.float64]] = {}
        for key, given in value.items():
            names = _names(key, template, where)
            numbers = self.floats(given, f"{where}.{key}")
            if len(names) == 1 and (numbers.ndim == 0 or numbers.shape[-1] != 1):
                numbers = numbers[..., None]
            if not numbers.ndim or numbers.shape[-1] != len(names):
                raise ParamsError(
                    f"{where}.{key}", f"{len(names):,} columns are wanted, one for each name."
                )
            for j, name in enumerate(names):
                if name not in places:
                    raise ParamsError(f"{where}.{key}", "the circuit has no such parameter.")
                columns[places[name]] = numbers[..., j]
        missing = [name for name, i in places.items() if i not in columns]
        if missing:
            raise ParamsError(where, f"there is no value for parameter {missing[0]!r}.")
        if not columns:
            return np.zeros((1, 0)), ()
        try:
            found = np.broadcast_arrays(*(columns[i] for i in range(len(places))))
        except ValueError:
            raise ParamsError(where, "the values' shapes do not fit each other.") from None
        shape = found[0].shape
        return np.stack([column.reshape(-1) for column in found], axis=1), shape


def _names(key: str, template: Template, where: str) -> list[str]:
    """The parameters that a key names: one, a list in JSON, or all elements of a vector."""
    if key.startswith("["):
        try:
            return msgspec.json.decode(key, type=list[str])
        except msgspec.MsgspecError:
            raise ParamsError(where, f"{key[:80]!r} names no parameters.") from None
    if key not in template.parameters:
        elements = [name for name in template.parameters if name.startswith(f"{key}[")]
        return elements or [key]
    return [key]


def _listed(value: Sequence[Any] | float, where: str) -> NDArray[Any]:
    try:
        found = np.array(value, dtype=np.float64 if value != [] else None)
    except (ValueError, TypeError, OverflowError):
        raise ParamsError(where, "the lists must hold numbers and be equally long.") from None
    return found


__all__ = ["LARGEST", "ParamsError", "QpyError", "Reading", "decoded", "struct_of", "type_of"]
