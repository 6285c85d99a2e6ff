"""Whatever the bytes are, only `QpyError` comes out, and no more is done than the limits say."""

from __future__ import annotations

import base64
import gzip
import json
import os
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ketway.circuits.qpy import Limits, QpyError, count_programs, is_qpy, read_qpy
from ketway.circuits.qpy.text import of_text, programs_of_text

CORPUS = Path(__file__).parent / "corpus"
NAMES = ("custom-controlled", "annotated", "functions", "switch", "variables", "for")


def file(version: int, name: str) -> bytes:
    return base64.b64decode(json.loads((CORPUS / f"v{version}.json").read_text())[name]["qpy"])


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
    data = struct.pack("!6sBBBBQc", b"QISKIT", version, 2, 0, 0, 1, b"p")
    with pytest.raises(QpyError, match=f"version {version}"):
        read_qpy(data + b"q")


def test_pulse_schedules_are_refused() -> None:
    data = struct.pack("!6sBBBBQc", b"QISKIT", 10, 0, 45, 0, 1, b"p") + b"s"
    with pytest.raises(QpyError, match="schedules"):
        read_qpy(data)


def test_compressed_files_are_read() -> None:
    data = file(17, "custom")
    for packed in (gzip.compress(data), zlib.compress(data)):
        assert is_qpy(packed)
        assert read_qpy(packed)[0].structure.digest == read_qpy(data)[0].structure.digest
        assert count_programs(packed) == 1


def test_a_bomb_is_not_inflated() -> None:
    bomb = gzip.compress(b"QISKIT" + bytes(50_000_000))
    with pytest.raises(QpyError, match="more than"):
        read_qpy(bomb, Limits(bytes=1_000_000))


def test_counts_that_no_bytes_follow() -> None:
    data = bytearray(file(13, "custom"))
    struct.pack_into("!Q", data, 10, 4_000)
    with pytest.raises(QpyError):
        read_qpy(bytes(data))
    struct.pack_into("!Q", data, 10, 1 << 60)
    with pytest.raises(QpyError, match="at most"):
        read_qpy(bytes(data))


def test_rounds_are_counted() -> None:
    """A loop of 2^62 rounds costs what the limit says, and no more."""
    data = bytearray(file(17, "for"))
    place = data.index(struct.pack("!qqq", 0, 4, 1))
    struct.pack_into("!qqq", data, place, 0, 1 << 62, 1)
    with pytest.raises(QpyError, match="more than"):
        read_qpy(bytes(data))


def test_a_definition_that_is_its_own_base() -> None:
    """The base of a controlled gate may name any definition; this one names itself."""
    name = b"c_0"
    base = struct.pack("!HHHIIBHqII", len(name), 0, 0, 2, 0, 0, 0, 0, 1, 1) + name
    definition = struct.pack("!HcII?QIIQ", len(name), b"c", 2, 0, False, 0, 0, 1, len(base))
    call = struct.pack("!HHHIIBHqII", len(name), 0, 0, 2, 0, 0, 0, 0, 1, 1) + name
    call += struct.pack("!cIcI", b"q", 0, b"q", 1)
    head = struct.pack("!HcHIIQIQI", 1, b"f", 8, 2, 0, 2, 0, 1, 0) + b"a" + bytes(8) + b"{}"
    data = struct.pack("!6sBBBBQc", b"QISKIT", 13, 2, 0, 0, 1, b"p") + b"q" + head
    data += struct.pack("!Q", 1) + definition + name + base + call + bytes(2)
    with pytest.raises(QpyError, match="nested deeper"):
        read_qpy(data)


def test_text_that_is_no_file() -> None:
    for text in ("", "####", "QQ", "UVVJU0tJVA", "é"):
        with pytest.raises(QpyError):
            programs_of_text(text)
    assert of_text(base64.b64encode(b"QISKIT").decode()) == b"QISKIT"
