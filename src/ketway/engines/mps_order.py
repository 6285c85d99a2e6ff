"""Which qubit stands where in the chain: neighbours in the circuit should be neighbours there.

Two orders are weighed, the circuit's own and that of a walk through its interaction graph from a
corner (Cuthill and McKee, 1969), by what the blocks could make of the bonds. The walk is made of
integers only, so that it is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Crossing: TypeAlias = tuple[tuple[int, ...], int]
"""The wires of an operator, and its Schmidt rank."""


def order_of(wires: int, crossings: Sequence[Crossing]) -> list[int]:
    """The site of each wire."""
    own = list(range(wires))
    if all(max(held) - min(held) < len(held) for held, _ in crossings):
        return own  # nothing is nearer than neighbours
    walked = _walk(wires, crossings)
    return walked if _weight(walked, crossings) < _weight(own, crossings) else own


def _walk(wires: int, crossings: Sequence[Crossing]) -> list[int]:
    graph: list[set[int]] = [set() for _ in range(wires)]
    for held, _ in crossings:
        for wire in held:
            graph[wire].update(held)
    for wire in range(wires):
        graph[wire].discard(wire)
    degrees = [len(near) for near in graph]
    sites = [-1] * wires
    count = 0
    for start in sorted(range(wires), key=lambda wire: (degrees[wire], wire)):
        if sites[start] >= 0:
            continue
        corner = _farthest(start, graph, degrees)
        sites[corner] = count
        count += 1
        queue = [corner]
        for wire in queue:
            for near in sorted(graph[wire], key=lambda other: (degrees[other], other)):
                if sites[near] < 0:
                    sites[near] = count
                    count += 1
                    queue.append(near)
    return sites


def _farthest(start: int, graph: list[set[int]], degrees: list[int]) -> int:
    """A wire of least degree among those farthest from the start."""
    distance = {start: 0}
    queue = [start]
    for wire in queue:
        for near in sorted(graph[wire]):
            if near not in distance:
                distance[near] = distance[wire] + 1
                queue.append(near)
    most = distance[queue[-1]]
    return min((w for w in queue if distance[w] == most), key=lambda w: (degrees[w], w))


def _weight(sites: list[int], crossings: Sequence[Crossing]) -> tuple[float, float]:
    """The largest bond and all bonds together, as exponents of 2."""
    steps = np.zeros(len(sites) + 1)
    for held, rank in crossings:
        places = [sites[wire] for wire in held]
        steps[min(places)] += math.log2(rank)
        steps[max(places)] -= math.log2(rank)
    cuts = np.cumsum(steps)[: max(0, len(sites) - 1)]
    ends = np.arange(1, len(sites))
    capped = np.minimum(np.round(cuts, 6), np.minimum(ends, len(sites) - ends))
    return float(capped.max(initial=0.0)), float(cuts.sum())
