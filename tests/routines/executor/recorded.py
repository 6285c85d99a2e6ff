"""What `make_corpus.py` and `make_params.py` recorded, as the tests use it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Circuit
from ketway.circuits.qpy import Template, read_qpy
from ketway.routines.executor.samplex import Inputs, LindbladMap, Samplex, read_samplex
from ketway.routines.executor.wire import _lindblad_map

HERE = Path(__file__).parent / "corpus"
SAMPLEXES: dict[str, Any] = json.loads((HERE / "samplexes.json").read_text())
NEWEST = "4"


def unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


def text_of(name: str, ssv: str = NEWEST) -> str:
    return unpacked(SAMPLEXES[name]["samplexes"][ssv]).decode()


def given(name: str) -> dict[str, NDArray[Any] | LindbladMap]:
    """The arguments of a case."""
    return {
        key: _lindblad_map([tuple(t) for t in v["sparse_terms"]], v["num_qubits"], key)
        if isinstance(v, dict)
        else np.array(v)
        for key, v in SAMPLEXES[name]["arguments"].items()
    }


@dataclass
class Case:
    template: Template
    samplex: Samplex
    inputs: Inputs
    exact: list[dict[int, float]]
    """Of each point of its sweep."""

    @property
    def bits(self) -> int:
        return sum(len(r.bits) for r in self.template.registers)

    def draw(self, randomizations: int, seed: int) -> list[tuple[Batch, NDArray[Any], Any]]:
        """Of each point: the bound circuits, which outcomes to flip as integers, and the signs."""
        found = self.samplex.sample(self.inputs, randomizations, seed)
        return [
            (
                self.template.batch(found["parameter_values"][point]),
                sum(
                    found[f"measurement_flips.{r.name}"][point, :, 0].astype(np.int64)
                    @ (1 << np.array(r.bits, np.int64))
                    for r in self.template.registers
                    if f"measurement_flips.{r.name}" in found
                )
                + np.zeros(randomizations, np.int64),
                found.get("pauli_signs", np.zeros((point + 1, randomizations, 1)))[point],
            )
            for point in range(self.inputs.points)
        ]


@cache
def case(name: str, ssv: str = NEWEST) -> Case:
    record = SAMPLEXES[name]
    (template,) = read_qpy(unpacked(record["template"]))
    samplex = read_samplex(text_of(name, ssv))
    exact = [{int(k): v for k, v in point.items()} for point in record["exact"]]
    return Case(template, samplex, samplex.bind(given(name)), exact)


def circuits(batch: Batch) -> Iterator[Circuit]:
    for params in batch.params:
        yield Circuit(batch.structure, params)


PARAMS: dict[str, Any] = json.loads((HERE / "params.json").read_text())


def params_of(name: str, version: str = "v2.0") -> bytes:
    return unpacked(PARAMS[name]["params"][version])


def decoded(body: dict[str, Any], compressed: bool) -> NDArray[Any]:
    """A tensor of an answer, read as the documents say it: apart from what writes it."""
    data = base64.b64decode(body["data"])
    data = zlib.decompress(data) if compressed else data
    size = int(np.prod(body["shape"], dtype=int))
    if body["dtype"] == "bool":
        bits = [data[k // 8] >> (k % 8) & 1 for k in range(size)]
        return np.array(bits, bool).reshape(body["shape"])
    kinds = {"f64": "<f8", "f32": "<f4", "u8": "u1", "c128": "<c16"}
    return np.frombuffer(data, kinds[body["dtype"]]).reshape(body["shape"])
