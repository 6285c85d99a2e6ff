"""What travels between the server and the process of an attempt.

Small jobs share a process: a bundle holds several pieces of work, and each is reported as soon as
it is done. The process gets everything it needs in the bundle, or the name of the blob where it is;
it never opens the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ketway.devices.device import Driven
from ketway.devices.noise import NoiseModel
from ketway.engines.planner import Machine
from ketway.jobs.failures import Failure
from ketway.jobs.job import CIRCUITS, PlanPart

Task: TypeAlias = Literal["run", "read", "call off", "describe"]
Source: TypeAlias = Literal["openqasm", "qpy", "qir", "ionq.qir", "params"]


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One job's share of a bundle."""

    job_id: str
    attempt: int
    task: Task
    """`run` the circuits of a program, or `read` a program text into circuits. Of a device that has
    a driver: `call off` what it may have started, or `describe` how it is."""
    data: bytes | None
    blob: str | None
    source: Source = "openqasm"
    """What is to be read: QPY and QIR travel in base64, a routine's parameters as they came.
    Of IonQ's QIR every qubit is read."""
    routine: str = CIRCUITS
    """What is done with the circuits."""
    device: str = ""
    """The device of the catalogue that a routine's circuits must fit, and `machine` what they may
    need: they are planned where they are read."""
    machine: Machine | None = None
    dry: bool = False
    """A routine is to answer without computing anything."""
    plan: list[PlanPart] = []
    seed: int = 0
    children: int = 0
    shots: int = 0
    exact: bool = True
    places: int = 0
    """How many qubits the device has on which each circuit is run as variants; 0 to run it as it
    is."""
    noise: NoiseModel | None = None
    driven: Driven | None = None
    """Who runs the device, if that is no simulation."""
    name: str | None = None
    """The job's, for a driver to show."""
    threads: int = 1


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    blobs: str
    """Folder of the blob store."""
    works: list[Work]
    devices: str = ""
    """Folder of the operator's devices, if there is one."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a program text brought."""

    qubits: int
    """Of the widest circuit."""
    gates_1q: int
    """Of all circuits together, as the next."""
    gates_2q: int
    circuits: int | None = None
    """How many there are, as the next: where only reading tells."""
    shots: int | None = None
    seed: int | None = None
    """The seed that was asked for."""
    plan: list[PlanPart] | None = None
    """How they will be run, where that was decided on reading."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one piece of work."""

    job_id: str
    attempt: int
    data: bytes | None = None
    """The results, or the program that was read; large ones are in `blob`."""
    blob: str | None = None
    read: Read | None = None
    failure: Failure | None = None
    failed_circuits: dict[int, Failure] = {}
    born: Sequence[tuple[int, int, int]] = ()
    """The qubits, one-qubit gates and others of each circuit that becomes a child of the job, now
    that it is known how many there were."""


_bundles = msgspec.msgpack.Decoder(Bundle)
_reports = msgspec.msgpack.Decoder(Report)


def encode_bundle(bundle: Bundle) -> bytes:
    return msgspec.msgpack.encode(bundle)


def decode_bundle(data: bytes) -> Bundle:
    return _bundles.decode(data)


def encode_report(report: Report) -> bytes:
    return msgspec.msgpack.encode(report)


def decode_report(data: bytes) -> Report:
    return _reports.decode(data)
