"""Observables as IBM's estimators write them, broadcast against the points of a sweep."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ketway.engines.observables import Observables
from ketway.jobs.failures import FailedError
from ketway.routines.ibm.typed import ParamsError, type_of

MOST_TERMS: Final = 1_000_000
"""Pauli products of all observables of a PUB together."""
MOST_ELEMENTS: Final = 1_000_000
MOST_NESTED: Final = 32

_PROJECTORS: Final = {
    "0": ("I", "Z", 0.5), "1": ("I", "Z", -0.5),
    "+": ("I", "X", 0.5), "-": ("I", "X", -0.5),
    "r": ("I", "Y", 0.5), "l": ("I", "Y", -0.5),
}  # fmt: skip
"""Qiskit's letters for projectors: (I + Z) / 2 and so on, with the sign of the second."""


class Broadcast:
    """Observables and points, element by element of the answer."""

    def __init__(
        self,
        shape: tuple[int, ...],
        points: NDArray[np.int64],
        observables: Observables,
        members: NDArray[np.int64],
    ) -> None:
        self.shape = shape
        self.points = points
        self.observables = observables
        self.members = members


def read_observables(value: Any, qubits: int, sweep: tuple[int, ...], where: str) -> Broadcast:
    """A text, an object of texts and coefficients, or nested lists of these, as numpy broadcasts
    them against the sweep."""
    if type_of(value) == "ObservablesArray":
        value = value.get("__value__")
    leaves, shape = _leaves(value, where)
    sums: list[tuple[tuple[str, float], ...]] = []
    terms = 0
    distinct: dict[tuple[tuple[str, float], ...], int] = {}
    members = []
    for place, leaf in leaves:
        found = tuple(_terms(leaf, qubits, place))
        terms += len(found)
        if terms > MOST_TERMS:
            raise ParamsError(where, f"at most {MOST_TERMS:,} Pauli products are taken.")
        if found not in distinct:
            distinct[found] = len(sums)
            sums.append(found)
        members.append(distinct[found])
    try:
        whole = np.broadcast_shapes(shape, sweep)
    except ValueError:
        raise ParamsError(
            where,
            f"observables of shape {shape} and parameter values of shape {sweep} do not fit: they "
            "are broadcast as in numpy.",
        ) from None
    if math.prod(whole) > MOST_ELEMENTS:
        raise ParamsError(where, f"at most {MOST_ELEMENTS:,} expectation values are taken.")
    try:
        observables = Observables.of_labels(qubits, sums)
    except FailedError as error:
        raise ParamsError(where, error.failure.message) from None
    points = np.arange(math.prod(sweep), dtype=np.int64).reshape(sweep)
    which = np.array(members, dtype=np.int64).reshape(shape)
    return Broadcast(
        whole,
        np.broadcast_to(points, whole).reshape(-1),
        observables,
        np.broadcast_to(which, whole).reshape(-1),
    )


def letters(value: Any) -> int:
    """For how many qubits observables are written, by the first product among them."""
    if type_of(value) == "ObservablesArray":
        value = value.get("__value__")
    while isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = next(iter(value), None)
    return len(value) if isinstance(value, str) else 0


def _leaves(value: Any, where: str) -> tuple[list[tuple[str, Any]], tuple[int, ...]]:
    """The observables in C order, each with its place, and the shape of the lists around them."""
    shape: list[int] = []
    inner = value
    while isinstance(inner, list):
        if not inner or len(shape) >= MOST_NESTED:
            raise ParamsError(where, "an observable is wanted here, or a list of observables.")
        shape.append(len(inner))
        inner = inner[0]
    found = list(_flat(value, tuple(shape), where))
    return found, tuple(shape)


def _flat(value: Any, shape: tuple[int, ...], where: str) -> Iterator[tuple[str, Any]]:
    if not shape:
        if isinstance(value, list):
            raise ParamsError(where, "the lists of observables must be equally long.")
        yield where, value
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        raise ParamsError(where, "the lists of observables must be equally long.")
    for i, inner in enumerate(value):
        yield from _flat(inner, shape[1:], f"{where}[{i}]")


def _terms(leaf: Any, qubits: int, where: str) -> Iterator[tuple[str, float]]:
    """Pauli products and their coefficients; the rightmost letter is qubit 0."""
    given = {leaf: 1.0} if isinstance(leaf, str) else leaf
    if not isinstance(given, dict) or type_of(given) is not None:
        raise ParamsError(where, 'an observable is wanted here, such as {"XZ": 0.5}.')
    for label, number in given.items():
        if isinstance(number, list) and len(number) == 2 and number[1] == 0:
            number = number[0]  # noqa: PLW2901  (a complex number without an imaginary part)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ParamsError(where, f"the coefficient of {label[:40]!r} must be a real number.")
        if len(label) != qubits:
            raise ParamsError(
                where,
                f"{label[:40]!r} has {len(label):,} letters and the circuit {qubits:,} qubits: "
                "give a letter for each qubit, for a transpiled circuit by "
                "`observable.apply_layout(circuit.layout)`.",
            )
        yield from _expanded(label, float(number), where)


def _expanded(label: str, coefficient: float, where: str) -> Iterator[tuple[str, float]]:
    places = [i for i, letter in enumerate(label) if letter in _PROJECTORS]
    if not places:
        yield label, coefficient
        return
    if 2 ** len(places) > MOST_TERMS:
        raise ParamsError(where, "a product of so many projectors has too many Pauli products.")
    choices = [_PROJECTORS[label[i]] for i in places]
    for picks in itertools.product((0, 1), repeat=len(places)):
        letters, factor = list(label), coefficient
        for place, pick, (first, second, half) in zip(places, picks, choices, strict=True):
            letters[place] = second if pick else first
            factor *= half if pick else 0.5
        yield "".join(letters), factor
