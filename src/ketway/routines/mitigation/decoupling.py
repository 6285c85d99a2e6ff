"""Dynamical decoupling: pulses on qubits that wait, which together do nothing.

A schedule is made of the durations that the noise model gives its gates. Where a qubit waits at
least as long as the pulses take, they are put there. Without durations nothing is known to wait,
and nothing is put anywhere.

Noise here happens at gates, and waiting is free unless a circuit has a `nop` that the model names:
so pulses bring their own errors, and turn nothing back.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from ketway.circuits.circuit import Floats, Structure
from ketway.circuits.gates import Kind
from ketway.devices.noise import ANY_ONE, ANY_TWO, NoiseModel, noisy_gates
from ketway.routines.mitigation.weaving import Pulse
from ketway.routines.options import DynamicalDecoupling
from ketway.routines.placing import qubit_places

_QUARTER: Final = math.pi / 2
_SEQUENCES: Final[Mapping[str, tuple[float, ...]]] = {
    "XX": (0.0, 0.0),
    "XpXm": (0.0, math.pi),
    "XY4": (0.0, _QUARTER, math.pi, -_QUARTER),
}
"""X pulses, by how far each is turned about Z."""


class Durations:
    """How long gates take."""

    def __init__(self, noise: NoiseModel | None) -> None:
        self._known: dict[tuple[tuple[Kind, int] | str, tuple[int, ...]], float] = {}
        for entry in () if noise is None else noise.gates:
            for name in entry.gates:
                key = name if name in (ANY_ONE, ANY_TWO) else noisy_gates()[name]
                self._known[key, tuple(entry.qubits)] = entry.duration

    @property
    def any(self) -> bool:
        return any(self._known.values())

    def of(self, kind: Kind, controls: int, qubits: tuple[int, ...]) -> float:
        """By the most specific entry, as the noise of a gate is found."""
        rest = {1: ANY_ONE, 2: ANY_TWO}.get(len(qubits))
        for key in ((kind, controls), rest):
            for places in (qubits, qubits[::-1], ()):
                if key is not None and (key, places) in self._known:
                    return self._known[key, places]
        return 0.0


def pulses(
    structure: Structure, options: DynamicalDecoupling, noise: NoiseModel | None
) -> dict[int, tuple[Pulse, ...]]:
    """The pulses before each gate; at the number of gates, those that come last."""
    durations = Durations(noise)
    if not options.enable or not durations.any or structure.has_control:
        return {}
    starts, lengths = _schedule(structure, durations, options.scheduling_method == "alap")
    out: dict[int, list[Pulse]] = {}
    free = np.zeros(structure.qubits)  # since when each qubit waits
    reset = np.ones(structure.qubits, dtype=np.bool_)
    sequence = _SEQUENCES[options.sequence_type]
    end = float((starts + lengths).max(initial=0.0))

    def fill(qubit: int, until: float, gate: int) -> None:
        pulse = durations.of(Kind.X, 0, (qubit,))
        waits = until - free[qubit]
        skipped = options.skip_reset_qubits and bool(reset[qubit])
        if waits > 0 and waits >= len(sequence) * pulse and not skipped:
            out.setdefault(gate, []).extend(Pulse(qubit, turn) for turn in sequence)

    for gate, qubits in enumerate(_qubits(structure)):
        if structure.kinds[gate] == Kind.NOP:
            continue
        for qubit in qubits:
            fill(qubit, float(starts[gate]), gate)
            free[qubit] = starts[gate] + lengths[gate]
            reset[qubit] = structure.kinds[gate] == Kind.RESET
    if not structure.measured:
        for qubit in np.flatnonzero(free > 0).tolist():
            fill(qubit, end, structure.gates)
    return {gate: tuple(some) for gate, some in out.items()}


def _qubits(structure: Structure) -> list[tuple[int, ...]]:
    places = qubit_places(structure)
    starts, operands = structure.operand_starts, structure.operands
    return [
        tuple(operands[start:end][places[start:end]].tolist())
        for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    ]


def _schedule(structure: Structure, durations: Durations, late: bool) -> tuple[Floats, Floats]:
    """When each gate starts, as soon or as late as it can, and how long it takes."""
    qubits = _qubits(structure)
    lengths = np.array(
        [
            durations.of(Kind(kind), controls, own)
            for kind, controls, own in zip(
                structure.kinds.tolist(), structure.controls.tolist(), qubits, strict=True
            )
        ]
    )
    ready = np.zeros(structure.qubits)
    ends = np.zeros(structure.gates)
    order = range(structure.gates)
    for gate in reversed(order) if late else order:
        own = list(qubits[gate])
        ends[gate] = (ready[own].max() if own else 0.0) + lengths[gate]
        ready[own] = ends[gate]
    starts = ends.max(initial=0.0) - ends if late else ends - lengths
    return starts, lengths
