"""`docs/explanation/engines.md` says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.peer_ketway import _circuit
from benchmarks.tasks import TASKS

from ketway.engines import core
from ketway.engines.candidates import DOUBLE_UP_TO, ENGINES, LISTED_UP_TO
from ketway.engines.lowering import lower
from ketway.engines.mps_chain import DISCARDED
from ketway.engines.planner import CLIFFORD_ABOVE
from ketway.engines.prepass.preparing import _SMALL_NOISY, SMALL

PAGE = (Path(__file__).parents[2] / "docs/explanation/engines.md").read_text(encoding="utf-8")


def test_every_engine_is_named() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M)) == set(ENGINES)


def test_the_lines_are_where_the_page_says() -> None:
    text = " ".join(PAGE.split())
    assert f"above {CLIFFORD_ABOVE} qubits without noise" in text
    assert f"tableau or vector, no noise | {CLIFFORD_ABOVE} qubits" in text
    assert f"Above {SMALL} qubits ({_SMALL_NOISY} with noise) a pre-pass" in text
    assert f"double precision up to {DOUBLE_UP_TO} qubits" in text
    assert f"double or single precision | {DOUBLE_UP_TO} qubits" in text
    assert f"above {LISTED_UP_TO} qubits, where shots are asked for" in text
    assert f"cuts what weighs less than {DISCARDED:.0e}" in text


def test_the_fourier_transform_is_fused_as_the_page_says() -> None:
    task = TASKS["fourier"]
    circuit = _circuit(task.qubits, task.circuits[0])
    lowered = lower(circuit.structure)
    groups, _ = core.describe(lowered.code, lowered.rows(circuit.params[None]), single=True)
    said = f"{circuit.structure.gates} gates on {task.qubits} qubits, is {groups} groups"
    assert said in " ".join(PAGE.split())
