"""QIR where only text can travel: in base64."""

from __future__ import annotations

import binascii
from typing import Final

from ketway.circuits.qir.bitstream import is_bitcode
from ketway.circuits.qir.errors import QirError
from ketway.circuits.qir.limits import DEFAULT_LIMITS

_AS_TEXT: Final = (
    "It is read as LLVM bitcode in base64: with pyqir, "
    "`base64.b64encode(pyqir.Module.from_ir(pyqir.Context(), text).bitcode)` makes that of text."
)


def of_text(text: str) -> bytes:
    most = (DEFAULT_LIMITS.bytes + 2) // 3 * 4
    if len(text) > most:
        raise QirError(
            f"The program has {len(text):,} characters of base64, and at most {most:,} are read: "
            "split it into several."
        )
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise QirError(f"This is no QIR in base64. {_AS_TEXT}") from None


def check_text(text: str) -> None:
    """Whether it is bitcode in base64: all of QIR that is looked at before a job is accepted."""
    if not is_bitcode(of_text(text)):
        raise QirError(f"This is base64, but of no LLVM bitcode. {_AS_TEXT}")
