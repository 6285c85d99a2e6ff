"""Every figure of the catalogue can be followed to where it comes from: each number stands in a
table that names its source, and what nobody has published is said to be derived, with a reason."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from ketway.devices.device import Device
from ketway.devices.loading import load

FILES = {
    file.name: tomllib.loads(file.read_text("utf-8"))
    for file in (resources.files("ketway.devices") / "catalogue").iterdir()
    if file.name.endswith(".toml")
}
QPUS = [device for device in load().of("ionq") if device.kind == "qpu"]
Table = dict[str, Any]


def tables(place: str, table: Table) -> Iterator[tuple[str, Table]]:
    """A table, and those in it."""
    yield place, table
    for key, value in table.items():
        inner = value if isinstance(value, list) else [value]
        for number, found in enumerate(inner):
            if isinstance(found, dict):
                name = f"{place}.{key}" + (f"[{number}]" if isinstance(value, list) else "")
                yield from tables(name, found)


TABLES = [found for name, table in FILES.items() for found in tables(name, table)]
FIGURES = [
    (place, table, key)
    for place, table in TABLES
    for key, value in table.items()
    if isinstance(value, int | float | datetime.date) and not isinstance(value, bool)
]


def test_there_are_figures_to_walk() -> None:
    assert len(FIGURES) > 200
    devices = {f"{device.name}.toml" for device in load().of("ionq")}
    assert devices <= {place for place, _, _ in FIGURES}
    for device in QPUS:
        walked = {key for place, _, key in FIGURES if place.startswith(f"{device.name}.toml")}
        assert {"spam", "two_qubit", "readout", "t2", "wander", "asymmetry", "qubits"} <= walked


@pytest.mark.parametrize(
    ("place", "table", "key"), FIGURES, ids=[f"{place}/{key}" for place, _, key in FIGURES]
)
def test_a_figure_has_a_source(place: str, table: Table, key: str) -> None:
    assert table.get("source", "").strip(), f"{place} has no source for {key} = {table[key]}"


@pytest.mark.parametrize(
    ("place", "table"), [pair for pair in TABLES if "derived" in pair[1]], ids=lambda x: str(x)[:60]
)
def test_what_is_derived_is_there(place: str, table: Table) -> None:
    derived = table["derived"]
    if isinstance(derived, bool):
        assert bool(table.get("formula")) is derived, place
        return
    assert set(derived) <= set(table) - {"source", "derived"}, place


@pytest.mark.parametrize("device", QPUS, ids=lambda device: device.name)
def test_nothing_about_the_drift_is_published_and_each_figure_has_its_reason(
    device: Device,
) -> None:
    drift = device.drift
    assert drift is not None
    table = FILES[f"{device.name}.toml"]["drift"]
    assert set(drift.derived) == set(table) - {"source", "derived"}
    for name in drift.derived:
        assert name in drift.source, f"{device.name}: [drift] does not say why {name}"
    assert device.name in drift.seed
    day = datetime.date.fromisoformat(drift.seed[-10:])
    assert day <= datetime.date(2026, 11, 26)
    assert (drift.until is not None) is (device.status == "retired")
    assert drift.since < (drift.until or datetime.date.max)
    if device.timing is not None and device.timing.date is not None:
        assert drift.since <= device.timing.date
