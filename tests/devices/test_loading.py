"""The catalogue that ships: complete, consistent with itself, and with IonQ's published figures."""

from __future__ import annotations

import datetime
import math
from importlib import resources

import msgspec
import pytest

from ketway.circuits.gates import IONQ_NATIVE, IONQ_QIS
from ketway.devices.device import Device, NoiseEntry
from ketway.devices.loading import UnknownNameError, load
from ketway.devices.snapshot import Processor, column

IONQ = load().of("ionq")
IBM = load().of("ibm")
QPUS = [device for device in IONQ if device.kind == "qpu"]
MACHINES = [device for device in IBM if device.kind == "qpu"]


def test_every_backend_and_model_of_ionq_is_there() -> None:
    assert {device.name for device in IONQ} == {
        "simulator",
        "qpu.harmony",
        "qpu.aria-1",
        "qpu.aria-2",
        "qpu.forte-1",
        "qpu.forte-enterprise-1",
        "qpu.forte-enterprise-2",
        "qpu.forte-enterprise-3",
    }
    assert set(load().noises) == {
        "ideal",
        "harmony",
        "harmony-1",
        "harmony-2",
        "aria-1",
        "aria-2",
        "forte-1",
        "forte-enterprise-1",
    }
    assert set(load().device("simulator").noise_models) == set(load().noises)


def test_each_file_has_the_name_of_its_device() -> None:
    folder = resources.files("ketway.devices") / "catalogue"
    names = {file.name for file in folder.iterdir()} - {"ibm"}
    machines = {device.name for device in MACHINES}
    assert names == {f"{name}.toml" for name in load().devices.keys() - machines} | {
        "noise.toml",
        "prices.toml",
    }
    assert {f.name for f in (folder / "ibm").iterdir()} == {f"{name}.json" for name in machines}


@pytest.mark.parametrize(
    ("model", "one", "two"),
    [
        ("ideal", 0, 0),
        ("aria-1", 0.0005, 0.0133),
        ("aria-2", 0.0006573333333333332, 0.01856),
        ("forte-1", 0.0002666666666666667, 0.004949333333333333),
    ],
)
def test_published_rates_are_as_published(model: str, one: float, two: float) -> None:
    noise = load().noise(model)
    assert (noise.one_qubit, noise.two_qubit, noise.readout) == (one, two, 0)
    assert noise.ideal is (model == "ideal")
    assert not load().noise_entry(model).derived


@pytest.mark.parametrize("device", QPUS, ids=lambda device: device.name)
def test_noise_and_fidelity_of_a_qpu_say_the_same(device: Device) -> None:
    """r = (1 - fidelity) d / (d - 1), whichever of the two was derived from the other."""
    assert device.noise is not None
    assert device.fidelity is not None
    noise = load().noise(device.noise)
    assert math.isclose(noise.one_qubit, (1 - device.fidelity.one_qubit) * 2, rel_tol=1e-9)
    assert math.isclose(noise.two_qubit, (1 - device.fidelity.two_qubit) * 4 / 3, rel_tol=1e-9)


@pytest.mark.parametrize("device", QPUS, ids=lambda device: device.name)
def test_figures_are_possible_and_have_a_source(device: Device) -> None:
    fidelity, timing = device.fidelity, device.timing
    assert fidelity is not None
    assert timing is not None
    assert device.source
    assert fidelity.source
    assert timing.source
    assert 0.9 < fidelity.two_qubit < fidelity.one_qubit < 1
    assert 0.9 < fidelity.spam < 1
    assert 0 < timing.one_qubit < timing.two_qubit < timing.t2 <= timing.t1
    assert 0 < timing.reset < timing.readout < timing.t2
    for figures in (fidelity, timing):
        assert set(figures.derived) <= set(figures.__struct_fields__) - {"date", "source"}
    assert all(day <= device.checked for day in (fidelity.date, timing.date) if day is not None)
    assert len(device.connections) == device.qubits * (device.qubits - 1) // 2


@pytest.mark.parametrize("entry", load().noises.values(), ids=lambda entry: entry.name)
def test_derived_models_say_how(entry: NoiseEntry) -> None:
    assert bool(entry.formula) is entry.derived
    assert entry.formula in entry.model.source
    assert entry.model.source.startswith(entry.source)


@pytest.mark.parametrize("device", IONQ, ids=lambda device: device.name)
def test_gates_are_those_of_the_gate_table(device: Device) -> None:
    assert set(device.qis_gates) == set(IONQ_QIS)
    assert set(device.native_gates) <= set(IONQ_NATIVE) - {"nop"}


def test_the_simulators_of_ibm_are_there() -> None:
    found = [device for device in IBM if device.kind == "simulator"]
    assert {device.name: (device.kind, device.qubits) for device in found} == {
        "ibmq_qasm_simulator": ("simulator", 32),
        "simulator_statevector": ("simulator", 32),
        "simulator_mps": ("simulator", 100),
        "simulator_stabilizer": ("simulator", 5000),
        "simulator_extended_stabilizer": ("simulator", 63),
    }
    for device in IBM:
        assert not set(device.qis_gates)
        assert len(set(device.native_gates)) == len(device.native_gates)
        assert device.description
    assert len(IONQ) + len(IBM) == len(load().devices)


def test_a_vendor_has_its_own_devices() -> None:
    assert load().device("simulator", "ionq").vendor == "ionq"
    with pytest.raises(UnknownNameError) as caught:
        load().device("simulator", "ibm")
    assert set(caught.value.known) == {device.name for device in IBM}


@pytest.mark.parametrize("device", MACHINES, ids=lambda device: device.name)
def test_a_snapshot_agrees_with_itself(device: Device) -> None:
    snapshot = device.snapshot
    assert snapshot is not None
    assert device.source.startswith("qiskit-ibm-runtime ")
    assert snapshot.date.date() == device.checked
    assert snapshot.date.isoformat()[:10] in device.description
    assert device.qubits == snapshot.qubits
    assert device.native_gates == snapshot.gates
    assert device.noise == device.name
    assert set(device.control_flow) <= set(snapshot.instructions)
    assert "dynamic_circuits" in snapshot.features or not device.control_flow
    for values in (snapshot.t1, snapshot.t2, snapshot.p01, snapshot.p10, snapshot.frequency):
        assert len(column(values, snapshot.qubits)) == snapshot.qubits
    assert all(0 <= p <= 1 for p in column(snapshot.p01, snapshot.qubits) if p is not None)
    qubits = set(range(snapshot.qubits))
    assert {qubit for pair in snapshot.couplings for qubit in pair} <= qubits
    assert all(a < b for a, b in device.connections)
    assert {frozenset(pair) for pair in device.connections} == {
        frozenset(pair) for pair in snapshot.couplings
    }
    places = list(snapshot.places())
    assert {place.gate for place in places} >= set(snapshot.gates) - {"reset"}
    for place in places:
        assert place.error is None or 0 <= place.error <= 1
        assert len(place.qubits) == 1 or place.qubits in snapshot.couplings


def test_a_machine_is_what_its_snapshot_says() -> None:
    """Some figures of ibm_torino, copied by hand from the package's files."""
    snapshot = load().device("ibm_torino").snapshot
    assert snapshot is not None
    assert snapshot.date == datetime.datetime(2025, 2, 26, 20, 26, 8, tzinfo=datetime.UTC)
    assert snapshot.processor == Processor("Heron", "1")
    assert column(snapshot.t1, 133)[0] == 224.08727568067368
    assert column(snapshot.p01, 133)[0] == 0.16845703125
    assert snapshot.readout_errors()[0] == 0.166748046875
    places = {(place.gate, place.qubits): place for place in snapshot.places()}
    assert places["sx", (0,)].error == places["rx", (0,)].error == 0.00034183180551021047
    assert places["cz", (67, 68)][2:] == (0.003096991047570219, 88, False)
    assert places["rz", (5,)][2:4] == (0, 0)
    assert (snapshot.clops, snapshot.clops_of) == (210000, "hardware")


@pytest.mark.parametrize(
    ("noise", "qubits", "gate"),
    [
        (None, 29, None),
        ("ideal", 29, None),
        ("harmony", 11, "ms"),
        ("harmony-2", 11, "ms"),
        ("aria-1", 25, "ms"),
        ("aria-2", 25, "ms"),
        ("forte-1", 29, "zz"),
        ("forte-enterprise-1", 29, "zz"),
    ],
)
def test_limits_of_the_simulator_follow_the_model(
    noise: str | None, qubits: int, gate: str | None
) -> None:
    assert load().qubits("simulator", noise) == qubits
    natives = load().native_gates("simulator", noise)
    assert {"ms", "zz"} & set(natives) == ({gate} if gate else {"ms", "zz"})


def test_limits_of_qpus() -> None:
    assert {device.name: load().qubits(device.name) for device in QPUS} == {
        "qpu.harmony": 11,
        "qpu.aria-1": 25,
        "qpu.aria-2": 25,
        "qpu.forte-1": 36,
        "qpu.forte-enterprise-1": 36,
        "qpu.forte-enterprise-2": 36,
        "qpu.forte-enterprise-3": 36,
    }


def test_unknown_names_bring_close_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown device 'forte-1'; did you mean 'qpu\.fo"):
        load().device("forte-1")
    with pytest.raises(KeyError) as caught:
        load().noise("aria1")
    assert isinstance(caught.value, UnknownNameError)
    assert caught.value.close[0] == "aria-1"
    assert caught.value.known == tuple(load().noises)
    with pytest.raises(UnknownNameError, match="unknown device '!!'; known are"):
        load().device("!!")


def test_a_qpu_takes_no_noise_model() -> None:
    with pytest.raises(UnknownNameError, match=r"noise model of qpu\.aria-1 'aria-1'.*none"):
        load().qubits("qpu.aria-1", "aria-1")
    with pytest.raises(UnknownNameError, match="noise model of simulator"):
        load().native_gates("simulator", "aria-7")


def test_a_misspelt_key_in_a_file_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="qbits"):
        msgspec.toml.decode(b'name = "x"\nqbits = 3\n', type=Device)
