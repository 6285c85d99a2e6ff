"""Circuits that are run as they are, so many shots each: what IBM's older programs do.

Circuits of one structure are one batch, however they came: the circuits of a gradient or of an
experiment differ in their angles alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Register, Structure
from ketway.circuits.template import Template
from ketway.devices.device import Device
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.jobs.answers import CountsOfCircuit
from ketway.jobs.failures import Code
from ketway.jobs.results import width_of
from ketway.routines.ibm.checking import check_circuits, check_totals
from ketway.routines.ibm.notes import notes_of
from ketway.routines.ibm.simulating import Simulating, read_simulating
from ketway.routines.ibm.typed import ParamsError, Reading
from ketway.routines.routine import Size
from ketway.routines.runner import Runner

MOST_CIRCUITS = 5_000


class About(msgspec.Struct, frozen=True):
    """What is told of a circuit beside its counts."""

    name: str
    registers: tuple[Register, ...]
    metadata: dict[str, Any] = {}


class Executions(msgspec.Struct, frozen=True):
    batches: list[Batch]
    order: list[tuple[int, int]]
    """Circuit i of the job is row `order[i][1]` of batch `order[i][0]`."""
    about: list[About]
    shots: int
    simulating: Simulating

    def members(self) -> list[list[int]]:
        """For each batch the circuits that its rows are."""
        found: list[list[int]] = [[] for _ in self.batches]
        for circuit, (batch, _) in enumerate(self.order):
            found[batch].append(circuit)
        return found


class Executing:
    """The half of a routine that is the same for all of them."""

    def executions(self, inputs: Any) -> Executions:
        raise NotImplementedError

    def size(self, inputs: Any) -> Size:
        found = self.executions(inputs)
        return Size.of(found.batches, found.shots)

    def seed(self, inputs: Any) -> int | None:
        return self.executions(inputs).simulating.seed

    def noise(self, inputs: Any, device: NoiseModel | None) -> NoiseModel | None:
        return self.executions(inputs).simulating.noise or device

    def structures(self, inputs: Any) -> Iterable[Structure]:
        return (batch.structure for batch in self.executions(inputs).batches)

    def check(self, inputs: Any, device: Device) -> None:
        found = self.executions(inputs)
        members = found.members()
        check_circuits(found.batches, device, "Circuit", lambda place, row: members[place][row])
        check_totals([(1, found.shots)] * len(found.order), device, "Circuit")

    def plan(self, inputs: Any, runner: Runner) -> Sequence[Plan]:
        found = self.executions(inputs)
        return [
            runner.plan_sampling(batch, found.shots)
            for batch in found.batches
            if batch.structure.measured
        ]


# -- reading --------------------------------------------------------------------------------------


def listed(value: Any, where: str) -> list[Any]:
    """A list of at least one thing; one thing alone is such a list."""
    if value is not None and not isinstance(value, list):
        value = [value]
    if not value:
        raise ParamsError(where, "a list of at least one is wanted.")
    if len(value) > MOST_CIRCUITS:
        raise ParamsError(
            where, f"a job takes at most {MOST_CIRCUITS:,}, not {len(value):,}: split it."
        )
    found: list[Any] = value
    return found


def shots_of(value: Any, default: int, where: str) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ParamsError(where, "a whole number from 1 is wanted.", Code.TOO_MANY_SHOTS)
    return value


def read_executions(
    reading: Reading,
    circuits: list[Any],
    values: Sequence[Any],
    shots: int,
    simulating: Simulating,
) -> Executions:
    """Circuit i with values i; `values` are what `Reading.bindings` takes."""
    rows: dict[int, list[tuple[int, Floats]]] = {}
    templates: list[Template] = []
    places: dict[int, int] = {}
    notes: list[dict[str, Any]] = []
    about: list[About] = []
    for i, (circuit, given) in enumerate(zip(circuits, values, strict=True)):
        where = f"circuits[{i}]"
        template = reading.circuit(circuit, where)
        if not template.registers and not template.structure.bits:
            raise ParamsError(
                where,
                "the circuit has no classical bit, so there is nothing to count: measure it, for "
                "instance with `circuit.measure_all()`.",
            )
        bound, shape = reading.bindings(template, given, f"parameter_values[{i}]")
        if len(bound) != 1 or shape not in ((), (1,)):
            raise ParamsError(
                f"parameter_values[{i}]", "one list of values is wanted for each circuit."
            )
        place = places.setdefault(id(template), len(templates))
        if place == len(templates):
            templates.append(template)
            notes.append(notes_of(circuit, where))
        rows.setdefault(place, []).append((i, bound[0]))
        name = template.name or f"circuit-{i}"
        about.append(About(name, template.registers, notes[place]))
    batches, order = _batches(templates, rows, len(about))
    return Executions(batches, order, about, shots, simulating)


def _batches(
    templates: Sequence[Template], rows: dict[int, list[tuple[int, Floats]]], count: int
) -> tuple[list[Batch], list[tuple[int, int]]]:
    structures: dict[bytes, Structure] = {}
    params: dict[bytes, list[Floats]] = {}
    members: dict[bytes, list[int]] = {}
    for place, template in enumerate(templates):
        batch = template.batch(np.stack([row for _, row in rows[place]]))
        digest = batch.structure.digest
        structures.setdefault(digest, batch.structure)
        params.setdefault(digest, []).append(batch.params)
        members.setdefault(digest, []).extend(i for i, _ in rows[place])
    order = [(0, 0)] * count
    for number, circuits in enumerate(members.values()):
        for row, circuit in enumerate(circuits):
            order[circuit] = (number, row)
    batches = [
        Batch(structure, np.concatenate(params[digest])) for digest, structure in structures.items()
    ]
    return batches, order


def simulating_of(given: dict[str, Any], where: str) -> Simulating:
    """A seed and a noise model that stand among other options."""
    names = ("noise_model", "seed_simulator")
    return read_simulating({name: given.get(name) for name in names}, where)


# -- running --------------------------------------------------------------------------------------


def counted(found: Executions, runner: Runner, *, keep: bool) -> list[CountsOfCircuit]:
    """The counts of every circuit, and with `keep` the order in which they came."""
    circuits: list[CountsOfCircuit | None] = [None] * len(found.order)
    for key, (batch, members) in enumerate(zip(found.batches, found.members(), strict=True)):
        for circuit, shots in zip(members, _shots(batch, found.shots, runner, key), strict=True):
            outcomes, counts, rows = _tallied(shots)
            about = found.about[circuit]
            circuits[circuit] = CountsOfCircuit(
                about.name,
                batch.structure.qubits,
                batch.structure.bits,
                {register.name: len(register.bits) for register in about.registers},
                outcomes,
                counts,
                rows if keep else None,
                about.metadata,
            )
    return [circuit for circuit in circuits if circuit is not None]


def _shots(batch: Batch, shots: int, runner: Runner, key: int) -> Iterator[NDArray[np.uint8]]:
    structure = batch.structure
    if structure.measured:
        yield from runner.sample(batch, shots, key)
        return
    for _ in range(len(batch)):  # bits that nothing writes are 0
        yield np.zeros((shots, width_of(structure.bits)), np.uint8)


def _tallied(
    shots: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint32]]:
    """The different rows, ascending as integers, how often each comes, and which each is."""
    width = shots.shape[1]
    if width > 8:
        found, which, counts = np.unique(
            shots[:, ::-1], axis=0, return_inverse=True, return_counts=True
        )
        return (
            np.ascontiguousarray(found[:, ::-1]),
            counts.astype(np.int64),
            which.reshape(-1).astype(np.uint32),
        )
    padded = np.zeros((len(shots), 8), np.uint8)
    padded[:, :width] = shots
    numbers, which, counts = np.unique(
        padded.view("<u8")[:, 0], return_inverse=True, return_counts=True
    )
    rows = np.ascontiguousarray(numbers.astype("<u8").view(np.uint8).reshape(-1, 8)[:, :width])
    return rows, counts.astype(np.int64), which.reshape(-1).astype(np.uint32)
