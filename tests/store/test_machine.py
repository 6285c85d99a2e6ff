"""Any order of changes and crashes, against a model of what must be true of each job."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from sqlalchemy import select
from tests.store.making import family, payload

from ketway.jobs.failures import Code, Failure
from ketway.jobs.ids import now
from ketway.jobs.job import FINAL, TRANSITIONS, Job, State
from ketway.store import changes, queries, schema
from ketway.store.changes import Answer, Claim
from ketway.store.store import Store

BROKEN = Failure(Code.SIMULATION_ERROR, "It broke.")
ENDINGS = {"finished", "failed", "killed", "lost", "interrupted"}


@dataclass
class Expected:
    """What the model knows of a job."""

    job: Job
    state: State
    attempt: int = 0
    losses: int = 0
    result: bytes | None = None
    attempts: list[str] = field(default_factory=list)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder)
        self.store.open()
        self.jobs: dict[str, Expected] = {}
        self.deleted: set[str] = set()
        self.answers = 0

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    ids = Bundle("ids")
    claims = Bundle("claims")

    @rule(target=ids, children=st.integers(0, 3), read=st.booleans())
    def submit(self, children: int, read: bool) -> str:
        jobs = family(
            self.store,
            children=children if read else 0,
            state=State.READY if read else State.SUBMITTED,
        )
        kept = payload(self.store) if read else None
        self.store.submit(lambda c: changes.insert_job(c, jobs, kept)).result()
        self.jobs[jobs[0].id] = Expected(jobs[0], jobs[0].state)
        return jobs[0].id

    @rule(job_id=ids)
    def read(self, job_id: str) -> None:
        known = self.jobs.get(job_id)
        kept = payload(self.store)
        if known is None:
            return
        changed = self.store.submit(lambda c: changes.make_ready(c, known.job, [], kept)).result()
        assert changed == (known.state is State.SUBMITTED)
        if changed:
            known.state = State.READY

    @rule(target=claims, wanted=st.lists(ids, max_size=4, unique=True))
    def claim(self, wanted: list[str]) -> object:
        held = self.store.submit(lambda c: changes.claim(c, wanted, now() + 10**9)).result()
        able = {i for i in wanted if i in self.jobs and self.jobs[i].state is State.READY}
        assert {claim.job_id for claim in held} == able
        for claim in held:
            known = self.jobs[claim.job_id]
            known.state, known.attempt = State.STARTED, known.attempt + 1
            known.attempts.append("running")
            assert claim.attempt == known.attempt
        return multiple(*held)

    def holds(self, claim: Claim) -> Expected | None:
        known = self.jobs.get(claim.job_id)
        if known and known.state is State.STARTED and known.attempt == claim.attempt:
            return known
        return None

    @rule(held=st.lists(claims, max_size=4), broken=st.booleans())
    def publish(self, held: list[Claim], broken: bool) -> None:
        """Also of attempts that lost their job long ago, and of one twice in a batch."""
        answers, expected = [], []
        for claim in held:
            self.answers += 1
            known = self.holds(claim)
            data = f"{self.answers}".encode()
            job = self.jobs[claim.job_id].job if claim.job_id in self.jobs else None
            answers.append(
                Answer(
                    job_id=claim.job_id,
                    project_id="gone" if job is None else job.project_id,
                    attempt=claim.attempt,
                    data=data,
                    failure=BROKEN if broken else None,
                    children=0 if job is None else job.children,
                )
            )
            expected.append(known is not None)
            if known is not None:
                known.state = State.FAILED if broken else State.COMPLETED
                known.result = data
                known.attempts[-1] = "failed" if broken else "finished"
        assert self.store.submit(lambda c: changes.publish(c, answers)).result() == expected

    @rule(claim=claims, loss=st.booleans())
    def release(self, claim: Claim, loss: bool) -> None:
        known = self.holds(claim)
        changed = self.store.submit(
            lambda c: changes.release(c, claim, "lost", "it died", loss=loss)
        ).result()
        assert changed == (known is not None)
        if known is not None:
            known.state = State.READY
            known.losses += loss
            known.attempts[-1] = "lost"

    @rule(claim=claims)
    def extend(self, claim: Claim) -> None:
        self.store.submit(lambda c: changes.extend_leases(c, [claim], now() + 10**9)).result()

    @rule(job_id=ids, fail=st.booleans())
    def end(self, job_id: str, fail: bool) -> None:
        known = self.jobs.get(job_id)
        change = (lambda c: changes.fail(c, job_id, BROKEN)) if fail else (
            lambda c: changes.cancel(c, job_id)
        )  # fmt: skip
        changed = self.store.submit(change).result()
        assert changed == (known is not None and known.state not in FINAL)
        if changed and known is not None:
            if known.state is State.STARTED:
                known.attempts[-1] = "failed" if fail else "killed"
            known.state = State.FAILED if fail else State.CANCELED

    @rule(job_id=consumes(ids))
    def delete(self, job_id: str) -> None:
        known = self.jobs.get(job_id)
        if known is None or known.state not in FINAL:
            return
        project = known.job.project_id
        self.store.submit(lambda c: changes.remove(c, project, [job_id])).result()
        del self.jobs[job_id]
        self.deleted.add(job_id)

    @rule()
    def crash(self) -> None:
        """What is on the disk at this moment is what a killed process leaves behind."""
        copy = Path(tempfile.mkdtemp())
        for file in self.folder.glob("ketway.sqlite3*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, copy)
        self.store.close()
        shutil.rmtree(self.folder)
        self.folder = copy
        self.store = Store(copy)
        self.store.open()

    @invariant()
    def rows_agree_with_the_model(self) -> None:
        found = {job.id: job for job in self.store.read(self._all)}
        assert set(found) == set(self.jobs)
        for job_id, known in self.jobs.items():
            job = found[job_id]
            assert (job.state, job.attempt, job.losses) == (
                known.state,
                known.attempt,
                known.losses,
            )
            assert (job.completed_at is not None) == (job.state in FINAL)
            assert (job.started_at is not None) <= (known.attempt > 0)
            self._check_record(known)
        waiting = [job_id for job_id, known in self.jobs.items() if known.state not in FINAL]
        assert [job.id for job in self.store.read(queries.open_jobs)] == sorted(waiting)

    @staticmethod
    def _all(connection: object) -> list[Job]:
        rows = connection.execute(  # type: ignore[attr-defined]
            select(schema.jobs.c.id).where(schema.jobs.c.parent_id.is_(None))
        ).scalars()
        found = (queries.job_of_any_project(connection, row) for row in rows)  # type: ignore[arg-type]
        return [job for job in found if job is not None]

    def _check_record(self, known: Expected) -> None:
        job_id = known.job.id
        result = self.store.read(lambda c: queries.result(c, job_id))
        assert (None if result is None else result[0]) == known.result
        attempts = self.store.read(lambda c: queries.attempts_of(c, job_id))
        assert [a.state for a in attempts] == known.attempts
        assert [a.number for a in attempts] == list(range(1, known.attempt + 1))
        for attempt in attempts:
            assert (attempt.ended_at is not None) == (attempt.state in ENDINGS)
        kinds = [State(e.kind) for e in self.store.read(lambda c: queries.events_of(c, job_id))]
        assert kinds[0] is State.SUBMITTED
        assert kinds[-1] is known.state
        assert all(b in TRANSITIONS[a] for a, b in pairwise(kinds)), kinds
        for kid in self.store.read(lambda c: queries.children(c, job_id)):
            assert kid.state is known.state or (
                known.state is State.FAILED and known.result is not None
            )

    @invariant()
    def nothing_is_left_of_what_was_deleted(self) -> None:
        for table in (schema.payloads, schema.results, schema.attempts):
            owners = set(self.store.read(
                lambda c, table=table: list(c.execute(select(table.c.job_id)).scalars())
            ))  # fmt: skip
            assert owners <= set(self.jobs)


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    # Rules that need a job or a claim are passed over until there is one.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
