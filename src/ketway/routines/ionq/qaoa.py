"""The routine of a `qctrl.qaoa.v1` job: the largest cut of a graph, by QAOA (Farhi 2014).

Each layer turns by the edges and then by every qubit. The angles start on a ramp, and COBYLA moves
them by the mean cost of what is measured; on an ideal machine by the exact mean, and there the ramp
too is the best of a grid that is computed in one batch. Each evaluation is a circuit that is
measured. The answer is the best outcome of all of them, improved as Q-CTRL's solver does it
(Sachdeva 2024, "bit-flip post-processing"): nodes change sides for as long as one makes it better.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Builder, Floats, Structure
from ketway.circuits.gates import Kind
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.observables import Observables
from ketway.engines.seeds import derive, generator
from ketway.jobs.answers import CutAnswer, Evaluation
from ketway.routines.ionq.asked import CutInput, Graph, finite, read, wrong
from ketway.routines.ionq.checking import check_width, times
from ketway.routines.ionq.energy import counted
from ketway.routines.ionq.minimising import Search, minimise
from ketway.routines.routine import Ran, Size
from ketway.routines.runner import Runner, scaled

LAYERS: Final = 3
EVALUATIONS: Final = 60
MOST_EDGES: Final = 10_000
_RAMPS: Final = np.linspace(0.2, 1.2, 6)
"""Steepnesses of the ramp that are tried; on a noisy machine the third is taken."""


@dataclass(frozen=True)
class Cut:
    """The graph as arrays; node k is qubit k."""

    nodes: int
    edges: NDArray[np.int64]
    """Shape (edges, 2)."""
    weights: Floats

    @property
    def scale(self) -> float:
        """The mean size of a weight: angles are given in its terms."""
        return float(np.abs(self.weights).mean()) if self.weights.any() else 1.0

    def costs(self, outcomes: NDArray[np.uint8]) -> Floats:
        """Of rows of bytes: minus the weight of the edges that are cut."""
        bits = np.unpackbits(outcomes, axis=1, count=self.nodes, bitorder="little")
        out = np.zeros(len(outcomes))
        for (u, v), weight in zip(self.edges.tolist(), self.weights.tolist(), strict=True):
            out -= weight * (bits[:, u] != bits[:, v])
        return out

    def improved(self, outcome: NDArray[np.uint8]) -> tuple[str, float]:
        """The outcome with nodes moved for as long as one makes it better, the first node on the
        right; and its cost."""
        bits = np.unpackbits(outcome, count=self.nodes, bitorder="little").astype(np.int64)
        table = np.zeros((self.nodes, self.nodes))
        np.add.at(table, (self.edges[:, 0], self.edges[:, 1]), self.weights)
        table += table.T
        while self.nodes:
            signs = 1 - 2 * bits
            gains = signs * (table @ signs)
            node = int(np.argmax(gains))
            if gains[node] <= 1e-12 * self.scale:
                break
            bits[node] ^= 1
        cost = float(self.costs(np.packbits(bits.astype(np.uint8), bitorder="little")[None])[0])
        return "".join(map(str, bits[::-1].tolist())), cost + 0.0

    def structure(self) -> Structure:
        builder = Builder(self.nodes)
        for node in range(self.nodes):
            builder.add(Kind.H, [node])
        for _ in range(LAYERS):
            for edge in self.edges.tolist():
                builder.add(Kind.RZZ, edge, [0.0])
            for node in range(self.nodes):
                builder.add(Kind.RX, [node], [0.0])
        return builder.circuit().structure

    def batch(self, structure: Structure, points: Floats) -> Batch:
        """Rows of angles: of the edges for each layer, then of the qubits for each."""
        turns = self.weights / self.scale
        columns = []
        for layer in range(LAYERS):
            columns.append(-points[:, layer, None] * turns)
            columns.append(np.repeat(2 * points[:, LAYERS + layer, None], self.nodes, axis=1))
        return Batch(structure, np.ascontiguousarray(np.concatenate(columns, axis=1)))

    def observables(self) -> Observables:
        terms = [
            ("ZZ", edge, weight / 2)
            for edge, weight in zip(self.edges.tolist(), self.weights.tolist(), strict=True)
        ]
        return Observables.of_letters(self.nodes, [[*terms, ("", [], -self.weights.sum() / 2)]])


def cut_of(graph: Graph) -> Cut:
    where = "input.problem"
    if graph.directed:
        raise wrong(f"{where}.directed", "a cut is one of an undirected graph")
    ids = [node.id for node in graph.nodes]
    places = {id_: k for k, id_ in enumerate(ids)}
    if not ids:
        raise wrong(f"{where}.nodes", "the graph has no nodes")
    if len(places) != len(ids):
        raise wrong(f"{where}.nodes", "two nodes have the same id")
    if len(graph.adjacency) != len(ids):
        raise wrong(
            f"{where}.adjacency",
            f"there are neighbours of {len(graph.adjacency):,} nodes, and the graph has "
            f"{len(ids):,}",
        )
    # Each edge is listed at both its ends.
    found: dict[tuple[int, int, object], float] = {}
    for u, neighbours in enumerate(graph.adjacency):
        for j, neighbour in enumerate(neighbours):
            here = f"{where}.adjacency[{u}][{j}]"
            if neighbour.id not in places:
                raise wrong(f"{here}.id", f"there is no node {neighbour.id!r}")
            finite([neighbour.weight], f"{here}.weight")
            v = places[neighbour.id]
            if u != v:
                found[min(u, v), max(u, v), neighbour.key] = neighbour.weight
    merged: dict[tuple[int, int], float] = {}
    for (u, v, _), weight in found.items():
        merged[u, v] = merged.get((u, v), 0.0) + weight
    if len(merged) > MOST_EDGES:
        raise wrong(f"{where}.adjacency", f"at most {MOST_EDGES:,} edges are taken")
    edges = np.array(list(merged), dtype=np.int64).reshape(-1, 2)
    return Cut(len(ids), edges, np.array(list(merged.values()), dtype=float))


class CutInputs(msgspec.Struct, frozen=True):
    asked: CutInput
    shots: int


class Qaoa:
    name = "ionq.qaoa"
    inputs = CutInputs

    def read(self, params: bytes) -> CutInputs:
        inputs = CutInputs(*read(params, CutInput))
        cut_of(inputs.asked.problem)
        return inputs

    def size(self, inputs: CutInputs) -> Size:
        """As large as it may become."""
        cut = cut_of(inputs.asked.problem)
        batch = cut.batch(cut.structure(), np.zeros((1, 2 * LAYERS)))
        return times(Size.of([batch], inputs.shots), EVALUATIONS)

    def seed(self, inputs: CutInputs) -> int | None:
        return None

    def noise(self, inputs: CutInputs, device: NoiseModel | None) -> NoiseModel | None:
        return device

    def structures(self, inputs: CutInputs) -> Iterable[Structure]:
        """None are stored: circuits are made of the graph."""
        return ()

    def check(self, inputs: CutInputs, device: Device) -> None:
        check_width(len(inputs.asked.problem.nodes), device)

    def plan(self, inputs: CutInputs, runner: Runner) -> list[Plan]:
        cut = cut_of(inputs.asked.problem)
        batch = cut.batch(cut.structure(), np.full((1, 2 * LAYERS), 0.5))
        plans = [scaled(runner.plan_sampling(batch, inputs.shots), EVALUATIONS)]
        if runner.noise is None:
            exact = runner.expecting(batch, cut.observables()).plan
            plans.append(scaled(exact, EVALUATIONS + len(_RAMPS) ** 2))
        return plans

    def run(self, inputs: CutInputs, runner: Runner) -> CutAnswer:
        return _Run(cut_of(inputs.asked.problem), inputs.shots, runner).answer()

    def ran(self, inputs: CutInputs, answer: CutAnswer) -> list[Ran]:
        one, two = cut_of(inputs.asked.problem).structure().counts
        return [Ran(answer.bits, one, two)] * len(answer.evaluations)


QAOA: Final = Qaoa()


class _Run:
    def __init__(self, cut: Cut, shots: int, runner: Runner) -> None:
        self._cut, self._shots, self._runner = cut, shots, runner
        self._structure, self._observables = cut.structure(), cut.observables()
        self._taken: list[tuple[NDArray[np.uint8], NDArray[np.int64]]] = []
        self._ideal = runner.noise is None

    def _exact(self, points: Floats) -> Floats:
        batch = self._cut.batch(self._structure, points)
        found: Floats = self._runner.expect(batch, self._observables)[:, 0]
        return found

    def _values(self, points: Floats) -> Floats:
        batch = self._cut.batch(self._structure, points)
        means = np.zeros(len(points))
        for row, shots in enumerate(self._runner.sample(batch, self._shots, len(self._taken))):
            outcomes, shares = counted(shots)
            counts = np.rint(shares * len(shots)).astype(np.int64)
            self._taken.append((outcomes, counts))
            means[row] = self._cut.costs(outcomes) @ shares
        return self._exact(points) if self._ideal else means

    def _start(self) -> Floats:
        """Edges turn more from layer to layer, and qubits less."""
        steps = (np.arange(LAYERS) + 0.5) / LAYERS
        ramps = np.array(
            [np.concatenate((g * steps, b * (1 - steps))) for g in _RAMPS for b in _RAMPS]
        )
        usual = 2 * len(_RAMPS) + 2
        start: Floats = ramps[int(np.argmin(self._exact(ramps))) if self._ideal else usual]
        return start

    def answer(self) -> CutAnswer:
        search = Search(self._values, sampled=not self._ideal)
        found = minimise(
            search,
            "COBYLA",
            self._start(),
            iterations=EVALUATIONS,
            options={"rhobeg": 0.2, "tol": 1e-3},
            generator=generator(derive(self._runner.seed, -1)),
        )
        best: tuple[str, float] | None = None
        for outcomes, _ in self._taken:
            costs = self._cut.costs(outcomes)
            candidate = self._cut.improved(outcomes[int(np.argmin(costs))])
            if best is None or candidate[1] < best[1]:
                best = candidate
        assert best is not None, "the start is evaluated"
        return CutAnswer(
            best[1],
            best[0],
            self._cut.nodes,
            found.converged,
            [
                Evaluation(trial.point.tolist(), trial.value, k, outcomes, counts)
                for k, (trial, (outcomes, counts)) in enumerate(
                    zip(search.trials, self._taken, strict=True)
                )
            ],
            self._runner.used,
        )
