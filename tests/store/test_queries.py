from __future__ import annotations

from sqlalchemy import text
from tests.store.making import family, payload

from ketway.jobs.ids import new_id
from ketway.jobs.job import Job, State
from ketway.store import changes, queries
from ketway.store.queries import Filter
from ketway.store.store import Store


def insert(store: Store, **how: object) -> Job:
    jobs = family(store, **how)  # type: ignore[arg-type]
    kept = payload(store)
    store.submit(lambda c: changes.insert_job(c, jobs, kept)).result()
    return jobs[0]


def listed(store: Store, project: str, **wanted: object) -> list[str]:
    found = store.read(lambda c: queries.listing(c, project, Filter(**wanted)))  # type: ignore[arg-type]
    return [job.id for job in found]


def delete(store: Store, job: Job) -> None:
    store.submit(lambda c: changes.cancel(c, job.id)).result()
    store.submit(lambda c: changes.remove(c, job.project_id, [job.id])).result()


def test_pages_show_each_job_once_while_others_come_and_go(store: Store) -> None:
    jobs = [insert(store, children=i % 3) for i in range(23)]
    project = jobs[0].project_id
    seen: list[str] = []
    before: str | None = None
    while page := listed(store, project, before=before, limit=5):
        seen += page
        before = page[-1]
        insert(store)  # newer than every page that is still to come
        if len(seen) == 10:
            delete(store, jobs[0])
    assert seen == [job.id for job in reversed(jobs[1:])]


def test_children_are_paged_in_the_order_of_their_circuits(store: Store) -> None:
    job = insert(store, children=12)
    insert(store, children=3)
    seen: list[str] = []
    before: str | None = None
    while page := listed(store, job.project_id, parent_id=job.id, before=before, limit=5):
        seen += page
        before = page[-1]
    assert seen == store.read(lambda c: queries.child_ids(c, job.id))
    assert len(seen) == 12


def test_filters_narrow_together(store: Store) -> None:
    ideal = insert(store)
    other = insert(store, backend="qpu.forte-1")
    store.submit(lambda c: changes.cancel(c, other.id)).result()
    project, user = ideal.project_id, ideal.user_id
    assert listed(store, project, states=[State.CANCELED]) == [other.id]
    assert listed(store, project, backends=["simulator", "x"]) == [ideal.id]
    assert listed(store, project, backends=["simulator"], states=[State.CANCELED]) == []
    assert listed(store, project, user_id=user) == [other.id, ideal.id]
    assert listed(store, project, user_id="nobody") == []
    assert listed(store, project, session_id="none") == []
    assert listed(store, project, ids=[ideal.id, "x"]) == [ideal.id]
    assert listed(store, new_id()) == []


def test_ids_may_name_children(store: Store) -> None:
    job = insert(store, children=2)
    kids = store.read(lambda c: queries.child_ids(c, job.id))
    assert listed(store, job.project_id, ids=[kids[1], job.id]) == [kids[1], job.id]


def test_a_beginning_of_an_id_finds_it_by_the_index(store: Store) -> None:
    jobs = [insert(store) for _ in range(3)]
    project = jobs[0].project_id

    def find(prefix: str) -> list[str]:
        return store.read(lambda c: queries.ids_with_prefix(c, project, prefix, 5))

    assert find(jobs[1].id) == [jobs[1].id]
    assert jobs[0].id in find(jobs[0].id[:8])
    assert find("") == sorted(job.id for job in jobs)
    assert find("%") == find("_") == find("zz") == []
    plan = store.read(
        lambda c: c.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM jobs "
                "WHERE project_id = 'p' AND id >= 'a' AND id < 'a~' ORDER BY id LIMIT 3"
            )
        ).all()
    )
    assert "SEARCH" in str(plan)


def test_what_is_open_is_what_a_start_has_to_look_at(store: Store) -> None:
    ready = insert(store, children=2)
    unread = insert(store, state=State.SUBMITTED)
    done = insert(store)
    store.submit(lambda c: changes.cancel(c, done.id)).result()
    found = store.read(queries.open_jobs)
    assert [job.id for job in found] == [ready.id, unread.id]
