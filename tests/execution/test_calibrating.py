from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ketway.engines.calibration import decode
from ketway.execution import calibrating


def test_it_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asyncio.run(calibrating.calibration(tmp_path))
    assert found is not None
    assert decode((tmp_path / calibrating.FILE).read_bytes()) == found
    assert [path.name for path in tmp_path.iterdir()] == [calibrating.FILE]

    async def never() -> bytes:
        raise AssertionError("it was measured again")

    monkeypatch.setattr(calibrating, "_measure", never)
    assert asyncio.run(calibrating.calibration(tmp_path)) == found


def test_what_was_measured_elsewhere_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asyncio.run(calibrating.calibration(tmp_path))
    path = tmp_path / calibrating.FILE
    path.write_bytes(path.read_bytes().replace(b'"machine":"', b'"machine":"other '))
    again = asyncio.run(calibrating.calibration(tmp_path))
    assert found is not None
    assert again is not None
    assert again.machine == found.machine


@pytest.mark.parametrize("said", [b"", b"{}", b"not json"])
def test_without_it_plans_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    async def nonsense() -> bytes:
        return said

    monkeypatch.setattr(calibrating, "_measure", nonsense)
    assert asyncio.run(calibrating.calibration(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []
