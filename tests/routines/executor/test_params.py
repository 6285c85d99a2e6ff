"""What IBM's client posted, in every version of the schema: read, run without noise, answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.chance import binomial_fits, fits
from tests.routines.executor.recorded import PARAMS, decoded, params_of
from tests.routines.making import runner

from ketway.routines.executor import VERSIONS, Answer, encode, execute, read_params
from ketway.routines.executor.program import SamplexItem

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ALL = [(name, version) for name, record in PARAMS.items() for version in record["params"]]


@cache
def answered(name: str, version: str = "v2.0", seed: int = 7) -> Answer:
    return execute(read_params(params_of(name, version)).program, runner(None, seed), lambda: NOW)


def unflipped(answer: Answer, item: int, register: str) -> NDArray[np.bool_]:
    """The bits of an item, without the twirl of their measurements."""
    found = answer.items[item]
    bits: NDArray[np.bool_] = found[register]
    flips = found.get(f"measurement_flips.{register}")
    return bits if flips is None else bits ^ flips


def counts(bits: NDArray[np.bool_]) -> dict[int, int]:
    """Of outcomes, over all axes but the last."""
    numbers = bits.reshape(-1, bits.shape[-1]) @ (1 << np.arange(bits.shape[-1]))
    return dict(enumerate(np.bincount(numbers, minlength=1 << bits.shape[-1]).tolist()))


def test_every_version_is_there() -> None:
    assert {version for _, version in ALL} == set(VERSIONS)


@pytest.mark.parametrize(("name", "version"), ALL)
def test_answers_are_in_the_words_of_their_version(name: str, version: str) -> None:
    params = read_params(params_of(name, version))
    assert params.version == version
    answer = answered(name, version)
    body = json.loads(encode(answer, params.version))
    sent = json.loads(params_of(name, version))["quantum_program"]
    assert body["schema_version"] == version
    about = {"results", "metadata"}
    keys = {"schema_version", "data", "metadata"}
    if version != "v0.1":
        keys |= {"passthrough_data"}
        assert body["passthrough_data"] == sent["passthrough_data"]
    if version not in ("v0.1", "v0.2"):
        keys |= {"semantic_role"}
        assert body["semantic_role"] == sent["semantic_role"]
    assert body.keys() == keys
    assert len(body["data"]) == len(PARAMS[name]["shapes"])
    for written, tensors, shape in zip(
        body["data"], answer.items, PARAMS[name]["shapes"], strict=True
    ):
        assert written.keys() == about
        assert written["results"].keys() == tensors.keys()
        for key, tensor in written["results"].items():
            values = decoded(tensor, version == "v2.0")
            np.testing.assert_array_equal(values, tensors[key])
            assert values.dtype == tensors[key].dtype
            assert list(values.shape[: len(shape)]) == shape


@pytest.mark.parametrize("name", ["sampler", "sampler_twirled", "estimator_1", "by_hand_kerneled"])
def test_versions_ask_the_same(name: str) -> None:
    """A seed gives the same tensors, whichever version asked."""
    answers = [answered(name, version) for version in PARAMS[name]["params"]]
    assert len(answers) > 3
    for other in answers[1:]:
        for one, two in zip(answers[0].items, other.items, strict=True):
            assert one.keys() == two.keys()
            for key, values in one.items():
                np.testing.assert_array_equal(values, two[key])


@pytest.mark.parametrize("name", ["sampler", "sampler_twirled"])
def test_sampled_bits_come_as_often_as_qiskit_says(name: str) -> None:
    bits = unflipped(answered(name), 0, "meas")
    for point, exact in enumerate(PARAMS[name]["exact"]):
        # The sweep is the last axis of the item; randomizations stand before it.
        taken = bits[point] if name == "sampler" else bits[:, point]
        assert fits(counts(taken), {int(k): p for k, p in exact.items()})


@pytest.mark.parametrize("name", ["estimator_0", "estimator_1", "estimator_2"])
def test_products_have_the_values_that_qiskit_says(name: str) -> None:
    answer, program = answered(name), read_params(params_of(name)).program
    checked = 0
    for index, record in enumerate(PARAMS[name]["values"]):
        if record is None:
            continue
        item = program.items[index]
        assert isinstance(item, SamplexItem)
        values = np.array(record["values"])
        bases = item.inputs.tensors[record["argument"]].reshape(*item.inputs.shape, -1)
        bases = np.broadcast_to(bases, (*values.shape, bases.shape[-1]))
        (register,) = item.circuit.registers
        bits = unflipped(answer, index, register.name)
        for point in np.ndindex(values.shape):
            taken = bits[(..., *point, slice(None), slice(None))]
            odd = (taken[..., bases[point] > 0].sum(axis=-1) % 2).ravel()
            assert binomial_fits(int(odd.sum()), odd.size, _chance((1 - values[point]) / 2))
            checked += 1
    assert checked >= 4


def _chance(p: float) -> float:
    """Without what rounding leaves of 0 and 1."""
    return float(np.round(p, 12))


def test_a_machine_without_noise_has_nothing_to_learn() -> None:
    """The learner prepares and measures one basis: outcomes, flips undone, are those of a sign."""
    answer, program = answered("noise_learner"), read_params(params_of("noise_learner")).program
    for item, asked in zip(range(len(answer.items)), program.items, strict=True):
        (register,) = asked.circuit.registers
        bits = unflipped(answer, item, register.name)
        assert bits.size
        # The same in each randomization and in each shot.
        whole = bits.reshape(*asked.shape, program.shots, -1)
        assert (whole == whole[:, :1, :1]).all()


def test_shapes_are_those_of_the_items() -> None:
    samplex, plain = answered("by_hand_classified").items
    assert samplex["meas"].shape == (2, 3, 4, 64, 2)
    assert samplex["measurement_flips.meas"].shape == (2, 3, 4, 1, 2)
    assert samplex["pauli_signs"].shape == (2, 3, 4, 1)
    assert plain["c"].shape == (64, 1)
    assert plain["c"].all()


def test_chunks_are_told_and_change_nothing() -> None:
    body = json.loads(params_of("by_hand_classified", "v1.1"))
    taken = []
    for sizes in ((5, 1), (24, 1), (1, 1), ("auto", "auto")):
        for item, size in zip(body["quantum_program"]["items"], sizes, strict=True):
            item["chunk_size"] = size
        program = read_params(json.dumps(body).encode()).program
        answer = execute(program, runner(None, 3), lambda: NOW)
        spans = json.loads(encode(answer, "v1.1"))["metadata"]["chunk_timing"]
        parts = [part for span in spans for part in span["parts"]]
        step = 24 if sizes[0] == "auto" else sizes[0]
        ranges = [(k, min(k + step, 24)) for k in range(0, 24, step)]
        assert [tuple(p["element_range"]) for p in parts] == [(*r, 1) for r in ranges] + [(0, 1, 1)]
        assert [p["size"] for p in parts] == [b - a for a, b in ranges] + [1]
        assert [p["idx_item"] for p in parts] == [0] * len(ranges) + [1]
        assert parts[0]["permutation"] == [0, 1, 2]
        assert spans[0]["start"] == "2026-11-26T12:00:00Z"
        taken.append(answer.items)
    for others in taken[1:]:
        for one, two in zip(taken[0], others, strict=True):
            for key, values in one.items():
                np.testing.assert_array_equal(values, two[key])


def test_another_seed_draws_something_else() -> None:
    one, two = (answered("by_hand_classified", seed=seed).items[0] for seed in (1, 2))
    for key, values in one.items():
        if key != "pauli_signs":
            assert (values != two[key]).any()


def test_points_of_the_readout() -> None:
    kerneled, mean = answered("by_hand_kerneled"), answered("by_hand_avg_kerneled")
    bits = answered("by_hand_classified")
    registers = ("meas", "c")
    for item, register in enumerate(registers):
        points: Any = kerneled.items[item][f"{register}_iq"]
        assert register not in kerneled.items[item]
        assert points.dtype == np.complex128
        np.testing.assert_array_equal(points.real < 0, bits.items[item][register])
        np.testing.assert_allclose(
            mean.items[item][f"{register}_avg_iq"], points.mean(axis=-2), atol=1e-12
        )
    noise = kerneled.items[0]["meas_iq"] - (1 - 2.0 * bits.items[0]["meas"])
    for part in (noise.real, noise.imag):
        assert abs(part.mean()) < 5 * 0.2 / np.sqrt(part.size)
        assert abs(part.std() - 0.2) < 5 * 0.2 / np.sqrt(2 * part.size)


def test_both_levels_at_once() -> None:
    body = json.loads(params_of("by_hand_kerneled"))
    body["quantum_program"]["meas_level"] = "both"
    answer = execute(read_params(json.dumps(body).encode()).program, runner(None, 7), lambda: NOW)
    for item, register in enumerate(("meas", "c")):
        found = answer.items[item]
        for key, like in ((register, "by_hand_classified"), (f"{register}_iq", "by_hand_kerneled")):
            np.testing.assert_array_equal(found[key], answered(like).items[item][key])
