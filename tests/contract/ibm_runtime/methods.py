"""The public methods of the client's own classes, and which of them a test calls.

The client stays as it is: Python tells of every function that begins or ends (`sys.setprofile`),
and those of interest are known by their code.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import wiretap
from qiskit_ibm_runtime import (
    Batch,
    EstimatorV2,
    Executor,
    IBMBackend,
    QiskitRuntimeService,
    RuntimeJobV2,
    SamplerV2,
    Session,
)
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_noise_learner import NoiseLearnerV3
from qiskit_ibm_runtime.executor_sampler import Sampler

CLASSES: dict[str, type] = {
    "QiskitRuntimeService": QiskitRuntimeService,
    "IBMBackend": IBMBackend,
    "RuntimeJobV2": RuntimeJobV2,
    "Session": Session,
    "Batch": Batch,
    "SamplerV2": SamplerV2,
    "EstimatorV2": EstimatorV2,
    "Executor": Executor,
    "executor_sampler.Sampler": Sampler,
    "executor_estimator.Estimator": Estimator,
    "executor_noise_learner.NoiseLearnerV3": NoiseLearnerV3,
}


def function_of(attribute: Any) -> Any:
    """What runs when a member is used; None if nothing does."""
    if isinstance(attribute, (staticmethod, classmethod)):
        attribute = attribute.__func__
    if isinstance(attribute, property):
        attribute = attribute.fget
    attribute = inspect.unwrap(attribute) if callable(attribute) else None
    return attribute if inspect.isfunction(attribute) else None


def members(cls: type) -> dict[str, Any]:
    """Methods and properties by their names, those too that a class inherits."""
    names = [name for name in dir(cls) if not name.startswith("_")]
    found = {name: function_of(inspect.getattr_static(cls, name)) for name in names}
    return {name: function for name, function in found.items() if function is not None}


class Watch:
    """Which members were used from outside the client, and what each then asked the server."""

    def __init__(self, tap: wiretap.Wiretap) -> None:
        self.called: set[tuple[str, str]] = set()
        self._tap = tap
        self._sdk: str | None = None
        self._inside: FrameType | None = None
        self._members: dict[CodeType, list[tuple[str, str]]] = {}
        for name, cls in CLASSES.items():
            for member, function in members(cls).items():
                self._members.setdefault(function.__code__, []).append((name, member))

    @contextmanager
    def on(self) -> Iterator[None]:
        self._sdk = self._tap.sdk
        sys.setprofile(self._seen)
        try:
            yield
        finally:
            sys.setprofile(None)
            self._inside, self._tap.sdk = None, self._sdk

    def _seen(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            if self._inside is None and frame.f_code in self._members:
                self._begins(frame)
        elif event == "return" and frame is self._inside:
            self._inside, self._tap.sdk = None, self._sdk

    def _begins(self, frame: FrameType) -> None:
        """The same function may be a member of several classes: it is the one's that it is called
        on, and nobody's if that is of another class."""
        code = frame.f_code
        first = frame.f_locals[code.co_varnames[0]] if code.co_argcount else None
        for name, member in self._members[code]:
            cls = CLASSES[name]
            static = isinstance(inspect.getattr_static(cls, member), staticmethod)
            if static or first is cls or type(first) is cls:
                self._inside = frame
                self.called.add((name, member))
                self._tap.sdk = f"{self._sdk} {name}.{member}"
                return
