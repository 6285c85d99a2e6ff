"""A program that came in two versions under one name: its parameters say which is meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ketway.circuits.circuit import Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.routines.routine import Routine, Size
from ketway.routines.runner import Runner


class _Look(msgspec.Struct):
    """Enough of the parameters to tell."""

    pubs: msgspec.Raw | UnsetType = UNSET
    circuits: msgspec.Raw | UnsetType = UNSET
    version: Any = None


def is_first(params: bytes) -> bool:
    """Whether these are the parameters of the first version. They need not say so: then it is the
    first where there are circuits and no PUBs."""
    try:
        look = msgspec.json.decode(params, type=_Look)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False  # the second version says what is wrong with it
    if look.version is None:
        return look.pubs is UNSET and look.circuits is not UNSET
    return bool(look.version == 1)


class Versions:
    """A routine that is one of two. Inputs are those of either, beside nothing."""

    def __init__(self, first: Routine, second: Routine) -> None:
        self.name = second.name
        self._first, self._second = first, second
        fields = [("first", first.inputs | None, None), ("second", second.inputs | None, None)]
        self._inputs = msgspec.defstruct("VersionedInputs", fields, frozen=True)

    @property
    def inputs(self) -> Any:
        return self._inputs

    def _of(self, inputs: Any) -> tuple[Routine, Any]:
        if inputs.first is not None:
            return self._first, inputs.first
        return self._second, inputs.second

    def read(self, params: bytes) -> Any:
        if is_first(params):
            return self._inputs(first=self._first.read(params))
        return self._inputs(second=self._second.read(params))

    def size(self, inputs: Any) -> Size:
        routine, own = self._of(inputs)
        return routine.size(own)

    def seed(self, inputs: Any) -> int | None:
        routine, own = self._of(inputs)
        return routine.seed(own)

    def noise(self, inputs: Any, device: NoiseModel | None) -> NoiseModel | None:
        routine, own = self._of(inputs)
        return routine.noise(own, device)

    def structures(self, inputs: Any) -> Iterable[Structure]:
        routine, own = self._of(inputs)
        return routine.structures(own)

    def check(self, inputs: Any, device: Device) -> None:
        routine, own = self._of(inputs)
        routine.check(own, device)

    def plan(self, inputs: Any, runner: Runner) -> Sequence[Plan]:
        routine, own = self._of(inputs)
        return routine.plan(own, runner)

    def run(self, inputs: Any, runner: Runner) -> Any:
        routine, own = self._of(inputs)
        return routine.run(own, runner)
