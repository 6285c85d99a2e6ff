"""Circuits that every engine, reader and compiler is tested on."""

from __future__ import annotations

from tests.corpus.algorithms import (
    adder,
    bernstein_vazirani,
    ghz,
    grover,
    qaoa,
    qft,
    vqe,
    w_state,
)
from tests.corpus.arbitrary import PARAMS, UNITARY_KINDS, random_circuit
from tests.corpus.stabiliser import random_clifford, repetition_code, teleportation

__all__ = [
    "PARAMS",
    "UNITARY_KINDS",
    "adder",
    "bernstein_vazirani",
    "ghz",
    "grover",
    "qaoa",
    "qft",
    "random_circuit",
    "random_clifford",
    "repetition_code",
    "teleportation",
    "vqe",
    "w_state",
]
