"""Shots of the points of a sweep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Register
from ketway.engines.engine import Plan
from ketway.routines.options import SamplerOptions
from ketway.routines.pubs import SamplerPub
from ketway.routines.runner import Runner


def sample(
    pub: SamplerPub, options: SamplerOptions, runner: Runner, key: int
) -> dict[str, NDArray[np.uint8]]:
    """For each register, its value in every shot as big-endian bytes."""
    shots = runner.sample(pub.batch, pub.shots, key)
    shots = shots.reshape(*pub.shape, *shots.shape[1:])
    return {register.name: packed(shots, register) for register in pub.registers}


def packed(outcomes: NDArray[np.uint8], register: Register) -> NDArray[np.uint8]:
    """A register's bits out of outcomes, as big-endian bytes in the last axis."""
    places = np.array(register.bits[::-1], dtype=np.intp)
    bits = outcomes[..., places >> 3] >> (places & 7).astype(np.uint8) & 1
    pad = -len(places) % 8
    if pad:
        bits = np.concatenate((np.zeros((*bits.shape[:-1], pad), np.uint8), bits), axis=-1)
    return np.packbits(bits, axis=-1)


def plan_sampler(pub: SamplerPub, options: SamplerOptions, runner: Runner) -> list[Plan]:
    return [runner.plan_sampling(pub.batch, pub.shots)]
