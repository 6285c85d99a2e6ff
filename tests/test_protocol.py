"""Answers leave in one piece, and nothing of them is lost or changes its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

pytest.importorskip("httptools", reason="uvicorn speaks HTTP without it on Windows")

from ketway.protocol import LARGE, _Joining


class Transport(asyncio.Transport):
    """Writes down what it is told."""

    def __init__(self) -> None:
        super().__init__({"peername": "someone"})
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def after(steps: Callable[[_Joining], None]) -> Transport:
    """What has arrived when the event loop has had its turn."""

    async def scene() -> Transport:
        transport = Transport()
        steps(_Joining(transport, asyncio.get_running_loop()))
        await asyncio.sleep(0)
        return transport

    return asyncio.run(scene())


def test_what_is_written_in_one_turn_leaves_together() -> None:
    def steps(joining: _Joining) -> None:
        joining.write(b"head ")
        joining.write(b"body")

    assert after(steps).written == [b"head body"]


def test_large_bodies_are_not_copied_and_keep_their_place() -> None:
    large = bytes(LARGE)

    def steps(joining: _Joining) -> None:
        joining.write(b"head")
        joining.write(large)
        joining.write(b"tail")

    assert after(steps).written == [b"head", large, b"tail"]


def test_closing_sends_what_waits_first() -> None:
    def steps(joining: _Joining) -> None:
        joining.write(b"last words")
        joining.close()

    transport = after(steps)
    assert (transport.written, transport.closed) == ([b"last words"], True)


def test_nothing_is_written_to_a_connection_that_is_gone() -> None:
    def steps(joining: _Joining) -> None:
        joining.write(b"too late")
        joining._transport.close()  # the client's end is gone before the turn ends

    assert after(steps).written == []


def test_all_else_is_the_transports() -> None:
    def steps(joining: _Joining) -> None:
        assert joining.get_extra_info("peername") == "someone"
        assert joining.is_closing() is False

    after(steps)
