"""The program `estimator`: expectation values of observables on the points of sweeps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ketway.circuits.circuit import Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import PrimitiveAnswer, PubAnswer
from ketway.routines.estimator import EstimatorAnswer, estimate, plan_estimate
from ketway.routines.ibm.checking import check_circuits, check_totals
from ketway.routines.ibm.layer_noise import read_layer_noise
from ketway.routines.ibm.observables import letters, read_observables
from ketway.routines.ibm.simulating import Simulating, read_simulating, seed_of
from ketway.routines.ibm.typed import (
    ParamsError,
    Reading,
    decoded,
    options_of,
    pubs_of,
    struct_of,
)
from ketway.routines.options import EstimatorOptions
from ketway.routines.pubs import EstimatorPub
from ketway.routines.routine import Size
from ketway.routines.runner import Runner

DEFAULT_PRECISION: Final = 0.015625
"""IBM's: the standard error of 4,096 shots."""

_FIELDS: Final = (
    "evs",
    "stds",
    "ensemble_standard_error",
    "evs_noise_factors",
    "stds_noise_factors",
    "ensemble_stds_noise_factors",
    "evs_extrapolated",
    "stds_extrapolated",
)


class EstimatorInputs(msgspec.Struct, frozen=True):
    pubs: list[EstimatorPub]
    options: EstimatorOptions
    simulating: Simulating
    seed: int | None
    plain: bool


class Estimator:
    name = "estimator"
    inputs = EstimatorInputs

    def read(self, params: bytes) -> EstimatorInputs:
        given = decoded(params)
        reading = Reading()
        options = options_of(given)
        level = given.get("resilience_level", options.get("resilience_level"))
        if level is not None:
            options = {**options, "resilience_level": level}
        chosen = _chosen(reading, options)
        simulating = read_simulating(options.get("simulator"), "options.simulator")
        seed = seed_of(options.get("seed_estimator"), "options.seed_estimator")
        default = given.get("precision")
        pubs = [
            _pub(reading, pub, default, chosen, f"pubs[{i}]")
            for i, pub in enumerate(pubs_of(given, "[circuit, observables, values, precision]"))
        ]
        return EstimatorInputs(
            pubs,
            chosen,
            simulating,
            simulating.seed if seed is None else seed,
            not given.get("support_qiskit", False),
        )

    def size(self, inputs: EstimatorInputs) -> Size:
        shots = max((_shots(pub) for pub in inputs.pubs), default=0)
        return Size.of((pub.batch for pub in inputs.pubs), shots)

    def seed(self, inputs: EstimatorInputs) -> int | None:
        return inputs.seed

    def noise(self, inputs: EstimatorInputs, device: NoiseModel | None) -> NoiseModel | None:
        return inputs.simulating.noise or device

    def structures(self, inputs: EstimatorInputs) -> Iterable[Structure]:
        return (pub.batch.structure for pub in inputs.pubs)

    def check(self, inputs: EstimatorInputs, device: Device) -> None:
        check_circuits((pub.batch for pub in inputs.pubs), device)
        check_totals([(len(pub.batch), _shots(pub)) for pub in inputs.pubs], device)

    def plan(self, inputs: EstimatorInputs, runner: Runner) -> list[Plan]:
        return [part for pub in inputs.pubs for part in plan_estimate(pub, inputs.options, runner)]

    def run(self, inputs: EstimatorInputs, runner: Runner) -> PrimitiveAnswer:
        answers = [
            _answer(pub, estimate(pub, inputs.options, runner, i))
            for i, pub in enumerate(inputs.pubs)
        ]
        metadata = {**_asked(inputs.options), "version": 2}
        return PrimitiveAnswer(answers, metadata, None, inputs.plain, runner.used)


ESTIMATOR: Final = Estimator()


def _chosen(reading: Reading, options: dict[str, Any]) -> EstimatorOptions:
    resilience = options.get("resilience")
    known = None
    if isinstance(resilience, dict):
        where = "options.resilience.layer_noise_model"
        known = read_layer_noise(reading, resilience.get("layer_noise_model"), where)
        options = {**options, "resilience": {**resilience, "layer_noise_model": None}}
    chosen: EstimatorOptions = struct_of(options, EstimatorOptions, "options")
    if known is None:
        return chosen
    told = msgspec.structs.replace(chosen.resilience, layer_noise_model=known)
    return msgspec.structs.replace(chosen, resilience=told)


def _asked(options: EstimatorOptions) -> dict[str, Any]:
    """What was asked for, as IBM repeats it; but not what was known of the noise."""
    resilience = msgspec.structs.replace(options.resilience, layer_noise_model=None)
    options = msgspec.structs.replace(options, resilience=resilience)
    asked: dict[str, Any] = msgspec.to_builtins(options)
    return {name: asked[name] for name in ("dynamical_decoupling", "twirling", "resilience")}


def _answer(pub: EstimatorPub, found: EstimatorAnswer) -> PubAnswer:
    numbers = {name: getattr(found, name) for name in _FIELDS}
    return PubAnswer(
        pub.shape,
        numbers={name: values for name, values in numbers.items() if values is not None},
        metadata=found.metadata,
    )


def _shots(pub: EstimatorPub) -> int:
    if pub.shots is not None:
        return pub.shots
    return math.ceil(1 / pub.precision**2) if pub.precision else 0


def _pub(
    reading: Reading, pub: Any, default: Any, options: EstimatorOptions, where: str
) -> EstimatorPub:
    if not isinstance(pub, list) or not 2 <= len(pub) <= 4:
        raise ParamsError(
            where, "a PUB is a list: [circuit, observables, parameter values, precision]."
        )
    template = reading.machine_circuit(pub[0], letters(pub[1]), f"{where}[0]")
    values, sweep = reading.bindings(template, pub[2] if len(pub) > 2 else None, f"{where}[2]")
    found = read_observables(pub[1], template.structure.qubits, sweep, f"{where}[1]")
    precision, shots = pub[3] if len(pub) > 3 else None, None
    if precision is None:
        precision = default
    if precision is None:
        precision, shots = options.default_precision, options.default_shots
    if isinstance(precision, bool) or not isinstance(precision, (int, float)):
        raise ParamsError(f"{where}[3]", "a precision is a number from 0.")
    if not 0 <= precision < math.inf:
        raise ParamsError(f"{where}[3]", "a precision is a number from 0.")
    return EstimatorPub(
        template.batch(values),
        found.shape,
        found.points,
        found.observables,
        found.members,
        float(precision),
        shots,
    )
