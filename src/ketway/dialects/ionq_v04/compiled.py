"""A job's circuits in the formats of circuits: as its device runs them, and as a program."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from ketway.circuits.charging import charged
from ketway.circuits.circuit import Batch, Circuit, Program, kind_table
from ketway.circuits.gates import Kind
from ketway.circuits.ionq import write_native
from ketway.circuits.qasm import write_qasm
from ketway.compile import Entangler, compile_batch
from ketway.dialects.ionq.compilation import effort_of
from ketway.dialects.ionq.settings import kept_of
from ketway.dialects.ionq_v04.formats import NATIVE, QASM3
from ketway.jobs.failures import FailedError
from ketway.jobs.job import Job
from ketway.service.backends import Backends
from ketway.service.errors import NotFoundError

MEDIA_TYPES: Final = {NATIVE: "application/json", QASM3: "text/plain"}
LANGUAGES: Final = {"native": NATIVE, "qasm3": QASM3}
"""By what `GET /jobs/{UUID}/circuits/{lang}` calls them."""

MANY_GATES: Final = 500
"""From here on a circuit is written in a thread, so that others are answered meanwhile."""
COUNTED: Final = 5_000
"""Gates of a job from which on nobody waits until they are compiled to be counted."""


class Compilation(NamedTuple):
    """How a job is compiled."""

    entangler: Entangler
    level: int
    precision: float


def compilation_of(job: Job, backends: Backends) -> Compilation:
    """What a device has decides on the gate; the ideal simulator has both, and then the job
    does."""
    asked = kept_of(job).compilation or {}
    gates = backends.native_gates(job.backend, job.noise.model if job.noise else None)
    entangler: Entangler = "ms" if "ms" in gates else "zz"
    if "ms" in gates and "zz" in gates and asked.get("gate_basis") != "MS":
        entangler = "zz"
    return Compilation(entangler, *effort_of(asked))


def gates_in(program: Program) -> int:
    return sum(batch.structure.gates for batch in program.batches)


def takes_long(program: Program) -> bool:
    """Whether others should be answered meanwhile."""
    return gates_in(program) > MANY_GATES or sum(map(len, program.batches)) > MANY_GATES


def write(program: Program, index: int, format_: str, compilation: Compilation) -> bytes:
    """One of its circuits; `NotFoundError` says why it cannot be had in this format."""
    try:
        if format_ == QASM3:
            return write_qasm(program.circuit(index)).encode()
        return msgspec.json.encode(_native(program, index, compilation))
    except FailedError as error:
        raise NotFoundError(error.failure.message) from None


def _native(program: Program, index: int, compilation: Compilation) -> dict[str, object]:
    """What is native already stays as it was written."""
    try:
        return write_native(program.circuit(index))
    except FailedError:
        batch, row = program.order[index]
        compiled = _compiled(_Task(program.batches[batch], compilation))
        return write_native(Circuit(compiled.structure, compiled.params[row]))


class Counts(NamedTuple):
    one: int
    two: int


def counts(program: Program, index: int | None, compilation: Compilation) -> Counts | None:
    """The native gates of one circuit, or of all; None if some cannot be compiled."""
    places = range(len(program.batches)) if index is None else (program.order[index][0],)
    one = two = 0
    for place in places:
        batch = program.batches[place]
        try:
            compiled = batch if _is_native(batch) else _compiled(_Task(batch, compilation))
        except FailedError:
            return None
        times = len(batch) if index is None else 1
        found = charged(compiled.structure)
        one, two = one + times * found[0], two + times * found[1]
    return Counts(one, two)


_NATIVE_KINDS: Final = kind_table((Kind.GPI, Kind.GPI2, Kind.MS, Kind.ZZ, Kind.NOP))


def _is_native(batch: Batch) -> bool:
    structure = batch.structure
    return bool(_NATIVE_KINDS[structure.kinds].all()) and not structure.controls.any()


class _Task:
    """A batch and how it is compiled: equal to another if the outcome is."""

    def __init__(self, batch: Batch, compilation: Compilation) -> None:
        self.batch, self.compilation = batch, compilation
        self._key = (batch.structure.digest, batch.params.tobytes(), compilation)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Task) and self._key == other._key


@lru_cache(maxsize=32)
def _compiled(task: _Task) -> Batch:
    """Kept, since clients ask for a job again and again, and for each circuit of a batch."""
    return compile_batch(task.batch, *task.compilation).batch
