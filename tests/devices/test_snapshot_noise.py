"""The noise of calibrated devices, against Qiskit Aer.

`aer.json` was recorded with qiskit-aer 0.18.2 from the fake backends of qiskit-ibm-runtime 0.51.0:
of each gate's error the average gate fidelity, and of the elements of its superoperator the sum of
the sizes and of their squares, so that channels of one fidelity are told apart.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from ketway.devices.loading import load
from ketway.devices.noise import GateNoise, check_noise_model
from ketway.devices.snapshot import GateFigures, Snapshot
from ketway.devices.snapshot_noise import NAMES, gate_noise, noise_of
from ketway.engines.noise import misreading

AER: dict[str, Any] = json.loads((Path(__file__).parent / "aer.json").read_text())
CALIBRATED = [device for device in load().devices.values() if device.snapshot is not None]
PAULIS = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
GATES = [(name, gate) for name, found in AER.items() for gate in found["gates"]]


def kraus(entry: GateNoise, times: list[tuple[float | None, float | None]]) -> list[np.ndarray]:
    """The whole channel after a gate, from the definition of each part; qubit 0 is the high one."""
    width = len(times)
    odds = {
        "".join(letters): entry.depolarising / 4**width + entry.pauli.get("".join(letters), 0.0)
        for letters in itertools.product("IXYZ", repeat=width)
    }
    odds["I" * width] += 1 - entry.depolarising - sum(entry.pauli.values())
    channel = [math.sqrt(p) * tensor([PAULIS[x] for x in letters]) for letters, p in odds.items()]
    for qubit, (t1, t2) in enumerate(times):
        own = [
            tensor([k if place == qubit else np.eye(2) for place in range(width)])
            for k in relaxation(entry.duration, t1, t2)
        ]
        channel = [after @ before for after in own for before in channel]
    return channel


def relaxation(time: float, t1: float | None, t2: float | None) -> list[np.ndarray]:
    """Amplitude damping, and the dephasing that is lacking: Nielsen and Chuang, 8.3."""
    kept = 1.0 if t1 is None else math.exp(-time / t1)
    coherence = math.sqrt(kept) if t2 is None else math.exp(-time / t2)
    flip = (1 - min(1.0, coherence / math.sqrt(kept))) / 2
    damping = [np.diag([1, math.sqrt(kept)]), np.array([[0, math.sqrt(1 - kept)], [0, 0]])]
    phases = [math.sqrt(1 - flip) * np.eye(2), math.sqrt(flip) * PAULIS["Z"]]
    return [phase @ damp for phase in phases for damp in damping]


def tensor(parts: list[np.ndarray]) -> np.ndarray:
    out = np.eye(1)
    for part in parts:
        out = np.kron(out, part)
    return out


def fidelity(channel: list[np.ndarray]) -> float:
    dim = len(channel[0])
    process = sum(abs(np.trace(k)) ** 2 for k in channel) / dim**2
    return float((dim * process + 1) / (dim + 1))


@pytest.mark.parametrize(("name", "gate"), GATES)
def test_a_gate_has_the_error_that_aer_gives_it(name: str, gate: str) -> None:
    model = load().noise(name)
    kind, *where = gate.split()
    qubits = tuple(map(int, where))
    times = {entry.qubit: (entry.t1, entry.t2) for entry in model.qubits}
    found = {e.qubits: e for e in model.gates if NAMES[kind] in e.gates}
    entry = found.get(qubits) or found[qubits[::-1]]
    channel = kraus(entry, [times.get(qubit, (None, None)) for qubit in qubits])
    expected = AER[name]["gates"][gate]
    assert fidelity(channel) == pytest.approx(expected["fidelity"], abs=1e-12)
    whole = sum(np.kron(k.conj(), k) for k in channel)
    assert np.abs(whole).sum() == pytest.approx(expected["sum"], abs=1e-9)
    assert (np.abs(whole) ** 2).sum() == pytest.approx(expected["squares"], abs=1e-9)


@pytest.mark.parametrize("name", AER)
def test_qubits_are_misread_as_in_aer(name: str) -> None:
    for qubit, expected in AER[name]["readout"].items():
        assert misreading(load().noise(name), int(qubit)) == pytest.approx(tuple(expected))


@pytest.mark.parametrize("device", CALIBRATED, ids=lambda device: device.name)
def test_every_model_is_one_that_a_person_may_write(device: Any) -> None:
    model = load().noise(device.name)
    check_noise_model(model)
    assert model.name == device.name
    assert model.relaxes
    assert not model.ideal
    assert load().noise(device.name) is model


def test_infidelity_is_the_error_wherever_it_can_be() -> None:
    times = [(80e-6, 100e-6), (50e-6, 30e-6)]
    for error in (0.008, 0.02, 0.3):
        made = gate_noise((0, 1), error, 200e-9, times)
        assert 1 - fidelity(kraus(made, times)) == pytest.approx(error, abs=1e-12)


def test_relaxation_that_is_worse_than_the_gate_stays_alone() -> None:
    made = gate_noise((0,), 1e-6, 1e-6, [(20e-6, 20e-6)])
    assert (made.depolarising, made.pauli, made.duration) == (0, {}, 1e-6)


def test_a_gate_out_of_calibration_is_as_bad_as_can_be() -> None:
    made = gate_noise((0, 1), 1.0, 0.0, [(None, None)] * 2)
    assert made.depolarising == 0
    assert sum(made.pauli.values()) == pytest.approx(1)
    assert fidelity(kraus(made, [(None, None)] * 2)) == pytest.approx(1 / 5)


def small(**fields: Any) -> Snapshot:
    plain: dict[str, Any] = {
        "date": "2026-01-01T00:00:00Z", "version": "1", "qubits": 2,
        "online": "2025-01-01T00:00:00Z",
        "basis": ["sx", "rz", "cx"], "instructions": ["measure"], "couplings": [[0, 1], [1, 0]],
        "t1": 100.0, "t2": [300.0, None], "p01": 0.01, "p10": 0.02,
        "figures": [
            {"gates": ["sx"], "errors": [0.001, 0.002], "lengths": 30},
            {"gates": ["rz"], "errors": 0, "lengths": 0},
            {"gates": ["cx"], "on": "couplings", "errors": 0.01, "lengths": [200, 235]},
        ],
    }  # fmt: skip
    return msgspec.convert(plain | fields, Snapshot)


def test_directions_that_differ_are_entries_of_their_own() -> None:
    model = noise_of("small", small(), "")
    assert [(e.gates, e.qubits, e.duration) for e in model.gates] == [
        (("sx",), (0,), pytest.approx(30e-9)),
        (("sx",), (1,), pytest.approx(30e-9)),
        (("cx",), (0, 1), pytest.approx(200e-9)),
        (("cx",), (1, 0), pytest.approx(235e-9)),
    ]
    assert model.qubits[0].t2 == pytest.approx(200e-6)  # twice t1, which is all that can be
    same = small(figures=[{"gates": ["cx"], "on": "couplings", "errors": 0.01, "lengths": 200}])
    assert [e.qubits for e in noise_of("same", same, "").gates] == [(0, 1)]


def test_figures_without_a_name_or_an_error_say_nothing() -> None:
    group = GateFigures(("reset",), lengths=1000.0)
    assert noise_of("x", small(figures=[group]), "").gates == ()
