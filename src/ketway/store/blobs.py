"""Large payloads and results: files named by what is in them.

A blob is written beside its place, synced and renamed, so that it is there whole or not at all,
and writing it twice is harmless. The process that computed a large result writes it itself:
nothing big crosses a pipe.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

INLINE = 64 * 1024
"""Up to this size bytes stay in the database row; measured break-even is between 100 and 200 KB."""


FRESH = 60.0
"""Seconds in which a blob that was written may still be waiting for its row."""


class Blobs:
    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self) -> None:
        """Make the folders; clear away what a crash left half written or half removed."""
        for folder in ("new", "aside"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        for leftover in (self._root / "new").iterdir():
            leftover.unlink()
        for leftover in (self._root / "aside").iterdir():
            leftover.replace(self._place(leftover.name))

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        place = self._place(name)
        with contextlib.suppress(FileNotFoundError):
            os.utime(place)  # it is there already: say that somebody is about to refer to it
            return name
        draft = self._root / "new" / f"{name}.{uuid.uuid4().hex}"
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        place.parent.mkdir(exist_ok=True)
        draft.replace(place)
        _sync_folder(place.parent)
        return name

    def keep(self, data: bytes) -> tuple[bytes | None, str | None]:
        """The bytes themselves where they are few, or else the name of their blob."""
        return (data, None) if len(data) <= INLINE else (None, self.put(data))

    def get(self, name: str) -> bytes:
        return self._place(name).read_bytes()

    def remove(self, name: str, age: float = FRESH) -> bool:
        """Remove a blob that nothing refers to; False if somebody wrote it less than `age` ago.

        Between writing a blob and committing the row that refers to it, nothing refers to it. So it
        is set aside first, and put back if it is fresh: a writer who comes before sees to its
        freshness, and one who comes after finds it gone and writes it again.
        """
        place = self._place(name)
        aside = self._root / "aside" / name
        try:
            place.replace(aside)
        except FileNotFoundError:
            return True
        if time.time() - aside.stat().st_mtime < age:
            aside.replace(place)
            return False
        aside.unlink()
        return True

    def names(self) -> Iterator[str]:
        """Every blob that is there."""
        for folder in self._root.iterdir():
            if len(folder.name) == 2:
                yield from (file.name for file in folder.iterdir())

    def _place(self, name: str) -> Path:
        return self._root / name[:2] / name


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where folders can be synced at all."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
