"""What may be said to a simulator: a noise model, a seed."""

from __future__ import annotations

from typing import Any

import msgspec

from ketway.devices.aer_noise import noise_model_of
from ketway.devices.noise import NoiseModel, NoiseModelError
from ketway.jobs.failures import Code
from ketway.routines.ibm.typed import ParamsError, struct_of, type_of

LARGEST_SEED = (1 << 63) - 1


class _Given(msgspec.Struct):
    """The coupling map and the basis gates say what a circuit was compiled for; it is run as it
    was sent, so they change nothing."""

    noise_model: Any = None
    seed_simulator: int | None = None
    coupling_map: Any = None
    basis_gates: Any = None


class Simulating(msgspec.Struct, frozen=True):
    noise: NoiseModel | None = None
    seed: int | None = None


def read_simulating(value: Any, where: str) -> Simulating:
    if value is None:
        return Simulating()
    given: _Given = struct_of(value, _Given, where)
    noise = None
    if given.noise_model is not None:
        noise = _noise(given.noise_model, f"{where}.noise_model")
    return Simulating(noise, seed_of(given.seed_simulator, f"{where}.seed_simulator"))


def _noise(value: Any, where: str) -> NoiseModel:
    """A noise model of Qiskit Aer, typed or plain."""
    try:
        return noise_model_of(value["__value__"] if type_of(value) == "NoiseModel" else value)
    except NoiseModelError as error:
        place = f"{where}.{error.field}" if error.field else where
        message = str(error).removeprefix(f"{error.field}: ")
        raise ParamsError(place, f"{message}.", Code.UNSUPPORTED_GATE) from None


def seed_of(value: Any, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_SEED:
        raise ParamsError(where, "a seed is a whole number from 0 to 2^63 - 1.")
    return value
