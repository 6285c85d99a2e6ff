"""The resources that the tests of QRMI use."""

from __future__ import annotations

from typing import Any

import qrmi

NAMES = ("ibm_torino", "ibmq_qasm_simulator")


def made(name: str) -> Any:
    return qrmi.QuantumResource(name, qrmi.ResourceType.IBMQuantumComputeService)
