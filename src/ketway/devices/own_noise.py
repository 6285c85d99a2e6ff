"""The noise that a device has on a day, from what was measured on it that day.

After a gate come phase flips, as many as the qubits' coherence times make of the time that it
takes, and depolarising for the rest, such that both together have the fidelity that was measured. A
gate whose flips alone would be worse than that has only flips, fewer of them. Then each qubit is
misread by its own p01 and p10. Relaxation is left out: in the millisecond that a gate takes, an ion
whose t1 is seconds does not relax; and so every engine whose errors are Paulis can run it.
"""

from __future__ import annotations

import datetime
import math
from functools import lru_cache
from typing import Final

from ketway.devices.characterization import Characterization, characterization
from ketway.devices.device import Device
from ketway.devices.history import find
from ketway.devices.noise import ANY_ONE, ANY_TWO, GateNoise, NoiseModel, QubitNoise

_DIGITS: Final = 12
"""To which odds are rounded, so that they are the same on every processor."""


def own_noise(device: Device, of: str | datetime.date) -> NoiseModel:
    """A device's own noise under one of its characterizations, given by its id or its day.

    The same id gives the same model for ever, while the catalogue's figures of the device are what
    they were; after that, `NoCharacterizationError` says so rather than that a job runs under other
    noise than it names. For a circuit on its first `n` qubits, `own_noise(...).on(range(n))` has no
    more entries than that needs.
    """
    found = find(device, of) if isinstance(of, str) else characterization(device, of)
    return noise_model(found)


@lru_cache(maxsize=32)
def noise_model(figures: Characterization) -> NoiseModel:
    """The noise of the device on that day: an entry for each qubit and each pair, which holds for
    all gates of that width, whatever they are called."""
    timing = figures.timing
    flips_1q = [_flips(timing.one_qubit, qubit.t2) for qubit in figures.qubits]
    flips_2q = [_flips(timing.two_qubit, qubit.t2) for qubit in figures.qubits]
    gates = [
        gate_noise(qubit.fidelity, (place,), (flips_1q[place],))
        for place, qubit in enumerate(figures.qubits)
    ]
    gates += [
        gate_noise(fidelity, pair, (flips_2q[pair[0]], flips_2q[pair[1]]))
        for pair, fidelity in figures.pairs.items()
    ]
    return NoiseModel(
        name=f"{figures.device.name}@{figures.day}",
        source=f"characterization {figures.id} of {figures.device.name}, made from the catalogue",
        gates=tuple(gates),
        qubits=tuple(
            QubitNoise(qubit=place, p01=qubit.p01, p10=qubit.p10)
            for place, qubit in enumerate(figures.qubits)
        ),
    )


def gate_noise(fidelity: float, qubits: tuple[int, ...], flips: tuple[float, ...]) -> GateNoise:
    """Phase flips with these odds on each qubit, and depolarising, of that average fidelity."""
    squared: int = 4 ** len(qubits)
    dim: int = 2 ** len(qubits)
    # The odds of any Pauli at all, of a channel of Paulis with that average fidelity.
    wanted = (1 - fidelity) * (dim + 1) / dim
    phases = _phases(flips)
    flipped = math.fsum(phases.values())
    if flipped >= wanted:
        phases = {letters: p * wanted / flipped for letters, p in phases.items()}
        depolarised = 0.0
    else:
        # A depolarising error x and a flip together are none if neither happens, or both the same.
        depolarised = (wanted - flipped) / (1 - flipped - flipped / (squared - 1))
    return GateNoise(
        gates=(ANY_ONE if len(qubits) == 1 else ANY_TWO,),
        qubits=qubits,
        depolarising=round(depolarised * squared / (squared - 1), _DIGITS),
        pauli={letters: round(p, _DIGITS) for letters, p in phases.items() if p > 0},
    )


def _flips(duration: float, t2: float) -> float:
    """The odds of a phase flip in that time: coherence shrinks by exp(-duration / t2)."""
    return -math.expm1(-duration / t2) / 2


def _phases(flips: tuple[float, ...]) -> dict[str, float]:
    """The odds of each product of flips, on one qubit or on two that flip independently."""
    if len(flips) == 1:
        return {"Z": flips[0]}
    first, second = flips
    return {
        "ZI": first * (1 - second),
        "IZ": second * (1 - first),
        "ZZ": first * second,
    }
