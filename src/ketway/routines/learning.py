"""`noise-learner`: what the noise of layers is, of circuits or of single layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ketway.circuits.circuit import LETTERS, Batch, Circuit, kind_table
from ketway.circuits.gates import Kind
from ketway.engines.engine import Plan
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.mitigation.known import learnings
from ketway.routines.mitigation.layers import Layer, Layered, layered
from ketway.routines.mitigation.lindblad import LayerLearning, Learned, returns
from ketway.routines.mitigation.readout import ReadoutLearning
from ketway.routines.mitigation.shots import Amount
from ketway.routines.mitigation.twirling import conjugations
from ketway.routines.options import LayerNoiseLearning, NoiseLearnerOptions
from ketway.routines.placing import used_qubits
from ketway.routines.runner import Runner

_LEAST: Final = 1e-6
_IS_NOTHING: Final = kind_table((Kind.NOP, Kind.GLOBAL_PHASE))


@dataclass(frozen=True)
class Instruction:
    """A single layer that is to be learned."""

    batch: Batch
    """Of one row."""
    qubits: tuple[int, ...]
    """Those that belong to it, ascending, also where nothing acts on them."""


@dataclass(frozen=True)
class LayerError:
    """The noise of a layer, as rates of Paulis."""

    circuit: Circuit
    """The layer on its own qubits."""
    qubits: tuple[int, ...]
    """Qubit k of the circuit is `qubits[k]` of the machine."""
    generators: tuple[tuple[str, tuple[int, ...]], ...]
    """Letters, and the qubit of the circuit that each is on."""
    rates: tuple[float, ...]
    errors: tuple[float, ...]
    """Standard errors of the rates."""
    metadata: dict[str, Any] = field(default_factory=dict)


def learn(
    circuits: Sequence[Batch], options: NoiseLearnerOptions, runner: Runner
) -> list[LayerError]:
    """The errors of the layers of two-qubit Clifford gates that circuits (batches of one row) have:
    those that come most often first, as many as `max_layers_to_learn`."""
    learning = _learning(options)
    out = []
    for layer, qubits, how in _layers(circuits, options, learning, runner):
        out.append(_layer_error(layer, qubits, _learned(how, layer, runner)))
    return out


def plan_learn(
    circuits: Sequence[Batch], options: NoiseLearnerOptions, runner: Runner
) -> list[Plan]:
    """What `learn` will need."""
    learning = _learning(options)
    plans: list[Plan] = []
    for _, _, how in _layers(circuits, options, learning, runner):
        if how is not None:
            plans.extend(how.plans(runner))
    return plans


def learn_instructions(
    instructions: Sequence[Instruction], options: NoiseLearnerOptions, runner: Runner
) -> list[LayerError]:
    """The errors of single layers, in their order: of two-qubit Clifford gates, or of measurements
    alone (TREX)."""
    out = []
    for place, (instruction, layer) in enumerate(_instructions(instructions)):
        batch, qubits = instruction.batch, instruction.qubits
        if layer is None:
            out.append(_readings(batch, options, runner))
        else:
            how = _how(layer, batch, options, runner, place)
            out.append(_layer_error(layer, qubits, _learned(how, layer, runner)))
    return out


def plan_learn_instructions(
    instructions: Sequence[Instruction], options: NoiseLearnerOptions, runner: Runner
) -> list[Plan]:
    """What `learn_instructions` will need."""
    plans: list[Plan] = []
    for place, (instruction, layer) in enumerate(_instructions(instructions)):
        batch = instruction.batch
        if layer is None:
            if runner.noise is not None:
                plans.append(_reading(batch, options, runner).plan(runner))
            continue
        how = _how(layer, batch, options, runner, place)
        if how is not None:
            plans.extend(how.plans(runner))
    return plans


def _learning(options: NoiseLearnerOptions) -> LayerNoiseLearning:
    return LayerNoiseLearning(
        options.max_layers_to_learn,
        options.shots_per_randomization,
        options.num_randomizations,
        options.layer_pair_depths,
    )


def _learned(how: LayerLearning | None, layer: Layer, runner: Runner) -> Learned:
    """An ideal machine has nothing to learn."""
    if how is None:
        none = np.zeros((len(layer.entanglers), 15))
        return Learned(none, none)
    return how.run(runner)


# ---------------------------------------------------------------- circuits


def _layers(
    circuits: Sequence[Batch],
    options: NoiseLearnerOptions,
    learning: LayerNoiseLearning,
    runner: Runner,
) -> list[tuple[Layer, tuple[int, ...], LayerLearning | None]]:
    """The layers of all circuits that are learned, their qubits, and how they are."""
    counts: dict[Layer, int] = {}
    qubits: dict[Layer, tuple[int, ...]] = {}
    width = max((batch.structure.qubits for batch in circuits), default=0)
    for batch in circuits:
        found = layered(batch, conjugations(batch), options.twirling_strategy)
        for layer, own, count in zip(found.layers, found.qubits, found.counts, strict=True):
            counts[layer] = counts.get(layer, 0) + count
            qubits.setdefault(layer, own)
    firsts = list(counts)
    ordered = sorted(firsts, key=lambda x: (-counts[x], -len(x.entanglers), firsts.index(x)))
    able = [layer for layer in ordered if all(returns(e) for e in layer.entanglers)]
    able = able[: learning.max_layers_to_learn]
    if runner.noise is None:
        return [(layer, qubits[layer], None) for layer in able]
    every = Layered(tuple(able), {}, (), ())
    hows = learnings(every, width, learning, runner.noise)
    return [(layer, qubits[layer], hows[k]) for k, layer in enumerate(able)]


def _layer_error(layer: Layer, qubits: tuple[int, ...], learned: Learned) -> LayerError:
    number = {qubit: k for k, qubit in enumerate(qubits)}
    # What no gate of the layer acts on suffers nothing.
    alone: dict[tuple[str, tuple[int, ...]], tuple[float, float]] = {
        (letter, (k,)): (0.0, 0.0) for k in range(len(qubits)) for letter in "XYZ"
    }
    for g, entangler in enumerate(layer.entanglers):
        first, second = (number[qubit] for qubit in entangler.qubits)
        for p in range(1, 16):
            held = [(q, LETTERS[k]) for q, k in ((first, p & 3), (second, p >> 2)) if k]
            letters = "".join(letter for _, letter in held)
            rate, error = float(learned.rates[g, p - 1]), float(learned.errors[g, p - 1])
            alone[letters, tuple(q for q, _ in held)] = (rate, error)
    order = sorted(alone, key=lambda g: (len(g[1]), g[1], g[0]))
    return LayerError(
        layer.circuit(qubits),
        qubits,
        tuple(order),
        tuple(alone[g][0] for g in order),
        tuple(alone[g][1] for g in order),
        {"learning_protocol": "lindblad"},
    )


# ---------------------------------------------------------------- single layers


def _instructions(
    instructions: Sequence[Instruction],
) -> list[tuple[Instruction, Layer | None]]:
    """Each with its layer; None for measurements."""
    out: list[tuple[Instruction, Layer | None]] = []
    for place, instruction in enumerate(instructions):
        batch = instruction.batch
        kinds = batch.structure.kinds[~_IS_NOTHING[batch.structure.kinds]]
        if len(kinds) and (kinds == Kind.MEASURE).all():
            out.append((instruction, None))
            continue
        widths = np.diff(batch.structure.operand_starts)
        found = layered(batch, conjugations(batch), "active")
        wide = int((widths[~_IS_NOTHING[batch.structure.kinds]] > 1).sum())
        if len(found.layers) > 1 or len(found.places) != wide:
            raise FailedError(
                Failure(
                    Code.INVALID_INPUT,
                    "Noise is learned of one layer at a time: two-qubit Clifford gates on "
                    "different qubits, or measurements alone.",
                    circuit=place,
                )
            )
        out.append((instruction, found.layers[0] if found.layers else Layer(())))
    return out


def _how(
    layer: Layer, batch: Batch, options: NoiseLearnerOptions, runner: Runner, place: int
) -> LayerLearning | None:
    if runner.noise is None or not layer.entanglers:
        return None
    if not all(returns(entangler) for entangler in layer.entanglers):
        raise FailedError(
            Failure(
                Code.INVALID_INPUT,
                "Noise is learned of gates that undo themselves when they are run twice, but for "
                "Paulis: this layer has another.",
                circuit=place,
            )
        )
    amount = Amount(options.num_randomizations, options.shots_per_randomization)
    width, depths = batch.structure.qubits, options.layer_pair_depths
    return LayerLearning(width, layer, depths, amount, runner.noise)


def _reading(batch: Batch, options: NoiseLearnerOptions, runner: Runner) -> ReadoutLearning:
    structure = batch.structure
    amount = Amount(options.num_randomizations, options.shots_per_randomization)
    return ReadoutLearning(structure.qubits, used_qubits(structure), amount, runner.noise)


def _readings(batch: Batch, options: NoiseLearnerOptions, runner: Runner) -> LayerError:
    """Readings that are wrong are X before them: with rate r, they shrink values by exp(-2 r)."""
    qubits = used_qubits(batch.structure)
    amount = options.num_randomizations * options.shots_per_randomization
    factors = np.ones(len(qubits))
    if runner.noise is not None:
        factors = _reading(batch, options, runner).run(runner)
    factors = np.clip(factors, _LEAST, 1.0)
    spread = np.sqrt(np.maximum(0.0, 1 - factors**2) / amount) / (2 * factors)
    return LayerError(
        Circuit(batch.structure, batch.params[0]),
        tuple(qubits.tolist()),
        tuple(("X", (k,)) for k in range(len(qubits))),
        tuple(-math.log(f) / 2 for f in factors.tolist()),
        tuple(spread.tolist()),
        {"learning_protocol": "trex"},
    )
