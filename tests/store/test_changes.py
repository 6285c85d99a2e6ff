"""Each change of a job, from each state, and what it leaves in the record."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from tests.store.making import PLAN, family, payload

from ketway.jobs.failures import Code, Failure
from ketway.jobs.ids import new_id, now
from ketway.jobs.job import FINAL, Job, State
from ketway.store import changes, queries, schema
from ketway.store.blobs import INLINE
from ketway.store.changes import Answer, Claim
from ketway.store.store import Store

SOON = 60_000_000
BROKEN = Failure(Code.SIMULATION_ERROR, "It broke.")


def insert(store: Store, jobs: list[Job], data: bytes = b"program") -> Job:
    kept = payload(store, data)
    store.submit(lambda c: changes.insert_job(c, jobs, kept)).result()
    return jobs[0]


def claim(store: Store, *jobs: Job) -> list[Claim]:
    ids = [job.id for job in jobs]
    return store.submit(lambda c: changes.claim(c, ids, now() + SOON)).result()


def answer(job: Job, attempt: int = 1, **more: object) -> Answer:
    values: dict[str, object] = {"data": b"result", "children": job.children, **more}
    return Answer(job_id=job.id, project_id=job.project_id, attempt=attempt, **values)  # type: ignore[arg-type]


def publish(store: Store, *answers: Answer) -> list[bool]:
    return store.submit(lambda c: changes.publish(c, answers)).result()


def cancel(store: Store, job: Job) -> bool:
    return store.submit(lambda c: changes.cancel(c, job.id)).result()


def release(store: Store, held: Claim, *, loss: bool = True) -> bool:
    return store.submit(lambda c: changes.release(c, held, "lost", "it died", loss=loss)).result()


def get(store: Store, job: Job) -> Job:
    found = store.read(lambda c: queries.job_of_any_project(c, job.id))
    assert found is not None
    return found


def kinds(store: Store, job: Job) -> list[str]:
    return [event.kind for event in store.read(lambda c: queries.events_of(c, job.id))]


def attempts(store: Store, job: Job) -> list[tuple[int, str]]:
    return [(a.number, a.state) for a in store.read(lambda c: queries.attempts_of(c, job.id))]


def results(store: Store, job: Job) -> bytes | None:
    found = store.read(lambda c: queries.result(c, job.id))
    return None if found is None else found[0]


def test_the_way_of_a_job(store: Store) -> None:
    job = insert(store, family(store))
    assert claim(store, job) == [Claim(job.id, 1)]
    assert publish(store, answer(job)) == [True]
    assert get(store, job).state is State.COMPLETED
    assert results(store, job) == b"result"
    assert kinds(store, job) == ["submitted", "ready", "started", "completed"]
    assert attempts(store, job) == [(1, "finished")]


def test_only_what_is_ready_is_claimed_and_only_once(store: Store) -> None:
    ready = insert(store, family(store))
    unread = insert(store, family(store, state=State.SUBMITTED))
    assert claim(store, ready, unread) == [Claim(ready.id, 1)]
    assert claim(store, ready, unread) == []
    assert kinds(store, unread) == ["submitted"]


def test_an_answer_after_the_lease_is_gone_writes_nothing(store: Store) -> None:
    job = insert(store, family(store))
    (late,) = claim(store, job)
    assert release(store, late)
    assert publish(store, answer(job, late.attempt)) == [False]
    assert results(store, job) is None
    (present,) = claim(store, job)
    assert present.attempt == 2
    assert publish(store, answer(job, late.attempt, data=b"late")) == [False]
    assert get(store, job).state is State.STARTED
    assert publish(store, answer(job, present.attempt)) == [True]
    assert publish(store, answer(job, present.attempt, data=b"again")) == [False]
    assert results(store, job) == b"result"
    assert attempts(store, job) == [(1, "lost"), (2, "finished")]
    assert get(store, job).losses == 1


def test_the_fence_holds_among_answers_that_are_published_together(store: Store) -> None:
    job, other = insert(store, family(store)), insert(store, family(store))
    (late,) = claim(store, job)
    release(store, late)
    claim(store, job, other)
    together = (
        answer(job, 1, data=b"late"),
        answer(job, 2, data=b"valid"),
        answer(job, 2, data=b"twice"),
        answer(other, 1),
    )
    assert publish(store, *together) == [False, True, False, True]
    assert results(store, job) == b"valid"
    assert kinds(store, job).count("completed") == 1


def test_a_canceled_job_cannot_be_answered(store: Store) -> None:
    job = insert(store, family(store))
    claim(store, job)
    assert cancel(store, job)
    assert publish(store, answer(job)) == [False]
    assert not cancel(store, job)
    assert results(store, job) is None
    assert attempts(store, job) == [(1, "killed")]
    assert kinds(store, job) == ["submitted", "ready", "started", "canceled"]


@pytest.mark.parametrize("final", sorted(FINAL))
def test_a_final_job_never_changes_again(store: Store, final: State) -> None:
    job = insert(store, family(store))
    (held,) = claim(store, job)
    if final is State.CANCELED:
        cancel(store, job)
    else:
        publish(store, answer(job, failure=None if final is State.COMPLETED else BROKEN))
    before = get(store, job), kinds(store, job), attempts(store, job)
    assert before[0].state is final
    assert claim(store, job) == []
    assert publish(store, answer(job, data=b"other")) == [False]
    assert not release(store, held)
    assert not cancel(store, job)
    assert not store.submit(lambda c: changes.fail(c, job.id, BROKEN)).result()
    assert not store.submit(
        lambda c: changes.make_ready(c, job, PLAN, payload(store, b"other"))
    ).result()
    store.submit(lambda c: changes.extend_leases(c, [held], now() + SOON)).result()
    assert (get(store, job), kinds(store, job), attempts(store, job)) == before
    assert store.read(lambda c: queries.expired_claims(c, now() + 2 * SOON)) == []


def test_only_what_is_unread_is_made_ready(store: Store) -> None:
    job = family(store, state=State.SUBMITTED)[0]
    store.submit(lambda c: changes.insert_job(c, [job], None)).result()
    learnt = get(store, job)
    assert store.submit(lambda c: changes.make_ready(c, learnt, PLAN, payload(store))).result()
    found = get(store, job)
    assert (found.state, found.plan) == (State.READY, PLAN)
    assert kinds(store, job) == ["submitted", "ready"]
    claim(store, job)
    # A second reader comes late: neither the state nor the program may change under the run.
    assert not store.submit(
        lambda c: changes.make_ready(c, learnt, [], payload(store, b"other"))
    ).result()
    assert get(store, job).state is State.STARTED


def test_a_dry_run_is_never_ready_to_be_run(store: Store) -> None:
    job = family(store, state=State.SUBMITTED)[0]
    store.submit(lambda c: changes.insert_job(c, [job], None)).result()
    assert store.submit(
        lambda c: changes.make_ready(c, job, PLAN, payload(store), dry=True)
    ).result()
    assert get(store, job).state is State.COMPLETED
    assert kinds(store, job) == ["submitted", "ready", "completed"]


def test_children_change_with_their_parent(store: Store) -> None:
    job = insert(store, family(store, children=3))

    def states() -> list[State]:
        return [kid.state for kid in store.read(lambda c: queries.children(c, job.id))]

    (held,) = claim(store, job)
    assert states() == [State.STARTED] * 3
    release(store, held, loss=False)
    assert states() == [State.READY] * 3
    assert get(store, job).losses == 0
    claim(store, job)
    cancel(store, job)
    assert states() == [State.CANCELED] * 3


def test_a_circuit_that_failed_fails_alone_and_its_parent_says_so(store: Store) -> None:
    job = insert(store, family(store, children=3))
    claim(store, job)
    assert publish(store, answer(job, failure=BROKEN, failed_circuits={1: BROKEN})) == [True]
    kids = store.read(lambda c: queries.children(c, job.id))
    assert [kid.state for kid in kids] == [State.COMPLETED, State.FAILED, State.COMPLETED]
    assert [kid.failure for kid in kids] == [None, BROKEN, None]
    assert get(store, job).state is State.FAILED
    assert results(store, job) == b"result"  # of the circuits that did finish


def test_a_parent_without_any_result_takes_all_circuits_with_it(store: Store) -> None:
    job = insert(store, family(store, children=2))
    claim(store, job)
    publish(store, answer(job, data=None, failure=BROKEN, failed_circuits={0: BROKEN}))
    kids = store.read(lambda c: queries.children(c, job.id))
    assert [(kid.state, kid.failure) for kid in kids] == [(State.FAILED, BROKEN)] * 2
    assert results(store, job) is None


def test_a_lease_runs_out_unless_it_is_extended(store: Store) -> None:
    job, other = insert(store, family(store)), insert(store, family(store))
    held, lost = claim(store, job, other)
    late = now() + 2 * SOON
    store.submit(lambda c: changes.extend_leases(c, [held], late + 1)).result()
    assert store.read(lambda c: queries.expired_claims(c, late)) == [lost]


def test_a_lease_is_extended_only_by_the_attempt_that_holds_it(store: Store) -> None:
    job = insert(store, family(store))
    (old,) = claim(store, job)
    release(store, old)
    (new,) = claim(store, job)
    store.submit(lambda c: changes.extend_leases(c, [old], now() + 10 * SOON)).result()
    assert store.read(lambda c: queries.expired_claims(c, now() + 2 * SOON)) == [new]


# -- deleting -------------------------------------------------------------------------------------


def rows(store: Store) -> dict[str, int]:
    return {
        table.name: store.read(
            lambda c, table=table: c.execute(select(func.count()).select_from(table)).scalar_one()
        )
        for table in (schema.jobs, schema.payloads, schema.results, schema.attempts)
    }


def remove(store: Store, *jobs: Job) -> list[str]:
    ids = [job.id for job in jobs]
    return store.submit(lambda c: changes.remove(c, jobs[0].project_id, ids)).result()


def test_everything_goes_with_a_deleted_job_but_its_events(store: Store) -> None:
    job = insert(store, family(store, children=3))
    claim(store, job)
    publish(store, answer(job))
    assert remove(store, job) == []
    assert set(rows(store).values()) == {0}
    assert kinds(store, job) == ["submitted", "ready", "started", "completed", "deleted"]


def test_a_blob_goes_with_the_last_job_that_uses_it(store: Store) -> None:
    data = b"l" * (INLINE + 1)
    first, second = insert(store, family(store), data), insert(store, family(store), data)
    cancel(store, first)
    cancel(store, second)
    assert remove(store, first) == []
    gone = remove(store, second)
    assert gone == [store.pack("program", data).blob]


def test_what_is_not_final_stays(store: Store) -> None:
    job = insert(store, family(store, children=2))
    assert remove(store, job) == []
    assert rows(store)["jobs"] == 3
    assert kinds(store, job) == ["submitted", "ready"]


def test_a_job_of_another_project_stays(store: Store) -> None:
    job = insert(store, family(store))
    cancel(store, job)
    assert store.submit(lambda c: changes.remove(c, new_id(), [job.id])).result() == []
    assert get(store, job).state is State.CANCELED
    assert "deleted" not in kinds(store, job)


def test_more_ids_can_be_deleted_than_fit_one_statement(store: Store) -> None:
    job = insert(store, family(store))
    cancel(store, job)
    project = job.project_id
    ids = [f"none-{i}" for i in range(70_000)]
    store.submit(lambda c: changes.remove(c, project, [*ids, job.id])).result()
    assert rows(store)["jobs"] == 0
