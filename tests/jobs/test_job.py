from __future__ import annotations

import pytest

from ketway.jobs.job import FINAL, TRANSITIONS, Job, PlanPart, State, sources


def test_the_table_has_every_state_and_only_states() -> None:
    assert set(TRANSITIONS) == set(State)
    assert all(targets <= set(State) for targets in TRANSITIONS.values())


def test_final_states_are_those_that_nothing_leaves() -> None:
    assert {state for state, targets in TRANSITIONS.items() if not targets} == FINAL


def test_every_state_can_be_reached_and_every_open_one_left_for_each_final_one() -> None:
    reached = {State.SUBMITTED}
    while new := {t for s in reached for t in TRANSITIONS[s]} - reached:
        reached |= new
    assert reached == set(State)
    for state in set(State) - FINAL:
        assert {State.FAILED, State.CANCELED} <= TRANSITIONS[state]


@pytest.mark.parametrize("target", list(State))
def test_sources_is_the_table_read_backwards(target: State) -> None:
    for source in State:
        assert (source in sources(target)) == (target in TRANSITIONS[source])


def test_a_job_needs_the_memory_of_its_largest_part_and_the_time_of_all() -> None:
    parts = [
        PlanPart("dense", "", 100, 1.0, "double", 2),
        PlanPart("clifford", "", 700, 0.5, "double", 1),
    ]
    job = Job(
        id="j", project_id="p", user_id="u", dialect="d", format="f", backend="b",
        submitted_at=1, plan=parts,
    )  # fmt: skip
    assert (job.bytes, job.seconds) == (700, 1.5)
    bare = Job(
        id="j", project_id="p", user_id="u", dialect="d", format="f", backend="b", submitted_at=1
    )
    assert (bare.bytes, bare.seconds, bare.final) == (0, 0, False)
