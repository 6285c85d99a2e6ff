"""What debiasing and sharpening bring: how far answers of virtual QPUs are from the exact ones.

The qubits of the catalogue's QPUs are much alike, so there is little bias to remove, and Ketway
sharpens nothing where the variants of a circuit agree but for chance. On a device with a few bad
qubits there is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec

from benchmarks.connection import Connection, message
from benchmarks.report import Goal, Row
from benchmarks.service import serving
from ketway.circuits.circuit import Program
from ketway.circuits.ionq import GateObject, read_circuit
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.planner import Machine, plan
from ketway.engines.running import run_program
from ketway.execution.debiasing import run_debiased
from ketway.jobs.debiased import AGGREGATIONS, Debiased
from ketway.jobs.encoding import Results, encode_results
from ketway.jobs.failures import Failure
from ketway.jobs.results import Result

SHOTS = 5000
BACKENDS = ("qpu.harmony", "qpu.aria-1")
"""The noisiest of the catalogue, and one in the middle."""
WAYS = {
    "plain": "",
    "verified": "",
    "average": "",
    "sharpened": "?sharpen=true",
    "dnl": "?aggregation=dnl",
}
"""`verified` is run once, as `plain`, and its symmetries are verified."""

Gates = list[dict[str, Any]]
Answer = dict[str, float]


def debias(*, quick: bool) -> list[Row]:
    """The peer is the same circuit without debiasing, on the same day's figures of the same QPU.
    Each circuit's error is its total variation distance from the ideal simulator's answer."""
    repeats = 2 if quick else 9
    rows = []
    with serving() as service, service.connect() as connection:
        exact = {name: _ideal(connection, gates) for name, gates in CIRCUITS.items()}
        for backend in BACKENDS:
            for name, gates in CIRCUITS.items():
                errors: dict[str, list[float]] = {way: [] for way in WAYS}
                for _ in range(repeats):
                    plain = _run(connection, backend, gates, debiased=False)
                    verified = _run(connection, backend, gates, debiased=False, verified=True)
                    varied = _run(connection, backend, gates, debiased=True)
                    for way, query in WAYS.items():
                        job = {"plain": plain, "verified": verified}.get(way, varied)
                        found = connection.get(f"/v0.4/jobs/{job}/results/probabilities{query}")
                        errors[way].append(_distance(found, exact[name]))
                rows += [
                    Row(
                        "debias",
                        f"error of {name} on {backend}, {way}",
                        "distance",
                        errors[way],
                        peer="not debiased",
                        peer_figures=errors["plain"],
                        notes={"shots": SHOTS},
                    )
                    for way in WAYS
                    if way != "plain"
                ]
        rows.append(_without_noise(connection, exact))
    return rows + _biased(exact, repeats)


def _without_noise(connection: Connection, exact: dict[str, Answer]) -> Row:
    """Sharpened answers of the ideal simulator: they must be the plain ones."""
    changes = []
    for name, gates in CIRCUITS.items():
        job = _run(connection, "simulator", gates, debiased=True)
        found = connection.get(f"/v0.4/jobs/{job}/results/probabilities?sharpen=true")
        changes.append(_distance(found, exact[name]))
    return Row(
        "debias", "what sharpening changes without noise", "distance", changes, goal=Goal(1e-12)
    )


def _ideal(connection: Connection, gates: Gates) -> Answer:
    job = _run(connection, "simulator", gates, debiased=False)
    found: Answer = connection.get(f"/v0.4/jobs/{job}/results/probabilities")
    return found


def _run(
    connection: Connection, backend: str, gates: Gates, *, debiased: bool, verified: bool = False
) -> str:
    body = {
        "type": "ionq.circuit.v1",
        "backend": backend,
        "shots": SHOTS,
        "settings": {
            "error_mitigation": {"debiasing": debiased, "symmetry_verification": verified}
        },
        "input": {"qubits": QUBITS, "gateset": "qis", "circuit": gates},
    }
    job = connection.submit(message("POST", "/v0.4/jobs", json.dumps(body).encode()))
    connection.completed(job)
    return job


def _distance(one: Answer, other: Answer) -> float:
    states = {*one, *other}
    return sum(abs(one.get(state, 0.0) - other.get(state, 0.0)) for state in states) / 2


# -- a device with bad qubits ---------------------------------------------------------------------

PLACES, BAD = 11, (0, 3, 4)


def _noise() -> NoiseModel:
    pairs = [(a, b) for a in range(PLACES) for b in range(PLACES) if a != b]
    met = [(pair, 0.12 if {*pair} & {*BAD} else 0.005) for pair in pairs]
    return NoiseModel(
        name="biased",
        gates=(
            *(GateNoise(gates=("2q",), qubits=pair, depolarising=rate) for pair, rate in met),
            *(GateNoise(gates=("1q",), qubits=(k,), pauli={"X": 0.05}) for k in BAD),
        ),
        qubits=tuple(QubitNoise(qubit=k, p01=0.01, p10=0.10) for k in BAD),
    )


def _biased(exact: dict[str, Answer], repeats: int) -> list[Row]:
    """The bad qubits are among those on which a circuit lies that is run as it was written."""
    noise, machine = _noise(), Machine(bytes=1 << 30)
    rows = []
    for name, gates in CIRCUITS.items():
        written = msgspec.convert(gates, list[GateObject])
        circuit = read_circuit(written, "qis", QUBITS, "circuit")
        program = Program.of([circuit])
        plans = [plan(program.batches[0], SHOTS, False, noise, machine)]
        errors: dict[str, list[float]] = {way: [] for way in ("plain", *AGGREGATIONS)}
        for seed in range(repeats):
            ((_, once),) = run_program(
                program, plans, [seed], SHOTS, False, noise.on(range(QUBITS)), 1
            )
            frames = run_debiased(
                program, plans, [seed], shots=SHOTS, noise=noise, places=PLACES, threads=1
            )
            answer = Debiased(Results(encode_results(frames)), 0, SHOTS)
            found = {"plain": once, **{way: answer.aggregation(way) for way in AGGREGATIONS}}
            for way, result in found.items():
                errors[way].append(_distance(_shares(result), exact[name]))
        rows += [
            Row(
                "debias",
                f"error of {name} on a device with bad qubits, {way}",
                "distance",
                errors[way],
                peer="not debiased",
                peer_figures=errors["plain"],
                goal=Goal(1.0, ratio=True),
                notes={"shots": SHOTS, "bad": BAD},
            )
            for way in AGGREGATIONS
        ]
    return rows


def _shares(result: Result | Failure | None) -> Answer:
    assert isinstance(result, Result), "there is an answer"
    return {
        str(int.from_bytes(bytes(outcome), "little")): float(weight)
        for outcome, weight in zip(result.outcomes, result.weights(), strict=True)
    }


# -- the circuits ---------------------------------------------------------------------------------

QUBITS = 6


def _h(qubits: Sequence[int]) -> Gates:
    return [{"gate": "h", "target": qubit} for qubit in qubits]


def _cnot(control: int, target: int) -> dict[str, Any]:
    return {"gate": "cnot", "control": control, "target": target}


def _ghz() -> Gates:
    return [*_h([0]), *(_cnot(k, k + 1) for k in range(QUBITS - 1))]


def _hidden(secret: int) -> Gates:
    """Bernstein and Vazirani's: one answer."""
    last = QUBITS - 1
    asked = [_cnot(k, last) for k in range(last) if secret >> k & 1]
    return [{"gate": "x", "target": last}, *_h(range(QUBITS)), *asked, *_h(range(QUBITS))]


def _turned() -> Gates:
    """Many answers of like odds: where a vote could mislead."""
    turns = [
        {"gate": "ry", "target": k, "rotation": math.pi * (k + 1) / (QUBITS + 2)}
        for k in range(QUBITS)
    ]
    return [*turns, *(_cnot(k, (k + 1) % QUBITS) for k in range(QUBITS)), *turns]


CIRCUITS: dict[str, Gates] = {"GHZ": _ghz(), "a hidden text": _hidden(0b10110), "turns": _turned()}
