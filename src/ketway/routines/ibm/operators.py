"""Observables as the first estimator is given them: Qiskit's operators, by their settings."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ketway.routines.ibm.typed import ParamsError, Reading, type_of

_PHASES: Final = {"": 1, "+": 1, "-": -1, "i": 1j, "+i": 1j, "-i": -1j, "j": 1j, "-j": -1j}
_LETTERS: Final = "IXYZ"
_REAL: Final = 1e-10
"""An imaginary part that is smaller is what was left of a computation."""


def read_operator(reading: Reading, value: Any, where: str) -> dict[str, float]:
    """Pauli labels and their coefficients. Given is a `SparsePauliOp`, `Pauli` or `PauliList` in
    settings, typed or plain, a label, or labels with coefficients."""
    if isinstance(value, str):
        value = {"data": value}
    elif type_of(value) == "settings":
        value = value.get("__value__")
    elif type_of(value) is None and isinstance(value, dict) and "data" not in value:
        value = {"data": list(value), "coeffs": list(value.values())}
    if not isinstance(value, dict) or "data" not in value:
        raise ParamsError(
            where, "an observable is wanted here, such as a SparsePauliOp: nothing else is read."
        )
    labels = value["data"]
    if type_of(labels) == "settings":
        inner = labels.get("__value__")
        labels = inner.get("data") if isinstance(inner, dict) else None
    if isinstance(labels, str):
        labels = [labels]
    if not isinstance(labels, list) or not labels or not all(isinstance(x, str) for x in labels):
        raise ParamsError(where, "Pauli labels are wanted, such as XIZ.")
    given = value.get("coeffs")
    numbers = np.ones(len(labels)) if given is None else reading.array(given, f"{where}.coeffs")
    if numbers.shape != (len(labels),):
        raise ParamsError(where, f"{len(labels):,} coefficients are wanted, one for each label.")
    found: dict[str, float] = {}
    for label, number in zip(labels, numbers.tolist(), strict=True):
        letters = label.lstrip("+-ij")
        phase = _PHASES.get(label[: len(label) - len(letters)])
        if phase is None or not letters or letters.strip(_LETTERS):
            raise ParamsError(where, f"{label[:40]!r} is no product of the letters I, X, Y, Z.")
        coefficient = complex(number) * phase
        if not np.isfinite(coefficient) or abs(coefficient.imag) > _REAL:
            raise ParamsError(
                where,
                f"the coefficient of {label[:40]!r} is not a real number: only observables have "
                "expectation values that can be measured.",
            )
        found[letters] = found.get(letters, 0.0) + coefficient.real
    return found
