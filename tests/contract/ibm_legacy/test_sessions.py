"""Sessions and batches, as clients before 0.41 open them."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit_ibm_runtime import Batch, SamplerV2, Session


@pytest.fixture
def circuit() -> QuantumCircuit:
    """What any machine runs as it is."""
    made = QuantumCircuit(1)
    made.x(0)
    made.measure_all()
    return made


@pytest.mark.parametrize(("kind", "mode"), [(Session, "dedicated"), (Batch, "batch")])
def test_jobs_in_a_session(
    legacy: Any, machine: Any, circuit: QuantumCircuit, kind: Any, mode: str
) -> None:
    with kind(backend=machine, max_time="20m") as session:
        sampler = SamplerV2(mode=session)
        jobs = [sampler.run([circuit], shots=shots) for shots in (10, 20)]
        assert [job.result()[0].data.meas.num_shots for job in jobs] == [10, 20]
        details = session.details()
        assert (details["mode"], details["max_time"]) == (mode, 1200)
        assert details["backend_name"] == "ibm_torino"
    assert session.status() == "Closed"
    assert {job.session_id for job in jobs} == {session.session_id}
    assert len(legacy.jobs(session_id=session.session_id)) == 2
    again = kind.from_id(session.session_id, service=legacy)
    assert again.session_id == session.session_id


def test_cancelling(machine: Any) -> None:
    session = Session(backend=machine)
    session.cancel()
    assert session.status() == "Closed"
