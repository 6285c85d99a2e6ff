"""Whose turn it is on a QPU, from any history of comings and goings."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ketway.scheduling.turns import Turn, Turns


def turn(k: int, user: str = "a", micros: int = 10, **more: Any) -> Turn:
    return Turn(job_id=f"{k:03}", user=user, device=more.pop("device", "q"), micros=micros, **more)


def ids(found: list[Turn]) -> list[str]:
    return [one.job_id for one in found]


def test_one_job_at_a_time_on_each_device() -> None:
    turns = Turns()
    for k, device in enumerate("qqr"):
        turns.push(turn(k, device=device))
    assert ids(turns.take()) == ["000", "002"]
    assert turns.take() == []
    turns.leave("000")
    assert ids(turns.take()) == ["001"]


def test_who_took_less_goes_first() -> None:
    turns = Turns()
    turns.push(turn(0, "greedy", 1000))
    turns.push(turn(1, "greedy", 1000))
    turns.push(turn(2, "modest", 10))
    turns.push(turn(3, "modest", 10))
    order = []
    while found := turns.take():
        order += ids(found)
        turns.leave(found[0].job_id)
    assert order == ["000", "002", "003", "001"]


def test_a_pause_saves_up_nothing() -> None:
    turns = Turns()
    for k in range(5):
        turns.push(turn(k, "busy"))
    for _ in range(4):
        (running,) = turns.take()
        turns.leave(running.job_id)
    turns.push(turn(7, "late"))
    turns.push(turn(8, "late"))
    order = []
    while found := turns.take():
        order += ids(found)
        turns.leave(found[0].job_id)
    assert order == ["007", "004", "008"], "not all of `late` first"


def test_a_session_has_its_device_until_it_rests() -> None:
    turns = Turns()
    turns.push(turn(0, session="s", exclusive=True))
    turns.push(turn(1, "b"))
    assert ids(turns.take()) == ["000"]
    turns.rest("s", "q")
    turns.leave("000")
    assert turns.take() == [], "what runs is not at rest, whoever says so"
    turns.push(turn(2, session="s", exclusive=True))
    assert ids(turns.take()) == ["002"]
    turns.leave("002")
    turns.rest("s", "q")
    assert ids(turns.take()) == ["001"]


def test_who_was_interrupted_goes_ahead_of_their_own() -> None:
    turns = Turns()
    turns.push(turn(5))
    turns.push(turn(1), first=True)
    assert ids(turns.take()) == ["001"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["come", "come", "go", "drop"]),
            st.sampled_from("abc"),
            st.integers(1, 50),
            st.sampled_from([None, None, "s", "t"]),
        ),
        max_size=60,
    )
)
def test_what_is_predicted_is_what_happens(steps: list[tuple[str, str, int, str | None]]) -> None:
    """The order and the waits, if nothing else comes; sessions rest when their jobs are done."""
    turns = Turns()
    running: list[Turn] = []
    waiting: dict[str, Turn] = {}
    for k, (step, user, micros, session) in enumerate(steps):
        if step == "come":
            one = turn(k, user, micros, session=session, exclusive=session is not None)
            turns.push(one)
            waiting[one.job_id] = one
        elif step == "go" and running:
            turns.leave(running.pop().job_id)
        elif step == "drop" and waiting:
            turns.leave(waiting.popitem()[0])
        for one in turns.take():
            running.append(one)
            del waiting[one.job_id]
    assert len(running) <= 1
    left = running[0].micros if running else 0
    predicted = list(turns.waits("q", left))
    assert turns.load("q") == sum(one.micros for one in waiting.values())
    happened, clock = [], 0
    for _ in range(len(waiting) * 2 + 1):
        if running:
            done = running.pop()
            clock += done.micros
            turns.leave(done.job_id)
        found = turns.take()
        if not found:
            for session in "st":
                turns.rest(session, "q")
            found = turns.take()
        happened += [(one.job_id, clock) for one in found]
        running += found
    assert happened == predicted
    assert {job_id for job_id, _ in predicted} == set(waiting)
