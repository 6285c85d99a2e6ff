"""Whatever the bytes are, only `QpyError` comes out, and no more is done than the limits say."""

from __future__ import annotations

import base64
import gzip
import os
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.circuits.qpy import hostile
from tests.circuits.qpy.hostile import file

from ketway.circuits.qpy import Limits, QpyError, count_programs, is_qpy, read_qpy
from ketway.circuits.qpy.text import of_text, programs_of_text

NAMES = ("custom-controlled", "annotated", "functions", "switch", "variables", "for")


def attempt(data: bytes) -> None:
    """Read it, or have it refused."""
    try:
        for template in read_qpy(data, Limits(work=20_000, instructions=5_000)):
            if not template.parameters:
                template.circuit()
    except QpyError as error:
        assert error.message


EVERY = "KETWAY_SOAK" in os.environ


def places(data: bytes) -> range:
    """Those of a file: one in three, beginning by its length; every one in a soak."""
    return range(len(data)) if EVERY else range(len(data) % 3, len(data), 3)


@pytest.mark.parametrize("version", [13, 17, 18])
@pytest.mark.parametrize("name", ["custom-controlled", "sums", "switch", "variables"])
def test_truncated_at_every_byte(version: int, name: str) -> None:
    data = file(version, name)
    for size in places(data):
        attempt(data[:size])
    with pytest.raises(QpyError, match=r"ends|start with|table"):
        read_qpy(data[: len(data) // 2])


@pytest.mark.parametrize("version", [10, 13, 18])
def test_every_byte_at_its_largest(version: int) -> None:
    data = bytearray(file(version, "custom-controlled"))
    for place in places(data):
        for value in (0xFF, 0x80, 0):
            kept, data[place] = data[place], value
            attempt(bytes(data))
            data[place] = kept


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([13, 16, 18]),
    st.sampled_from(NAMES),
    st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=9)), max_size=4),
)
def test_bytes_that_are_changed(version: int, name: str, changes: list[tuple[int, bytes]]) -> None:
    data = bytearray(file(version, name))
    for place, new in changes:
        start = place % len(data)
        data[start : start + len(new)] = new
    attempt(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    attempt(data)
    attempt(b"QISKIT" + data)


@pytest.mark.parametrize("version", [0, 9, 19, 255])
def test_other_versions_are_refused_by_number(version: int) -> None:
    with pytest.raises(QpyError, match=f"version {version}"):
        read_qpy(hostile.other_version(version))


def test_pulse_schedules_are_refused() -> None:
    with pytest.raises(QpyError, match="schedules"):
        read_qpy(hostile.schedule())


def test_compressed_files_are_read() -> None:
    data = file(17, "custom")
    for packed in (gzip.compress(data), zlib.compress(data)):
        assert is_qpy(packed)
        assert read_qpy(packed)[0].structure.digest == read_qpy(data)[0].structure.digest
        assert count_programs(packed) == 1


def test_a_bomb_is_not_inflated() -> None:
    with pytest.raises(QpyError, match="more than"):
        read_qpy(hostile.bomb(), Limits(bytes=1_000_000))


def test_counts_that_no_bytes_follow() -> None:
    with pytest.raises(QpyError):
        read_qpy(hostile.uncovered(4_000))
    with pytest.raises(QpyError, match="at most"):
        read_qpy(hostile.uncovered(1 << 60))


def test_rounds_are_counted() -> None:
    """A loop of 2^62 rounds costs what the limit says, and no more."""
    with pytest.raises(QpyError, match="more than"):
        read_qpy(hostile.many_rounds())


def test_a_definition_that_is_its_own_base() -> None:
    with pytest.raises(QpyError, match="nested deeper"):
        read_qpy(hostile.own_base())


@pytest.mark.parametrize("data", hostile.refused().values(), ids=hostile.refused())
def test_all_that_is_sent_over_the_wire_is_refused_here(data: bytes) -> None:
    with pytest.raises(QpyError):
        read_qpy(data)


def test_text_that_is_no_file() -> None:
    for text in ("", "####", "QQ", "UVVJU0tJVA", "é"):
        with pytest.raises(QpyError):
            programs_of_text(text)
    assert of_text(base64.b64encode(b"QISKIT").decode()) == b"QISKIT"
