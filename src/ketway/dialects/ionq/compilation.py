"""What IonQ's API asks of the compiler, in each of its versions: `settings.compilation`."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from ketway.compile import LEVELS, USUAL
from ketway.dialects.ionq.settings import Settings
from ketway.service.errors import RefusedError

COARSEST: Final = 0.1
_WHERE: Final = "settings.compilation"


class Effort(NamedTuple):
    level: int
    precision: float


def check_compilation(settings: Settings | None) -> None:
    """Whether what is asked of the compiler can be done; `RefusedError` says what can."""
    asked = (settings.compilation if settings else None) or {}
    _effort(asked)


def effort_of(asked: dict[str, Any]) -> Effort:
    """Of a job that was taken; some were before anything was checked."""
    try:
        return _effort(asked)
    except RefusedError:
        return Effort(USUAL, 0.0)


def _effort(asked: dict[str, Any]) -> Effort:
    return Effort(_level(asked.get("opt")), _precision(asked.get("precision")))


def _level(given: Any) -> int:
    if given is None:
        return USUAL
    if isinstance(given, bool) or given not in LEVELS:
        raise RefusedError(f"{_WHERE}.opt must be 0, 1 or 2", f"{_WHERE}.opt")
    return int(given)


def _precision(given: Any) -> float:
    """IonQ writes it as a text, `1E-3`."""
    if given is None:
        return 0.0
    try:
        precision = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        precision = float("nan")
    if not 0 <= precision <= COARSEST:
        raise RefusedError(
            f"{_WHERE}.precision must be a number from 0 to {COARSEST}, such as 1E-3",
            f"{_WHERE}.precision",
        )
    return precision
