"""The program `calibrate`: a machine is measured anew.

Ketway's machines are what IBM's were on the day of their snapshot, and do not drift: a calibration
finds what is known, and changes nothing. It is there so that programs that ask for one go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from ketway.circuits.circuit import Structure
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import Written
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.ibm.typed import ParamsError, decoded
from ketway.routines.routine import Size
from ketway.routines.runner import Runner

SCHEMA: Final = "v0.1"


class CalibratorInputs(msgspec.Struct, frozen=True):
    """Its options are experimental ones, of which none is known here."""


class Calibrator:
    name = "calibrate"
    inputs = CalibratorInputs

    def read(self, params: bytes) -> CalibratorInputs:
        schema = decoded(params).get("schema_version")
        if schema != SCHEMA:
            raise ParamsError("schema_version", f"known is {SCHEMA}, not {str(schema)[:40]!r}.")
        return CalibratorInputs()

    def size(self, inputs: CalibratorInputs) -> Size:
        return Size(circuits=0, qubits=0, gates_1q=0, gates_2q=0, shots=0)

    def seed(self, inputs: CalibratorInputs) -> int | None:
        return None

    def noise(self, inputs: CalibratorInputs, device: NoiseModel | None) -> NoiseModel | None:
        return device

    def structures(self, inputs: CalibratorInputs) -> Iterable[Structure]:
        return ()

    def check(self, inputs: CalibratorInputs, device: Device) -> None:
        if device.kind == "simulator":
            raise FailedError(
                Failure(
                    Code.UNSUPPORTED_GATE,
                    f"{device.name} is a simulator, of which nothing is measured: calibrate a "
                    "machine, of service.backends(simulator=False).",
                )
            )

    def plan(self, inputs: CalibratorInputs, runner: Runner) -> Sequence[Plan]:
        return ()

    def run(self, inputs: CalibratorInputs, runner: Runner) -> Written:
        now = datetime.now(UTC)
        answer: dict[str, Any] = {"schema_version": SCHEMA, "start": now, "stop": now}
        return Written(msgspec.json.encode(answer), runner.used)


CALIBRATOR: Final = Calibrator()
