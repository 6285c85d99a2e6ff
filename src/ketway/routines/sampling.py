"""`sampler`: shots of every point of a sweep, register by register."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch
from ketway.engines import seeds as sources
from ketway.engines.engine import Plan
from ketway.engines.seeds import derive
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.mitigation.decoupling import pulses
from ketway.routines.mitigation.flipping import TwirledShots
from ketway.routines.mitigation.shots import split
from ketway.routines.mitigation.twirling import twirls_matter
from ketway.routines.options import SamplerOptions
from ketway.routines.pubs import SamplerPub
from ketway.routines.runner import Runner, scaled

_CHUNK_BYTES: Final = 1 << 26
"""Rows are run so many at a time that their numbers and shots take about this much."""

_SPREAD: Final = 0.25
"""The standard deviation of each coordinate of a kerneled shot; 0 reads as -1, and 1 as 1."""


class Span(msgspec.Struct, frozen=True):
    """Where the shots of a PUB stand among those that were taken, in IBM's words: the slices of a
    `DoubleSliceSpan`, or of a `TwirledSliceSpanV2` if `twirled`."""

    twirled: bool
    slices: tuple[Any, ...]


@dataclass(frozen=True)
class _Course:
    """How a PUB is sampled."""

    randomizations: int
    shots: int
    """Of each randomization."""
    twirled: TwirledShots | None


def sample(
    pub: SamplerPub, options: SamplerOptions, runner: Runner, key: int
) -> dict[str, NDArray[Any]]:
    """For each register an array. Classified: uint8 of shape (*sweep, shots, bytes), the highest
    byte first, as IBM's `BitArray` has it. Kerneled: complex, of shape (*sweep, shots, bits), bit j
    of the register at j; or averaged over the shots."""
    course = _course(pub, options, runner)
    taken = _taken(pub, course, runner, key)
    kind = options.execution.meas_type
    out: dict[str, NDArray[Any]] = {}
    for number, register in enumerate(pub.registers):
        if kind == "classified":
            packed = packed_bits(taken, register.bits)
            out[register.name] = packed.reshape(*pub.shape, pub.shots, packed.shape[-1])
            continue
        points = _kerneled(bits_of(taken, register.bits), derive(derive(runner.seed, key), number))
        found = points.reshape(*pub.shape, pub.shots, len(register.bits))
        out[register.name] = found if kind == "kerneled" else found.mean(axis=-2)
    return out


def span_of(pub: SamplerPub, options: SamplerOptions) -> Span:
    """Where the shots of a PUB stand: those of a point together, one randomization after the
    other."""
    points = math.prod(pub.shape)
    if not _twirls(options):
        return Span(False, ((*pub.shape, pub.shots), 0, points, 0, pub.shots))
    amount = split(pub.shots, options.twirling)
    shape = (*pub.shape, amount.randomizations, amount.shots)
    rows = points * amount.randomizations
    return Span(True, (shape, False, 0, rows, 0, amount.shots, pub.shots))


def plan_sample(pub: SamplerPub, options: SamplerOptions, runner: Runner) -> list[Plan]:
    """What `sample` will need; raises `FailedError` where it cannot be done."""
    course = _course(pub, options, runner)
    rows = len(pub.batch) * course.randomizations
    if not rows:
        return []
    some = Batch(pub.batch.structure, pub.batch.params[: max(1, 4 // course.randomizations)])
    batch, _ = _rows(some, course, 0, len(some) * course.randomizations, 0)
    planned = runner.plan_sampling(batch, course.shots)
    width = (pub.batch.structure.outcome_bits + 7) // 8
    answer = 3 * len(pub.batch) * pub.shots * width
    if options.execution.meas_type != "classified":
        answer += 40 * len(pub.batch) * pub.shots * sum(len(r.bits) for r in pub.registers)
    row = 8 * batch.structure.params + course.shots * width + 64
    return [scaled(planned, rows / len(batch), answer + 2 * min(_CHUNK_BYTES, rows * row))]


def _twirls(options: SamplerOptions) -> bool:
    return options.twirling.enable_gates is True or options.twirling.enable_measure is True


def _course(pub: SamplerPub, options: SamplerOptions, runner: Runner) -> _Course:
    if options.execution.meas_type != "classified" and options.twirling.enable_measure is True:
        raise FailedError(
            Failure(
                Code.INVALID_INPUT,
                f"Measurements cannot be twirled with meas_type "
                f"{options.execution.meas_type!r}: the flips of a twirl are undone on bits. Set "
                "twirling.enable_measure to False, or meas_type to 'classified'.",
            )
        )
    decoupling = pulses(pub.batch.structure, options.dynamical_decoupling, runner.noise)
    # Twirls of which nothing differs leave one circuit, which takes all shots.
    gates = options.twirling.enable_gates is True and twirls_matter(runner.noise)
    measurements = options.twirling.enable_measure is True and runner.noise is not None
    if not (gates or measurements or decoupling):
        return _Course(1, pub.shots, None)
    twirled = TwirledShots(pub.batch, gates=gates, measurements=measurements, pulses=decoupling)
    if not (gates or measurements):
        return _Course(1, pub.shots, twirled)
    amount = split(pub.shots, options.twirling)
    return _Course(amount.randomizations, amount.shots, twirled)


def _rows(
    batch: Batch, course: _Course, start: int, end: int, key: int
) -> tuple[Batch, NDArray[np.uint8] | None]:
    """Some rows, and what is to be flipped in their outcomes."""
    if course.twirled is None:
        return Batch(batch.structure, batch.params[start:end]), None
    rows = np.arange(start, end)
    seeds = np.array([derive(key, row) for row in rows.tolist()], dtype=np.int64)
    return course.twirled.rows(batch.params[rows // course.randomizations], seeds)


def _taken(pub: SamplerPub, course: _Course, runner: Runner, key: int) -> NDArray[np.uint8]:
    """The shots of each point: shape (points, shots, bytes), bit k of an outcome is bit k % 8 of
    byte k // 8."""
    count = len(pub.batch) * course.randomizations
    width = max(1, (pub.batch.structure.outcome_bits + 7) // 8)
    out = np.empty((count, course.shots, width), dtype=np.uint8)
    params = pub.batch.structure.params if course.twirled is None else course.twirled.params
    step = max(1, _CHUNK_BYTES // (8 * params + course.shots * width + 64))
    for start in range(0, count, step):
        end = min(count, start + step)
        batch, flips = _rows(pub.batch, course, start, end, derive(runner.seed, key))
        seeds = runner.seeds_of(key, start, end - start)
        out[start:end] = runner.sample_seeded(batch, course.shots, seeds)
        if flips is not None:
            out[start:end] ^= flips[:, None]
    every = out.reshape(len(pub.batch), -1, width)
    return every[:, : pub.shots]


# ---------------------------------------------------------------- registers


def packed_bits(rows: NDArray[np.uint8], bits: tuple[int, ...]) -> NDArray[np.uint8]:
    """These bits of outcomes, the first the least significant, as bytes, the highest first."""
    width = (len(bits) + 7) // 8
    out = np.zeros((*rows.shape[:-1], width), dtype=np.uint8)
    first = bits[0] if bits else 0
    if bits == tuple(range(first, first + len(bits))):
        byte, shift = divmod(first, 8)
        for j in range(width):
            out[..., j] = rows[..., byte + j] >> shift
            if shift and byte + j + 1 < rows.shape[-1]:
                out[..., j] |= rows[..., byte + j + 1] << (8 - shift)
        if len(bits) % 8:
            out[..., -1] &= (1 << len(bits) % 8) - 1
    else:
        for j, bit in enumerate(bits):
            out[..., j // 8] |= (rows[..., bit // 8] >> (bit % 8) & 1) << (j % 8)
    return np.ascontiguousarray(out[..., ::-1])


def bits_of(rows: NDArray[np.uint8], bits: tuple[int, ...]) -> NDArray[np.uint8]:
    """These bits of outcomes, each a number of its own."""
    out = np.empty((*rows.shape[:-1], len(bits)), dtype=np.uint8)
    for j, bit in enumerate(bits):
        out[..., j] = rows[..., bit // 8] >> (bit % 8) & 1
    return out


def _kerneled(bits: NDArray[np.uint8], seed: int) -> NDArray[np.complex128]:
    """A simple model of what a resonator shows: a point at -1 for 0 and at 1 for 1, blurred in both
    coordinates. The blur is a sum of four uniform numbers: near enough to a bell curve, the same on
    every machine, and never so wide that a point would be on the wrong side of 0. So what is
    classified is what is kerneled."""
    raw = np.asarray(sources.bits(seed, "kernel").random_raw(2 * bits.size), dtype="<u8")
    parts = raw.view("<u2").reshape(-1, 4).sum(axis=1, dtype=np.int64)
    blur = ((parts + 2) * 2.0**-16 - 2) * (math.sqrt(3) * _SPREAD)
    out = blur.reshape(*bits.shape, 2).view(np.complex128)[..., 0]
    out += 2.0 * bits - 1
    found: NDArray[np.complex128] = out
    return found
