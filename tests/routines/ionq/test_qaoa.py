"""Cuts against the largest of all."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from tests.routines.making import runner as runner_with

from ketway.devices.noise import NoiseModel
from ketway.jobs.answers import CutAnswer
from ketway.jobs.failures import FailedError
from ketway.routines.ionq.qaoa import EVALUATIONS, QAOA
from ketway.routines.runner import Runner

Edges = list[tuple[Any, Any, float]]


def graph(nodes: list[Any], edges: Edges) -> dict[str, Any]:
    """As `networkx.adjacency_data` writes it."""
    neighbours: dict[Any, list[dict[str, Any]]] = {node: [] for node in nodes}
    for u, v, weight in edges:
        neighbours[u].append({"weight": weight, "id": v})
        if u != v:
            neighbours[v].append({"weight": weight, "id": u})
    return {"directed": False, "multigraph": False, "graph": [],
            "nodes": [{"id": node} for node in nodes],
            "adjacency": [neighbours[node] for node in nodes]}  # fmt: skip


def random_graph(n: int, density: float, seed: int, weighted: bool) -> tuple[list[int], Edges]:
    source = np.random.default_rng(seed)
    edges = [
        (u, v, float(source.uniform(-1, 2)) if weighted else 1.0)
        for u, v in itertools.combinations(range(n), 2)
        if source.random() < density
    ]
    return list(range(n)), edges


GRAPHS: dict[str, tuple[list[Any], Edges]] = {
    "one edge": ([0, 1], [(0, 1, 1.0)]),
    "triangle": ([0, 1, 2], [(0, 1, 1.0), (1, 2, 1.0), (0, 2, 1.0)]),
    "ring of 6": (list(range(6)), [(k, (k + 1) % 6, 1.0) for k in range(6)]),
    "star": (list("abcde"), [("a", x, 1.0) for x in "bcde"]),
    "complete of 7": random_graph(7, 2.0, 0, weighted=False),
    "no edges": ([0, 1, 2], []),
    "a single node": (["only"], []),
    "Petersen": (list(range(10)),
                 [(k, (k + 1) % 5, 1.0) for k in range(5)]
                 + [(k, k + 5, 1.0) for k in range(5)]
                 + [(5 + k, 5 + (k + 2) % 5, 1.0) for k in range(5)]),
    **{f"random {n}, {seed}": random_graph(n, 0.5, seed, weighted=seed % 2 == 1)
       for seed, n in enumerate([5, 6, 8, 9, 10, 11, 12, 12])},
}  # fmt: skip


def largest(nodes: list[Any], edges: Edges) -> float:
    places = {node: k for k, node in enumerate(nodes)}
    sides = np.arange(1 << len(nodes))
    total = np.zeros(len(sides))
    for u, v, weight in edges:
        total += weight * ((sides >> places[u] ^ sides >> places[v]) & 1)
    return float(total.max())


def answer(problem: dict[str, Any], runner: Runner | None = None, shots: int = 200) -> CutAnswer:
    given = {"input": {"problem_type": "maxcut", "problem": problem}, "shots": shots}
    inputs = QAOA.read(json.dumps(given).encode())
    return QAOA.run(inputs, runner or runner_with())


def assert_largest(found: CutAnswer, nodes: list[Any], edges: Edges) -> None:
    side = dict(zip(nodes, reversed(found.bitstring), strict=True))
    cut = sum(weight for u, v, weight in edges if side[u] != side[v])
    assert found.cost == pytest.approx(-cut)
    assert cut == pytest.approx(largest(nodes, edges))


@pytest.mark.parametrize("name", GRAPHS)
def test_the_largest_cut_is_found(name: str) -> None:
    nodes, edges = GRAPHS[name]
    found = answer(graph(nodes, edges))
    assert_largest(found, nodes, edges)
    assert 0 < len(found.evaluations) <= EVALUATIONS
    for one in found.evaluations:
        assert one.counts is not None
        assert one.counts.sum() == 200


@pytest.mark.parametrize("name", ["ring of 6", "random 8, 2", "random 9, 3"])
def test_and_on_a_noisy_machine(name: str) -> None:
    nodes, edges = GRAPHS[name]
    noise = NoiseModel(name="loud", one_qubit=0.01, two_qubit=0.03)
    assert_largest(answer(graph(nodes, edges), runner_with(noise)), nodes, edges)


def test_angles_bring_better_outcomes_than_chance() -> None:
    """The search is worth something: what is measured at its end is far above a random cut, which
    has half of the edges."""
    nodes, edges = GRAPHS["Petersen"]
    found = answer(graph(nodes, edges), shots=1000)
    best = min(one.value for one in found.evaluations)
    assert best < -0.8 * largest(nodes, edges)
    assert best <= found.evaluations[0].value


def test_the_value_of_an_evaluation_is_the_mean_of_what_was_measured() -> None:
    nodes, edges = GRAPHS["random 6, 1"]
    found = answer(graph(nodes, edges), shots=20_000)
    one = found.evaluations[-1]
    assert one.outcomes is not None
    assert one.counts is not None
    sides = one.outcomes[:, 0].astype(int)
    cuts = sum(w * ((sides >> u ^ sides >> v) & 1) for u, v, w in edges)
    assert -(cuts @ one.counts) / 20_000 == pytest.approx(one.value, abs=0.06)


def test_edges_between_the_same_nodes_add_up() -> None:
    problem = graph([0, 1, 2], [(0, 1, 1.0), (0, 2, 1.5), (1, 2, 1.5)])
    double = graph([0, 1, 2], [(0, 1, 1.0)])
    double["multigraph"] = True
    for u, v in ((0, 2), (1, 2)):
        for key, weight in ((0, 1.0), (1, 0.5)):
            double["adjacency"][u].append({"id": v, "weight": weight, "key": key})
            double["adjacency"][v].append({"id": u, "weight": weight, "key": key})
    assert answer(double).cost == answer(problem).cost == -3.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"directed": True}, "undirected"),
        ({"nodes": [], "adjacency": []}, "no nodes"),
        ({"nodes": [{"id": 0}, {"id": 0}]}, "same id"),
        ({"adjacency": [[]]}, "neighbours of 1 nodes"),
        ({"adjacency": [[{"id": 7}], []]}, "no node 7"),
        ({"adjacency": [[{"id": 1, "weight": "x"}], []]}, "float"),
    ],
)
def test_graphs_that_mean_nothing_are_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(FailedError, match=said):
        answer({**graph([0, 1], [(0, 1, 1.0)]), **change})
