"""What is learned of layers, how it is written, and what the estimator makes of it."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest
from tests.circuits.qpy.test_boxes import FILES
from tests.routines.making import runner

from ketway.circuits.qpy import read_qpy
from ketway.devices.loading import load
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.dialects.ibm_runtime.learned_results import learned
from ketway.jobs.answers import LearnedAnswer, answer_of
from ketway.jobs.failures import FailedError
from ketway.jobs.packing import pack, unpack
from ketway.routines.dry import DryRunner
from ketway.routines.ibm.layer_noise import read_layer_noise
from ketway.routines.ibm.typed import Reading
from ketway.routines.mitigation.known import Knowing
from ketway.routines.mitigation.twirling import conjugations
from ketway.routines.options import Resilience
from ketway.routines.registry import find

NOISE = NoiseModel(
    "n",
    gates=(
        GateNoise(("cz",), (0, 1), pauli={"ZI": 0.01, "XX": 0.02}),
        GateNoise(("cz",), (5, 7), pauli={"IY": 0.03}),
    ),
    qubits=(QubitNoise(5, p01=0.1, p10=0.1), QubitNoise(7, p01=0.02, p10=0.02)),
)
TWO = """OPENQASM 3.0; include "stdgates.inc"; input float t; qubit[5] q; rx(t) q[0];
cz q[0], q[1]; cz q[3], q[2]; sx q[1]; cz q[1], q[2]; sx q[2]; cz q[0], q[1]; cz q[3], q[2];"""
FEW: dict[str, Any] = {
    "num_randomizations": 16,
    "shots_per_randomization": 256,
    "layer_pair_depths": [0, 2, 8],
}


def answer(params: dict[str, Any], noise: NoiseModel | None = NOISE) -> LearnedAnswer:
    routine = find("noise-learner")
    inputs = routine.read(json.dumps(params).encode())
    routine.check(inputs, load().device("simulator_mps"))
    again = unpack(pack(inputs), routine.inputs)
    made = runner(noise)
    planned = routine.plan(again, made)
    assert bool(planned) == (noise is not None)
    found: LearnedAnswer = unpack(pack(routine.run(again, made)), answer_of("noise-learner"))
    return found


def failure(params: dict[str, Any]) -> str:
    with pytest.raises(FailedError) as caught:
        find("noise-learner").read(json.dumps(params).encode())
    return caught.value.failure.message


def boxes(schema: str = "v0.3", file: bytes = FILES["17"], **options: Any) -> dict[str, Any]:
    text = base64.b64encode(file).decode()
    return {
        "schema_version": schema,
        "instructions": {"circuit_b64": text, "qpy_version": 17},
        "options": {**FEW, **options},
        "version": 3,
    }


# -- circuits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [False, True])
def test_layers_come_back_with_their_circuits(plain: bool) -> None:
    options = {**FEW, "support_qiskit": not plain, "twirling_strategy": "active"}
    found = learned(answer({"circuits": [TWO], "options": options}), "ibm_x")
    assert found["metadata"]["backend"] == "ibm_x"
    asked = {**FEW, "max_layers_to_learn": 4, "twirling_strategy": "active"}
    assert found["metadata"]["input_options"] == asked
    first, second = found["data"]
    if not plain:
        assert first["__class__"] == "LayerError"
        first, second = first["__value__"], second["__value__"]
    assert [first["qubits"], second["qubits"]] == [[0, 1, 2, 3], [1, 2]]
    circuit = Reading().circuit(first["circuit"], "here")
    structure = circuit.structure
    assert [structure.operands_of(g) for g in range(2)] == [[0, 1], [3, 2]]
    error = first["error"] if plain else first["error"]["__value__"]
    labels = error["generators"] if plain else error["generators"]["__value__"]["data"]
    rates = Reading().floats(error["rates"], "here")
    by_label = dict(zip(labels, rates.tolist(), strict=True))
    assert len(by_label) == 30
    # ZI of the model is Z on qubit 0; what is learned of a CZ is its mean with IZ's partner, ZI.
    assert by_label["IIIZ"] == pytest.approx(0.01, abs=0.004)
    assert max(rate for label, rate in by_label.items() if label.endswith("II")) < 0.002


@pytest.mark.parametrize(("client", "pairs"), [("0.27.1", True), ("0.30.0", False), ("", False)])
def test_older_clients_get_pairs(client: str, pairs: bool) -> None:
    found = answer({"circuits": [TWO], "options": {**FEW, "support_qiskit": True}})
    caller = f"qiskit-version-2/qiskit_ibm_runtime-{client},qiskit-1.4.6/qiskit"
    for layer in learned(found, "x", caller)["data"]:
        assert isinstance(layer, list) is pairs
        if pairs:
            what, error = layer
            assert set(what) == {"circuit", "qubits"}
            assert set(error) == {"generators", "rates"}


def circuit_of(params: dict[str, Any]) -> Any:
    return find("noise-learner").read(json.dumps(params).encode()).batches[0]


@pytest.mark.parametrize("plain", [False, True])
def test_the_estimator_is_told_what_was_learned(plain: bool) -> None:
    params = {"circuits": [TWO], "options": {**FEW, "support_qiskit": not plain}}
    found = answer(params)
    written = json.loads(json.dumps(learned(found, "x"), default=str))
    told = written if plain else {"__type__": "NoiseLearnerResult", "__value__": written}
    model = read_layer_noise(Reading(), told, "model")
    batch = circuit_of(params)
    known = Knowing(batch, conjugations(batch), Resilience(layer_noise_model=model), NOISE)
    rates = known.run(runner(NOISE))
    assert (rates.layers, rates.missing, len(rates.rates)) == (2, 0, 5)
    (layer,) = [one for one in found.layers if len(one.qubits) == 4][:1]
    assert sum(rates.rates[1]) + sum(rates.rates[2]) == pytest.approx(sum(layer.rates))
    part = read_layer_noise(Reading(), written["data"][:1], "model")
    partly = Knowing(batch, conjugations(batch), Resilience(layer_noise_model=part), NOISE)
    assert partly.run(runner(NOISE)).missing == 1


def test_what_was_learned_brings_values_back() -> None:
    """PEC by a model that was learned before: the value without noise, and nothing is learned."""
    rounds = "cz q[0], q[1]; x q[0]; x q[1];" * 12
    text = f'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; {rounds}'
    options = {**FEW, "num_randomizations": 32, "support_qiskit": False}
    model = learned(answer({"circuits": [text], "options": options}), "x")["data"]

    def value(**resilience: Any) -> tuple[float, Any]:
        estimator = find("estimator")
        params = {
            "pubs": [[text, "IX", None, 0.02]],
            "options": {"resilience": {"measure_mitigation": False, **resilience}},
            "resilience_level": 0,
        }
        found = estimator.run(estimator.read(json.dumps(params).encode()), runner(NOISE))
        return float(found.pubs[0].numbers["evs"]), found

    bare, _ = value()
    told, whole = value(pec_mitigation=True, layer_noise_model=model)
    assert bare < 0.8
    assert told == pytest.approx(1.0, abs=0.12)
    assert "layers_not_learned" not in whole.pubs[0].metadata["resilience"]
    assert whole.metadata["resilience"]["layer_noise_model"] is None


def test_an_ideal_machine_and_a_dry_run() -> None:
    params = {"circuits": [TWO], "options": FEW}
    assert not any(rate for layer in answer(params, None).layers for rate in layer.rates)
    routine = find("noise-learner")
    inputs = routine.read(json.dumps(params).encode())
    dry = DryRunner(noise=NOISE, machine=runner().machine, seed=3)
    assert len(routine.run(inputs, dry).layers) == 2


# -- boxes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", ["v0.1", "v0.2", "v0.3"])
def test_boxes_are_learned_on_the_machines_qubits(schema: str) -> None:
    found = learned(answer(boxes(schema)), "x")
    assert found["schema_version"] == schema
    gates, readings = found["data"]
    assert (gates["num_qubits"], readings["num_qubits"]) == (3, 2)
    rates = np.frombuffer(base64.b64decode(gates["rates"]["data"]), "<f8")
    assert gates["rates"]["shape"] == gates["rates_std"]["shape"] == [18] == [len(rates)]
    named = {
        (letters, tuple(on)): rate
        for ((letters, on),), rate in zip(gates["generators_sparse"], rates.tolist(), strict=True)
    }
    # Y on qubit 7, which is the second of 5, 7, 8; what is learned of it is shared with ZY.
    assert named["Y", (1,)] + named["ZY", (0, 1)] == pytest.approx(0.03, abs=0.008)
    assert named["X", (2,)] == 0
    wrong = np.frombuffer(base64.b64decode(readings["rates"]["data"]), "<f8")
    assert wrong == pytest.approx(-np.log(1 - np.array([0.2, 0.04])) / 2, abs=0.02)
    kept = gates["metadata"]["post_selection"]
    assert kept["fraction_kept"] == {0: 1.0, 2: 1.0, 8: 1.0}
    assert readings["metadata"]["learning_protocol"] == "trex"
    assert readings["metadata"]["post_selection"]["fraction_kept"] == 1.0
    assert ("success_rates" in kept) == (schema != "v0.1")


# -- what is wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "circuits: a list of at least one"),
        ({"circuits": [7]}, "circuits[0]: a circuit is wanted"),
        ({"circuits": [TWO], "options": {"layer_pair_depths": []}}, "options.layer_pair_depths: "),
        ({"circuits": [TWO], "options": {"layer_pair_depths": [10**9]}}, "options.layer_"),
        ({"circuits": [TWO], "options": {"num_randomizations": 0}}, "options.num_randomizations: "),
        ({"circuits": [TWO], "options": {"twirling_strategy": "no"}}, "options.twirling_"),
        ({"circuits": [TWO], "options": {"simulator": {"noise_model": 7}}}, "options.simulator."),
        (boxes("v9"), "schema_version: known are v0.1, v0.2, v0.3, not 'v9'"),
        ({**boxes(), "instructions": []}, "instructions: a circuit of boxes is wanted"),
        ({**boxes(), "instructions": {"circuit_b64": "?"}}, "circuit_b64: this is not base64"),
        (boxes(file=b"QISKIT"), "instructions.circuit_b64: The file ends"),
        (boxes(file=FILES["13"]), "it is no box"),
        (boxes(post_selection={"enable": True}), "options.post_selection.enable: shots are not"),
        (boxes(bit_flip_checks={"pre_circuit": {"enable": True}}),
         "options.bit_flip_checks.pre_circuit.enable: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(params: dict[str, Any], said: str) -> None:
    assert said in failure(params)


def test_a_machine_names_what_it_cannot_do() -> None:
    routine = find("noise-learner")
    inputs = routine.read(json.dumps({"circuits": [TWO]}).encode())
    with pytest.raises(FailedError, match=r"Circuit 0: Gate 0 \(rx on \[0\]\) is no gate of"):
        routine.check(inputs, load().device("ibm_brisbane"))


PLAIN = {
    "circuit": 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; cz q[0], q[1];',
    "qubits": [4, 2],
    "error": {"generators": ["IX", "ZY"], "rates": [0.1, 0.2]},
}


def test_a_model_by_hand() -> None:
    (layer,) = read_layer_noise(Reading(), [PLAIN, {**PLAIN, "error": None}], "m") or ()
    assert layer.gates == (("cz", (4, 2)),)
    assert layer.generators == (("X", (4,)), ("YZ", (4, 2)))
    assert layer.rates == (0.1, 0.2)
    assert read_layer_noise(Reading(), None, "m") is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "m: what a noise learner answered is wanted"),
        ([7], r"m[0]: an object with circuit, qubits, error"),
        ([{**PLAIN, "qubits": [1, 1]}], "m[0].qubits: 2 different qubits"),
        ([{**PLAIN, "qubits": [1, True]}], "m[0].qubits: 2 different qubits"),
        ([{**PLAIN, "circuit": "?"}], "m[0].circuit: "),
        ([{**PLAIN, "error": {"generators": ["IX"], "rates": [1, 2]}}], "m[0].error: as many"),
        ([{**PLAIN, "error": {"generators": ["IXX"], "rates": [1]}}], "m[0].error.generators: "),
        ([{**PLAIN, "error": {"generators": ["IA"], "rates": [1]}}], "m[0].error.generators: "),
        ([{**PLAIN, "error": {"generators": ["IX"], "rates": ["x"]}}], "m[0].error.rates: "),
    ],
)
def test_a_model_that_is_none(value: Any, said: str) -> None:
    with pytest.raises(FailedError) as caught:
        read_layer_noise(Reading(), value, "m")
    assert said in caught.value.failure.message


def test_circuits_of_layers_are_qpy() -> None:
    """Of all that was learned, one for each layer."""
    found = answer({"circuits": [TWO], "options": FEW})
    assert [len(read_qpy(layer.circuit)) for layer in found.layers] == [1, 1]
