"""One thread for BLAS and LAPACK, in whatever process runs an engine that uses them.

A product that is shared among threads is added up in another order, so the same seed would give
other last bits on a machine with other cores. And the matrices here are small: on a busy machine
the threads wait for each other longer than they work (a run of 0.2 s took up to 9 s).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from numpy.linalg import _umath_linalg

_VERB: Final = "openblas_set_num_threads"
_SPELLINGS: Final = tuple(
    f"{vendor}{_VERB}{width}" for vendor in ("scipy_", "") for width in ("64_", "")
)
"""As numpy's wheels call OpenBLAS's function, and as it is called elsewhere."""


@lru_cache(maxsize=1)
def use_one_thread() -> bool:
    """From now on, in this process. False where numpy stands on a library that is not OpenBLAS, or
    that cannot be asked: then its own environment variable decides."""
    for setter in _setters():
        setter(1)
        return True
    return False


def _setters() -> Iterator[ctypes._NamedFuncPointer]:
    try:
        library = ctypes.CDLL(_umath_linalg.__file__)  # looks through what it depends on, too
    except OSError:
        return
    for name in _SPELLINGS:
        if hasattr(library, name):
            yield getattr(library, name)
