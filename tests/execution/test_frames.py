"""Frames, cut anywhere, come out as they went in."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketway.execution import frames
from ketway.execution.frames import (
    BadFrameError,
    FrameReader,
    FrameWriter,
    Mark,
    header,
    read_frame,
)

SENT = st.lists(st.one_of(st.binary(max_size=50), st.sampled_from(Mark)), max_size=20)


def wire(sent: list[bytes | Mark]) -> bytes:
    parts = [struct.pack("<Q", x) if isinstance(x, Mark) else header(x) + x for x in sent]
    return b"".join(parts)


@given(sent=SENT, cuts=st.lists(st.integers(min_value=1, max_value=40), max_size=50))
def test_what_is_read_is_what_was_sent(sent: list[bytes | Mark], cuts: list[int]) -> None:
    rest, reader, came = wire(sent), FrameReader(), list[bytes | Mark]()
    for cut in cuts:
        came += reader.feed(rest[:cut])
        rest = rest[cut:]
    came += reader.feed(rest)
    assert came == sent
    assert [isinstance(x, Mark) for x in came] == [isinstance(x, Mark) for x in sent]


@given(sent=st.lists(st.binary(max_size=200), max_size=10))
def test_the_blocking_sides_agree_with_the_reader(sent: list[bytes]) -> None:
    near, far = os.pipe()
    try:
        writer = FrameWriter(far)
        for frame in sent:
            writer(frame)
        writer.mark(Mark.RETURNED)
        assert [read_frame(near) for _ in sent] == sent
        assert list(FrameReader().feed(os.read(near, 100))) == [Mark.RETURNED]
    finally:
        os.close(near)
        os.close(far)


def test_a_frame_may_be_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_LIMIT", 100)
    assert list(FrameReader().feed(header(b"x" * 100) + b"x" * 100)) == [b"x" * 100]
    with pytest.raises(BadFrameError, match="101 bytes"):
        header(b"x" * 101)
    with pytest.raises(BadFrameError, match="101 bytes"):
        list(FrameReader().feed(struct.pack("<Q", 101)))


def test_a_closed_pipe_in_the_middle_of_a_frame_is_an_end() -> None:
    near, far = os.pipe()
    os.write(far, struct.pack("<Q", 10) + b"12345")
    os.close(far)
    with pytest.raises(EOFError):
        read_frame(near)
    os.close(near)
