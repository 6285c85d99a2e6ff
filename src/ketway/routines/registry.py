"""Which routines there are: Ketway's own, and those that an operator has added.

An operator's routine is an entry point in the group `ketway.programs` of an installed package; see
`routines/custom.py`. Nothing that a user sends is ever imported.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from ketway.routines.custom import Custom, custom_names
from ketway.routines.ibm.versions import Versions
from ketway.routines.routine import Routine

_PROGRAMS: Final = {
    "sampler": "ketway.routines.ibm.sampler:SAMPLER",
    "estimator": "ketway.routines.ibm.estimator:ESTIMATOR",
    "circuit-runner": "ketway.routines.ibm.runners:CIRCUIT_RUNNER",
    "qasm3-runner": "ketway.routines.ibm.runners:QASM3_RUNNER",
    "executor": "ketway.routines.ibm.executor:EXECUTOR",
    "noise-learner": "ketway.routines.ibm.noise_learner:NOISE_LEARNER",
    "calibrate": "ketway.routines.ibm.calibrator:CALIBRATOR",
}
"""Those that users name, as programs of IBM's."""
_HYBRID: Final = {
    "ionq.quantum-function": "ketway.routines.ionq.quantum_function:QUANTUM_FUNCTION",
    "ionq.optimization": "ketway.routines.ionq.optimization:OPTIMIZATION",
    "ionq.qaoa": "ketway.routines.ionq.qaoa:QAOA",
}
"""Those of IonQ's hybrid jobs, which name a type."""
_OWN: Final = _PROGRAMS | _HYBRID
_FIRST: Final = {
    "sampler": "ketway.routines.ibm.first_sampler:first",
    "estimator": "ketway.routines.ibm.first_estimator:first",
}
"""What makes the first version of a routine, given its second."""


def names() -> tuple[str, ...]:
    """The programs that a job may name."""
    return (*_PROGRAMS, *(name for name in custom_names() if name not in _OWN))


@cache
def find(name: str) -> Routine:
    if name not in _OWN:
        return Custom(name)
    routine: Routine = _named(_OWN[name])
    if name in _FIRST:
        first: Callable[[Routine], Routine] = _named(_FIRST[name])
        return Versions(first(routine), routine)
    return routine


def _named(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
