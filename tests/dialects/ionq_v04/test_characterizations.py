"""The history of a device, page by page, as v0.4 shows it."""

from __future__ import annotations

import datetime
import math
import uuid
from typing import Any

import pytest
from tests.acceptance.serving import Client

from ketway.devices import history
from ketway.devices.characterization import characterization, id_of
from ketway.devices.device import Device
from ketway.devices.loading import load
from ketway.dialects.ionq_v04.devices import characterizations
from ketway.dialects.ionq_v04.wire import CharacterizationsQuery

FORTE = load().device("qpu.forte-1")
FIGURES = "/backends/qpu.forte-1/characterizations"
ONE = datetime.timedelta(days=1)
NOON = datetime.datetime(2026, 11, 26, 12, tzinfo=datetime.UTC)


def get(client: Client, path: str, status: int = 200) -> Any:
    answer = client.ask("GET", f"/v0.4{path}")
    assert answer.status == status, answer.raw
    return answer.json


def listed(device: Device = FORTE, at: datetime.datetime = NOON, **query: Any) -> Any:
    """What would be answered at that time."""
    asked = CharacterizationsQuery(**query)
    return characterizations(device, asked, int(at.timestamp()) * 1_000_000)


def dates(answer: Any) -> list[str]:
    return [found.date for found in answer.characterizations]


def test_the_newest_is_todays_and_that_of_the_backend(client: Client) -> None:
    page = get(client, f"{FIGURES}?limit=1")
    (found,) = page["characterizations"]
    backend = get(client, "/backends/qpu.forte-1")
    today = datetime.datetime.now(datetime.UTC).date()
    assert found["date"] in {f"{day}T00:00:00.000Z" for day in (today, today - ONE)}
    assert backend["characterization_id"] == found["id"] == str(uuid.UUID(found["id"]))
    assert (found["backend"], found["qubits"]) == ("qpu.forte-1", backend["qubits"])
    assert len(found["connectivity"]) == found["qubits"] * (found["qubits"] - 1) // 2
    assert get(client, f"{FIGURES}/{found['id']}") == found
    assert get(client, f"{FIGURES}/{found['id'].upper()}") == found


def test_a_figure_is_that_of_the_day(client: Client) -> None:
    day = datetime.date(2026, 2, 3)
    found, wanted = get(client, f"{FIGURES}/{id_of(FORTE, day)}"), characterization(FORTE, day)
    assert found["date"] == "2026-02-03T00:00:00.000Z"
    assert found["fidelity"] == {
        "spam": {"median": wanted.spam, "stderr": wanted.spread("spam").stderr},
        "1q": {"median": wanted.one_qubit},
        "2q": {"median": wanted.two_qubit},
    }
    assert found["timing"] == {
        "readout": 0.00015, "reset": 2e-05, "1q": 0.00013, "2q": 0.00097,
        "t1": wanted.t1, "t2": wanted.t2,
    }  # fmt: skip


def test_every_device_shows_the_one_it_names(client: Client) -> None:
    for backend in get(client, "/backends"):
        id_ = backend.get("characterization_id")
        assert (id_ is not None) is backend["backend"].startswith("qpu.")
        if id_ is not None:
            path = f"/backends/{backend['backend']}/characterizations"
            assert get(client, f"{path}/{id_}")["backend"] == backend["backend"]
            if backend["backend"] != "qpu.forte-1":
                get(client, f"{FIGURES}/{id_}", 404)
    assert get(client, "/backends/simulator/characterizations") == {
        "characterizations": [],
        "pages": 0,
    }


def test_pages_lead_through_months_without_a_gap(client: Client) -> None:
    """Newest first, each day once, and `pages` counts down to the last."""
    query = f"{FIGURES}?start=2026-01-20&end=2026-04-11"
    first = get(client, query)
    days, pages = [], first["pages"]
    assert pages == math.ceil(82 / 10) - 1
    for page in range(1, pages + 2):
        found = get(client, f"{query}&page={page}")
        assert found["pages"] == pages + 1 - page
        days += [one["date"][:10] for one in found["characterizations"]]
    assert get(client, f"{query}&page={pages + 2}") == {"characterizations": [], "pages": 0}
    end = datetime.date(2026, 4, 11)
    assert days == [str(end - k * ONE) for k in range(82)]


@pytest.mark.parametrize(
    ("query", "first", "last", "pages"),
    [
        ({}, "2026-11-26", "2026-11-17", 32),
        ({"limit": 1}, "2026-11-26", "2026-11-26", 329),
        ({"limit": 7, "page": 2}, "2026-11-19", "2026-11-13", 46),
        ({"page": 33}, "2026-01-10", "2026-01-01", 0),
        ({"start": "2026-11-24"}, "2026-11-26", "2026-11-24", 0),
        ({"end": "2026-01-03"}, "2026-01-03", "2026-01-01", 0),
        ({"start": "2026-05-01", "end": "2026-05-01"}, "2026-05-01", "2026-05-01", 0),
        # Times, too: figures are stamped with midnight, UTC.
        ({"start": "2026-05-01T00:00:01Z", "end": "2026-05-02T23:59Z"}, "2026-05-02", None, 0),
        ({"start": "2026-05-01T01:00:00+02:00", "limit": 1, "end": "2026-05-01"}, "2026-05-01",
         None, 0),
    ],
)  # fmt: skip
def test_what_is_listed_at_noon(
    query: dict[str, Any], first: str, last: str | None, pages: int
) -> None:
    answer = listed(**query)
    found = [date[:10] for date in dates(answer)]
    assert (found[0], found[-1], answer.pages) == (first, last or first, pages)


@pytest.mark.parametrize(
    "query",
    [
        {"start": "2999-01-01"},
        {"start": "2026-11-27"},
        {"end": "1999-01-01"},
        {"end": "2025-12-31"},
        {"start": "2026-05-02", "end": "2026-05-01"},
        {"page": 34},
        {"page": 10**30},
        {"start": "9999-12-31T23:59:59Z"},
        {"end": "0001-01-01"},
    ],
)
def test_where_there_is_nothing_nothing_is_listed(query: dict[str, Any]) -> None:
    answer = listed(**query)
    assert (answer.characterizations, answer.pages) == ([], 0)


def test_a_day_comes_at_midnight() -> None:
    midnight = datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC)
    before = listed(at=midnight - datetime.timedelta(seconds=1), limit=2)
    after = listed(at=midnight, limit=2)
    assert dates(before) == ["2027-02-28T00:00:00.000Z", "2027-02-27T00:00:00.000Z"]
    assert dates(after) == ["2027-03-01T00:00:00.000Z", "2027-02-28T00:00:00.000Z"]
    assert after.characterizations[1] == before.characterizations[0]


def test_a_retired_device_gets_no_new_ones() -> None:
    answer = listed(load().device("qpu.harmony"), limit=1)
    assert dates(answer) == ["2024-09-01T00:00:00.000Z"]
    assert answer.pages == 244  # of the leap year 2024


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("limit=0", "limit"),
        ("limit=11", "limit"),
        ("limit=x", "limit"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("start=yesterday", "start"),
        ("end=2026-02-30", "end"),
        ("start=0001-01-01T00:00:00%2B14:00", "start"),
    ],
)
def test_a_wrong_query_is_refused_by_name(client: Client, query: str, key: str) -> None:
    assert get(client, f"{FIGURES}?{query}", 400)["validation"]["keys"] == [key]


def test_tomorrow_and_inventions_are_404(client: Client) -> None:
    today = datetime.datetime.now(datetime.UTC).date()
    later = id_of(FORTE, today + 2 * ONE)
    near = str(uuid.UUID(int=uuid.UUID(id_of(FORTE, today)).int ^ 1))
    for id_ in (later, near, str(uuid.uuid4()), "x", "x" * 300, "%00", str(uuid.UUID(int=0))):
        message = get(client, f"{FIGURES}/{id_}", 404)["message"]
        assert "qpu.forte-1 has no characterization" in message
        assert len(message) < 400
    get(client, f"/backends/qpu.nowhere/characterizations/{later}", 404)


def test_calibrations_are_as_cirq_reads_them(client: Client) -> None:
    current = get(client, "/calibrations/current")
    page = get(client, "/calibrations")
    assert page["calibrations"][0] == current
    assert current["target"] == "qpu.forte-1"
    assert "mean" in current["fidelity"]["2q"]
    assert "." in current["date"]
    second = get(client, f"/calibrations?next={page['next']}")
    dates = [one["date"] for one in page["calibrations"] + second["calibrations"]]
    assert dates == sorted(set(dates), reverse=True)
    assert len(dates) == 20
    march = int(datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC).timestamp()) * 1000
    few = get(client, f"/calibrations?start={march - 3 * 86_400_000}&end={march}")
    assert [one["date"][:10] for one in few["calibrations"]][::3] == ["2026-03-01", "2026-02-26"]
    assert "next" not in few
    for wrong in ("next=x", "next=0", "next=-1", "next=1e3", "start=x", f"end={10**20}"):
        get(client, f"/calibrations?{wrong}", 400)


def test_what_a_job_keeps_is_what_is_shown() -> None:
    """The id that a job would keep leads to the figures that its noise is made of."""
    at = int(NOON.timestamp()) * 1_000_000
    figures = history.current(FORTE, at)
    assert figures is not None
    (shown,) = listed(limit=1).characterizations
    assert shown.id == figures.id
    assert history.find(FORTE, shown.id, at) is figures
