"""IBM's machines as a user has them: `backend.target` against the package's own fake backends.

A snapshot that went through our catalogue, our server and the client must come out as it came in:
every instruction, its places, durations and errors, and the figures of every qubit.
"""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.quantum_info import Operator
from qiskit.transpiler import Target
from qiskit_ibm_runtime import fake_provider
from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2
from qiskit_ibm_runtime.utils.utils import is_isa_circuit


def fakes() -> dict[str, type[FakeBackendV2]]:
    """The package's fake backends, by the name of the machine that each was measured on; without
    those of 2020, whose u2 and u3 the client leaves out unless it is told not to."""
    found = {}
    for fake in vars(fake_provider).values():
        if isinstance(fake, type) and issubclass(fake, FakeBackendV2):
            conf = json.loads((Path(fake.dirname) / fake.conf_filename).read_text())
            if "u2" not in conf["basis_gates"]:
                found[re.sub("^alt_", "ibm_", conf["backend_name"])] = fake
    return found


FAKES = fakes()
FRACTIONAL = ["ibm_aachen", "ibm_boston", "ibm_fez", "ibm_kingston", "ibm_marrakesh"]


def differences(mine: Target, theirs: Target) -> list[str]:
    """What two targets disagree about; empty where they are the same."""
    wrong = []
    rules = ("num_qubits", "dt", "granularity", "min_length", "pulse_alignment")
    for rule in (*rules, "acquire_alignment"):
        if getattr(mine, rule) != getattr(theirs, rule):
            wrong.append(f"{rule}: {getattr(mine, rule)} {getattr(theirs, rule)}")
    if set(mine.operation_names) != set(theirs.operation_names):
        wrong.append(f"{sorted(mine.operation_names)} {sorted(theirs.operation_names)}")
    for name in set(mine.operation_names) & set(theirs.operation_names):
        ours, expected = mine[name], theirs[name]
        if set(ours) != set(expected):
            wrong.append(f"{name}: {len(ours)} places, not {len(expected)}")
            continue
        for place, properties in expected.items():
            if figures(ours[place]) != figures(properties):
                wrong.append(f"{name}{place}: {ours[place]} {properties}")
    for qubit, expected in enumerate(theirs.qubit_properties or []):
        ours = mine.qubit_properties[qubit]
        for figure in ("t1", "t2", "frequency"):
            if getattr(ours, figure) != getattr(expected, figure):
                wrong.append(f"qubit {qubit}: {figure}")
    return wrong


def figures(properties: Any) -> tuple[float | None, float | None] | None:
    return None if properties is None else (properties.duration, properties.error)


def test_every_fake_backend_is_a_backend(service: Any) -> None:
    assert set(FAKES) <= {backend.name for backend in service.backends()}
    assert len(FAKES) == 58


@pytest.mark.parametrize("name", FAKES)
def test_a_target_is_that_of_the_fake_backend(service: Any, name: str) -> None:
    # A client that is asked for neither leaves gates out; for `None` it shows all.
    both = name == "fake_fractional"  # in whose own configuration they stand
    backend = service.backend(name, use_fractional_gates=None if both else False)
    assert differences(backend.target, FAKES[name]().target) == []


@pytest.mark.parametrize("name", FRACTIONAL)
def test_fractional_gates_are_there_for_those_who_ask(service: Any, name: str) -> None:
    backend = service.backend(name, use_fractional_gates=True)
    measured = FAKES[name]().properties()
    assert {"rx", "rzz"} <= set(backend.target.operation_names)
    assert "if_else" in service.backend(name, use_fractional_gates=None).target.operation_names
    for gate in ("rx", "rzz"):
        places = measured.gate_property(gate)
        assert set(backend.target[gate]) == set(places)
        for place, found in backend.target[gate].items():
            assert found.error == places[place]["gate_error"][0]
            assert found.duration == places[place]["gate_length"][0]
    circuit = QuantumCircuit(2)
    circuit.rx(0.3, 0)
    circuit.rzz(2.0, 0, 1)
    made = transpile(circuit, backend, optimization_level=1, seed_transpiler=1)
    assert is_isa_circuit(made, backend.target) == ""
    assert {"rx", "rzz"} & set(made.count_ops())


def test_fractional_gates_that_nobody_measured_are_not_there(service: Any) -> None:
    """All rzz of ibm_torino were out of calibration that day."""
    backend = service.backend("ibm_torino", use_fractional_gates=True)
    assert "rx" in backend.target.operation_names
    assert "rzz" not in backend.target.operation_names


def test_properties_are_those_of_the_day_or_earlier(service: Any) -> None:
    backend = service.backend("ibm_torino")
    found = backend.properties()
    day = found.last_update_date
    expected = FAKES["ibm_torino"]().properties()
    assert day.astimezone(datetime.UTC) == expected.last_update_date.astimezone(datetime.UTC)
    assert found.readout_error(7) == expected.readout_error(7)
    assert found.qubit_property(7).keys() == expected.qubit_property(7).keys()
    for figure in ("prob_meas0_prep1", "prob_meas1_prep0"):
        assert found.qubit_property(7, figure)[0] == expected.qubit_property(7, figure)[0]
    after = backend.properties(datetime=day + datetime.timedelta(days=1))
    assert after.t1(3) == found.t1(3)
    assert backend.properties(datetime=day - datetime.timedelta(days=1)) is None
    assert differences(backend.target_history(day), FAKES["ibm_torino"]().target) == []


def test_what_a_list_says(service: Any) -> None:
    backend = service.backend("ibm_torino")
    assert backend.physical_qubits == backend.num_qubits == 133
    assert backend.processor_type == {"family": "Heron", "revision": "1"}
    assert backend.simulator is False
    assert backend.default_rep_delay == pytest.approx(250e-6)
    assert backend.dt == 4e-9
    assert backend.status().status_msg == "active"
    (listed,) = [
        one for one in service._active_api_client.list_backends() if one["name"] == "ibm_torino"
    ]
    assert listed["clops"] == {"type": "hardware", "value": 210000}
    errors = [place.error for place in backend.target["cz"].values()]
    assert listed["performance_metrics"]["two_q_error_best"]["value"] == min(errors)
    assert "class" not in listed


def test_least_busy_and_filters(service: Any) -> None:
    chosen = service.least_busy(operational=True, simulator=False)
    assert chosen.num_qubits == 156
    assert service.least_busy(min_num_qubits=127).num_qubits == 156
    assert {"ibm_torino", "ibm_kingston"} <= {
        backend.name for backend in service.backends(dynamic_circuits=True)
    }


def test_dry_runs_find_their_backend(service: Any) -> None:
    """`dry_run=True` replaces the part of the name before `_` and looks for a mock."""
    assert not [b for b in service.backends() if b.name.startswith("mock")]
    mock = service.backend("mock_torino")
    assert mock.is_mock
    assert mock.num_qubits == 133
    assert differences(mock.target, FAKES["ibm_torino"]().target) == []


IONQ = {"simulator": 29, "qpu.forte-1": 36, "qpu.aria-1": 25}


@pytest.mark.parametrize("name", IONQ)
@pytest.mark.parametrize("fractional", [False, None])
def test_ionqs_backends_can_be_transpiled_for(
    service: Any, name: str, fractional: bool | None
) -> None:
    backend = service.backend(name, use_fractional_gates=fractional)
    assert backend.num_qubits == IONQ[name]
    assert backend.coupling_map is None
    assert backend.simulator is (name == "simulator")
    circuit = QuantumCircuit(4)
    circuit.h(0)
    circuit.ccx(0, 1, 3)
    circuit.rzz(0.4, 2, 0)
    circuit.u(0.1, 0.2, 0.3, 3)
    made = transpile(circuit, backend, initial_layout=[0, 1, 2, 3], seed_transpiler=1)
    assert is_isa_circuit(made, backend.target) == ""
    assert ("rxx" in backend.target.operation_names) is (fractional is None)
    small = QuantumCircuit(4, global_phase=made.global_phase)
    for instruction in made.data:
        small.append(instruction.operation, [made.find_bit(q).index for q in instruction.qubits])
    assert Operator(small).equiv(Operator(circuit))
