"""Sessions and batches, on a machine: for simulators the client makes none."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime import Batch, SamplerV2, Session
from qiskit_ibm_runtime.exceptions import IBMInputValueError, IBMRuntimeError

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def backend(service: Any) -> Any:
    return service.backend("ibm_torino")


@pytest.fixture
def isa(backend: Any) -> Any:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return generate_preset_pass_manager(optimization_level=1, backend=backend).run(circuit)


def shots(job: Any) -> int:
    return int(job.result()[0].data.meas.num_shots)


def test_a_session(service: Any, backend: Any, isa: Any) -> None:
    with Session(backend=backend, max_time="20m") as session:
        details = session.details()
        assert details["mode"] == "dedicated"
        assert (details["max_time"], details["interactive_timeout"]) == (1200, 60)
        assert (details["state"], session.status()) == ("open", "Pending")
        sampler = SamplerV2(mode=session)
        jobs = [sampler.run([isa], shots=20) for _ in range(2)]
        assert [shots(job) for job in jobs] == [20, 20]
        assert {job.session_id for job in jobs} == {session.session_id}
        assert session.status() == "In progress, accepting new jobs"
    assert session.status() == "Closed"
    assert session.usage() > 0
    assert len(service.jobs(session_id=session.session_id)) == 2
    again = Session.from_id(session.session_id, service)
    assert (again.status(), again.session_id) == ("Closed", session.session_id)
    with pytest.raises(IBMRuntimeError, match="session is closed"):
        sampler.run([isa])


def test_a_batch(service: Any, backend: Any, isa: Any) -> None:
    with Batch(backend=backend) as batch:
        sampler = SamplerV2(mode=batch)
        jobs = [sampler.run([isa], shots=n) for n in (10, 20, 30)]
    assert [shots(job) for job in jobs] == [10, 20, 30]  # closed is not cancelled
    assert batch.details()["mode"] == "batch"
    found = Batch.from_id(batch.session_id, service)
    assert found.usage() > 0
    assert found.details()["accepting_jobs"] is False


def test_cancelling(service: Any, backend: Any) -> None:
    session = Session(backend=backend)
    session.cancel()
    assert session.status() == "Closed"
    assert [t["status"] for t in session.details()["timestamps"]] == ["open", "closed"]


def test_there_is_no_such_session(service: Any) -> None:
    with pytest.raises(IBMInputValueError, match="There is no session"):
        Session.from_id("01a1fc6a-0840-7000-80e3-8afc2f5bfb27", service)
