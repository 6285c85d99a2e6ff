"""A job of N circuits answers exactly what N jobs of one circuit do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.acceptance import serving
from tests.acceptance.serving import Client

angles = st.floats(-10, 10, allow_nan=False).map(lambda value: round(value, 6))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with serving.serving(tmp_path_factory.mktemp("batches") / "data") as server:
        yield server.client()


@st.composite
def gates(draw: st.DrawFn, qubits: int) -> dict[str, Any]:
    order = draw(st.permutations(range(qubits)))
    match draw(st.integers(0, 3 if qubits > 1 else 1)):
        case 0:
            return {"gate": draw(st.sampled_from(["h", "x", "s", "t", "v"])), "target": order[0]}
        case 1:
            name = draw(st.sampled_from(["rx", "ry", "rz"]))
            return {"gate": name, "target": order[0], "rotation": draw(angles)}
        case 2:
            return {"gate": "cnot", "control": order[0], "target": order[1]}
        case _:
            return {"gate": "xx", "targets": order[:2], "rotation": draw(angles)}


@st.composite
def circuits(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some of one structure with other angles, some of other structures and widths."""
    found: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 3))):
        qubits = draw(st.integers(1, 5))
        shape = draw(st.lists(gates(qubits), min_size=1, max_size=8))
        for _ in range(draw(st.integers(1, 3))):
            own = [
                {**gate, "rotation": draw(angles)} if "rotation" in gate else gate for gate in shape
            ]
            found.append({"qubits": qubits, "gateset": "qis", "circuit": own})
    return draw(st.permutations(found))


def read(client: Client, job_id: str, what: str) -> bytes:
    answer = client.ask("GET", f"/v0.4/jobs/{job_id}/results/{what}")
    assert answer.status == 200, answer.raw
    return answer.raw


def batch_of(client: Client, given_: list[dict[str, Any]], **more: Any) -> list[str]:
    given_ = [{"qubits": c["qubits"], "circuit": c["circuit"]} for c in given_]
    parent = client.submit({"gateset": "qis", "circuits": given_}, "ionq.multi-circuit.v1", **more)
    return list(client.completed(parent)["child_ids"])


few = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@few
@given(given_=circuits())
def test_ideal_circuits_answer_the_same_bytes(client: Client, given_: list[dict[str, Any]]) -> None:
    singles = [client.submit(circuit) for circuit in given_]
    children = batch_of(client, given_)
    for single, child in zip(singles, children, strict=True):
        client.completed(single)
        assert read(client, child, "probabilities") == read(client, single, "probabilities")


@pytest.mark.parametrize(("qubits", "noise"), [(16, "ideal"), (3, "aria-1"), (2, "harmony")])
def test_engines_are_chosen_for_each_circuit_and_not_for_its_batch(
    client: Client, qubits: int, noise: str
) -> None:
    """Of one structure, and at some angles all gates are Clifford: another engine runs those."""
    quarter = 1.5707963267948966
    given_ = [
        {
            "qubits": qubits,
            "gateset": "qis",
            "circuit": [
                {"gate": "h", "target": 0},
                *({"gate": "rx", "target": q, "rotation": angle} for q in range(qubits)),
            ],
        }
        for angle in (0.0, 0.3, quarter, 0.7, 2 * quarter)
    ]
    wanted = {"shots": 60, "noise": {"model": noise, "seed": 5}}
    children = batch_of(client, given_, **wanted)
    for circuit, child in zip(given_, children, strict=True):
        wanted["noise"] = {"model": noise, "seed": client.job(child)["seed"]}
        single = client.submit(circuit, **wanted)
        client.completed(single)
        for what in ("shots", "probabilities"):
            assert read(client, child, what) == read(client, single, what)


@few
@given(given_=circuits(), seed=st.integers(0, 2**31), noise=st.sampled_from(["aria-1", "ideal"]))
def test_a_childs_seed_alone_makes_its_shots_again(
    client: Client, given_: list[dict[str, Any]], seed: int, noise: str
) -> None:
    children = batch_of(client, given_, shots=40, noise={"model": noise, "seed": seed})
    again = batch_of(client, given_, shots=40, noise={"model": noise, "seed": seed})
    seeds = [client.job(child)["seed"] for child in children]
    assert len(set(seeds)) == len(seeds)
    singles = [
        client.submit(circuit, shots=40, noise={"model": noise, "seed": own})
        for circuit, own in zip(given_, seeds, strict=True)
    ]
    for child, same, single in zip(children, again, singles, strict=True):
        client.completed(single)
        for what in ("shots", "histogram", "probabilities"):
            assert read(client, child, what) == read(client, same, what)
            assert read(client, child, what) == read(client, single, what)
