"""IBM's typed JSON: what a stranger may write there, and what comes of it."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ketway.jobs.failures import FailedError
from ketway.routines.ibm.typed import ParamsError, Reading, decoded

QASM = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;'


def npy(array: NDArray[Any], level: int = 6) -> dict[str, str]:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return packed(file.getvalue(), level)


def packed(data: bytes, level: int = 6) -> dict[str, str]:
    text = base64.b64encode(zlib.compress(data, level)).decode()
    return {"__type__": "ndarray", "__value__": text}


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(0),
        np.float64(2.5) + np.zeros(()),
        np.arange(6.0).reshape(3, 2),
        np.asfortranarray(np.arange(6.0).reshape(3, 2)),
        np.arange(4, dtype="<f4"),
        np.arange(4, dtype=">f8"),
        np.arange(4, dtype=np.int64),
        np.array([True, False]),
        np.zeros((2, 0, 3)),
    ],
)
def test_arrays(array: NDArray[Any]) -> None:
    found = Reading().floats(npy(array), "here")
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_plain_numbers() -> None:
    assert Reading().floats([[1, 2.5], [3, 4]], "here").tolist() == [[1, 2.5], [3, 4]]
    assert Reading().floats(7, "here").shape == ()
    inner = {"__type__": "ndarray", "__value__": [1, 2]}
    assert Reading().floats(inner, "here").tolist() == [1, 2]


def with_header(head: str) -> dict[str, str]:
    text = head.encode()
    return packed(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"\0" * 16)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        True,
        {},
        [[1], [2, 3]],
        ["a"],
        [float("nan")],
        [10**400],
        npy(np.array([1, "x"], dtype=object)),
        npy(np.array(["x"])),
        npy(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])),
        npy(np.array([1 + 1j])),
        npy(np.array([np.inf])),
        packed(b"PK\x03\x04"),
        packed(b"\x93NUMPY\x09\x00" + b"\0" * 40),
        packed(b"\x93NUMPY\x01\x00\xff\xff"),
        packed(b"\x93NUMPY"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (1" + "0" * 400 + ",), }"),
        with_header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"),
        with_header("{'descr': '<f9', 'fortran_order': False, 'shape': (2,), }"),
        with_header("__import__('os').system('true')"),
        with_header("{'descr': '<f8', 'fortran_order': False, 'shape': (" + "1" * 4000 + "x"),
        {"__type__": "ndarray", "__value__": "not base64!"},
        {"__type__": "ndarray", "__value__": "AAAA"},
        {"__type__": "ndarray", "__value__": {"a": 1}},
        {"__type__": "settings", "__module__": "os", "__class__": "x", "__value__": {}},
    ],
)
def test_what_is_no_array(value: Any) -> None:
    with pytest.raises(ParamsError) as refused:
        Reading().floats(value, "pubs[0][1]")
    assert str(refused.value).startswith("pubs[0][1]: ")


def test_inflating_stops_at_the_allowance() -> None:
    bomb = packed(b"\0" * (64 << 20), 9)
    assert len(bomb["__value__"]) < 100_000
    reading = Reading(largest=1 << 20)
    with pytest.raises(ParamsError, match="MiB when they are unpacked"):
        reading.array(bomb, "here")


def test_the_allowance_is_for_a_whole_job() -> None:
    reading = Reading(largest=2500)
    reading.array(npy(np.zeros(100)), "a")
    reading.array(npy(np.zeros(100)), "b")
    with pytest.raises(ParamsError, match=r"^c: "):
        reading.array(npy(np.zeros(100)), "c")


def test_compressed_bytes_that_end_early() -> None:
    text = base64.b64decode(npy(np.arange(50.0))["__value__"])[:-5]
    cut = {"__type__": "ndarray", "__value__": base64.b64encode(text).decode()}
    with pytest.raises(ParamsError, match="end too early"):
        Reading().array(cut, "here")


@pytest.mark.parametrize(
    "value",
    [
        7,
        None,
        "",
        "QISKIT",
        {"__type__": "Instruction", "__value__": "x"},
        {"__type__": "QuantumCircuit", "__value__": 7},
        base64.b64encode(zlib.compress(b"QISKIT" + b"\0" * 40)).decode(),
        base64.b64encode(b"QISKIT").decode(),
        "OPENQASM 3.0; gate",
        "OPENQASM 3.0; include 'secret.inc';",
    ],
)
def test_what_is_no_circuit(value: Any) -> None:
    with pytest.raises(FailedError) as refused:
        Reading().circuit(value, "pubs[0][0]")
    assert str(refused.value).startswith("pubs[0][0]: ")


def test_a_circuit_that_comes_twice_is_read_once() -> None:
    reading = Reading()
    assert reading.circuit(QASM, "a") is reading.circuit(QASM, "b")


@pytest.mark.parametrize("params", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 200_000])
def test_what_are_no_parameters(params: bytes) -> None:
    with pytest.raises(ParamsError, match=r"^params: "):
        decoded(params)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["__type__", "__value__", "shape", "data", "a"]), inner),
    max_leaves=12,
))  # fmt: skip
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_anything_is_read_or_refused(value: Any) -> None:
    reading = Reading(largest=1 << 20)
    template = reading.circuit(QASM, "circuit")
    for read in (
        lambda: reading.floats(value, "here"),
        lambda: reading.circuit(value, "here"),
        lambda: reading.bindings(template, value, "here"),
    ):
        try:
            read()
        except FailedError as refused:
            json.dumps(refused.failure.message)  # it can be said
