"""What is known of the noise of a circuit's gates: learned here, or given with the options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ketway.circuits.circuit import LETTERS, Batch, Floats
from ketway.circuits.gates import GATES
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.routines.mitigation.layers import Entangler, Layer, Layered, Table, layered
from ketway.routines.mitigation.lindblad import LayerLearning, returns
from ketway.routines.mitigation.shots import Amount
from ketway.routines.options import LayerNoise, LayerNoiseLearning, Resilience
from ketway.routines.runner import Runner


@dataclass(frozen=True)
class Known:
    """The rates of Paulis behind each gate."""

    rates: dict[int, tuple[float, ...]]
    """By gate; a gate of which nothing is known is not there."""
    layers: int
    """How many layers they are of."""
    missing: int
    """How many layers nothing is known of."""


class Knowing:
    """How the noise of the twirled gates of a circuit comes to be known."""

    def __init__(
        self,
        batch: Batch,
        twirled: Mapping[int, Table],
        resilience: Resilience,
        noise: NoiseModel | None,
    ) -> None:
        self._given = resilience.layer_noise_model
        self._layered = layered(batch, twirled)
        self._learnings: dict[int, LayerLearning] = {}
        if self._given is None and noise is not None:
            options = resilience.layer_noise_learning
            self._learnings = learnings(self._layered, batch.structure.qubits, options, noise)

    def run(self, runner: Runner) -> Known:
        learned: dict[int, Floats]
        if self._given is None:
            learned = {k: learning.run(runner).rates for k, learning in self._learnings.items()}
        else:
            learned = _given(self._layered.layers, self._given)
        rates = {
            gate: tuple(learned[layer][place].tolist())
            for gate, (layer, place) in self._layered.places.items()
            if layer in learned
        }
        return Known(rates, len(learned), len(self._layered.layers) - len(learned))

    def plans(self, runner: Runner) -> Iterator[Plan]:
        for learning in self._learnings.values():
            yield from learning.plans(runner)


def learnings(
    found: Layered, width: int, options: LayerNoiseLearning, noise: NoiseModel | None
) -> dict[int, LayerLearning]:
    """How the layers are learned that can be, the most frequent first, up to the limit."""
    amount = Amount(options.num_randomizations, options.shots_per_randomization)
    able = [k for k, layer in enumerate(found.layers) if all(returns(e) for e in layer.entanglers)]
    return {
        k: LayerLearning(width, found.layers[k], options.layer_pair_depths, amount, noise)
        for k in able[: options.max_layers_to_learn]
    }


def name_of(entangler: Entangler) -> str:
    """A gate's name with its control."""
    return "c" * entangler.controls + GATES[entangler.kind].name


def _given(layers: Sequence[Layer], models: Sequence[LayerNoise]) -> dict[int, Floats]:
    by_gates = {frozenset(model.gates): model for model in models}
    out: dict[int, Floats] = {}
    for k, layer in enumerate(layers):
        model = by_gates.get(frozenset((name_of(e), e.qubits) for e in layer.entanglers))
        if model is not None:
            out[k] = _rates_of(layer, model)
    return out


def _rates_of(layer: Layer, model: LayerNoise) -> Floats:
    """Shape (gates, 15). Paulis that no gate holds on its qubits alone are left out: noise here
    strikes the qubits of one gate."""
    out = np.zeros((len(layer.entanglers), 15))
    for (letters, qubits), rate in zip(model.generators, model.rates, strict=True):
        held = {q: LETTERS.index(p) for q, p in zip(qubits, letters, strict=True) if p != "I"}
        for g, entangler in enumerate(layer.entanglers):
            first, second = entangler.qubits
            if held and set(held) <= {first, second}:
                out[g, held.get(first, 0) + 4 * held.get(second, 0) - 1] += rate
    return out
