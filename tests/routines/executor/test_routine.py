"""The executor as a routine: its inputs are stored, sized, checked against a device, planned, run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.routines.executor.recorded import params_of
from tests.routines.making import runner

from ketway.devices.loading import load
from ketway.jobs.failures import Code, FailedError
from ketway.jobs.packing import pack, unpack
from ketway.routines.executor import read_params
from ketway.routines.ibm import executor
from ketway.routines.ibm.executor import EXECUTOR, ExecutorInputs

SIMULATOR = "simulator"


def changed(name: str, **fields: Any) -> bytes:
    body = json.loads(params_of(name))
    body["quantum_program"] |= fields
    return json.dumps(body).encode()


def test_inputs_are_stored_as_they_came_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []

    def read(params: bytes) -> Any:
        reads.append(params)
        return read_params(params)

    monkeypatch.setattr(executor, "read_params", read)
    params = params_of("sampler")
    inputs = EXECUTOR.read(params)
    EXECUTOR.size(inputs)
    EXECUTOR.check(inputs, load().device(SIMULATOR))
    EXECUTOR.plan(inputs, runner())
    assert reads == [params]
    stored = unpack(pack(inputs), ExecutorInputs)
    assert stored.params == params
    assert EXECUTOR.run(stored, runner()) == EXECUTOR.run(inputs, runner())


def test_a_job_is_as_large_as_all_its_circuits() -> None:
    inputs = EXECUTOR.read(params_of("by_hand_classified"))
    items = inputs.asked.program.items
    size = EXECUTOR.size(inputs)
    assert [item.shape for item in items] == [(2, 3, 4), ()]
    assert (size.circuits, size.shots) == (24 + 1, 64)
    ones, twos = zip(*(item.circuit.structure.counts for item in items), strict=True)
    assert (size.gates_1q, size.gates_2q) == (24 * ones[0] + ones[1], 24 * twos[0] + twos[1])
    assert size.qubits == max(item.circuit.structure.qubits for item in items)


def test_each_item_is_planned_for_all_its_circuits() -> None:
    inputs = EXECUTOR.read(params_of("by_hand_classified"))
    whole, other = EXECUTOR.plan(inputs, runner())
    single, _ = EXECUTOR.plan(EXECUTOR.read(shaped((1, 1, 1))), runner())
    assert whole.seconds == pytest.approx(24 * single.seconds)
    assert whole.bytes == single.bytes
    assert other.seconds > 0


def shaped(shape: tuple[int, ...]) -> bytes:
    body = json.loads(params_of("by_hand_classified"))
    body["quantum_program"]["items"][0]["shape"] = shape
    return json.dumps(body).encode()


def swept(values: list[list[float]], circuit: str) -> bytes:
    """A job with one circuit in OpenQASM 3, and values for its inputs."""
    data = base64.b64encode(zlib.compress(np.array(values).tobytes())).decode()
    body = json.loads(params_of("by_hand_classified"))
    body["quantum_program"] |= {
        "circuits": {"data": [circuit]},
        "items": [
            {
                "item_type": "circuit",
                "circuit_arguments": {
                    "data": data, "shape": np.shape(values), "dtype": "f64"
                },
            }
        ],
    }  # fmt: skip
    return json.dumps(body).encode()


WIDE = """OPENQASM 3.0; include "stdgates.inc"; input float a; qubit[60] q; bit[60] c;
h q[0]; for int i in [0:58] { cx q[i], q[i+1]; } ry(a) q[0]; for int i in [0:58] { cx q[i], q[59]; }
c = measure q;"""


