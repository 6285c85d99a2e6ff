"""Samplexes that real samplomatic wrote: what ours draws for them, held to Qiskit's exact answers.

Without noise, each drawn circuit must be the circuit, up to the flips that go with it.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests import branches
from tests.routines.executor.recorded import SAMPLEXES, case, circuits, text_of
from tests.routines.executor.rows import distributions

from ketway.routines.executor.samplex import parsing

NOISY = sorted(name for name in SAMPLEXES if name.startswith("noise"))
QUIET = sorted(SAMPLEXES.keys() - NOISY)
VERSIONS = [(n, v) for n, r in sorted(SAMPLEXES.items()) for v in r["samplexes"] if v != "4"]


def test_every_node_and_every_version_is_there() -> None:
    found = {
        node["data"]["id"]
        for name, record in SAMPLEXES.items()
        for ssv in record["samplexes"]
        for node in json.loads(text_of(name, ssv))["nodes"]
    }
    ours = {*parsing._SAMPLING, *parsing._EVALUATING, *parsing._COLLECTING}
    assert found == ours
    assert found == {f"N{k}" for k in range(16)}
    assert {v for record in SAMPLEXES.values() for v in record["samplexes"]} == set("1234")


@pytest.mark.parametrize("name", QUIET)
def test_each_drawn_circuit_is_the_circuit(name: str) -> None:
    found = case(name)
    drawn = found.draw(5, 11)
    assert len(drawn) == len(found.exact)
    for (batch, flips, signs), exact in zip(drawn, found.exact, strict=True):
        assert not signs.any()
        for circuit, flip in zip(circuits(batch), flips.tolist(), strict=True):
            read = {o ^ flip: p for o, p in branches.distribution(circuit).items()}
            for outcome in read.keys() | exact.keys():
                assert read.get(outcome, 0) == pytest.approx(exact.get(outcome, 0), abs=1e-9)


@pytest.mark.parametrize("name", sorted(set(QUIET) - {"alone", "bases", "injected_cliffords"}))
def test_each_drawn_circuit_is_another(name: str) -> None:
    (batch, *_), *_ = case(name).draw(5, 11)
    assert len(np.unique(batch.params, axis=0)) > 2


@pytest.mark.parametrize("name", NOISY)
def test_noise_is_right_on_average(name: str) -> None:
    """With negative rates, when each outcome is counted with its sign, as often as it is rare."""
    found, count = case(name), 3000
    noise = found.inputs.maps["pauli_lindblad_maps.n"]
    whole = found.inputs.tensors.get("noise_scales.m", np.ones(found.inputs.points))
    local = found.inputs.tensors.get("local_scales.m", np.ones((found.inputs.points, len(noise))))
    for point, (batch, flips, signs) in enumerate(found.draw(count, 5)):
        rates = noise.rates * local[point] * whole[point]
        gain = np.exp(-2 * rates[rates < 0].sum())
        assert bool(signs.any()) is bool((rates < 0).any())
        raw = distributions(batch, found.bits)
        read = np.take_along_axis(raw, np.arange(raw.shape[1]) ^ flips[:, None], axis=1)
        read = read * gain * (1 - 2 * signs.astype(np.float64))
        exact = np.array([found.exact[point].get(k, 0.0) for k in range(raw.shape[1])])
        errors = read.std(axis=0) / np.sqrt(count) + 1e-12
        assert (np.abs(read.mean(axis=0) - exact) < 5 * errors + 1e-9).all()
        if rates.any():
            # It would not have passed without the noise.
            spread = read.std(axis=0)
            assert spread.max() > 0.01


@pytest.mark.parametrize(("name", "ssv"), VERSIONS)
def test_versions_say_the_same(name: str, ssv: str) -> None:
    old, new = case(name, ssv), case(name)
    assert old.samplex.version == int(ssv)
    one, two = (c.samplex.sample(c.inputs, 6, 3) for c in (old, new))
    assert one.keys() == two.keys()
    for key, values in one.items():
        np.testing.assert_array_equal(values, two[key])
