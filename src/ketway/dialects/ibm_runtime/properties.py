"""What was measured on a backend, as IBM's API says it: qubit by qubit and gate by gate."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from ketway.devices.snapshot import Place, Snapshot, column
from ketway.dialects.ibm_runtime.configuration import utc
from ketway.dialects.ibm_runtime.wire import (
    GateProperties,
    Measured,
    Metric,
    Metrics,
    PropertiesResponse,
    QubitList,
)

_QUBIT = (
    ("T1", "us", "t1"),
    ("T2", "us", "t2"),
    ("frequency", "GHz", "frequency"),
    ("anharmonicity", "GHz", "anharmonicity"),
    ("prob_meas0_prep1", "", "p10"),
    ("prob_meas1_prep0", "", "p01"),
    ("readout_length", "ns", "readout_length"),
)
"""IBM's name and unit of each column."""


def properties(snapshot: Snapshot, name: str) -> PropertiesResponse:
    date = utc(snapshot.date)
    columns = [
        (said, unit, column(getattr(snapshot, field), snapshot.qubits))
        for said, unit, field in _QUBIT
    ]
    columns.append(("readout_error", "", snapshot.readout_errors()))
    general, lists = [], []
    if snapshot.layered is not None:
        chain = f"lf_{len(snapshot.layered.qubits)}"
        general.append(Measured(date, chain, "", snapshot.layered.fidelity))
        lists.append(QubitList(chain, snapshot.layered.qubits))
    return PropertiesResponse(
        backend_name=name,
        backend_version=snapshot.version,
        last_update_date=date,
        qubits=[
            [
                *_values(date, ((said, unit, values[k]) for said, unit, values in columns)),
                *([_broken(date)] if k in snapshot.faulty else []),
            ]
            for k in range(snapshot.qubits)
        ],
        gates=[_gate(place, date) for place in snapshot.places()],
        general=general,
        general_qlists=lists,
    )


def _values(date: str, values: Iterable[tuple[str, str, float | None]]) -> Iterable[Measured]:
    return (Measured(date, said, unit, value) for said, unit, value in values if value is not None)


def _broken(date: str) -> Measured:
    """The client leaves what is not operational out of its Target."""
    return Measured(date, "operational", "", 0)


def _gate(place: Place, date: str) -> GateProperties:
    figures = (("gate_error", "", place.error), ("gate_length", "ns", place.length))
    parameters = list(_values(date, figures))
    if place.faulty:
        parameters.append(_broken(date))
    label = f"{place.gate}{'_'.join(map(str, place.qubits))}"
    return GateProperties(place.gate, label, place.qubits, parameters)


def metrics(snapshot: Snapshot) -> Metrics:
    """The figures by which people choose a backend."""
    two = [
        place
        for place in snapshot.places()
        if len(place.qubits) == 2
        and place.gate in snapshot.basis
        and place.error is not None
        and not place.faulty
    ]
    errors = [place.error for place in two if place.error is not None]
    readouts = [error for error in snapshot.readout_errors() if error is not None]
    found = Metrics()
    if errors:
        best = min(two, key=lambda place: place.error or 0.0)
        found.two_q_error_best = Metric(min(errors), gate=best.gate, qubits=best.qubits)
        found.two_q_error_median = Metric(statistics.median(errors), gate=best.gate)
    if snapshot.layered is not None:
        gates = len(snapshot.layered.qubits) - 1
        found.two_q_error_layered = Metric(1 - snapshot.layered.fidelity ** (1 / gates))
    if readouts:
        found.readout_error_median = Metric(statistics.median(readouts))
    return found
