"""What may be asked of the primitives beside their PUBs, in the words of IBM's options.

A field that is `UNSET` was not given: its default depends on the others (the resilience level).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

Auto: TypeAlias = Literal["auto"]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=10_000_000)]
Depth: TypeAlias = Annotated[int, Meta(ge=0, le=1_000)]
Depths: TypeAlias = Annotated[tuple[Depth, ...], Meta(min_length=1, max_length=100)]
"""How often a layer is run twice, in circuits that learn its noise."""
Extrapolator: TypeAlias = Literal[
    "linear",
    "exponential",
    "double_exponential",
    "polynomial_degree_1",
    "polynomial_degree_2",
    "polynomial_degree_3",
    "polynomial_degree_4",
    "polynomial_degree_5",
    "polynomial_degree_6",
    "polynomial_degree_7",
    "fallback",
]


class DynamicalDecoupling(msgspec.Struct, frozen=True):
    enable: bool = False
    sequence_type: Literal["XX", "XpXm", "XY4"] = "XX"
    extra_slack_distribution: Literal["middle", "edges"] = "middle"
    scheduling_method: Literal["alap", "asap"] = "alap"
    skip_reset_qubits: bool = False


class Twirling(msgspec.Struct, frozen=True):
    enable_gates: bool | UnsetType = UNSET
    enable_measure: bool | UnsetType = UNSET
    num_randomizations: int | Auto = "auto"
    shots_per_randomization: int | Auto = "auto"
    strategy: Literal["active", "active-accum", "active-circuit", "all"] = "active-accum"


class Execution(msgspec.Struct, frozen=True):
    init_qubits: bool = True
    rep_delay: float | None = None
    meas_type: Literal["classified", "kerneled", "avg_kerneled"] = "classified"


class MeasureNoiseLearning(msgspec.Struct, frozen=True):
    num_randomizations: int = 32
    shots_per_randomization: int | Auto = "auto"


class Zne(msgspec.Struct, frozen=True):
    amplifier: Literal["gate_folding", "gate_folding_front", "gate_folding_back", "pea"] = (
        "gate_folding"
    )
    noise_factors: tuple[float, ...] | UnsetType = UNSET
    extrapolator: Extrapolator | tuple[Extrapolator, ...] = ("exponential", "linear")
    extrapolated_noise_factors: tuple[float, ...] | UnsetType = UNSET


class Pec(msgspec.Struct, frozen=True):
    max_overhead: float | None = 100.0
    noise_gain: float | Auto = "auto"


class LayerNoiseLearning(msgspec.Struct, frozen=True):
    max_layers_to_learn: Annotated[int, Meta(ge=0)] | None = 4
    shots_per_randomization: Count = 128
    num_randomizations: Count = 32
    layer_pair_depths: Depths = (0, 1, 2, 4, 16, 32)


class LayerNoise(msgspec.Struct, frozen=True):
    """What is known of the noise of a layer of two-qubit gates."""

    gates: tuple[tuple[str, tuple[int, ...]], ...]
    """Each gate by the name that the gate table gives it, a `c` before it for a control, and its
    qubits in the machine, controls first."""
    generators: tuple[tuple[str, tuple[int, ...]], ...]
    """Paulis: letters, and the qubit of the machine that each is on."""
    rates: tuple[float, ...]


class Resilience(msgspec.Struct, frozen=True):
    measure_mitigation: bool | UnsetType = UNSET
    measure_noise_learning: MeasureNoiseLearning = MeasureNoiseLearning()
    zne_mitigation: bool | UnsetType = UNSET
    zne: Zne = Zne()
    pec_mitigation: bool = False
    pec: Pec = Pec()
    layer_noise_learning: LayerNoiseLearning = LayerNoiseLearning()
    layer_noise_model: tuple[LayerNoise, ...] | None = None
    """None: noise is learned where it is needed. Layers that are not here count as noiseless."""


class SamplerOptions(msgspec.Struct, frozen=True):
    default_shots: int = 4096
    dynamical_decoupling: DynamicalDecoupling = DynamicalDecoupling()
    execution: Execution = Execution()
    twirling: Twirling = Twirling()


class EstimatorOptions(msgspec.Struct, frozen=True):
    default_precision: float = 0.015625
    default_shots: int | None = None
    dynamical_decoupling: DynamicalDecoupling = DynamicalDecoupling()
    execution: Execution = Execution()
    twirling: Twirling = Twirling()
    resilience: Resilience = Resilience()
    resilience_level: Literal[0, 1, 2] = 1


class NoiseLearnerOptions(msgspec.Struct, frozen=True):
    max_layers_to_learn: Annotated[int, Meta(ge=0)] | None = 4
    shots_per_randomization: Count = 128
    num_randomizations: Count = 32
    layer_pair_depths: Depths = (0, 1, 2, 4, 16, 32)
    twirling_strategy: Literal["active", "active-accum", "active-circuit", "all"] = "active-accum"
