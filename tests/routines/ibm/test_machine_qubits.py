"""Estimators of circuits that name qubits of a machine, as OpenQASM of what was transpiled does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ketway.jobs.failures import FailedError
from ketway.routines.ibm.estimator import ESTIMATOR, EstimatorInputs

MACHINE = 'OPENQASM 3.0; include "stdgates.inc"; x $2;'
DECLARED = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; x q[2];'


def read(circuit: str, observables: Any) -> EstimatorInputs:
    return ESTIMATOR.read(json.dumps({"pubs": [[circuit, observables]], "version": 2}).encode())


@pytest.mark.parametrize(
    "observables",
    [
        "IIIIZII",
        {"IIIIZII": 1.0},
        [["IIIIZII"]],
        {"__type__": "ObservablesArray", "__value__": [{"IIIIZII": 1.0}]},
    ],
)
def test_the_observable_says_how_wide_the_machine_is(observables: Any) -> None:
    (pub,) = read(MACHINE, observables).pubs
    assert pub.batch.structure.qubits == 7
    assert pub.observables.qubits == 7


def test_a_circuit_that_is_wider_stays_as_it_is() -> None:
    assert read(MACHINE, "ZII").pubs[0].batch.structure.qubits == 3
    with pytest.raises(FailedError, match="has 2 letters and the circuit 3 qubits"):
        read(MACHINE, "ZI")


def test_all_observables_are_for_the_same_machine() -> None:
    with pytest.raises(FailedError, match="has 4 letters and the circuit 7 qubits"):
        read(MACHINE, ["IIIIZII", "IZII"])


def test_declared_qubits_are_all_there_are() -> None:
    with pytest.raises(FailedError, match="has 7 letters and the circuit 3 qubits"):
        read(DECLARED, "IIIIZII")


@pytest.mark.parametrize("observables", [None, [], [None], [[[]]], 3])
def test_what_is_no_observable(observables: Any) -> None:
    with pytest.raises(FailedError, match=r"pubs\[0\]\[1\]"):
        read(MACHINE, observables)
