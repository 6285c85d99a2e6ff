"""Values that JSON has no word for, as IBM's clients read them (`RuntimeDecoder`)."""

from __future__ import annotations

import base64
import io
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_LEVEL: Final = 1
"""Of zlib: shots hardly shrink, so little time is spent on trying."""


def typed(name: str, value: Any) -> dict[str, Any]:
    return {"__type__": name, "__value__": value}


def array(numbers: NDArray[Any]) -> dict[str, Any]:
    """A numpy array file, compressed, in base64."""
    file = io.BytesIO()
    np.save(file, numbers, allow_pickle=False)
    packed = base64.b64encode(zlib.compress(file.getbuffer(), _LEVEL))
    return typed("ndarray", packed.decode("ascii"))
