"""The executor as a routine: its inputs are stored, sized, checked, planned and run."""

from __future__ import annotations

import base64
import json
import math
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from tests.routines.executor.recorded import decoded, params_of
from tests.routines.making import runner

from ketway.devices.loading import load
from ketway.jobs.failures import Code, FailedError
from ketway.jobs.packing import pack, unpack
from ketway.routines.executor import examples, read_params
from ketway.routines.ibm import executor
from ketway.routines.ibm.executor import EXECUTOR, ExecutorInputs

SIMULATOR = load().device("simulator_statevector")


def changed(name: str, **fields: Any) -> bytes:
    """A recorded job with other fields of its program, and of its first item (`item`)."""
    body = json.loads(params_of(name))
    for item in body["quantum_program"]["items"]:
        item["chunk_size"] = "auto"
    body["quantum_program"]["items"][0] |= fields.pop("item", {})
    body["quantum_program"] |= fields
    return json.dumps(body).encode()


def swept(circuit: str, values: list[list[float]], shots: int = 100) -> bytes:
    """A job with one circuit in OpenQASM 3, and values for its inputs."""
    data = base64.b64encode(zlib.compress(np.array(values).tobytes())).decode()
    arguments = {"data": data, "shape": np.shape(values), "dtype": "f64"}
    item = {"item_type": "circuit", "circuit_arguments": arguments}
    return changed("by_hand_classified", shots=shots, circuits={"data": [circuit]}, items=[item])


WIDE = (
    """OPENQASM 3.0; include "stdgates.inc"; input float a;
qubit[60] q; bit[60] c; h q; """
    + "".join(
        f"rz(a) q[{k}]; cz q[{k}], q[{k - d}]; h q[{k}]; " for d in (1, 7, 20) for k in range(d, 60)
    )
    + "c = measure q;"
)
"""Of Clifford gates where the angle is a quarter turn; elsewhere too wide for a state vector."""


def test_inputs_are_stored_as_they_came_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []

    def read(params: bytes) -> Any:
        reads.append(params)
        return read_params(params)

    monkeypatch.setattr(executor, "read_params", read)
    params = params_of("sampler")
    inputs = EXECUTOR.read(params)
    EXECUTOR.size(inputs)
    EXECUTOR.check(inputs, SIMULATOR)
    EXECUTOR.plan(inputs, runner())
    assert reads == [params]
    stored = unpack(pack(inputs), ExecutorInputs)
    assert stored.params == params
    answers = [json.loads(EXECUTOR.run(some, runner()).text) for some in (stored, inputs)]
    assert answers[0]["data"] == answers[1]["data"]


def test_a_job_is_as_large_as_all_its_circuits() -> None:
    inputs = EXECUTOR.read(params_of("by_hand_classified"))
    items = inputs.asked.program.items
    size = EXECUTOR.size(inputs)
    assert [item.shape for item in items] == [(2, 3, 4), ()]
    assert (size.circuits, size.shots, size.qubits) == (24 + 1, 64, 2)
    (one, two), (more_1, more_2) = (item.circuit.structure.counts for item in items)
    assert (size.gates_1q, size.gates_2q) == (24 * one + more_1, 24 * two + more_2)


def test_each_item_is_planned_for_all_its_circuits() -> None:
    job = "by_hand_classified"
    few, other = EXECUTOR.plan(EXECUTOR.read(params_of(job)), runner())
    many, same = EXECUTOR.plan(EXECUTOR.read(changed(job, item={"shape": [2, 30, 40]})), runner())
    assert many.seconds == pytest.approx(100 * few.seconds)
    assert same.seconds == pytest.approx(other.seconds)


@pytest.mark.parametrize(
    ("job", "fields"),
    [
        ("by_hand_classified", {"shots": 30_000}),
        ("by_hand_kerneled", {"shots": 2_000}),
        ("by_hand_classified", {"shots": 1, "item": {"shape": [2, 3_000, 1]}}),
    ],
)
def test_memory_is_planned_before_it_is_taken(job: str, fields: dict[str, Any]) -> None:
    EXECUTOR.run(EXECUTOR.read(params_of(job)), runner())  # what is kept forever is there now
    inputs = EXECUTOR.read(changed(job, **fields))
    planned = max(plan.bytes for plan in EXECUTOR.plan(inputs, runner()))
    tracemalloc.start()
    EXECUTOR.run(inputs, runner())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert planned / 20 < peak < 1.25 * planned


def test_what_is_never_measured_is_not_planned() -> None:
    circuit = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; bit[2] c; h q;'
    inputs = EXECUTOR.read(swept(circuit, [[]]))
    EXECUTOR.check(inputs, SIMULATOR)
    assert EXECUTOR.plan(inputs, runner()) == []
    (body,) = json.loads(EXECUTOR.run(inputs, runner()).text)["data"]
    assert not decoded(body["results"]["c"], True).any()


def test_every_circuit_of_a_sweep_is_planned() -> None:
    """Not the first alone, which Clifford engines could run."""
    (easy,) = EXECUTOR.plan(EXECUTOR.read(swept(WIDE, [[0.0], [math.pi / 2]])), runner())
    assert easy.engine == "clifford"
    (hard,) = EXECUTOR.plan(EXECUTOR.read(swept(WIDE, [[0.0], [0.3]])), runner())
    assert hard.engine == "mps"
    assert hard.seconds > 100 * easy.seconds


def test_draws_that_are_planned_are_of_clifford_gates_if_all_are() -> None:
    """So that circuits that are too wide for anything else can be twirled."""
    for index, item in enumerate(EXECUTOR.read(params_of("noise_learner")).asked.program.items):
        for batch in examples(item, index):
            quarters = batch.params / (math.pi / 2)
            np.testing.assert_array_equal(quarters, np.round(quarters))


def test_what_a_device_cannot_do_is_refused() -> None:
    inputs = EXECUTOR.read(params_of("noise_learner"))
    EXECUTOR.check(inputs, load().device("ibmq_manila"))
    with pytest.raises(FailedError, match="Item 0 needs 5 qubits; ibmq_armonk has 1") as caught:
        EXECUTOR.check(inputs, load().device("ibmq_armonk"))
    assert caught.value.failure.code is Code.NOT_ENOUGH_QUBITS
    with pytest.raises(FailedError, match=r"Item 1: .* is no gate of ibm_torino") as caught:
        EXECUTOR.check(inputs, load().device("ibm_torino"))
    assert caught.value.failure.circuit == 1


def test_every_angle_of_a_sweep_is_checked() -> None:
    device = load().device("fake_fractional")
    circuit = """OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[2] q; bit[2] c;
        rzz(a) q[0], q[1]; c = measure q;"""
    EXECUTOR.check(EXECUTOR.read(swept(circuit, [[0.2], [1.5]])), device)
    with pytest.raises(FailedError, match=r"Item 0: .*the angle 2, and"):
        EXECUTOR.check(EXECUTOR.read(swept(circuit, [[0.2], [2.0]])), device)


def test_shots_are_as_many_as_the_device_takes() -> None:
    device = load().device("ibmq_armonk")
    circuit = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;'
    assert device.max_shots == 8192
    with pytest.raises(FailedError, match="Item 0 asks for 8,193 shots") as caught:
        EXECUTOR.check(EXECUTOR.read(swept(circuit, [[]], shots=8193)), device)
    assert caught.value.failure.code is Code.TOO_MANY_SHOTS


def test_bodies_too_large_are_refused_before_they_are_run() -> None:
    """That the outcomes fit is known from the shapes."""
    body = changed("by_hand_classified", item={"shape": [2, 50_000, 2]}, shots=10_000)
    with pytest.raises(FailedError, match="the outcomes would take 4,000,010,000 bits"):
        EXECUTOR.check(EXECUTOR.read(body), SIMULATOR)
