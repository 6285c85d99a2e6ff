"""What was learned of layers, given back to the estimator: `resilience.layer_noise_model`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ketway.circuits.gates import GATES, Kind
from ketway.circuits.template import Template
from ketway.routines.ibm.typed import ParamsError, Reading, type_of
from ketway.routines.options import LayerNoise

_IDENTITY: Final = "I"


def read_layer_noise(reading: Reading, value: Any, where: str) -> tuple[LayerNoise, ...] | None:
    """A `NoiseLearnerResult`, or a list of `LayerError`, typed or plain. A layer whose error is
    null is left out: it counts as noiseless, as those do that were not learned."""
    if value is None:
        return None
    if type_of(value) == "NoiseLearnerResult":
        value = value.get("__value__")
    if isinstance(value, dict):
        value = value.get("data")
    if not isinstance(value, list):
        raise ParamsError(where, "what a noise learner answered is wanted: a list of layers.")
    found = (_layer(reading, layer, f"{where}[{i}]") for i, layer in enumerate(value))
    return tuple(layer for layer in found if layer is not None)


def _fields(value: Any, names: tuple[str, ...], where: str) -> list[Any]:
    if type_of(value) is not None:
        value = value.get("__value__")
    if not isinstance(value, dict) or not set(names) <= value.keys():
        raise ParamsError(where, f"an object with {', '.join(names)} is wanted.")
    return [value[name] for name in names]


def _layer(reading: Reading, value: Any, where: str) -> LayerNoise | None:
    circuit, qubits, error = _fields(value, ("circuit", "qubits", "error"), where)
    if error is None:
        return None
    template = reading.circuit(circuit, f"{where}.circuit")
    width = template.structure.qubits
    if (
        not isinstance(qubits, list)
        or not all(type(qubit) is int and qubit >= 0 for qubit in qubits)
        or len(set(qubits)) != width
        or len(qubits) != width
    ):
        raise ParamsError(f"{where}.qubits", f"{width:,} different qubits are wanted.")
    paulis, given = _fields(error, ("generators", "rates"), f"{where}.error")
    if type_of(paulis) is not None:
        (paulis,) = _fields(paulis, ("data",), f"{where}.error.generators")
    rates = np.atleast_1d(reading.floats(given, f"{where}.error.rates"))
    if not isinstance(paulis, list) or rates.shape != (len(paulis),):
        raise ParamsError(f"{where}.error", "as many rates as generators are wanted.")
    generators = [_generator(one, qubits, f"{where}.error.generators") for one in paulis]
    return LayerNoise(_gates(template, qubits), tuple(generators), tuple(rates.tolist()))


def _generator(label: Any, qubits: list[int], where: str) -> tuple[str, tuple[int, ...]]:
    """A label's last letter is on the first qubit."""
    if not isinstance(label, str) or len(label) != len(qubits) or label.strip("IXYZ"):
        raise ParamsError(where, f"labels of {len(qubits):,} letters are wanted, of I, X, Y and Z.")
    held = [(p, q) for p, q in zip(reversed(label), qubits, strict=True) if p != _IDENTITY]
    return "".join(letter for letter, _ in held), tuple(qubit for _, qubit in held)


def _gates(template: Template, qubits: list[int]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The two-qubit gates on the machine's qubits; what else is in a layer has no noise of it."""
    structure = template.structure
    widths = np.diff(structure.operand_starts)
    found = []
    for gate in np.flatnonzero(widths == 2).tolist():
        kind = Kind(int(structure.kinds[gate]))
        if GATES[kind].matrices is not None:
            name = "c" * int(structure.controls[gate]) + GATES[kind].name
            found.append((name, tuple(qubits[q] for q in structure.operands_of(gate))))
    return tuple(found)
