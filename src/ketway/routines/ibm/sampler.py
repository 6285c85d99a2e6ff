"""The program `sampler`: shots of circuits, register by register."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from numpy.typing import NDArray

from ketway.circuits.circuit import Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import Bits, PrimitiveAnswer, PubAnswer, Span
from ketway.jobs.failures import Code
from ketway.routines.ibm.checking import check_circuits, check_totals
from ketway.routines.ibm.simulating import Simulating, read_simulating, seed_of
from ketway.routines.ibm.typed import (
    ParamsError,
    Reading,
    decoded,
    options_of,
    pubs_of,
    struct_of,
)
from ketway.routines.options import SamplerOptions
from ketway.routines.pubs import SamplerPub
from ketway.routines.routine import Size
from ketway.routines.runner import Runner
from ketway.routines.sampling import plan_sample, sample, span_of

DEFAULT_SHOTS: Final = 4096


class SamplerInputs(msgspec.Struct, frozen=True):
    pubs: list[SamplerPub]
    options: SamplerOptions
    simulating: Simulating
    seed: int | None
    plain: bool


class Sampler:
    name = "sampler"
    inputs = SamplerInputs

    def read(self, params: bytes) -> SamplerInputs:
        given = decoded(params)
        reading = Reading()
        options = options_of(given)
        chosen: SamplerOptions = struct_of(options, SamplerOptions, "options")
        simulating = read_simulating(options.get("simulator"), "options.simulator")
        default = given.get("shots") or options.get("default_shots") or DEFAULT_SHOTS
        pubs = [
            _pub(reading, pub, default, f"pubs[{i}]")
            for i, pub in enumerate(pubs_of(given, "[circuit, values, shots]"))
        ]
        seed = seed_of(options.get("seed"), "options.seed")
        return SamplerInputs(
            pubs,
            chosen,
            simulating,
            simulating.seed if seed is None else seed,
            not given.get("support_qiskit", False),
        )

    def size(self, inputs: SamplerInputs) -> Size:
        shots = max((pub.shots for pub in inputs.pubs), default=0)
        return Size.of((pub.batch for pub in inputs.pubs), shots)

    def seed(self, inputs: SamplerInputs) -> int | None:
        return inputs.seed

    def noise(self, inputs: SamplerInputs, device: NoiseModel | None) -> NoiseModel | None:
        return inputs.simulating.noise or device

    def structures(self, inputs: SamplerInputs) -> Iterable[Structure]:
        return (pub.batch.structure for pub in inputs.pubs)

    def check(self, inputs: SamplerInputs, device: Device) -> None:
        check_circuits((pub.batch for pub in inputs.pubs), device)
        check_totals([(len(pub.batch), pub.shots) for pub in inputs.pubs], device)

    def plan(self, inputs: SamplerInputs, runner: Runner) -> list[Plan]:
        return [part for pub in inputs.pubs for part in plan_sample(pub, inputs.options, runner)]

    def run(self, inputs: SamplerInputs, runner: Runner) -> PrimitiveAnswer:
        answers, spans = [], []
        for i, pub in enumerate(inputs.pubs):
            start = time.time()
            found = sample(pub, inputs.options, runner, i)
            span = span_of(pub, inputs.options)
            kind = "TwirledSliceSpanV2" if span.twirled else "DoubleSliceSpan"
            spans.append(Span(kind, start, time.time(), {i: list(span.slices)}))
            answers.append(_answer(pub, found, inputs.options))
        return PrimitiveAnswer(answers, {"version": 2}, spans, inputs.plain, runner.used)


SAMPLER: Final = Sampler()


def _answer(pub: SamplerPub, found: dict[str, NDArray[Any]], options: SamplerOptions) -> PubAnswer:
    metadata: dict[str, Any] = {"circuit_metadata": {}}
    if options.execution.meas_type != "classified":
        return PubAnswer(pub.shape, numbers=found, metadata=metadata)
    bits = {r.name: Bits(len(r.bits), found[r.name]) for r in pub.registers}
    return PubAnswer(pub.shape, bits, metadata=metadata)


def _pub(reading: Reading, pub: Any, default: Any, where: str) -> SamplerPub:
    """A circuit, perhaps with values and shots behind it; the circuit alone for IBM's C client."""
    parts = [pub] if isinstance(pub, str) else pub
    if not isinstance(parts, list) or not 1 <= len(parts) <= 3:
        raise ParamsError(where, "a PUB is a list: [circuit, parameter values, shots].")
    template = reading.circuit(parts[0], f"{where}[0]")
    values, shape = reading.bindings(template, parts[1] if len(parts) > 1 else None, f"{where}[1]")
    shots = parts[2] if len(parts) > 2 and parts[2] is not None else default
    if isinstance(shots, bool) or not isinstance(shots, int) or shots < 1:
        raise ParamsError(f"{where}[2]", "shots are a whole number from 1.", Code.TOO_MANY_SHOTS)
    if not template.registers:
        raise ParamsError(
            f"{where}[0]",
            "the circuit has no classical register, so there is nothing to sample: measure it, for "
            "instance with `circuit.measure_all()`.",
        )
    return SamplerPub(template.batch(values), template.registers, shape, shots)
