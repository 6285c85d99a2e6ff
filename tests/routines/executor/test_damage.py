"""Jobs that real clients posted, damaged anywhere: they are refused or run, and nothing else."""

from __future__ import annotations

import base64
import binascii
import json
import os
import zlib
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.routines.executor.recorded import PARAMS, params_of
from tests.routines.making import runner

from ketway.jobs.failures import FailedError
from ketway.routines.executor import check_size, encode, execute, read_params

JOBS = [(name, version) for name, record in PARAMS.items() for version in record["params"]]
WORK = 50_000
"""Shots of all circuits together, above which a job is read and not run."""

MOST = 3_000 if "KETWAY_SOAK" in os.environ else 120
"""Damaged jobs that are tried: many more in a soak."""

ODD: list[Any] = [
    None, True, 0, 1, -1, 2, 3, 5, 255, 256, 2**31, -(2**31), 2**63, 2**64, 10**30, 0.5, 1e308,
    -1e308,
    "", "0", "-1", "None", "True", "[]", "{}", "[0]", "x", "\ud800", "é", "9" * 30, "AAAA",
    [], {}, [0], [[]], [-1], [0, 0], [2**62, 0], [1] * 40, {"id": "V1"}, {"": None},
    "pauli", "u2", "c1", "z2", "cx", "rx", "D1", "N4", "c128", "u32", "bool", "object", "int8",
    "num_randomizations", "parameter_values", "RzRxSynth",
]  # fmt: skip


class Damage:
    """Changes one place of a value; text that is JSON, base64 or zlib is a place of places."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw

    def of(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, dict) and value and self.goes_on():
            key = self.draw(st.sampled_from(sorted(value)))
            return self.of_dict(value, key, depth)
        if isinstance(value, list) and value and self.goes_on():
            index = self.draw(st.integers(0, len(value) - 1))
            return self.of_list(value, index, depth)
        if isinstance(value, str) and value and self.goes_on():
            return self.of_text(value, depth)
        if isinstance(value, int) and not isinstance(value, bool) and self.draw(st.booleans()):
            return value + self.draw(st.sampled_from([-1, 1, 2, 100, 2**20]))
        return self.draw(st.sampled_from(ODD))

    def goes_on(self) -> bool:
        return self.draw(st.integers(0, 19)) > 0

    def of_dict(self, value: dict[str, Any], key: str, depth: int) -> dict[str, Any]:
        match self.draw(st.integers(0, 20)):
            case 0:
                return {k: v for k, v in value.items() if k != key}
            case 1:
                return value | {self.draw(st.sampled_from(["x", "ssv", "id", ""])): value[key]}
            case 2:
                return value | {key: value[self.draw(st.sampled_from(sorted(value)))]}
        return value | {key: self.of(value[key], depth + 1)}

    def of_list(self, value: list[Any], index: int, depth: int) -> list[Any]:
        match self.draw(st.integers(0, 20)):
            case 0:
                return value[:index] + value[index + 1 :]
            case 1:
                return [*value, value[index]]
            case 2:
                other = self.draw(st.integers(0, len(value) - 1))
                return [*value[:index], value[other], *value[index + 1 :]]
        return [*value[:index], self.of(value[index], depth + 1), *value[index + 1 :]]

    def of_text(self, value: str, depth: int) -> str:
        try:
            inner = json.loads(value)
        except ValueError:
            return self.of_data(value)
        return json.dumps(self.of(inner, depth + 1))

    def of_data(self, value: str) -> Any:
        try:
            data = binascii.a2b_base64(value, strict_mode=True)
        except ValueError:
            return self.draw(st.sampled_from([v for v in ODD if isinstance(v, str)]))
        try:
            return base64.b64encode(zlib.compress(self.of_bytes(zlib.decompress(data)), 1)).decode()
        except zlib.error:
            return base64.b64encode(self.of_bytes(data)).decode()

    def of_bytes(self, data: bytes) -> bytes:
        if not data:
            return b"\x00"
        start = self.draw(st.integers(0, len(data) - 1))
        match self.draw(st.integers(0, 3)):
            case 0:
                return data[:start]
            case 1:
                return data + data[start:]
            case _:
                new = self.draw(st.binary(min_size=1, max_size=8))
                return data[:start] + new + data[start + len(new) :]


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@settings(max_examples=MOST, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_jobs_are_refused_or_run(data: st.DataObject) -> None:
    name, version = data.draw(st.sampled_from(JOBS))
    body = json.loads(params_of(name, version))
    for _ in range(data.draw(st.integers(1, 3))):
        body = Damage(data).of(body)
    try:
        params = read_params(json.dumps(body).encode())
        check_size(params.program)
        shots = params.program.shots * sum(prod(item.shape) for item in params.program.items)
        if shots > WORK:
            return
        answer = execute(params.program, runner(None, 3))
    except FailedError as error:
        assert error.failure.message
        return
    written = json.loads(encode(answer, params.version))
    assert len(written["data"]) == len(params.program.items)
    for found in answer.items:
        for tensor in found.values():
            assert np.isfinite(tensor).all()


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damaged_bytes_are_refused_or_read(data: st.DataObject) -> None:
    whole = params_of(*data.draw(st.sampled_from(JOBS)))
    try:
        read_params(Damage(data).of_bytes(whole))
    except FailedError as error:
        assert error.failure.message
