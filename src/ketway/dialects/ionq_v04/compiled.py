"""A job's circuit in the formats of circuits: as its device runs it, and as a program."""

from __future__ import annotations

from typing import Final

import msgspec

from ketway.circuits.circuit import Circuit
from ketway.circuits.ionq import write_native
from ketway.circuits.qasm import write_qasm
from ketway.compile import Entangler, to_native
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


def entangler_of(job: Job, backends: Backends) -> Entangler:
    """What a device has decides; the ideal simulator has both, and then the job does."""
    gates = backends.native_gates(job.backend, job.noise.model if job.noise else None)
    if "ms" in gates and "zz" in gates:
        wanted = (kept_of(job).compilation or {}).get("gate_basis")
        return "ms" if wanted == "MS" else "zz"
    return "ms" if "ms" in gates else "zz"


def write(circuit: Circuit, format_: str, entangler: Entangler) -> bytes:
    """`NotFoundError` says why a circuit cannot be had in this format."""
    try:
        if format_ == QASM3:
            return write_qasm(circuit).encode()
        return msgspec.json.encode(_native(circuit, entangler))
    except FailedError as error:
        raise NotFoundError(error.failure.message) from None


def _native(circuit: Circuit, entangler: Entangler) -> dict[str, object]:
    """What is native already stays as it was written."""
    try:
        return write_native(circuit)
    except FailedError:
        return write_native(to_native(circuit, entangler))
