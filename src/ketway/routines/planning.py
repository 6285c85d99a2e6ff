"""Plans of circuits whose qubits must keep their numbers.

The planner may have a circuit run in pieces, whose qubits are numbered anew; what a noise model
says of single qubits would then strike others. Such circuits are run whole, by the engine that
costs the least.
"""

from __future__ import annotations

import msgspec

from ketway.circuits.circuit import Batch
from ketway.devices.noise import NoiseModel
from ketway.engines.candidates import Machine, Wanted, matrix, tableau, vector
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.engine import Plan
from ketway.engines.planner import pace_name, plan
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.placing import names_qubits


def plan_in_place(
    batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine
) -> Plan:
    """The plan of one batch; raises `FailedError` if no engine can run it on this machine."""
    if not names_qubits(noise):
        return plan(batch, shots, exact, noise, machine)
    found = _cheapest(batch, Wanted(shots, exact, noise), machine)
    seconds = float(found.seconds * machine.paces.get(pace_name(found), 1.0))
    if machine.seconds is not None and seconds > machine.seconds:
        raise FailedError(
            Failure(
                Code.SIMULATION_TIMEOUT,
                f"{len(batch):,} circuits of {batch.structure.gates:,} gates would take about "
                f"{seconds:,.0f} s here, and the limit is {machine.seconds:,.0f} s: use fewer "
                "qubits, gates, shots or circuits.",
            )
        )
    return msgspec.structs.replace(found, bytes=int(found.bytes), seconds=seconds)


def _cheapest(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    clifford = not batch.structure.has_control and bool(clifford_rows(batch).all())
    if clifford and wanted.shots and not wanted.relaxes:
        return tableau(batch, wanted, machine)
    if not wanted.shots:
        return matrix(batch, wanted, machine)
    try:
        whole = vector(batch, wanted, machine)
    except FailedError as error:
        try:
            return matrix(batch, wanted, machine)
        except FailedError:
            raise error from None
    # One circuit decides: an answer must not depend on who shares the batch.
    first = Batch(batch.structure, batch.params[:1])
    try:
        other = matrix(first, wanted, machine).seconds < vector(first, wanted, machine).seconds
    except FailedError:
        return whole
    return matrix(batch, wanted, machine) if other else whole
