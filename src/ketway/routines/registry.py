"""Which routines there are: Ketway's own, and those that an operator has added.

An operator's routine is an entry point in the group `ketway.programs` of an installed package; see
`routines/custom.py`. Nothing that a user sends is ever imported.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Final, cast

from ketway.routines.routine import Routine

_OWN: Final = {
    "sampler": "ketway.routines.ibm.sampler:SAMPLER",
    "estimator": "ketway.routines.ibm.estimator:ESTIMATOR",
    "executor": "ketway.routines.ibm.executor:EXECUTOR",
}


def names() -> tuple[str, ...]:
    """The routines that a job may name."""
    return tuple(_OWN)


@cache
def find(name: str) -> Routine:
    module, _, attribute = _OWN[name].partition(":")
    return cast(Routine, getattr(importlib.import_module(module), attribute))
