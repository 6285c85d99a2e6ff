"""The dispatcher against the real store, with an executor that does what the test says.

Real processes are in `tests/execution` and `tests/acceptance`; here are the moments that those
cannot be made to hit.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from tests.scheduling.house import PATIENCE, House, play

from ketway.execution.bundle import Report
from ketway.execution.processes import CannotStartError, Reason
from ketway.jobs.failures import Code, Failure
from ketway.jobs.ids import now
from ketway.jobs.job import Job, State
from ketway.scheduling import dispatcher as module
from ketway.store import changes, schema
from ketway.store.changes import Payload


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.02)


LONG = 10.0
"""Seconds of a job that shares its process with no other."""


def test_what_is_submitted_is_run_and_answered(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        jobs = [await house.submit(seconds=LONG) for _ in range(3)]
        first, second = await house.executor.next(), await house.executor.next()
        assert house.executor.flights.empty()  # two slots
        assert (first.ids, second.ids) == ([jobs[0].id], [jobs[1].id])
        assert house.dispatcher.load() == {"simulator": (1, 2)}
        second.finish()
        third = await house.executor.next()
        first.finish()
        third.finish()
        for job in jobs:
            await house.until(job, State.COMPLETED)
            assert house.attempts(job) == ["finished"]
        async with asyncio.timeout(PATIENCE):
            while house.dispatcher.load():  # known to the store a moment before it is known here
                await asyncio.sleep(0.005)
        assert set(house.changed) == {job.id for job in jobs}

    play(tmp_path, test)


def test_memory_is_shared_out_but_an_empty_machine_takes_any_job(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        huge = await house.submit(seconds=LONG, size=5000)
        flight = await house.executor.next()
        assert flight.ids == [huge.id]
        assert flight.limits.bytes > 5000
        small = await house.submit(seconds=LONG, size=10)
        await asyncio.sleep(0.05)
        assert house.executor.flights.empty()
        flight.finish()
        assert (await house.executor.next()).ids == [small.id]

    play(tmp_path, test)


# -- cancelling at every moment -------------------------------------------------------------------


def test_a_job_that_waits_is_canceled_and_never_run(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        running = [await house.submit(seconds=LONG) for _ in range(2)]
        waiting = await house.submit(seconds=LONG)
        flights = [await house.executor.next() for _ in running]
        assert await house.dispatcher.cancel(waiting.id)
        assert not await house.dispatcher.cancel(waiting.id)
        for flight in flights:
            flight.finish()
        for job in running:
            await house.until(job, State.COMPLETED)
        assert house.executor.flights.empty()
        assert house.job(waiting).state is State.CANCELED

    play(tmp_path, test)


def test_a_job_is_canceled_while_it_is_claimed(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        await asyncio.sleep(0)  # the dispatcher takes it; its claim is on the way to the store
        assert await asyncio.wait_for(house.dispatcher.cancel(job.id), PATIENCE)
        assert house.job(job).state is State.CANCELED
        assert house.attempts(job) in ([], ["killed"])

    play(tmp_path, test)


def test_a_job_is_canceled_while_its_process_starts(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        house.executor.gate = asyncio.Event()
        job = await house.submit(seconds=LONG)
        await house.executor.starting.wait()
        canceling = asyncio.create_task(house.dispatcher.cancel(job.id))
        await asyncio.sleep(0.02)
        assert not canceling.done()
        house.executor.gate.set()
        assert await asyncio.wait_for(canceling, PATIENCE)
        assert (await house.executor.next()).kills == 1
        assert (house.job(job).state, house.attempts(job)) == (State.CANCELED, ["killed"])

    play(tmp_path, test)


def test_cancel_returns_only_when_the_process_is_dead(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        flight = await house.executor.next()
        died = asyncio.Event()

        def slowly() -> None:
            flight.kills += 1
            asyncio.get_running_loop().call_later(0.1, lambda: (died.set(), flight.end("killed")))

        flight.cancel = slowly  # type: ignore[method-assign]
        assert await house.dispatcher.cancel(job.id)
        assert died.is_set()
        flight.report(flight.bundle.works[0])  # what it still had to say is not heard
        await asyncio.sleep(0.02)
        assert house.job(job).state is State.CANCELED

    play(tmp_path, test)


def test_who_was_answered_before_the_cancel_stays_completed(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        flight = await house.executor.next()
        flight.report(flight.bundle.works[0])
        assert not await house.dispatcher.cancel(job.id)
        assert (house.job(job).state, house.attempts(job)) == (State.COMPLETED, ["finished"])

    play(tmp_path, test)


def test_neighbours_of_a_canceled_job_are_run_again_without_a_loss(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        house.executor.slots = 0
        jobs = [await house.submit() for _ in range(4)]
        house.executor.slots = 1
        house.dispatcher._wake.set()
        flight = await house.executor.next()
        assert flight.ids == [job.id for job in jobs]
        flight.report(flight.bundle.works[0])
        assert await house.dispatcher.cancel(jobs[1].id)
        again = await house.executor.next()
        assert set(again.ids) == {jobs[2].id, jobs[3].id}
        again.finish()
        for job in (jobs[0], jobs[2], jobs[3]):
            assert (await house.until(job, State.COMPLETED)).losses == 0
        assert house.attempts(jobs[2]) == ["interrupted", "finished"]

    play(tmp_path, test)


def test_one_job_canceled_by_many_at_once(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        await house.executor.next()
        said = await asyncio.gather(*(house.dispatcher.cancel(job.id) for _ in range(5)))
        assert sorted(said) == [False] * 4 + [True]

    play(tmp_path, test)


# -- processes that die ---------------------------------------------------------------------------


def test_members_of_a_bundle_that_died_are_tried_one_by_one(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        house.executor.slots = 0
        jobs = [await house.submit() for _ in range(3)]
        house.executor.slots = 1
        house.dispatcher._wake.set()
        flight = await house.executor.next()
        assert len(flight.ids) == 3
        flight.report(flight.bundle.works[0])
        flight.end("crashed")
        alone = []
        for _ in range(2):
            flight = await house.executor.next()
            alone.append(flight.ids)
            flight.finish()
        assert sorted(alone) == sorted([[jobs[1].id], [jobs[2].id]])
        for job in jobs:
            await house.until(job, State.COMPLETED)
        assert house.attempts(jobs[0]) == ["finished"]
        assert house.attempts(jobs[1]) == ["lost", "finished"]

    play(tmp_path, test)


@pytest.mark.parametrize("reason", ["crashed", "limit-memory", "finished"])
def test_a_job_that_is_lost_too_often_fails(tmp_path: Path, reason: Reason) -> None:
    async def test(house: House) -> None:
        job = await house.submit()
        for _ in range(3):
            (await house.executor.next()).end(reason)
        found = await house.until(job, State.FAILED)
        assert found.failure is not None
        assert found.failure.code is Code.SYSTEM_CANCEL
        assert "3 attempts" in found.failure.message
        assert house.attempts(job) == ["lost", "lost", "failed"]
        assert house.executor.flights.empty()

    play(tmp_path, test, max_losses=3)


def test_a_job_that_takes_too_long_fails_at_once(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        flight = await house.executor.next()
        assert flight.limits.seconds == 77
        flight.end("limit-time")
        found = await house.until(job, State.FAILED)
        assert found.failure is not None
        assert found.failure.code is Code.SIMULATION_TIMEOUT
        assert "77 seconds" in found.failure.message

    play(tmp_path, test, max_seconds=77.0)


def test_an_engines_failure_fails_the_job_and_is_no_loss(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit()
        flight = await house.executor.next()
        failure = Failure(Code.SIMULATION_ERROR, "It broke.")
        flight.report(flight.bundle.works[0], data=None, failure=failure)
        flight.end()
        found = await house.until(job, State.FAILED)
        assert (found.failure, found.losses) == (failure, 0)
        assert house.attempts(job) == ["failed"]

    play(tmp_path, test)


def test_what_cannot_be_started_waits_and_loses_nothing(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        house.executor.refuse = CannotStartError("no more processes")
        job = await house.submit()
        for _ in range(8):  # more often than a job may be lost
            house.executor.starting.clear()
            await asyncio.wait_for(house.executor.starting.wait(), PATIENCE)
        house.executor.refuse = None
        (await house.executor.next()).finish()
        assert (await house.until(job, State.COMPLETED)).losses == 0
        assert set(house.attempts(job)[:-1]) == {"interrupted"}

    play(tmp_path, test)


def test_a_job_that_cannot_be_made_ready_to_run_fails_without_its_neighbours(
    tmp_path: Path,
) -> None:
    async def test(house: House) -> None:
        house.executor.slots = 0
        good = await house.submit()
        bad = await house.submit(name="unrunnable")
        house.executor.slots = 1
        house.dispatcher._wake.set()
        (await house.executor.next()).finish()
        found = await house.until(bad, State.FAILED)
        assert found.failure is not None
        assert found.failure.code is Code.INTERNAL
        await house.until(good, State.COMPLETED)

    play(tmp_path, test)


# -- reading --------------------------------------------------------------------------------------


def test_a_program_is_read_and_then_run(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(state=State.SUBMITTED)
        reading = await house.executor.next()
        assert reading.bundle.works[0].task == "read"
        assert reading.limits.seconds == module.READING_SECONDS
        assert house.job(job).state is State.SUBMITTED
        reading.finish()
        running = await house.executor.next()
        assert running.bundle.works[0].task == "run"
        running.finish()
        await house.until(job, State.COMPLETED)

    play(tmp_path, test)


def test_a_program_that_kills_its_reader_fails_and_its_neighbours_do_not(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        house.executor.slots = 0
        jobs = [await house.submit(state=State.SUBMITTED) for _ in range(2)]
        house.executor.slots = 1
        house.dispatcher._wake.set()
        (await house.executor.next()).end("crashed")
        for _ in range(3):
            flight = await house.executor.next()
            if flight.ids == [jobs[0].id]:
                flight.end("crashed")
            else:
                flight.finish()
        found = await house.until(jobs[0], State.FAILED)
        assert found.failure is not None
        assert found.failure.code is Code.PREFLIGHT
        await house.until(jobs[1], State.COMPLETED)

    play(tmp_path, test)


def test_a_job_canceled_while_what_was_read_is_stored_is_not_run(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        stored = asyncio.Event()

        async def slowly(job: Job, _report: Report) -> Job | None:
            payload = Payload("program", b"", None)
            await house.store.write(lambda c: changes.make_ready(c, job, [], payload))
            await stored.wait()
            return msgspec.structs.replace(job, state=State.READY)

        house.read = slowly
        job = await house.submit(state=State.SUBMITTED)
        (await house.executor.next()).finish()
        await house.until(job, State.READY)
        assert await house.dispatcher.cancel(job.id)
        stored.set()
        other = await house.submit()
        flight = await house.executor.next()
        assert flight.ids == [other.id]
        assert house.job(job).state is State.CANCELED

    play(tmp_path, test)


# -- a store that cannot be written ---------------------------------------------------------------


@pytest.mark.parametrize("broken", [["claim"], ["release"], ["claim", "release"]])
def test_jobs_outlast_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: list[str]
) -> None:
    async def test(house: House) -> None:
        with monkeypatch.context() as patch:
            house.break_writes(patch, *broken)
            job = await house.submit(seconds=LONG)
            if "claim" not in broken:
                (await house.executor.next()).end("crashed")
            await asyncio.sleep(0.2)
        other = await house.submit(seconds=LONG)
        seen: set[str] = set()
        while seen != {job.id, other.id}:
            flight = await house.executor.next()
            seen |= set(flight.ids)
            flight.finish()
        await house.until(job, State.COMPLETED)
        await house.until(other, State.COMPLETED)

    play(tmp_path, test, lease_seconds=0.3)


def test_an_answer_that_could_not_be_stored_is_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        flight = await house.executor.next()
        with monkeypatch.context() as patch:
            house.break_writes(patch, "publish", "extend_leases")
            flight.finish()
            await asyncio.sleep(0.3)  # leases run out meanwhile, and their keeper must live on
        (await house.executor.next()).finish()
        found = await house.until(job, State.COMPLETED)
        assert (found.losses, house.attempts(job)) == (1, ["lost", "finished"])

    play(tmp_path, test, lease_seconds=0.3)


def test_a_cancel_that_could_not_be_stored_says_so_and_the_job_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test(house: House) -> None:
        house.executor.slots = 0
        job = await house.submit()
        with monkeypatch.context() as patch:
            house.break_writes(patch, "cancel")
            with pytest.raises(OperationalError):
                await house.dispatcher.cancel(job.id)
        house.executor.slots = 1
        (await house.executor.next()).finish()
        await house.until(job, State.COMPLETED)

    play(tmp_path, test)


# -- beginning and end ----------------------------------------------------------------------------


def test_a_start_takes_up_what_was_left(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        waiting = await house.submit(enqueue=False)
        unread = await house.submit(state=State.SUBMITTED, enqueue=False)
        started = await house.submit(enqueue=False)
        hopeless = await house.submit(enqueue=False)
        ids = [started.id, hopeless.id]
        await house.store.write(lambda c: changes.claim(c, ids, now()))
        losses = update(schema.jobs).where(schema.jobs.c.id == hopeless.id).values(losses=4)
        await house.store.write(lambda c: c.execute(losses) and None)
        await house.dispatcher.start()
        assert house.job(hopeless).state is State.FAILED
        while house.job(unread).state is not State.COMPLETED or (
            {house.job(job).state for job in (waiting, started)} != {State.COMPLETED}
        ):
            (await house.executor.next()).finish()
            await asyncio.sleep(0.05)
        assert house.attempts(started) == ["lost", "finished"]

    play(tmp_path, test, start=False)


def test_a_stop_puts_what_runs_back_and_starts_nothing_more(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        jobs = [await house.submit(seconds=LONG) for _ in range(4)]
        flights = [await house.executor.next() for _ in range(2)]
        flights[0].report(flights[0].bundle.works[0])
        await house.dispatcher.stop()
        assert house.executor.flights.empty()
        assert house.job(jobs[0]).state is State.COMPLETED
        for job in jobs[1:]:
            assert house.job(job).state is State.READY
        assert house.attempts(jobs[1]) == ["interrupted"]
        assert house.job(jobs[1]).losses == 0

    play(tmp_path, test)


def test_a_stop_waits_for_a_process_that_is_just_starting(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        house.executor.gate = asyncio.Event()
        job = await house.submit()
        await house.executor.starting.wait()
        stopping = asyncio.create_task(house.dispatcher.stop())
        await asyncio.sleep(0.02)
        house.executor.gate.set()
        await asyncio.wait_for(stopping, PATIENCE)
        assert (await house.executor.next()).kills >= 1
        assert (house.job(job).state, house.attempts(job)) == (State.READY, ["interrupted"])

    play(tmp_path, test)


def test_leases_of_what_runs_are_extended_and_others_taken_back(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        job = await house.submit(seconds=LONG)
        flight = await house.executor.next()
        ghost = await house.submit(enqueue=False)
        await house.store.write(lambda c: changes.claim(c, [ghost.id], now()))
        again = await house.executor.next()  # nobody ran the ghost, so it is taken back
        assert again.ids == [ghost.id]
        assert house.attempts(ghost) == ["lost", "running"]
        await asyncio.sleep(0.5)  # several leases long
        assert house.attempts(job) == ["running"]
        flight.finish()
        again.finish()
        await house.until(job, State.COMPLETED)
        await house.until(ghost, State.COMPLETED)

    play(tmp_path, test, lease_seconds=0.15)
