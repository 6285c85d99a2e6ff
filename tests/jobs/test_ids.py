from __future__ import annotations

import threading
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketway.jobs.ids import IdSource, is_id, new_id, new_ids


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    before = time.time_ns() // 1_000_000
    value = uuid.UUID(new_id())
    assert value.version == 7
    assert value.variant == uuid.RFC_4122
    assert value.int >> 80 >= before


def test_ids_increase_strictly_also_beyond_what_one_millisecond_can_count() -> None:
    ids = IdSource().new(10_000)
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
    assert all(is_id(text) and uuid.UUID(text).version == 7 for text in ids)


def test_ids_increase_when_the_clock_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    source = IdSource()
    made = source.new(3)
    past = time.time_ns() - 3600 * 10**9
    monkeypatch.setattr(time, "time_ns", lambda: past)
    made += source.new(3)
    assert made == sorted(made)
    assert len(set(made)) == 6


def test_ids_of_many_threads_are_unique_and_increase_in_each() -> None:
    made: list[list[str]] = []

    def make() -> None:
        made.append([new_id() for _ in range(2_000)] + new_ids(50))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ids == sorted(ids) for ids in made)
    everything = [one for ids in made for one in ids]
    assert len(everything) == 8 * 2_050
    assert len(set(everything)) == len(everything)


@given(st.text(max_size=40))
def test_what_is_not_in_the_stored_form_is_no_id(text: str) -> None:
    try:
        stored = str(uuid.UUID(text)) == text
    except ValueError:
        stored = False
    assert is_id(text) == stored


@pytest.mark.parametrize(
    "written",
    [
        "01A08D98-4B5E-7000-8000-8111EE2DCCBC",
        "01a08d984b5e700080008111ee2dccbc",
        "{01a08d98-4b5e-7000-8000-8111ee2dccbc}",
        "urn:uuid:01a08d98-4b5e-7000-8000-8111ee2dccbc",
        "01a08d98-4b5e-7000-8000-8111ee2dccbc ",
        "",
    ],
)
def test_other_spellings_are_no_ids(written: str) -> None:
    assert not is_id(written)
