"""Every number that a user sees of a QPU, followed to its line in the catalogue.

The files are read here as they are, without the code that the server reads them with; what is
computed from them is computed again.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from tests.acceptance.serving import Client
from tests.dialects.ionq_v04.finishing import run_on

FOLDER = resources.files("ketway.devices") / "catalogue"


def read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text())


QPUS = sorted(
    file.name.removesuffix(".toml") for file in FOLDER.iterdir() if file.name.startswith("qpu.")
)
CARDS = {device: card for card in read("prices.toml")["card"] for device in card["devices"]}
MODELS = {model["name"]: model for model in read("noise.toml")["model"]}

GATES = [
    *({"gate": "ry", "target": k, "rotation": 0.4} for k in range(3)),
    {"gate": "cnot", "control": 0, "target": 1},
    {"gate": "cnot", "control": 1, "target": 2},
]
SHOTS, ONE, TWO = 400, 3, 2


def tables(file: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each table that has figures, with its path."""
    rows = [(name, table) for name, table in file.items() if isinstance(table, dict)]
    for name, several in file.items():
        if isinstance(several, list) and several and isinstance(several[0], dict):
            rows += [(f"{name}[{place}]", table) for place, table in enumerate(several)]
    yield "(the file)", {name: value for name, value in file.items() if not isinstance(value, dict)}
    for name, table in rows:
        yield name, table


@pytest.mark.parametrize("name", [*(f"{qpu}.toml" for qpu in QPUS), "prices.toml", "noise.toml"])
def test_figures_have_a_source_and_what_is_derived_is_there(name: str) -> None:
    for path, table in tables(read(name)):
        figures = {key for key, value in table.items() if type(value) in (int, float)}
        if figures:
            assert len(table["source"]) > 20, f"{name}: {path} does not say where it is from"
        derived = table.get("derived", [])
        if isinstance(derived, list):
            assert set(derived) <= set(table), f"{name}: {path} derives what it has not"
        elif derived:
            assert len(table["formula"]) > 20, f"{name}: {path} does not say how it was made"


def get(client: Client, path: str) -> Any:
    answer = client.ask("GET", f"/v0.4{path}")
    assert answer.status == 200, answer.raw
    return answer.json


def sold(client: Client) -> list[str]:
    """QPUs that take jobs."""
    rows = get(client, "/backends")
    return [row["backend"] for row in rows if row["backend"] in QPUS
            and row["status"] == "available"]  # fmt: skip


def test_durations_and_prices(client: Client) -> None:
    backends = sold(client)
    assert len(backends) > 3
    for backend in backends:
        timing, card = read(f"{backend}.toml")["timing"], CARDS[backend]
        job = run_on(
            client, backend, SHOTS, 3, GATES, settings={"error_mitigation": {"debiasing": False}}
        )
        each = timing["reset"] + timing["readout"] + ONE * timing["one_qubit"]
        micros = round(1e6 * SHOTS * (each + TWO * timing["two_qubit"]))
        assert job["stats"]["gate_counts"] == {"1q": ONE, "2q": TWO}
        for key in ("predicted_quantum_compute_time_us", "billed_quantum_compute_time_us"):
            assert job["stats"][key] == micros
        assert job["predicted_execution_duration_ms"] == math.ceil(micros / 1000)
        assert job["execution_duration_ms"] == math.ceil(micros / 1000)
        if card["model"] == "gates":
            wanted = SHOTS * (ONE * card["one_qubit"] + TWO * card["two_qubit"])
            wanted = max(card["minimum"], wanted)
        else:
            wanted = card["per_second"] * micros / 1e6
        found = get(client, f"/jobs/{job['id']}/cost")
        assert found["cost"]["value"] == pytest.approx(wanted, abs=1e-4)
        query = f"backend={backend}&shots={SHOTS}&1q_gates={ONE}&2q_gates={TWO}"
        estimated = get(client, f"/jobs/estimate?{query}")
        assert estimated["rate_card"]["id"] == card["id"]
        (rate,) = estimated["rate_card"]["rates"]
        shown = {"cost_1q_gate": "one_qubit", "cost_2q_gate": "two_qubit",
                 "job_cost_minimum": "minimum", "unit_cost": "per_second"}  # fmt: skip
        for key, line in shown.items():
            if key in rate:
                assert rate[key] == card[line]


def test_characterizations(client: Client) -> None:
    """Fidelities drift about their lines, errors by no more than a factor of two; times do not."""
    for backend in sold(client):
        file = read(f"{backend}.toml")
        timing, fidelity = file["timing"], file["fidelity"]
        found = get(client, f"/backends/{backend}/characterizations?limit=1")["characterizations"]
        (shown,) = found
        assert shown["qubits"] == file["qubits"]
        names = {"readout": "readout", "reset": "reset", "1q": "one_qubit", "2q": "two_qubit",
                 "t1": "t1", "t2": "t2"}  # fmt: skip
        assert set(shown["timing"]) <= set(names)
        for key in shown["timing"]:
            if key not in ("t1", "t2"):
                assert shown["timing"][key] == timing[names[key]]
        for key, line in {"spam": "spam", "1q": "one_qubit", "2q": "two_qubit"}.items():
            error = 1 - shown["fidelity"][key]["median"]
            assert 0.5 < error / (1 - fidelity[line]) < 2


@pytest.mark.parametrize("name", [name for name in MODELS if name != "ideal"])
def test_rates_of_noise_models(client: Client, name: str) -> None:
    """One gate on one qubit and one on two: what a user computes from the rates is what comes."""
    model = MODELS[name]
    gates = [{"gate": "x", "target": 0}, {"gate": "cnot", "control": 0, "target": 1}]
    job = run_on(client, "simulator", 1_000_000, 2, gates, noise={"model": name, "seed": 7})
    found = get(client, f"/jobs/{job['id']}/results/probabilities")
    # A depolarised qubit is flipped in half of the cases; two are one of four states.
    flipped = model["one_qubit"] / 2
    right = (1 - model["two_qubit"]) * (1 - flipped) + model["two_qubit"] / 4
    deviation = math.sqrt(right * (1 - right) / 1_000_000)
    assert found["3"] == pytest.approx(right, abs=5 * deviation)
