"""Seeds: how the randomness of each circuit follows from the seed of its job.

Two things are promised, and tested. Neighbouring seeds and neighbouring circuits share nothing, so
a seed goes through a hash before it reaches a generator. And the same seed gives the same numbers
on every machine and with every version of numpy: numpy keeps the raw words of a bit generator
stable but not what `Generator`'s methods make of them, so what must never change is drawn with
`random_raw`.
"""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np

_BITS: Final = 63
"""Seeds stay positive in a signed 64-bit column of any database."""


def derive(seed: int, index: int) -> int:
    """The seed of circuit `index` of a job with this seed: 63 bits, independent for neighbours."""
    text = f"{seed}/{index}".encode()
    digest = hashlib.blake2b(text, digest_size=8, person=b"ketway/seed").digest()
    return int.from_bytes(digest, "little") >> (64 - _BITS)


def bits(seed: int, purpose: str = "") -> np.random.Philox:
    """The source of raw 64-bit words of a seed (any integer), one of its own for each purpose."""
    text = f"{seed}/{purpose}".encode()
    key = hashlib.blake2b(text, digest_size=16, person=b"ketway/philox").digest()
    return np.random.Philox(key=int.from_bytes(key, "little"))


def generator(seed: int) -> np.random.Generator:
    """A generator of its own for a seed."""
    return np.random.Generator(bits(seed))
