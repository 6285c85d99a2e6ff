"""Bitcode that others wrote, and what Qiskit says comes out of it (`make_producers.py`)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests import reference

from ketway.circuits.qir import QirError, read_qir

DOCUMENT: Any = json.loads(Path(__file__).with_name("producers.json").read_text())


@pytest.mark.parametrize("every_qubit", [False, True])
@pytest.mark.parametrize("name", DOCUMENT["read"])
def test_it_is_what_qiskit_says(name: str, every_qubit: bool) -> None:
    record = DOCUMENT["read"][name]
    circuit = read_qir(base64.b64decode(record["bitcode"]), every_qubit=every_qubit)
    found = reference.distribution(circuit)
    wanted = {int(outcome): p for outcome, p in record["probabilities"].items()}
    for outcome in found.keys() | wanted.keys():
        assert found.get(outcome, 0) == pytest.approx(wanted.get(outcome, 0), abs=1e-10)
    registers = {register.name: list(register.bits) for register in circuit.registers}
    assert registers == record["registers"]


@pytest.mark.parametrize("name", DOCUMENT["refused"])
def test_what_computes_while_it_runs_is_refused(name: str) -> None:
    with pytest.raises(QirError, match=r"base profile|none of QIR's"):
        read_qir(base64.b64decode(DOCUMENT["refused"][name]))
