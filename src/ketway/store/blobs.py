"""Large payloads and results: files named by what is in them.

A blob is written beside its place, synced and renamed, so that it is there whole or not at all,
and writing it twice is harmless. The process that computed a large result writes it itself:
nothing big crosses a pipe.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from pathlib import Path

INLINE = 64 * 1024
"""Up to this size bytes stay in the database row; measured break-even is between 100 and 200 KB."""


class Blobs:
    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self) -> None:
        """Make the folders; remove what a crash left half written."""
        (self._root / "new").mkdir(parents=True, exist_ok=True)
        for leftover in (self._root / "new").iterdir():
            leftover.unlink()

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        place = self._place(name)
        if place.exists():
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

    def get(self, name: str) -> bytes:
        return self._place(name).read_bytes()

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._place(name).unlink()

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
