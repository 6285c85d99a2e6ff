"""The history of a device as v0.3 shows it: times in milliseconds, dates in seconds, and means."""

from __future__ import annotations

import datetime
import statistics
import uuid
from typing import Any

import pytest
from tests.acceptance.serving import Client

from ketway.devices.characterization import characterization, id_of
from ketway.devices.loading import load

ARIA = load().device("qpu.aria-1")
FIGURES = "/characterizations/backends/qpu.aria-1"
DAY = 86_400_000


def get(client: Client, path: str, status: int = 200) -> Any:
    answer = client.ask("GET", f"/v0.3{path}")
    assert answer.status == status, answer.raw
    return answer.json


def millis(year: int, month: int, day: int) -> int:
    moment = datetime.datetime(year, month, day, tzinfo=datetime.UTC)
    return int(moment.timestamp()) * 1000


def test_a_backend_leads_to_its_figures(client: Client) -> None:
    client.headers.clear()  # no key is needed
    for entry in get(client, "/backends"):
        url = entry.get("characterization_url")
        assert (url is not None) is entry["backend"].startswith("qpu.")
        if url is None:
            continue
        figures = get(client, url)
        assert (figures["backend"], figures["qubits"]) == (entry["backend"], entry["qubits"])
        path = f"/characterizations/backends/{entry['backend']}"
        assert get(client, f"{path}/current") == figures
        assert get(client, f"{path}?limit=1")["characterizations"] == [figures]
    get(client, "/characterizations/backends/simulator/current", 404)
    assert get(client, "/characterizations/backends/simulator")["characterizations"] == []


def test_figures_have_a_mean_a_median_and_an_error(client: Client) -> None:
    day = datetime.date(2025, 7, 14)
    found = get(client, f"/characterizations/{id_of(ARIA, day)}")
    wanted = characterization(ARIA, day)
    assert found["date"] == millis(2025, 7, 14) // 1000
    assert set(found["fidelity"]) == {"spam", "1q", "2q"}
    for kind, figures in found["fidelity"].items():
        spread = wanted.spread(kind)
        assert figures == {"mean": spread.mean, "median": spread.median, "stderr": spread.stderr}
        assert abs(figures["mean"] - figures["median"]) < 5 * figures["stderr"]
    assert found["fidelity"]["2q"]["mean"] == pytest.approx(
        statistics.fmean(wanted.pairs.values()), abs=1e-9
    )
    assert found["timing"]["t2"] == wanted.t2


def test_pages_lead_through_months_without_a_gap(client: Client) -> None:
    """From a time in the middle of a day on, so the next day is the first."""
    start, end = millis(2025, 1, 31) + 1, millis(2025, 4, 30) + DAY - 1
    query = f"{FIGURES}?start={start}&end={end}"
    dates, page, pages = [], 1, 1
    while pages:
        found = get(client, f"{query}&page={page}")
        dates += [one["date"] * 1000 for one in found["characterizations"]]
        page, pages = page + 1, found["pages"]
    assert dates == list(range(millis(2025, 4, 30), millis(2025, 1, 31), -DAY))
    assert page - 1 == 9


def test_any_day_of_any_device_is_found_by_its_id(client: Client) -> None:
    for name in ("qpu.harmony", "qpu.aria-2", "qpu.forte-enterprise-3"):
        device = load().device(name)
        assert device.drift is not None
        id_ = id_of(device, device.drift.since)
        assert get(client, f"/characterizations/{id_}")["backend"] == name
        assert get(client, f"/characterizations/{id_.upper()}")["id"] == id_


def test_tomorrow_and_inventions_are_404(client: Client) -> None:
    later = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=2)
    for id_ in (id_of(ARIA, later), str(uuid.uuid4()), "x", "x" * 300):
        said = get(client, f"/characterizations/{id_}", 404)
        assert "no characterization" in said["message"]


def test_calibrations_are_as_cirq_reads_them(client: Client) -> None:
    current = get(client, "/calibrations/current")
    assert get(client, "/calibrations")["calibrations"][0] == current
    assert "mean" in current["fidelity"]["2q"]
