"""Running circuits as variants, and bringing these together: see `routines.mitigation.variants`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from ketway.circuits.circuit import Circuit, Program
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.running import run_program
from ketway.jobs.debiased import AGGREGATIONS, variants_for
from ketway.jobs.encoding import encode_result
from ketway.jobs.failures import Failure
from ketway.jobs.results import Provenance, Result
from ketway.routines.mitigation.aggregating import Counts, Weights, power_mean, table_of, voting
from ketway.routines.mitigation.variants import noise_of, variants_of

_VOTES: Final = "ballots"


def run_debiased(
    program: Program,
    plans: Sequence[Plan],
    seeds: Sequence[int],
    *,
    shots: int,
    noise: NoiseModel | None,
    places: int,
    threads: int,
) -> list[bytes | Failure]:
    """The frames of all circuits, and behind them those of the variants. `places` is how many
    qubits the device has."""
    averages: list[bytes | Failure] = []
    behind: list[bytes | Failure] = []
    for index in range(len(program)):
        plan = plans[program.order[index][0]]
        circuit = program.circuit(index)
        found = _variants(circuit, plan, seeds[index], shots, noise, places, threads)
        if isinstance(found, Failure):
            failure = msgspec.structs.replace(found, circuit=index)
            averages.append(failure)
            behind += [failure] * (variants_for(shots) + len(AGGREGATIONS) - 1)
            continue
        average, others = _together(found, seeds[index])
        averages.append(encode_result(average))
        behind += map(encode_result, (*found, *others))
    return averages + behind


def _variants(
    circuit: Circuit,
    plan: Plan,
    seed: int,
    shots: int,
    noise: NoiseModel | None,
    places: int,
    threads: int,
) -> list[Result] | Failure:
    found = []
    for variant in variants_of(circuit.qubits, places, shots, seed):
        met = None if noise is None else noise_of(variant, noise)
        ((_, answer),) = run_program(
            Program.of([circuit]), [plan], [variant.seed], variant.shots, False, met, threads
        )
        if isinstance(answer, Failure):
            return answer
        made_by = msgspec.structs.replace(
            answer.provenance, qubit_map=variant.qubits, flipped=variant.flipped
        )
        found.append(replace(answer, provenance=made_by))
    return found


def _together(variants: Sequence[Result], seed: int) -> tuple[Result, list[Result]]:
    """The average, with the shots of one variant after those of another; and the other ways."""
    outcomes, table, places = table_of(
        [one.outcomes for one in variants], [_counts(one) for one in variants]
    )
    first = variants[0]
    made_by = Provenance(
        engine=first.provenance.engine,
        version=first.provenance.version,
        precision=first.provenance.precision,
        seed=seed,
        noise=first.provenance.noise,
        rates=first.provenance.rates,
    )
    average = Result(
        bits=first.bits,
        outcomes=outcomes,
        probabilities=None,
        counts=table.sum(axis=0),
        shots=np.concatenate(
            [place[one.shots] for one, place in zip(variants, places, strict=True)]
        ).astype(np.uint32),
        provenance=made_by,
        registers=first.registers,
    )
    others = [_weighted(average, weights) for weights in (voting(table, seed), power_mean(table))]
    return average, others


def _counts(result: Result) -> Counts:
    assert result.counts is not None, "variants are sampled"
    return result.counts


def _weighted(average: Result, weights: Weights) -> Result:
    kept = weights > 0
    return replace(
        average,
        outcomes=average.outcomes[kept],
        probabilities=weights[kept],
        counts=None,
        shots=None,
    )
