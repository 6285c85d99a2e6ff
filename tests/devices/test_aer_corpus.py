"""Models of Qiskit Aer against distributions that Aer computed: see `corpus/make.py`."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.chance import fits

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import QASM
from ketway.devices.aer_noise import noise_model_of
from ketway.devices.noise import NoiseModel, read_noise_model
from ketway.engines.dense import DenseEngine
from ketway.engines.density import DensityEngine
from ketway.engines.engine import Task

FILES = sorted((Path(__file__).parent / "corpus").glob("*.json"))
NAMES = [file.stem for file in FILES]


@cache
def document(name: str) -> Any:
    return json.loads((Path(__file__).parent / "corpus" / f"{name}.json").read_text())


@cache
def model(name: str) -> NoiseModel:
    return noise_model_of(document(name)["model"], name)


def circuit_of(gates: list[list[Any]], qubits: int) -> Circuit:
    """Measured, so that what strikes measurements does."""
    b = Builder(qubits, qubits)
    for name, places, params in gates:
        if name == "u2":
            b.add(QASM["u"].kind, places, (np.pi / 2, *params))
        elif name in ("cx", "cz"):
            b.add(QASM[name[1:]].kind, places[1:], controls=places[:1])
        else:
            b.add(QASM[name].kind, places, params)
    for qubit in range(qubits):
        b.add(QASM["measure"].kind, [qubit, qubit])
    return b.circuit()


def tasks(name: str, noise: NoiseModel) -> list[tuple[Task, Any]]:
    """What to run, and the distributions that the corpus has of it."""
    held = document(name)
    return [
        (Task(Batch(circuit.structure, circuit.params[None]), (11,), 0, True, noise), one)
        for one in held["circuits"]
        for circuit in [circuit_of(one["gates"], held["qubits"])]
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_density_matrix_gives_what_aer_gives(name: str) -> None:
    backend = name in ("generic", "manila", "torino")
    for task, one in tasks(name, model(name)):
        (found,) = DensityEngine().run(task)
        chances = np.zeros(len(one["channels"]))
        assert found.probabilities is not None
        chances[found.integers()] = found.probabilities
        assert np.abs(chances - one["channels"]).max() < 1e-10
        # Aer's own lose up to 4e-9 in all, where errors have parts below its threshold.
        assert np.abs(chances - one["probabilities"]).max() < (2e-9 if backend else 1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_trajectories_give_what_aer_gives(name: str) -> None:
    for task, one in tasks(name, model(name)):
        (found,) = DenseEngine().run(replace(task, shots=4000, exact=False, threads=2))
        assert found.counts is not None
        counts = dict(zip(found.integers(), found.counts.tolist(), strict=True))
        assert fits(counts, dict(enumerate(one["channels"])))


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_was_read_is_a_document(name: str) -> None:
    assert read_noise_model(msgspec.json.encode(model(name))) == model(name)


def plain(name: str) -> bool:
    return not any(entry.channel for entry in model(name).gates)


def test_what_is_pauli_or_damps_stays_so() -> None:
    # Relaxing to a mixture of 0 and 1 too: it is some flips before a damping.
    assert {name for name in NAMES if not plain(name)} == {
        *("coherent", "composed", "kraus", "kraus_canonical", "mixed_unitary", "reset_always"),
    }
    paulis = {name for name in NAMES if not model(name).beyond_paulis}
    assert paulis == {
        *("depolarizing", "depolarizing_most", "pauli", "lindblad", "phase_damping"),
    }
