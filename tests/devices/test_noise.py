from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests import channels
from tests.corpus.arbitrary import random_circuit

from ketway.circuits.circuit import Batch
from ketway.circuits.gates import Kind
from ketway.devices.noise import (
    LARGEST,
    GateNoise,
    NoiseModel,
    NoiseModelError,
    QubitNoise,
    noisy_gates,
    read_noise_model,
)
from ketway.engines.density import DensityEngine
from ketway.engines.engine import Task

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "noise-models.md"
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def read(**fields: object) -> NoiseModel:
    return read_noise_model(json.dumps({"name": "mine"} | fields))


def refused(**fields: object) -> NoiseModelError:
    with pytest.raises(NoiseModelError) as caught:
        read(**fields)
    return caught.value


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 4


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: json.loads(text)["name"])
def test_the_examples_of_the_page_run_as_written(text: str) -> None:
    model = read_noise_model(text)
    circuit = random_circuit(4, 24, 2)
    task = Task(Batch(circuit.structure, circuit.params[None]), (1,), 0, True, model)
    (result,) = DensityEngine().run(task)
    assert result.probabilities is not None
    found = dict(zip(result.integers(), result.probabilities.tolist(), strict=True))
    if any(entry.channel for entry in model.gates):  # test_aer_corpus.py judges those
        assert sum(found.values()) == pytest.approx(1, abs=1e-10)
        return
    expected = channels.distribution(circuit, model)
    for outcome, chance in expected.items():
        assert found.get(outcome, 0.0) == pytest.approx(chance, abs=1e-10)
    assert result.provenance.noise == model.name
    assert result.provenance.rates


@pytest.mark.parametrize(
    ("kind", "heading"),
    [(NoiseModel, "# Noise models"), (GateNoise, "`gates`"), (QubitNoise, "`qubits`")],
)
def test_the_page_has_every_field(kind: type[msgspec.Struct], heading: str) -> None:
    text = PAGE.read_text("utf-8")
    section = text if heading.startswith("#") else text.split(f"## {heading}")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section.split("\n## ")[0], re.MULTILINE)
    assert set(listed) == set(kind.__struct_fields__)


def test_a_model_survives_its_document() -> None:
    for text in EXAMPLES:
        model = read_noise_model(text)
        assert read_noise_model(msgspec.json.encode(model)) == model


def test_names_are_those_of_the_gate_table() -> None:
    names = noisy_gates()
    assert {"x", "cx", "rz", "crz", "swap", "ms", "zz", "nop", "u", "cu"} <= set(names)
    assert {"measure", "reset"} <= set(names)
    assert not {"cmeasure", "creset", "gphase", "pauliexp", "ccx", "cswap", "cnop"} & set(names)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cnot", "did you mean 'cx'"),
        ("rzx", "did you mean 'rz'"),
        ("p", "did you mean 'phase'"),
        ("cp", "did you mean 'cphase'"),
        ("id", "did you mean 'nop'"),
        ("xx", "did you mean 'rxx'"),
        ("qqqqqq", "known are x, cx"),
        ("ccx", "more than two qubits"),
        ("cswap", "give the figures of '2q'"),
        ("pauliexp", "more than two qubits"),
        ("gphase", "acts on no qubit"),
    ],
)
def test_unknown_gates_are_refused_with_what_was_meant(name: str, said: str) -> None:
    error = refused(gates=[{"gates": ["h", name], "depolarising": 0.1}])
    assert error.field == "gates[0].gates[1]"
    assert said in str(error)


GOOD: dict[str, Any] = {"gates": ["cx"], "depolarising": 0.1}


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"name": ""}, "name", "1 to 200"),
        ({"one_qubit": 1.5}, "one_qubit", "from 0 to 1"),
        ({"readout": -0.1}, "readout", "from 0 to 1"),
        ({"two_qubits": 0.1}, "", "two_qubits"),
        ({"one_qubit": "a"}, "one_qubit", "float"),
        ({"gates": [GOOD | {"gates": []}]}, "gates[0].gates", "name a gate"),
        ({"gates": [GOOD | {"gates": ["x", "cx"]}]}, "gates[0].gates", "make an entry of each"),
        ({"gates": [GOOD | {"qubits": [1]}]}, "gates[0].qubits", "two different qubits"),
        ({"gates": [GOOD | {"qubits": [1, 1]}]}, "gates[0].qubits", "two different qubits"),
        ({"gates": [GOOD | {"qubits": [0, -1]}]}, "gates[0].qubits[1]", "numbered from 0"),
        ({"gates": [GOOD | {"qubits": [0, 1.5]}]}, "gates[0].qubits[1]", "int"),
        ({"gates": [GOOD | {"depolarising": 2}]}, "gates[0].depolarising", "no probability"),
        ({"gates": [GOOD | {"pauli": {"X": 0.1}}]}, "gates[0].pauli", "2 of the letters"),
        ({"gates": [GOOD | {"pauli": {"XQ": 0.1}}]}, "gates[0].pauli", "I, X, Y, Z"),
        ({"gates": [GOOD | {"pauli": {"II": 0.1}}]}, "gates[0].pauli", "no error"),
        ({"gates": [GOOD | {"pauli": {"XX": -0.1}}]}, "gates[0].pauli.XX", "no probability"),
        ({"gates": [GOOD | {"pauli": {"XX": 0.6, "IZ": 0.5}}]}, "gates[0].pauli", "sum to 1.1"),
        ({"gates": [GOOD | {"duration": -1}]}, "gates[0].duration", "0 or more"),
        ({"gates": [GOOD | {"duration": 1}]}, "gates[0].duration", "give t1, t2 or both"),
        ({"gates": [GOOD, GOOD]}, "gates[1].gates[0]", "gates[0] already names 'cx' on all qubits"),
        ({"two_qubit": 0.1, "gates": [GOOD | {"gates": ["2q"]}]}, "two_qubit", "one of them"),
        ({"qubits": [{"t1": 1.0, "t2": 2.1}]}, "qubits[0].t2", "at most 2 t1"),
        ({"qubits": [{"t1": 0}]}, "qubits[0].t1", "above 0"),
        ({"qubits": [{"p01": 0.1}]}, "qubits[0]", "both p01 and p10"),
        ({"qubits": [{"p01": 0.1, "p10": 1.1}]}, "qubits[0].p10", "no probability"),
        ({"qubits": [{"qubit": 3}]}, "qubits[0]", "says nothing"),
        ({"qubits": [{"qubit": -3, "t1": 1}]}, "qubits[0].qubit", "numbered from 0"),
        ({"qubits": [{"t1": 1}, {"t2": 1}]}, "qubits[1]", "already has the figures of all qubits"),
        ({"readout": 0.1, "qubits": [{"p01": 0.1, "p10": 0.1}]}, "readout", "one of them"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_its_field(
    fields: dict[str, Any], field: str, said: str
) -> None:
    error = refused(**fields)
    assert error.field == field
    assert said in str(error)


@pytest.mark.parametrize("text", ["", "[", "nul", '{"name": "x"', "[1]", b"\xff\xfe", "[" * 9999])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(NoiseModelError):
        read_noise_model(text)


def test_long_documents_are_refused_unread() -> None:
    with pytest.raises(NoiseModelError, match="at most"):
        read_noise_model(b" " * (LARGEST + 1))


def test_what_a_model_needs_of_an_engine() -> None:
    assert read(gates=[GOOD | {"depolarising": 0}]).ideal
    with pytest.raises(NoiseModelError, match="no gate takes time"):
        read(qubits=[{"t1": 1.0}])
    assert not read(gates=[GOOD]).ideal
    assert not read(gates=[GOOD]).relaxes
    timed = GOOD | {"duration": 1e-6}
    assert read(gates=[timed], qubits=[{"t1": 1.0}]).relaxes
    assert not read(gates=[timed], qubits=[{"t2": 1.0}]).relaxes
    assert read(gates=[{"gates": ["nop"], "pauli": {"X": 0.1}}]).awake == (Kind.NOP,)
    assert read(gates=[{"gates": ["reset"], "pauli": {"X": 0.1}}]).awake == (Kind.RESET,)
    assert not read(gates=[GOOD]).beyond_paulis
    assert read(gates=[GOOD | {"damping": [0.1, 0]}]).beyond_paulis
    assert read(one_qubit=0.1).simple
    assert not read(gates=[GOOD]).simple
