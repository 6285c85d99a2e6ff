"""A device's own noise says what its characterization says."""

from __future__ import annotations

import datetime
import math
import statistics

import msgspec
import pytest
from tests import channels
from tests.corpus.arbitrary import random_circuit

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.devices.characterization import NoCharacterizationError, characterization
from ketway.devices.device import Device
from ketway.devices.loading import load
from ketway.devices.noise import GateNoise, NoiseModel, check_noise_model, read_noise_model
from ketway.devices.own_noise import gate_noise, noise_model, own_noise
from ketway.engines.density import DensityEngine
from ketway.engines.engine import Task
from ketway.engines.noise import misreading, noise_sites

QPUS = [device for device in load().of("ionq") if device.kind == "qpu"]
FORTE = load().device("qpu.forte-1")
DAY = datetime.date(2026, 6, 1)
ODDS = dict[str, float]

qpus = pytest.mark.parametrize("device", QPUS, ids=lambda device: device.name)


def day_in(device: Device) -> datetime.date:
    assert device.drift is not None
    return device.drift.since + datetime.timedelta(days=100)


def fidelity_of(entry: GateNoise) -> float:
    """The average fidelity, from the odds that the depolarising and the flips cancel out."""
    squared = 4**entry.width
    flips = math.fsum(entry.pauli.values())
    each = entry.depolarising / squared
    none = (1 - (squared - 1) * each) * (1 - flips) + each * flips
    dim = 2**entry.width
    return (dim * none + 1) / (dim + 1)


@qpus
def test_every_qubit_and_pair_has_the_fidelity_that_was_measured(device: Device) -> None:
    day = characterization(device, day_in(device))
    model = noise_model(day)
    check_noise_model(model)
    found = {entry.qubits: fidelity_of(entry) for entry in model.gates}
    wanted = {(k,): qubit.fidelity for k, qubit in enumerate(day.qubits)} | day.pairs
    assert found == pytest.approx(wanted, abs=1e-11)
    for k, qubit in enumerate(day.qubits):
        assert misreading(model, k) == (qubit.p01, qubit.p10)
    assert not model.beyond_paulis
    assert {entry.gates for entry in model.gates} == {("1q",), ("2q",)}


@qpus
def test_the_centre_of_the_history_has_the_rates_of_the_catalogue(device: Device) -> None:
    """On days that did not wander, half the qubits are better than the vendor's rate and half are
    worse; and so the pairs."""
    assert device.drift is not None
    assert device.noise is not None
    still = msgspec.structs.replace(device, drift=msgspec.structs.replace(device.drift, wander=0.0))
    model, vendors = own_noise(still, day_in(device)), load().noise(device.noise)
    for width, rate in ((1, vendors.one_qubit), (2, vendors.two_qubit)):
        dim = 2**width
        rates = [
            (1 - fidelity_of(entry)) * dim / (dim - 1)
            for entry in model.gates
            if entry.width == width
        ]
        # IonQ's rates are followed to the seventh digit of a fidelity.
        assert statistics.median(rates) == pytest.approx(rate, abs=1.1e-7)


@qpus
def test_phases_flip_as_coherence_is_lost(device: Device) -> None:
    day = characterization(device, day_in(device))
    model, timing = noise_model(day), day.timing
    for entry in model.gates:
        if entry.depolarising == 0:
            continue  # its coherence explains more than its whole error
        duration = timing.one_qubit if entry.width == 1 else timing.two_qubit
        for place, qubit in enumerate(entry.qubits):
            flips = math.fsum(p for letters, p in entry.pauli.items() if letters[place] == "Z")
            assert 1 - 2 * flips == pytest.approx(math.exp(-duration / day.qubits[qubit].t2))
        assert all(set(letters) <= set("IZ") for letters in entry.pauli)
    silent = sum(entry.depolarising == 0 for entry in model.gates)
    assert silent < len(model.gates) / 20


def test_a_gate_better_than_its_coherence_only_flips_and_less() -> None:
    entry = gate_noise(0.99999, (0, 1), (0.01, 0.02))
    assert entry.depolarising == 0
    assert fidelity_of(entry) == pytest.approx(0.99999, abs=1e-12)
    assert entry.pauli["IZ"] == pytest.approx(2 * entry.pauli["ZI"], rel=0.02)
    assert fidelity_of(gate_noise(0.75, (4,), (0.0,))) == pytest.approx(0.75)
    assert not gate_noise(0.75, (4,), (0.0,)).pauli


def test_the_same_id_is_the_same_noise_for_ever() -> None:
    day = characterization(FORTE, DAY)
    model = own_noise(FORTE, day.id)
    assert model == own_noise(FORTE, DAY) == noise_model(day)
    assert model.name == "qpu.forte-1@2026-06-01"
    assert day.id in model.source
    assert read_noise_model(msgspec.json.encode(model)) == model
    other = own_noise(FORTE, DAY + datetime.timedelta(days=1))
    assert other.gates != model.gates
    with pytest.raises(NoCharacterizationError):
        own_noise(FORTE, day.id[:-1] + ("0" if day.id[-1] != "0" else "1"))
    with pytest.raises(NoCharacterizationError):
        own_noise(load().device("simulator"), DAY)


def test_every_gate_on_a_pair_is_followed_by_the_pairs_noise() -> None:
    """Native or not, in both orders, and what wider gates compile to."""
    model = own_noise(FORTE, DAY)
    entries = {entry.qubits: entry for entry in model.gates}
    builder = Builder(36)
    builder.add(Kind.ZZ, (3, 8), (0.25,))
    builder.add(Kind.RZZ, (8, 3), (0.1,))
    builder.add(Kind.X, (3,), controls=(8,))
    builder.add(Kind.GPI2, (3,), (0.3,))
    builder.add(Kind.H, (3,))
    builder.add(Kind.X, (1,), controls=(35, 20))
    structure = builder.circuit().structure
    sites = noise_sites(structure, model)
    wanted = [(3, 8)] * 3 + [(3,)] * 2 + [(20, 35), (1, 20)] * 3
    assert len(sites.tables) == len(wanted)
    for odds, qubits in zip(sites.error_odds.tolist(), wanted, strict=True):
        dim = 2 ** len(qubits)
        assert odds == pytest.approx((1 - fidelity_of(entries[qubits])) * (dim + 1) / dim)


@pytest.mark.parametrize("seed", [1, 2])
def test_an_engine_does_it_exactly(seed: int) -> None:
    """Against superoperators: qubits 5, 2 and 30 of the machine, as a circuit's 0, 1 and 2."""
    model = own_noise(load().device("qpu.forte-1"), DAY).on((5, 2, 30))
    assert len(model.gates) == 3 + 3
    circuit = random_circuit(3, 20, seed)
    task = Task(Batch(circuit.structure, circuit.params[None]), (1,), 0, True, model)
    (result,) = DensityEngine().run(task)
    assert result.probabilities is not None
    found = dict(zip(result.integers(), result.probabilities.tolist(), strict=True))
    expected = channels.distribution(circuit, model)
    assert found == pytest.approx({k: p for k, p in expected.items() if p > 1e-15}, abs=1e-10)
    assert result.provenance.noise == model.name
    assert any(name.startswith("2q[") for name in result.provenance.rates)


def test_a_circuit_needs_only_the_entries_of_its_qubits() -> None:
    whole = own_noise(FORTE, DAY)
    part = whole.on(range(5))
    assert (len(whole.gates), len(part.gates)) == (36 + 630, 5 + 10)
    assert isinstance(part, NoiseModel)
    assert [entry.qubit for entry in part.qubits] == [0, 1, 2, 3, 4]
