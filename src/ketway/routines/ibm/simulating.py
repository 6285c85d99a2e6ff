"""What may be said to a simulator: a noise model, a seed."""

from __future__ import annotations

from typing import Any

import msgspec

from ketway.devices.noise import NoiseModel
from ketway.jobs.failures import Code
from ketway.routines.ibm.typed import ParamsError, struct_of

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
    if given.noise_model is not None:
        raise ParamsError(
            f"{where}.noise_model",
            "noise models are not read yet: leave it out.",
            Code.UNSUPPORTED_GATE,
        )
    return Simulating(None, seed_of(given.seed_simulator, f"{where}.seed_simulator"))


def seed_of(value: Any, where: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LARGEST_SEED:
        raise ParamsError(where, "a seed is a whole number from 0 to 2^63 - 1.")
    return value
