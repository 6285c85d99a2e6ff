"""Files that real Qiskit wrote, and what Qiskit says comes out of them (`make_corpus.py`)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import branches, reference

from ketway.circuits.circuit import Circuit
from ketway.circuits.control import check
from ketway.circuits.qpy import QpyError, Template, read_qpy
from ketway.circuits.template import TemplateError

CORPUS = {
    path.stem[1:]: json.loads(path.read_text())
    for path in (Path(__file__).parent / "corpus").glob("v*.json")
}
ALL = [(version, name) for version, records in sorted(CORPUS.items()) for name in records]


def record(version: str, name: str) -> tuple[dict[str, Any], Template]:
    found = CORPUS[version][name]
    (template,) = read_qpy(base64.b64decode(found["qpy"]))
    return found, template


def cases(field: str) -> list[tuple[str, str]]:
    return [(v, n) for v, n in ALL if field in CORPUS[v][n] and "values" not in CORPUS[v][n]]


def close(circuit: Circuit, expected: dict[str, float]) -> None:
    found = reference.distribution(circuit)
    wanted = {int(key, 2): p for key, p in expected.items()}
    for outcome in found.keys() | wanted.keys():
        assert found.get(outcome, 0) == pytest.approx(wanted.get(outcome, 0), abs=1e-9)


def test_every_version_is_there() -> None:
    assert {*map(str, range(10, 19)), "13-qiskit1"} == CORPUS.keys()


@pytest.mark.parametrize(("version", "name"), cases("exact"))
def test_gates(version: str, name: str) -> None:
    found, template = record(version, name)
    close(template.circuit(), found["exact"])


@pytest.mark.parametrize(("version", "name"), [c for c in ALL if "values" in CORPUS[c[0]][c[1]]])
def test_parameters(version: str, name: str) -> None:
    found, template = record(version, name)
    assert list(template.parameters) == found["parameters"]
    batch = template.batch(np.array(found["values"]))
    assert len(batch) == len(found["exact"])
    for params, expected in zip(batch.params, found["exact"], strict=True):
        close(Circuit(batch.structure, params), expected)
    with pytest.raises(TemplateError, match="no values"):
        template.circuit()


@pytest.mark.parametrize(("version", "name"), cases("registers"))
def test_registers(version: str, name: str) -> None:
    found, template = record(version, name)
    assert {r.name: list(r.bits) for r in template.registers} == found["registers"]


@pytest.mark.parametrize(("version", "name"), cases("counts"))
def test_control(version: str, name: str) -> None:
    """Aer's counts of 4,000 shots, or of circuits with one outcome."""
    found, template = record(version, name)
    circuit = template.circuit()
    check(circuit.structure)
    counts = {outcome_of(key, template): n for key, n in found["counts"].items()}
    total = sum(counts.values())
    exact = {
        sum(bit << k for k, bit in enumerate(bits)) & ((1 << circuit.structure.bits) - 1): p
        for bits, p in distribution(circuit).items()
        if p > 1e-9
    }
    assert counts.keys() == exact.keys()
    for outcome, count in counts.items():
        assert abs(count / total - exact[outcome]) < 0.06


REFUSED = json.loads((Path(__file__).parent / "corpus" / "refused.json").read_text())


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_by_name(name: str) -> None:
    with pytest.raises(QpyError) as refused:
        read_qpy(base64.b64decode(REFUSED[name]["qpy"]))
    assert ("0.5" if name == "power" else f"`{name}`") in refused.value.message
    assert refused.value.where.startswith("circuit `")


COMPUTED = json.loads((Path(__file__).parent / "corpus" / "refused12.json").read_text())


@pytest.mark.parametrize("name", COMPUTED)
def test_what_sympy_and_symengine_wrote_is_not_evaluated(name: str) -> None:
    with pytest.raises(QpyError, match=f"of {name.rpartition('-')[2]}, "):
        read_qpy(base64.b64decode(COMPUTED[name]["qpy"]))


@pytest.mark.parametrize("version", ["10", "12"])
def test_a_swept_matrix_of_another_shape_is_refused(version: str) -> None:
    _, template = record(version, "symbols")
    for wrong in (np.zeros((2, 3)), np.zeros(2)):
        with pytest.raises(TemplateError, match="2 parameters"):
            template.batch(wrong)
    with pytest.raises(TemplateError, match="Row 1"):
        template.batch(np.array([[0.0, 1.0], [np.nan, 1.0]]))


def distribution(circuit: Circuit) -> dict[tuple[int, ...], float]:
    found = branches.distribution(circuit)
    width = circuit.structure.bits
    return {tuple(o >> k & 1 for k in range(width)): p for o, p in found.items()}


def outcome_of(key: str, template: Template) -> int:
    """Qiskit's text of all registers, the last of them first."""
    outcome, parts = 0, key.split(" ")
    if len(parts) != len(template.registers):  # Aer does not split bits that registers share
        return int("".join(parts), 2)
    for register, text in zip(template.registers, reversed(parts), strict=True):
        for bit, digit in zip(register.bits, reversed(text), strict=True):
            outcome |= int(digit) << bit
    return outcome
