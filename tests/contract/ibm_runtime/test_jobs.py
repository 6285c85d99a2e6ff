"""Jobs, and the lists of them."""

from __future__ import annotations

import datetime
import warnings
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import SamplerV2
from qiskit_ibm_runtime.exceptions import RuntimeJobNotFound


@pytest.fixture
def measured() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def test_a_bell_pair(service: Any, measured: QuantumCircuit) -> None:
    backend = service.backend("simulator_mps")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        job = SamplerV2(mode=backend).run([measured], shots=500)
    # The usage and the status that the client asks for before it submits give no cause to warn.
    assert {w.category for w in heard} <= {DeprecationWarning}
    counts = job.result()[0].data.meas.get_counts()
    assert set(counts) == {"00", "11"}
    assert sum(counts.values()) == 500
    assert job.status() == "DONE"


def test_there_is_no_such_job(service: Any) -> None:
    with pytest.raises(RuntimeJobNotFound):
        service.job("01a1fc6a-0840-7000-80e3-8afc2f5bfb27")
    with pytest.raises(RuntimeJobNotFound):
        service.job("d1d8d3e2d25bc415db51")


def test_lists_end(service: Any) -> None:
    """Also past their end, where the client would go on for ever at a count below the offset."""
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    assert service.jobs(limit=None, skip=10_000) == []
    assert service.jobs(pending=True, program_id="executor", descending=False) == []
    unused = "simulator_extended_stabilizer"
    assert service.jobs(backend_name=unused, created_after=yesterday) == []
    assert service.jobs(created_before=yesterday, session_id="none") == []


def test_usage(service: Any) -> None:
    usage = service.usage()
    assert usage["instance_id"] == service.active_instance()
    assert usage["usage_consumed_seconds"] >= 0
    assert usage["usage_limit_reached"] is False
    assert usage["usage_period"]["start_time"].endswith("-01T00:00:00Z")
