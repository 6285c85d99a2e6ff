"""Ids and times. Ids are UUIDv7: unique, and sorted by the time at which they were made."""

from __future__ import annotations

import os
import threading
import time
import uuid


class IdSource:
    """Makes UUIDv7 ids that increase strictly, also within one millisecond.

    Python has `uuid.uuid7` only from 3.14 on. The 12 bits after the version count ids within a
    millisecond (RFC 9562, method 1); when they run out, the clock is pushed one millisecond on.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = 0
        self._counter = 0

    def new(self, count: int = 1) -> list[str]:
        tails = os.urandom(8 * count)
        ids = []
        with self._lock:
            now = time.time_ns() // 1_000_000
            for i in range(count):
                if now > self._millisecond:
                    self._millisecond, self._counter = now, 0
                else:
                    self._counter += 1
                    if self._counter > 0xFFF:
                        self._millisecond, self._counter = self._millisecond + 1, 0
                tail = int.from_bytes(tails[8 * i : 8 * i + 8], "big") >> 2
                value = (
                    (self._millisecond & ((1 << 48) - 1)) << 80
                    | 0x7 << 76
                    | self._counter << 64
                    | 0b10 << 62
                    | tail
                )
                ids.append(str(uuid.UUID(int=value)))
        return ids


_source = IdSource()


def new_id() -> str:
    return _source.new()[0]


def new_ids(count: int) -> list[str]:
    return _source.new(count)


def is_id(text: str) -> bool:
    """Whether a text is an id in the form in which they are stored."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def now() -> int:
    """The present, in microseconds since 1970, UTC."""
    return time.time_ns() // 1000
