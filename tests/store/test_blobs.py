from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ketway.store.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    blobs = Blobs(tmp_path)
    blobs.prepare()
    return blobs


def test_a_blob_is_named_by_what_is_in_it(blobs: Blobs, tmp_path: Path) -> None:
    name = blobs.put(b"data")
    assert name == hashlib.sha256(b"data").hexdigest()
    assert blobs.get(name) == b"data"
    assert blobs.put(b"data") == name
    assert not list((tmp_path / "new").iterdir())


def test_what_a_crash_left_half_written_goes_at_the_next_start(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.prepare()
    name = blobs.put(b"whole")
    (tmp_path / "new" / "abc.123").write_bytes(b"ha")
    Blobs(tmp_path).prepare()
    assert not list((tmp_path / "new").iterdir())
    assert blobs.get(name) == b"whole"


def test_a_write_that_fails_leaves_no_blob(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.put(b"data")
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        blobs.get(hashlib.sha256(b"data").hexdigest())
    assert blobs.get(blobs.put(b"data")) == b"data"


def test_a_fresh_blob_stays_because_its_row_may_be_on_the_way(blobs: Blobs) -> None:
    name = blobs.put(b"data")
    assert not blobs.remove(name)
    assert blobs.get(name) == b"data"


def test_writing_a_blob_again_makes_it_fresh(blobs: Blobs, tmp_path: Path) -> None:
    name = blobs.put(b"data")
    os.utime(tmp_path / name[:2] / name, (0, 0))
    blobs.put(b"data")
    assert not blobs.remove(name)
    os.utime(tmp_path / name[:2] / name, (0, 0))
    assert blobs.remove(name)
    assert list(blobs.names()) == []


def test_a_blob_that_a_crash_left_aside_is_put_back(blobs: Blobs, tmp_path: Path) -> None:
    name = blobs.put(b"data")
    (tmp_path / name[:2] / name).rename(tmp_path / "aside" / name)
    Blobs(tmp_path).prepare()
    assert blobs.get(name) == b"data"


def test_removing_twice_is_harmless(blobs: Blobs) -> None:
    name = blobs.put(b"data")
    assert blobs.remove(name, age=0)
    assert blobs.remove(name, age=0)
    with pytest.raises(FileNotFoundError):
        blobs.get(name)
