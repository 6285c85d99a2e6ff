"""The benchmarks run, and write what they say they write. What they measured is not looked at."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from benchmarks.__main__ import BENCHMARKS, main


def test_figures_are_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "figures.json"
    assert main(["--only", "submit", "--quick", "--json", str(written)]) == 0
    record = json.loads(written.read_text())
    p50, p99 = record["rows"]
    assert [p50["name"], p99["name"]] == ["submit", "submit"]
    assert (p50["unit"], p50["goal"], type(p50["holds"])) == ("ms", "< 5", bool)
    assert (p99["goal"], p99["holds"]) == (None, None)
    for row in (p50, p99):
        assert len(row["figures"]) == 2
        assert all(math.isfinite(figure) and figure > 0 for figure in row["figures"])
        assert min(row["figures"]) <= row["figure"] <= max(row["figures"])
    assert record["machine"]["cores"] >= 1
    assert "numpy" in record["machine"]["versions"]
    shown = capsys.readouterr().out
    assert "2-qubit job accepted, p50" in shown
    assert record["machine"]["cpu"] in shown


def test_what_is_not_measured_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--only", "everything"])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in BENCHMARKS)
