"""The noise of a calibrated device, from what was measured on it.

After each gate: depolarising, and then the relaxation of its qubits for as long as the gate takes,
such that both together have the average gate infidelity that was measured. Where relaxation alone
has more, nothing is added. rz takes no time and has no error: it is a change of the frame. A gate
whose error is 1 was out of calibration, and is as bad as a gate can be: every Pauli but the
identity is as likely.

That is how Qiskit Aer's `NoiseModel.from_backend` reads the same figures; it is compared with that
in `tests/devices/test_snapshot_noise.py`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec

from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.devices.snapshot import Snapshot, column

NAMES: Final = {
    "id": "nop", "x": "x", "sx": "sx", "rx": "rx",
    "cx": "cx", "cz": "cz", "ecr": "ecr", "rzz": "rzz",
}  # fmt: skip
"""The gate table's names of the gates that are not free."""


Times: TypeAlias = tuple[float | None, float | None]
"""t1 and t2 of a qubit, in seconds."""


def noise_of(name: str, snapshot: Snapshot, source: str) -> NoiseModel:
    times = [
        (_seconds(t1, 1e-6), _seconds(_possible(t1, t2), 1e-6))
        for t1, t2 in zip(
            column(snapshot.t1, snapshot.qubits),
            column(snapshot.t2, snapshot.qubits),
            strict=True,
        )
    ]
    return NoiseModel(
        name=name,
        source=source,
        gates=tuple(_gates(snapshot, times)),
        qubits=tuple(_qubits(snapshot, times)),
    )


def _seconds(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


def _possible(t1: float | None, t2: float | None) -> float | None:
    """Twice t1 at most: some were measured to be longer, by chance."""
    return t2 if t1 is None or t2 is None else min(t2, 2 * t1)


def _qubits(snapshot: Snapshot, times: list[Times]) -> Iterator[QubitNoise]:
    misread = zip(
        column(snapshot.p01, snapshot.qubits), column(snapshot.p10, snapshot.qubits), strict=True
    )
    for qubit, ((t1, t2), (p01, p10)) in enumerate(zip(times, misread, strict=True)):
        entry = QubitNoise(qubit=qubit, t1=t1, t2=t2, p01=p01, p10=p10)
        if entry.times or entry.misread:
            yield entry


def _gates(snapshot: Snapshot, times: list[Times]) -> Iterator[GateNoise]:
    """An entry for each gate on its qubits; one for gates, and for directions, that are alike."""
    found: dict[tuple[tuple[int, ...], float, float], list[str]] = {}
    for place in snapshot.places():
        name = NAMES.get(place.gate)
        if name is None or place.error is None:
            continue
        key = (place.qubits, place.error, place.length or 0.0)
        turned = (place.qubits[::-1], *key[1:])
        names = found.get(turned) or found.setdefault(key, [])
        if name not in names:
            names.append(name)
    for (qubits, error, length), names in found.items():
        entry = gate_noise(qubits, error, length * 1e-9, [times[qubit] for qubit in qubits])
        if not entry.silent:
            yield msgspec.structs.replace(entry, gates=tuple(names))


def gate_noise(
    qubits: tuple[int, ...], error: float, duration: float, times: list[Times]
) -> GateNoise:
    """What follows a gate, so that its average infidelity is `error`; without its name."""
    dim = 2 ** len(qubits)
    relaxed = _fidelity(duration, times)
    # The average fidelity of a gate lies between 1 / (dim + 1) and 1. Depolarising with p makes
    # (1 - p) relaxed + p / dim of the fidelity of the relaxation alone.
    wanted = max(1 - error, 1 / (dim + 1))
    p = max(0.0, dim * (relaxed - wanted) / (dim * relaxed - 1))
    if p <= 1:
        return GateNoise(gates=(), qubits=qubits, depolarising=p, duration=duration)
    products = map("".join, itertools.product("IXYZ", repeat=len(qubits)))
    share = min(p, dim**2 / (dim**2 - 1)) / dim**2
    errors = {letters: share for letters in products if set(letters) != {"I"}}
    return GateNoise(gates=(), qubits=qubits, pauli=errors, duration=duration)


def _fidelity(duration: float, times: list[Times]) -> float:
    """The average fidelity of relaxation for that long: of the Paulis of a qubit, Z shrinks by
    exp(-t/t1), X and Y by exp(-t/t2)."""
    process = 1.0
    for t1, t2 in times:
        rate = 0.0 if t1 is None else 1 / t1
        lost = rate / 2 if t2 is None else 1 / t2
        process *= (1 + math.exp(-duration * rate) + 2 * math.exp(-duration * lost)) / 4
    dim: int = 2 ** len(times)
    return (dim * process + 1) / (dim + 1)
