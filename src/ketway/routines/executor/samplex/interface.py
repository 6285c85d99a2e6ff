"""What a samplex takes and gives: names, with the shape of each value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.samplex.lindblad import LindbladMap

ANGLES: Final = "parameter_values"
"""The input that has the parameters of the circuit, and the output that has the template's."""
RANDOMIZATIONS: Final = "num_randomizations"

Given: TypeAlias = "NDArray[Any] | LindbladMap"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A dimension that is a name is free, and the same wherever the name stands."""

    name: str
    shape: tuple[int | str, ...]
    kind: np.dtype[Any]
    optional: bool


@dataclass(frozen=True, slots=True)
class Noise:
    name: str
    qubits: int
    terms: str
    """The name of the dimension that is the number of its terms."""


@dataclass(frozen=True)
class Inputs:
    """Values for all that a samplex takes, for each point of a sweep."""

    shape: tuple[int, ...]
    """The sweep, with the axes of size 1 that were sent."""
    tensors: Mapping[str, NDArray[Any]]
    """Of each, one row for each point."""
    maps: Mapping[str, LindbladMap]

    @property
    def points(self) -> int:
        return prod(self.shape)

    def part(self, points: slice) -> Inputs:
        tensors = {name: values[points] for name, values in self.tensors.items()}
        count = len(range(*points.indices(self.points)))
        return Inputs((count,), tensors, self.maps)


def bind(
    specifications: Mapping[str, Tensor | Noise], given: Mapping[str, Given], where: str
) -> Inputs:
    """Check what was given; tensors may have axes in front, which broadcast to the sweep."""
    for name in given:
        if name not in specifications:
            raise ExecutorError(
                f"the samplex takes no argument {shown(name)}: it takes "
                f"{', '.join(map(shown, specifications)) or 'none'}.",
                where,
            )
    dimensions: dict[str, int] = {}
    tensors: dict[str, NDArray[Any]] = {}
    maps: dict[str, LindbladMap] = {}
    leading: dict[str, tuple[int, ...]] = {}
    for name, wanted in specifications.items():
        value = given.get(name)
        here = f"{where}, argument {shown(name)}"
        if value is None:
            if isinstance(wanted, Tensor) and wanted.optional:
                continue
            raise ExecutorError("the samplex needs a value for it.", here)
        if isinstance(wanted, Noise):
            maps[name] = _map(wanted, value, dimensions, here)
        else:
            tensors[name], leading[name] = _tensor(wanted, value, dimensions, here)
    try:
        shape = np.broadcast_shapes(*leading.values())
    except ValueError:
        raise ExecutorError(
            f"its arguments have the sweeps {', '.join(map(str, leading.values()))}, which do not "
            "broadcast to one shape.",
            where,
        ) from None
    points = prod(shape)
    rows = {}
    for name, value in tensors.items():
        own = value.shape[len(leading[name]) :]
        if points * prod(own) > DEFAULT_SAMPLEX_LIMITS.values:
            raise ExecutorError(f"the sweep of {shown(name)} is too large: split the item.", where)
        rows[name] = np.broadcast_to(value, shape + own).reshape(points, *own)
    return Inputs(shape, rows, maps)


def _map(wanted: Noise, value: Given, dimensions: dict[str, int], where: str) -> LindbladMap:
    if not isinstance(value, LindbladMap):
        raise ExecutorError("it should be a Pauli-Lindblad map.", where)
    if value.qubits != wanted.qubits:
        raise ExecutorError(
            f"the map is on {value.qubits} qubits, and should be on {wanted.qubits}.", where
        )
    _fix(dimensions, wanted.terms, len(value), where)
    return value


def _tensor(
    wanted: Tensor, value: Given, dimensions: dict[str, int], where: str
) -> tuple[NDArray[Any], tuple[int, ...]]:
    if isinstance(value, LindbladMap):
        raise ExecutorError("it should be numbers, not a Pauli-Lindblad map.", where)
    front = value.ndim - len(wanted.shape)
    own = value.shape[max(0, front) :]
    fits = front >= 0 and all(
        isinstance(dimension, str) or dimension == size
        for dimension, size in zip(wanted.shape, own, strict=True)
    )
    if not fits:
        raise ExecutorError(
            f"it has shape {value.shape}, which should end with {wanted.shape}.", where
        )
    for dimension, size in zip(wanted.shape, own, strict=True):
        if isinstance(dimension, str):
            _fix(dimensions, dimension, size, where)
    if np.iscomplexobj(value) and wanted.kind.kind != "c":
        raise ExecutorError("its numbers are complex, and should be real.", where)
    if not np.isfinite(value).all():
        raise ExecutorError("it has a value that is no finite number.", where)
    if wanted.kind.kind in "iu" and value.dtype.kind == "f" and (value % 1).any():
        raise ExecutorError("its numbers should be whole.", where)
    if wanted.kind.kind in "iu":
        # Not cut to the bytes of the specification: what does not fit is refused where it is used.
        return value.astype(np.int64), value.shape[:front]
    return value.astype(wanted.kind), value.shape[:front]


def _fix(dimensions: dict[str, int], name: str, size: int, where: str) -> None:
    known = dimensions.setdefault(name, size)
    if known != size:
        raise ExecutorError(f"dimension {shown(name)} is {size} here, and {known} before.", where)
