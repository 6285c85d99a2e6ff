"""What an operator's program is given and what it returns, between typed JSON and Python."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, get_args, get_origin

import msgspec
import numpy as np

from ketway.jobs.failures import FailedError
from ketway.routines.custom_backend import Circuit
from ketway.routines.ibm.typed import ParamsError, Reading, decoded, type_of

_DEEPEST = 100


def given_values(params: bytes, type_: type[msgspec.Struct]) -> msgspec.Struct:
    """A job's parameters as a struct; raises `FailedError` where they do not fit it."""
    reading = Reading()
    plain = {name: _read(reading, value, name) for name, value in decoded(params).items()}

    def typed(wanted: Any, value: Any) -> Any:
        return _as(reading, wanted, value)

    try:
        return msgspec.convert(plain, type_, dec_hook=typed)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        where = path.removesuffix("`").removeprefix(".") or "params"
        raise ParamsError(where, f"{message.removesuffix('.')}.") from None


def _read(reading: Reading, value: Any, where: str) -> Any:
    """Plain data with what was typed in it: arrays, circuits and complex numbers."""
    if isinstance(value, list):
        return [_read(reading, one, f"{where}[{i}]") for i, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    kind = type_of(value)
    if kind is None:
        return {name: _read(reading, one, f"{where}.{name}") for name, one in value.items()}
    if kind == "ndarray":
        return reading.array(value, where)
    if kind == "QuantumCircuit":
        return Circuit(reading.circuit(value, where))
    inner = value.get("__value__")
    if kind == "complex" and isinstance(inner, list) and len(inner) == 2:
        return complex(*reading.floats(inner, where).tolist())
    if kind == "set" and isinstance(inner, list):
        return _read(reading, inner, where)
    raise ParamsError(where, f"a value of type {kind[:80]} is not read here.")


def _as(reading: Reading, wanted: Any, value: Any) -> Any:
    """What msgspec has no type for. A `ValueError` becomes an error with the value's place."""
    try:
        if (get_origin(wanted) or wanted) is np.ndarray:
            return _array(reading, wanted, value)
        if wanted is Circuit:
            return value if isinstance(value, Circuit) else Circuit(reading.circuit(value, ""))
    except FailedError as error:
        raise ValueError(error.failure.message) from None
    if wanted is complex and isinstance(value, (int, float)):
        return complex(value)
    if isinstance(wanted, type) and isinstance(value, wanted):
        return value
    raise ValueError(f"a {getattr(wanted, '__name__', wanted)} is wanted here")


def _array(reading: Reading, wanted: Any, value: Any) -> Any:
    found = value if isinstance(value, np.ndarray) else reading.array(value, "")
    inner = get_args(get_args(wanted)[1]) if get_origin(wanted) else ()
    scalar = inner[0] if inner and isinstance(inner[0], type) else None
    if scalar is None or found.dtype == scalar:
        return found
    exact: Any = found.astype(scalar) if np.can_cast(found.dtype, scalar, "same_kind") else None
    if exact is None and found.dtype.kind == "f" and np.issubdtype(scalar, np.integer):
        exact = found.astype(scalar) if (found == np.rint(found)).all() else None
    if exact is None:
        raise ValueError(f"an array of {scalar.__name__} is wanted, not of {found.dtype}")
    return exact


# -- results --------------------------------------------------------------------------------------


def returned(value: Any, where: str, deep: int = 0) -> Any:
    """What a program returned, as plain data and arrays. Raises `TypeError` for anything else."""
    if deep > _DEEPEST:
        raise TypeError(f"{where}: it is nested too deeply")
    if value is None or isinstance(value, (bool, int, float, str)):
        return _number(value, where)
    if isinstance(value, complex):
        return np.array(value)
    if isinstance(value, np.generic):
        return returned(value.item(), where, deep)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufc":
            raise TypeError(f"{where}: an array of {value.dtype} cannot be returned")
        return value
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {
            _key(name, where): returned(one, f"{where}.{name}", deep + 1)
            for name, one in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [returned(one, f"{where}[{i}]", deep + 1) for i, one in enumerate(value)]
    raise TypeError(
        f"{where}: a value of type {type(value).__name__} cannot be returned: return plain data "
        "and arrays"
    )


def _number(value: Any, where: str) -> Any:
    if type(value) is int and not -(1 << 63) <= value < 1 << 64:
        raise TypeError(f"{where}: a whole number of more than 64 bits cannot be returned")
    return value


def _key(name: Any, where: str) -> str:
    if isinstance(name, (str, int, float)):
        return str(name)
    raise TypeError(f"{where}: a key must be a text or a number, not a {type(name).__name__}")
