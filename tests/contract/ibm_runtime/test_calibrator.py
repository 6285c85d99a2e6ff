from __future__ import annotations

from typing import Any

import pytest
from qiskit_ibm_runtime.calibrator import Calibrator
from qiskit_ibm_runtime.exceptions import RuntimeJobFailureError


def test_a_machine_is_as_it_was(service: Any) -> None:
    machine = service.backend("ibm_torino")
    before = machine.properties().to_dict()
    result = Calibrator(machine).run().result()
    assert result.start <= result.stop
    assert machine.properties(refresh=True).to_dict() == before


def test_a_simulator_has_nothing_to_measure(service: Any) -> None:
    with pytest.raises(RuntimeJobFailureError, match=r"7000.*calibrate a machine"):
        Calibrator(service.backend("ibmq_qasm_simulator")).run().result()
