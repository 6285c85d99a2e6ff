"""What both primitives of the first version are given: circuits, values of their parameters, and
options in words of their own (qiskit-ibm-runtime before 0.28)."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any, Final

import msgspec

from ketway.circuits.template import Template
from ketway.routines.ibm.executions import listed, shots_of
from ketway.routines.ibm.simulating import Simulating, read_simulating
from ketway.routines.ibm.typed import ParamsError, Reading, type_of

DEFAULT_SHOTS: Final = 4000
_PARAMETER: Final = struct.Struct("!H16s")
"""A parameter in QPY: the size of its name, and what tells it from others of this name."""


class RunOptions(msgspec.Struct, frozen=True):
    shots: int
    simulating: Simulating


def read_run_options(given: dict[str, Any]) -> RunOptions:
    options = _object(given, "run_options")
    names = ("noise_model", "seed_simulator")
    simulating = read_simulating({name: options.get(name) for name in names}, "run_options")
    return RunOptions(
        shots_of(options.get("shots"), DEFAULT_SHOTS, "run_options.shots"), simulating
    )


def resilience_level(given: dict[str, Any], *, most: int) -> int:
    level = _object(given, "resilience_settings").get("level") or 0
    if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level <= most:
        raise ParamsError(
            "resilience_settings.level", f"a level is a whole number from 0 to {most}."
        )
    return level


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    found = given.get(name) or {}
    if not isinstance(found, dict):
        raise ParamsError(name, "an object of options is wanted.")
    return found


def read_points(reading: Reading, given: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """Circuits, and for each the values of its parameters in the order of the circuit's own."""
    circuits = listed(given.get("circuits"), "circuits")
    names = _alongside(given, "parameters", len(circuits))
    values = _alongside(given, "parameter_values", len(circuits))
    found = []
    for i, circuit in enumerate(circuits):
        template = reading.circuit(circuit, f"circuits[{i}]")
        row = values[i]
        if names[i]:
            row = _ordered(reading, template, names[i], row, i)
        found.append([] if row is None else row)
    return circuits, found


def _alongside(given: dict[str, Any], name: str, count: int) -> list[Any]:
    """A list with something for each circuit; nothing for all of them where it is left out."""
    found = given.get(name)
    if found is None or found == []:
        return [None] * count
    if not isinstance(found, list) or len(found) != count:
        raise ParamsError(name, f"{count:,} are wanted, one for each circuit.")
    return found


def _ordered(reading: Reading, template: Template, names: Any, row: Any, i: int) -> Any:
    """The values in the circuit's own order. Clients give them in it, and say names as well."""
    where = f"parameters[{i}]"
    if not isinstance(names, list):
        raise ParamsError(where, "a list of the circuit's parameters is wanted.")
    given = tuple(_name(one, f"{where}[{j}]") for j, one in enumerate(names))
    if given == template.parameters:
        return row
    if sorted(given) != sorted(template.parameters):
        raise ParamsError(where, "these are not the parameters of the circuit.")
    numbers = reading.floats(row, f"parameter_values[{i}]").reshape(-1)
    if len(numbers) != len(given):
        raise ParamsError(f"parameter_values[{i}]", f"{len(given):,} values are wanted.")
    places = {name: j for j, name in enumerate(given)}
    return [float(numbers[places[name]]) for name in template.parameters]


def _name(value: Any, where: str) -> str:
    """Of a parameter: typed, or a text."""
    text = value.get("__value__") if type_of(value) == "Parameter" else None
    if text is None and isinstance(value, str):
        return value
    try:
        data = base64.b64decode(text or "", validate=True)
        size, _ = _PARAMETER.unpack_from(data)
        return data[_PARAMETER.size : _PARAMETER.size + size].decode()
    except (binascii.Error, ValueError, TypeError, struct.error):
        raise ParamsError(where, "this is no parameter of a circuit.") from None
