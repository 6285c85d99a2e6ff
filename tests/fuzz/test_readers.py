"""The short form of `script/fuzz`: what it found, and changed seeds without its guidance."""

from __future__ import annotations

import base64
import os
import random
import resource
import sys
import time
from collections.abc import Iterator

import pytest
from tests.fuzz.targets import BYTES, SECONDS, TARGETS, Target, cases

ROUNDS = 40_000 if "KETWAY_SOAK" in os.environ else 2_000
MEMORY = 400 << 20
"""What reading may add to this process, whatever is read."""


def memory() -> int:
    """The most that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def read(target: Target, data: bytes) -> None:
    """Of time only the processor's is counted: a busy machine is no defect."""
    began = time.process_time()
    try:
        target.read(data)
    except Exception as error:
        error.add_note(base64.b64encode(data).decode())
        raise
    assert time.process_time() - began < SECONDS, base64.b64encode(data).decode()


def changed(target: Target, chance: random.Random) -> Iterator[bytes]:
    """Seeds that are cut, joined, and have bytes or words of their kind put anywhere."""
    seeds = [seed for seed in target.seeds() if len(seed) <= BYTES]
    while True:
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(data) + 1)
            match chance.randrange(6):
                case 0:
                    data[place : place + 1] = bytes([chance.randrange(256)])
                case 1:
                    word = chance.choice(target.words)
                    data[place : place + chance.choice((0, len(word)))] = word
                case 2:
                    del data[place : place + chance.randint(1, 40)]
                case 3:
                    other = chance.choice(seeds)
                    start = chance.randrange(len(other) + 1)
                    data[place:place] = other[start : start + chance.randint(1, 60)]
                case 4:
                    part = data[place : place + chance.randint(1, 60)]
                    data[place:place] = part * chance.randint(1, 8)
                case 5:
                    if place < len(data):
                        data[place] ^= 1 << chance.randrange(8)
        yield bytes(data[:BYTES])


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_of_their_kind(name: str) -> None:
    seeds = TARGETS[name].seeds()
    assert len(seeds) > 15
    for seed in seeds:
        read(TARGETS[name], seed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_stays_mended(name: str) -> None:
    for data in cases(name):
        read(TARGETS[name], data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds(name: str) -> None:
    before = memory()
    found = changed(TARGETS[name], random.Random(0))
    for _ in range(ROUNDS):
        read(TARGETS[name], next(found))
    assert memory() - before < MEMORY
