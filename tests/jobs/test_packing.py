from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.jobs.packing import MAGIC, pack, unpack


class Value(msgspec.Struct):
    name: str
    numbers: NDArray[np.float64]
    batches: list[Batch] = []


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(6.0).reshape(2, 3),
        np.zeros((0, 4)),
        np.float64(3) + np.zeros(()),
        np.array([1 + 2j, 3]),
        np.array([[True], [False]]),
        np.arange(5, dtype=">i4"),
        np.arange(6, dtype=np.uint8).reshape(3, 2).T,
    ],
)
def test_arrays_come_back(numbers: NDArray[Any]) -> None:
    found = unpack(pack(Value("x", numbers)), Value)
    assert found.name == "x"
    assert found.numbers.shape == numbers.shape
    assert found.numbers.dtype == numbers.dtype.newbyteorder("<")
    np.testing.assert_array_equal(found.numbers, numbers)


def test_a_batch_comes_back() -> None:
    builder = Builder(2)
    builder.add(Kind.RX, [0], [0.5])
    builder.add(Kind.X, [1], controls=[0])
    circuit = builder.circuit()
    batch = Batch(circuit.structure, np.array([[0.5], [0.7]]))
    (found,) = unpack(pack(Value("", np.zeros(1), [batch])), Value).batches
    assert found.structure.digest == batch.structure.digest
    np.testing.assert_array_equal(found.params, batch.params)


def test_what_is_no_array_of_numbers_is_not_packed() -> None:
    for wrong in (np.array([object()]), np.array(["text"]), object()):
        with pytest.raises((NotImplementedError, TypeError)):
            pack({"value": wrong})


@pytest.mark.parametrize(
    "wrong",
    [b"", MAGIC, b"KWR1" + b"\0" * 20, pack({"name": 1, "numbers": 2}), pack([1]),
     pack({"name": "x", "numbers": "y"})],
)  # fmt: skip
def test_what_was_not_packed_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(wrong, Value)


def test_a_frame_that_promises_too_much_is_refused() -> None:
    import zstandard

    bomb = zstandard.ZstdCompressor().compress(b"\0" * (1 << 26))
    assert len(bomb) < 1 << 14
    huge = bytearray(bomb)
    huge[5:13] = (1 << 40).to_bytes(8, "little")
    with pytest.raises(ValueError):
        unpack(MAGIC + bytes(huge), Value)


@given(st.binary(max_size=200), st.integers(0, 300))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_damage_is_a_value_error(junk: bytes, place: int) -> None:
    whole = pack(Value("name", np.arange(9.0)))
    damaged = whole[:place] + junk + whole[place + len(junk) :]
    try:
        unpack(damaged, Value)
    except ValueError:
        return
    assert damaged[:4] == MAGIC  # what can still be read is a value of that type
