"""The first version of the program `estimator`: one expectation value for each circuit.

What it is given is said in the words of the second version, and done by that. Circuits that come
several times with one observable become one PUB with a sweep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from ketway.circuits.circuit import Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import PrimitiveAnswer, ValuesAnswer
from ketway.jobs.failures import FailedError
from ketway.routines.ibm.first import read_points, read_run_options, resilience_level
from ketway.routines.ibm.operators import read_operator
from ketway.routines.ibm.typed import ParamsError, Reading, decoded
from ketway.routines.routine import Routine, Size
from ketway.routines.runner import Runner

_EXTRAPOLATORS: Final = {
    "LinearExtrapolator": "linear",
    "QuadraticExtrapolator": "polynomial_degree_2",
    "CubicExtrapolator": "polynomial_degree_3",
    "QuarticExtrapolator": "polynomial_degree_4",
}
_PART: Final = re.compile(r"pubs\[(\d+)\](?:\[(\d)\])?")
_LISTS: Final = ("circuits", "observables", "parameter_values", "parameter_values")
"""Where the parts of a PUB come from."""


class FirstEstimator:
    """Its inputs are those of the second version, `pubs`: for each PUB which circuits of the job
    its points are, and the shots of each."""

    name = "estimator"

    def __init__(self, newer: Routine) -> None:
        self._newer = newer
        fields = [("newer", newer.inputs), ("pubs", list[list[int]]), ("shots", int)]
        self._inputs = msgspec.defstruct("FirstEstimatorInputs", fields, frozen=True)

    @property
    def inputs(self) -> Any:
        return self._inputs

    def read(self, params: bytes) -> Any:
        given = decoded(params)
        level = resilience_level(given, most=3)
        options = read_run_options(given)
        reading = Reading()
        circuits, values = read_points(reading, given)
        operators = given.get("observables")
        if not isinstance(operators, list) or len(operators) != len(circuits):
            raise ParamsError("observables", f"{len(circuits):,} are wanted, one for each circuit.")
        sweeps: dict[bytes, tuple[list[Any], list[int]]] = {}
        for i, (circuit, operator) in enumerate(zip(circuits, operators, strict=True)):
            key = msgspec.json.encode((circuit, operator))
            if key not in sweeps:
                terms = read_operator(reading, operator, f"observables[{i}]")
                sweeps[key] = ([circuit, terms, []], [])
            pub, members = sweeps[key]
            row = reading.floats(values[i], f"parameter_values[{i}]").reshape(-1).tolist()
            if pub[2] and len(row) != len(pub[2][0]):
                raise ParamsError(f"parameter_values[{i}]", f"{len(pub[2][0]):,} are wanted.")
            pub[2].append(row)
            members.append(i)
        whole = {
            "pubs": [pub for pub, _ in sweeps.values()],
            "options": {
                "default_shots": options.shots,
                "simulator": (given.get("run_options") or {}),
                "resilience": _resilience(given, level),
            },
            "resilience_level": min(level, 2) if level < 3 else 1,
            "version": 2,
            "support_qiskit": True,
        }
        pubs = [members for _, members in sweeps.values()]
        try:
            newer = self._newer.read(msgspec.json.encode(whole))
        except FailedError as error:
            message = _PART.sub(lambda part: _named(part, pubs), error.failure.message)
            raise FailedError(msgspec.structs.replace(error.failure, message=message)) from None
        return self._inputs(newer=newer, pubs=pubs, shots=options.shots)

    def size(self, inputs: Any) -> Size:
        return self._newer.size(inputs.newer)

    def seed(self, inputs: Any) -> int | None:
        return self._newer.seed(inputs.newer)

    def noise(self, inputs: Any, device: NoiseModel | None) -> NoiseModel | None:
        return self._newer.noise(inputs.newer, device)

    def structures(self, inputs: Any) -> Iterable[Structure]:
        return self._newer.structures(inputs.newer)

    def check(self, inputs: Any, device: Device) -> None:
        self._newer.check(inputs.newer, device)

    def plan(self, inputs: Any, runner: Runner) -> Sequence[Plan]:
        return self._newer.plan(inputs.newer, runner)

    def run(self, inputs: Any, runner: Runner) -> ValuesAnswer:
        answer: PrimitiveAnswer = self._newer.run(inputs.newer, runner)
        count = sum(len(members) for members in inputs.pubs)
        values = np.zeros(count)
        metadata: list[dict[str, Any]] = [{}] * count
        for pub, members in zip(answer.pubs, inputs.pubs, strict=True):
            values[members] = pub.numbers["evs"].reshape(-1)
            errors = pub.numbers["stds"].reshape(-1).tolist()
            for member, error in zip(members, errors, strict=True):
                variance = error**2 * inputs.shots
                metadata[member] = {"variance": variance, "shots": inputs.shots}
        return ValuesAnswer(values, metadata, runner.used)


def first(second: Routine) -> Routine:
    return FirstEstimator(second)


def _resilience(given: dict[str, Any], level: int) -> dict[str, Any]:
    settings = given.get("resilience_settings") or {}
    if level == 3:
        return {"pec_mitigation": True}
    if level < 2:
        return {}
    zne: dict[str, Any] = {"extrapolator": "linear"}
    if settings.get("noise_factors") is not None:
        zne["noise_factors"] = settings["noise_factors"]
    wanted = settings.get("extrapolator")
    if wanted is not None:
        if wanted not in _EXTRAPOLATORS:
            raise ParamsError(
                "resilience_settings.extrapolator", f"known are {', '.join(_EXTRAPOLATORS)}."
            )
        zne["extrapolator"] = _EXTRAPOLATORS[wanted]
    return {"zne_mitigation": True, "zne": zne}


def _named(part: re.Match[str], pubs: list[list[int]]) -> str:
    """Where a part of a PUB stood before it was one."""
    pub, place = int(part[1]), part[2]
    first = pubs[pub][0] if pub < len(pubs) else pub
    return f"{_LISTS[min(int(place or 0), 3)]}[{first}]"
