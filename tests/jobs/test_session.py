from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ketway.jobs.session import (
    TRANSITIONS,
    Limits,
    Session,
    SessionEvent,
    SessionState,
    after,
    due,
)

SECOND = 1_000_000


def session(**more: object) -> Session:
    fields: dict[str, object] = {
        "id": "s", "project_id": "p", "user_id": "u", "dialect": "ibm_runtime",
        "backend": "ibm_torino", "mode": "dedicated", "max_ttl": 600, "interactive_ttl": 60,
        "unused_ttl": 1800, "created_at": 0, "idle_since": 0,
    }  # fmt: skip
    return Session(**{**fields, **more})  # type: ignore[arg-type]


def lived(*events: tuple[SessionEvent, int], **more: object) -> Session:
    found = session(**more)
    for event, at in events:
        changed = after(found, event, at * SECOND)
        assert changed is not None, event
        found = changed
    return found


E = SessionEvent


def test_a_life() -> None:
    found = lived((E.JOINED, 1), (E.STARTED, 2), (E.ENDED, 5), (E.IDLED, 5), (E.RESTED, 65))
    assert (found.state, found.jobs, found.idle_since) == (SessionState.INACTIVE, 1, 5 * SECOND)
    assert (found.started_at, found.active_time) == (2 * SECOND, 63 * SECOND)
    found = lived(
        (E.JOINED, 1), (E.STARTED, 2), (E.IDLED, 3), (E.RESTED, 63), (E.JOINED, 70),
        (E.STARTED, 80), (E.IDLED, 90), (E.SHUT, 100), (E.DRAINED, 100),
    )  # fmt: skip
    assert found.state is SessionState.CLOSED
    assert found.active_time == (61 + 20) * SECOND
    assert found.closed_at == 100 * SECOND
    assert not found.exclusive


def test_who_has_the_device() -> None:
    active = lived((E.JOINED, 1), (E.STARTED, 2))
    assert active.exclusive
    assert not msgspec.structs.replace(active, mode="batch").exclusive
    assert not session().exclusive


def test_what_is_shut_takes_no_jobs_and_ends_when_it_has_none() -> None:
    shut = lived((E.JOINED, 1), (E.SHUT, 2))
    assert not shut.accepting_jobs
    assert after(shut, E.JOINED, 3) is None
    assert after(shut, E.DRAINED, 3) is None  # it still has a job
    assert after(shut, E.SHUT, 3) is None
    stopped = after(shut, E.STOPPED, 3)
    assert stopped is not None
    assert stopped.stopped
    drained = after(lived((E.JOINED, 1), (E.SHUT, 2), (E.IDLED, 3)), E.DRAINED, 3)
    assert drained is not None
    assert drained.state is SessionState.CLOSED
    assert all(after(drained, event, 4) is None for event in SessionEvent)


def test_what_time_brings() -> None:
    assert due(session()) is not None
    unused = due(session())
    assert (unused.at, unused.event) == (1800 * SECOND, E.SHUT)  # type: ignore[union-attr]
    working = due(lived((E.JOINED, 1), (E.STARTED, 2)))
    assert (working.at, working.event) == (602 * SECOND, E.STOPPED)  # type: ignore[union-attr]
    resting = due(lived((E.JOINED, 1), (E.STARTED, 2), (E.IDLED, 10)))
    assert (resting.at, resting.event) == (70 * SECOND, E.RESTED)  # type: ignore[union-attr]
    late = due(lived((E.JOINED, 1), (E.STARTED, 2), (E.IDLED, 580)))
    assert (late.at, late.event) == (602 * SECOND, E.STOPPED)  # type: ignore[union-attr]
    waiting = lived((E.JOINED, 1))
    assert due(waiting) is None
    assert due(lived((E.SHUT, 1), (E.DRAINED, 1))) is None
    assert due(session(interactive_ttl=None, unused_ttl=None)) is None


def test_limits() -> None:
    assert not session(limits=Limits(jobs=2), jobs=1).full
    assert session(limits=Limits(jobs=2), jobs=2).full
    assert session(limits=Limits(cost=1.5), cost=1.5).full
    assert not session(jobs=10**6, cost=1e9).full


@given(st.lists(st.tuples(st.sampled_from(SessionEvent), st.integers(0, 900)), max_size=30))
def test_whatever_happens_it_stays_in_order(events: list[tuple[SessionEvent, int]]) -> None:
    found, at = session(), 0
    for event, passed in events:
        at += passed * SECOND
        changed = after(found, event, at)
        if changed is None:
            continue
        assert changed.state is TRANSITIONS[event][found.state]
        assert changed.revision == found.revision + 1
        assert changed.active_time >= found.active_time
        assert not (changed.accepting_jobs and not found.accepting_jobs)
        assert changed.jobs - found.jobs == (event is E.JOINED)
        if changed.state is SessionState.CLOSED:
            assert not changed.accepting_jobs
            assert changed.idle_since is not None
        found = changed
    if found.activated_at is not None:
        assert found.active_time <= at


@pytest.mark.parametrize("event", SessionEvent)
def test_nothing_happens_to_what_is_closed(event: SessionEvent) -> None:
    assert SessionState.CLOSED not in TRANSITIONS[event]
