"""NVIDIA CUDA-Q 0.16, which sends QIR to IonQ's v0.3.

Its requests are made by libcurl in C++ (`IonQServerHelper.cpp`), so a relay listens to them.
"""

from __future__ import annotations

import base64
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import relay
import serving
import wiretap

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it announces its own changes
    import cudaq

SDK = "cuda-quantum-cu13"
SHOTS = 2000
CLOSE = 5 * math.sqrt(0.25 / SHOTS)
"""Five standard deviations of a share, at most."""


@cudaq.kernel
def ghz(n: int):
    q = cudaq.qvector(n)
    h(q[0])
    for i in range(n - 1):
        x.ctrl(q[i], q[i + 1])
    mz(q)


@cudaq.kernel
def unmeasured():
    q = cudaq.qvector(3)
    x(q[0])
    ry(0.7, q[2])


@cudaq.kernel
def some_measured():
    q = cudaq.qvector(4)
    x(q[3])
    ry(0.7, q[1])
    b = mz(q[3])
    a = mz(q[1])


@cudaq.kernel
def every_gate():
    q = cudaq.qvector(4)
    h(q)
    r1(0.3, q[0])
    u3(0.1, 0.2, 0.3, q[1])
    x.ctrl(q[0], q[1], q[2])
    z.ctrl(q[0], q[1])
    y.ctrl(q[1], q[2])
    h.ctrl(q[0], q[3])
    rz.ctrl(0.4, q[0], q[1])
    r1.ctrl(0.5, q[0], q[1])
    rx.ctrl(0.6, q[0], q[1])
    ry.ctrl(0.7, q[3], q[1])
    swap(q[0], q[3])
    s(q[0])
    t.adj(q[1])
    s.adj(q[2])
    swap.ctrl(q[0], q[1], q[2])
    x.ctrl(q[0], q[1], q[2], q[3])
    h(q)
    mz(q)


@cudaq.kernel
def ansatz(theta: float):
    q = cudaq.qvector(2)
    x(q[0])
    ry(theta, q[1])
    x.ctrl(q[1], q[0])


@pytest.fixture
def ionq(
    server: serving.Server,
    tap: wiretap.Wiretap,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[relay.Relay]:
    monkeypatch.setenv("IONQ_API_KEY", key)
    with relay.relayed(server.url, tmp_path / "exchanges") as passing:
        cudaq.set_target("ionq", url=passing.url)
        yield passing
        cudaq.reset_target()
        for made in passing.exchanges():
            tap.note(f"{made.method} {made.target} HTTP/1.1\r\n".encode())


def counts(result: Any, register: str = "__global__") -> dict[str, int]:
    return dict(result.get_register_counts(register).items())


def test_its_requests_one_by_one(ionq: relay.Relay) -> None:
    """What it sends, what it needs from each answer, and what it makes of them."""
    found = cudaq.sample(ghz, 3, shots_count=SHOTS)
    assert counts(found).keys() == {"000", "111"}
    assert sum(counts(found).values()) == SHOTS

    created, *polled, results = ionq.exchanges()
    assert (created.method, created.target) == ("POST", "/v0.3/jobs")
    sent = created.body
    assert {"name", "target", "qubits", "shots", "input"} <= sent.keys()
    # A number that becomes the one character with that code (`setQubits` into a std::string).
    assert sent["qubits"] == chr(29)
    assert (sent["target"], sent["shots"]) == ("simulator", SHOTS)
    assert sent["input"]["format"] == "qir"
    assert base64.b64decode(sent["input"]["data"]).startswith(b"BC\xc0\xde")
    assert created.status == 200
    id_ = created.answer["id"]

    assert polled, "it asks until the job is completed"
    for asked in polled:
        assert (asked.method, asked.target) == ("GET", f"/v0.3/jobs?id={id_}")
        (job,) = asked.answer["jobs"]
        assert job["id"] == id_
    assert (job["status"], job["qubits"]) == ("completed", 3)
    assert results.target == f"{job['results_url']}?format=qir.quantum-log.v0"
    assert results.answer.keys() == {"0", "7"}
    # It cuts off what follows the point of value * shots.
    assert sum(int(value * SHOTS) for value in results.answer.values()) == SHOTS


def test_a_kernel_without_measurement_is_read_whole(ionq: relay.Relay) -> None:
    del ionq
    found = counts(cudaq.sample(unmeasured, shots_count=SHOTS))
    assert found.keys() == {"100", "101"}
    assert found["101"] / SHOTS == pytest.approx(math.sin(0.35) ** 2, abs=CLOSE)


def test_registers_have_the_qubits_they_were_measured_from(ionq: relay.Relay) -> None:
    """It picks them by qubit out of the bits of all (`processResults`)."""
    del ionq
    found = cudaq.sample(some_measured, shots_count=SHOTS)
    assert counts(found, "b") == {"1": SHOTS}
    assert counts(found, "a")["1"] / SHOTS == pytest.approx(math.sin(0.35) ** 2, abs=CLOSE)


def test_every_gate_is_what_cudaq_simulates(ionq: relay.Relay) -> None:
    del ionq
    shots = 50_000
    found = counts(cudaq.sample(every_gate, shots_count=shots))
    cudaq.set_target("qpp-cpu")
    expected = counts(cudaq.sample(every_gate, shots_count=shots))
    for state in found.keys() | expected.keys():
        share = found.get(state, 0) / shots
        assert share == pytest.approx(expected.get(state, 0) / shots, abs=0.013), state


def test_an_expectation_value(ionq: relay.Relay) -> None:
    """The deuteron of CUDA-Q's own tutorial: a job for each basis that is measured in."""
    spin = cudaq.spin
    hamiltonian = (
        5.907
        - 2.1433 * spin.x(0) * spin.x(1)
        - 2.1433 * spin.y(0) * spin.y(1)
        + 0.21829 * spin.z(0)
        - 6.125 * spin.z(1)
    )
    found = cudaq.observe(ansatz, hamiltonian, 0.59, shots_count=20_000).expectation()
    assert found == pytest.approx(-1.7487, abs=0.25)
    assert sum(made.method == "POST" for made in ionq.exchanges()) >= 2


def test_jobs_that_are_sent_together(ionq: relay.Relay) -> None:
    del ionq
    sent = [cudaq.sample_async(ghz, n, shots_count=100) for n in (2, 5, 12)]
    for n, one in zip((2, 5, 12), sent, strict=True):
        assert counts(one.get()).keys() == {"0" * n, "1" * n}


def test_noise_and_mitigation(server: serving.Server, key: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("IONQ_API_KEY", key)
    cudaq.set_target("ionq", url=server.url, noise="aria-1")
    found = counts(cudaq.sample(ghz, 3, shots_count=SHOTS))
    assert sum(found.values()) == SHOTS
    assert 0.8 < (found["000"] + found["111"]) / SHOTS < 1
    cudaq.set_target("ionq", url=server.url, qpu="qpu.forte-1", debias="false", sharpen="true")
    found = counts(cudaq.sample(ghz, 3, shots_count=SHOTS))
    assert (found["000"] + found["111"]) / SHOTS > 0.8


def test_a_job_that_fails_says_so(server: serving.Server, key: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("IONQ_API_KEY", key)
    cudaq.set_target("ionq", url=server.url, qpu="qpu.harmony")
    with pytest.raises(RuntimeError):
        cudaq.sample(ghz, 12, shots_count=10)
