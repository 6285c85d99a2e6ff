"""What the how-to pages show is what the examples do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ketway import programs
from ketway.programs import Backend
from ketway.routines.custom import DEFAULT_MEMORY, GROUP

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "how-to" / "custom-programs.md").read_text()
EXAMPLE = ROOT / "examples" / "minimise"
BLOCKS = re.findall(r"```(python|toml)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", [text for kind, text in BLOCKS if kind == "python"][:3])
def test_code_is_the_examples(text: str) -> None:
    assert text in (EXAMPLE / "ketway_minimise.py").read_text()


def test_the_entry_point_is_the_examples() -> None:
    (text,) = (text for kind, text in BLOCKS if kind == "toml")
    assert text in (EXAMPLE / "pyproject.toml").read_text()
    assert f'"{GROUP}"' in text


def test_all_that_a_program_can_ask_for_is_told() -> None:
    offered = [name for name in dir(Backend) if not name.startswith("_")]
    offered += ["generator", "seed", "threads"]
    assert [name for name in offered if f"`{name}" not in PAGE] == []
    assert "`ketway.programs.counts`" in PAGE
    assert hasattr(programs, "counts")
    assert f"gets {DEFAULT_MEMORY >> 30} GiB of memory" in PAGE
