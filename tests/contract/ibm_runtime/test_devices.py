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
from qiskit_ibm_runtime import QiskitRuntimeService, fake_provider
from qiskit_ibm_runtime.fake_provider.fake_backend import FakeBackendV2
from qiskit_ibm_runtime.utils.utils import is_isa_circuit


def fakes() -> dict[str, type[FakeBackendV2]]:
    """The package's fake backends, by the name of the machine that each was measured on."""
    found = {}
    for fake in vars(fake_provider).values():
        if isinstance(fake, type) and issubclass(fake, FakeBackendV2) and fake.__module__:
            if not hasattr(fake, "conf_filename"):
                continue
            conf = json.loads((Path(fake.dirname) / fake.conf_filename).read_text())
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
    assert len(FAKES) == 68


@pytest.mark.parametrize("name", FAKES)
def test_a_target_is_that_of_the_fake_backend(service: Any, name: str) -> None:
    # A client that is asked for neither leaves gates out; for `None` it shows all.
    both = name == "fake_fractional"  # in whose own configuration they stand
    backend = service.backend(name, use_fractional_gates=None if both else False)
    assert differences(backend.target, FAKES[name]().target) == []
