"""QPY where only text can travel: in base64."""

from __future__ import annotations

import binascii
from typing import Final

from ketway.circuits.qpy.container import count_programs
from ketway.circuits.qpy.errors import QpyError

_FIRST: Final = 65_536
"""Characters in which the header stands, also if it is compressed and says where it comes from."""


def of_text(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise QpyError("This is no QPY file in base64.") from None


def programs_of_text(text: str) -> int:
    """How many circuits a file says it has; only its first bytes are looked at."""
    return count_programs(of_text(text if len(text) <= _FIRST else text[:_FIRST]))
