"""QPUs that take their time, on a clock that is moved by hand, against a plain model of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import insert

from ketway.app import App
from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.jobs.job import Job, State
from ketway.jobs.session import Limits, Session
from ketway.service.accounts import Accounts, Principal
from ketway.service.sessions import NewSession
from ketway.service.submission import Submission
from ketway.settings import Settings
from ketway.store.schema import users

SECOND = 1_000_000
DAWN = 1_800_000_000 * SECOND
TTL = 60
"""Seconds without a job until a session lets others use its device."""

# Seconds by the catalogue: a reset and a reading, a one-qubit gate, a two-qubit gate.
TIMES = {"qpu.aria-1": (0.0003 + 0.00002, 0.000135, 0.0006),
         "qpu.forte-1": (0.00015 + 0.00002, 0.00013, 0.00097)}  # fmt: skip
DEVICES = list(TIMES)


def circuit(ones: int, twos: int) -> Circuit:
    builder = Builder(2)
    for _ in range(ones):
        builder.add(Kind.RX, (0,), (0.5,))
    for _ in range(twos):
        builder.add(Kind.X, (1,), controls=(0,))
    return builder.circuit()


# -- the model ------------------------------------------------------------------------------------


@dataclass
class Ask:
    """A job, as somebody wants it."""

    at: int
    user: int
    device: str
    ones: int
    twos: int
    shots: int
    session: int | None = None
    start: int | None = None
    end: int | None = None

    @property
    def micros(self) -> int:
        fixed, one, two = TIMES[self.device]
        return round(self.shots * (fixed + self.ones * one + self.twos * two) * SECOND)

    @property
    def cost(self) -> float:
        gates = self.shots * (self.ones * 0.000220 + self.twos * 0.000975)
        return round(max(12.4166, gates), 4)


@dataclass
class Group:
    """A session: who owns it, how many jobs it takes, and when it is ended by hand."""

    user: int
    device: str
    most: int | None = None
    ended: int | None = None
    joined: int = 0


@dataclass
class Bench:
    """One device: a queue, a clock, one job at a time."""

    waiting: list[Ask] = field(default_factory=list)
    running: Ask | None = None
    holder: int | None = None
    free_at: int | None = None
    """When its session lets go of it."""
    used: dict[int, int] = field(default_factory=dict)
    present: int = 0

    def come(self, ask: Ask) -> None:
        if not any(one.user == ask.user for one in self.waiting):
            self.used[ask.user] = max(self.used.get(ask.user, 0), self.present)
        self.waiting.append(ask)
        if ask.session == self.holder:
            self.free_at = None

    def choose(self) -> Ask | None:
        may = [one for one in self.waiting if self.holder in (None, one.session)]
        first: dict[int, Ask] = {}
        for one in may:
            first.setdefault(one.user, one)
        return min(first.values(), key=lambda one: (self.used[one.user], one.at), default=None)


def simulate(asks: list[Ask], groups: list[Group]) -> None:
    """Gives each its start and its end; those that are canceled have none."""
    benches = {name: Bench() for name in DEVICES}
    moments = sorted({ask.at for ask in asks} | {g.ended for g in groups if g.ended is not None})
    queue = sorted(asks, key=lambda ask: ask.at)
    while moments:
        now = moments.pop(0)
        later = set(moments)
        for name, bench in benches.items():
            if bench.running is not None and bench.running.end == now:
                done, bench.running = bench.running, None
                group = None if done.session is None else groups[done.session]
                if group is not None and not any(w.session == done.session for w in bench.waiting):
                    full = group.most is not None and group.joined >= group.most
                    over = group.ended is not None and group.ended <= now
                    bench.free_at = now if full or over else now + TTL * SECOND
                    later.add(bench.free_at)
            for group in groups:
                if group.ended == now and group.device == name:
                    mine = groups.index(group)
                    bench.waiting = [one for one in bench.waiting if one.session != mine]
                    if bench.holder == mine and bench.running is None:
                        bench.free_at = now
        while queue and queue[0].at == now:
            ask = queue.pop(0)
            if ask.session is not None:
                groups[ask.session].joined += 1
            benches[ask.device].come(ask)
        for bench in benches.values():
            if bench.free_at is not None and bench.free_at <= now:
                bench.holder = bench.free_at = None
            chosen = bench.choose() if bench.running is None else None
            if chosen is not None:
                chosen.start, chosen.end = now, now + chosen.micros
                begun = bench.used[chosen.user]
                bench.present = max(bench.present, begun)
                bench.used[chosen.user] = begun + chosen.micros
                bench.waiting.remove(chosen)
                bench.running = chosen
                if chosen.session is not None:
                    bench.holder, bench.free_at = chosen.session, None
                later.add(chosen.end)
        moments = sorted(later)


# -- the server -----------------------------------------------------------------------------------


class Place:
    def __init__(self, folder: Path) -> None:
        self.now = DAWN
        settings = Settings(data=folder, calibrate=False, clock="real", session_idle_seconds=TTL)
        self.app = App(settings, clock=lambda: self.now)

    async def open(self) -> None:
        await self.app.open()
        await self.app._warming
        me = Accounts(self.app.store).principal(None)
        self.people = [msgspec.structs.replace(me, user_id=f"{k:024d}") for k in range(10)]
        rows = [{"id": one.user_id, "name": f"user {k}", "project_id": me.project_id,
                 "key_id": me.key_id, "created_at": self.now}
                for k, one in enumerate(self.people)]  # fmt: skip
        await self.app.store.write(lambda c: c.execute(insert(users), rows))

    async def submit(self, who: Principal, ask: Ask, session: Session | None = None) -> Job:
        return await self.app.jobs.submit(
            who,
            Submission(
                dialect="ionq_v04",
                format="ionq.circuit.v1",
                backend=ask.device,
                circuits=[circuit(ask.ones, ask.twos)],
                shots=ask.shots,
                debias=False,
                session_id=None if session is None else session.id,
            ),
        )

    async def settles(self) -> None:
        """Whatever happens at this moment has happened."""
        dispatcher = self.app.dispatcher
        async with asyncio.timeout(30):
            quiet = 0
            while quiet < 2:
                await self.app.sessions.tick()
                dispatcher.seats.tick()
                await asyncio.sleep(0.001)
                busy = dispatcher._flying or not dispatcher.seats.at_rest
                quiet = 0 if busy else quiet + 1

    def job(self, job: Job) -> Job:
        return self.app.jobs.get(self.people[0], job.id)


def play(folder: Path, test: Callable[[Place], Awaitable[None]]) -> None:
    async def whole() -> None:
        place = Place(folder)
        await place.open()
        try:
            async with asyncio.timeout(240):
                await test(place)
        finally:
            await place.app.close()

    asyncio.run(whole())


def asks_of(seed: int, count: int, groups: list[Group]) -> list[Ask]:
    """Jobs of ten users that come faster than two devices take them; some in sessions."""
    draw = random.Random(seed)
    moments = sorted(draw.sample(range(1, 3000 * SECOND), count))
    asks = []
    left = {k: group.most for k, group in enumerate(groups)}
    for moment in moments:
        session = draw.choice([None, None, None, *range(len(groups))])
        if session is not None:
            group, rest = groups[session], left[session]
            if rest == 0:
                session = None
            elif rest is not None:
                left[session] = rest - 1
        user = draw.randrange(10) if session is None else groups[session].user
        device = draw.choice(DEVICES) if session is None else groups[session].device
        asks.append(Ask(DAWN + moment, user, device, draw.randrange(1, 20), draw.randrange(20),
                        draw.randrange(100, 2000), session))  # fmt: skip
    return asks


def test_three_hundred_jobs_of_ten_users_go_as_a_plain_model_says(tmp_path: Path) -> None:
    groups = [
        Group(user=0, device=DEVICES[0], most=12),
        Group(user=3, device=DEVICES[0]),
        Group(user=4, device=DEVICES[1]),
        Group(user=7, device=DEVICES[1], most=5),
    ]
    asks = asks_of(20261126, 300, groups)
    simulate(asks, groups)
    # The third is ended by hand while its second job waits.
    waited = [ask for ask in asks if ask.session == 2 and ask.start != ask.at][1]
    groups[2].ended = (waited.at + (waited.start or 0)) // 2
    for ask in asks:
        ask.start = ask.end = None
        if ask.session == 2 and ask.at > groups[2].ended:
            ask.session = None
    for group in groups:
        group.joined = 0
    simulate(asks, groups)

    async def test(place: Place) -> None:
        sessions = [
            await place.app.sessions.open(
                place.people[group.user],
                NewSession(dialect="ionq_v04", backend=group.device, mode="dedicated",
                           limits=Limits(jobs=group.most)),
            )
            for group in groups
        ]  # fmt: skip
        jobs: list[Job] = []
        known = {ask.at for ask in asks} | {g.ended for g in groups if g.ended is not None}
        known |= {ask.end for ask in asks if ask.end is not None}
        known |= {end + TTL * SECOND for end in {ask.end for ask in asks} if end is not None}
        coming = iter(asks)
        ask = next(coming, None)
        for moment in sorted(known):  # type: ignore[type-var]
            assert moment is not None
            place.now = moment
            await place.settles()
            for group, session in zip(groups, sessions, strict=True):
                if group.ended == moment:
                    await place.app.sessions.cancel(place.people[group.user], session.id)
                    await place.settles()
            while ask is not None and ask.at == moment:
                mine = None if ask.session is None else sessions[ask.session]
                jobs.append(await place.submit(place.people[ask.user], ask, mine))
                await place.settles()
                ask = next(coming, None)
        found = [place.job(job) for job in jobs]
        wrong = [
            (k, one.started_at, want.start)
            for k, (one, want) in enumerate(zip(found, asks, strict=True))
            if (one.started_at, one.completed_at if want.end else None) != (want.start, want.end)
        ]
        assert not wrong, f"{len(wrong)} of {len(found)}, the first: {wrong[:3]}"
        for one, want in zip(found, asks, strict=True):
            ran = want.start is not None
            assert one.state is (State.COMPLETED if ran else State.CANCELED)
            assert (one.busy_micros, one.cost) == (want.micros, want.cost)
        waits = [want.start - want.at for want in asks if want.start is not None]
        assert max(waits) > 600 * SECOND, "there was a queue"
        assert sum(want.start is None for want in asks) > 0, "the session that was ended had some"

    play(tmp_path, test)


def test_a_wait_that_is_predicted_is_the_wait_there_is(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        asks = [Ask(0, k % 3, DEVICES[0], 5, 10, 1000 + 100 * k) for k in range(9)]
        jobs = [await place.submit(place.people[ask.user], ask) for ask in asks]
        await place.settles()
        seats = place.app.dispatcher.seats
        predicted = {job.id: seats.wait_micros(job.id) for job in jobs}
        total = seats.queue_micros(DEVICES[0])
        assert total == sum(ask.micros for ask in asks)
        assert seats.queue_micros(DEVICES[1]) == 0
        while (nearest := seats.tick()) is not None:
            place.now = nearest
            await place.settles()
        for job in map(place.job, jobs):
            assert job.started_at is not None
            assert job.started_at - job.submitted_at == predicted[job.id]
        assert place.now == DAWN + total

    play(tmp_path, test)


def test_who_is_canceled_makes_room_at_once(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        ask = Ask(0, 0, DEVICES[0], 5, 10, 1000)
        first, second, third = [await place.submit(place.people[0], ask) for _ in range(3)]
        await place.settles()
        assert place.job(first).state is State.STARTED
        assert place.job(second).state is State.READY
        await place.app.jobs.cancel(place.people[0], second.id)
        await place.app.jobs.cancel(place.people[0], first.id)
        await place.settles()
        assert [place.job(one).state for one in (first, second)] == [State.CANCELED] * 2
        assert place.job(third).state is State.STARTED
        place.now += ask.micros
        await place.settles()
        assert place.job(third).state is State.COMPLETED

    play(tmp_path, test)


def test_a_server_that_stops_puts_back_who_sits(tmp_path: Path) -> None:
    async def before(place: Place) -> None:
        ask = Ask(0, 0, DEVICES[0], 5, 10, 1000)
        for _ in range(2):
            await place.submit(place.people[0], ask)
        await place.settles()

    play(tmp_path, before)

    async def whole() -> None:
        place = Place(tmp_path)
        await place.app.open()
        await place.app._warming
        me = Accounts(place.app.store).principal(None)
        place.people = [me]
        await place.settles()
        found = sorted(place.app.dispatcher._jobs.values(), key=lambda job: job.id)
        jobs = [place.job(job) for job in found]
        assert [job.state for job in jobs] == [State.STARTED, State.READY]
        assert [job.losses for job in jobs] == [0, 0]
        for _ in range(2):
            place.now += jobs[0].busy_micros or 0
            await place.settles()
        assert [place.job(job).state for job in jobs] == [State.COMPLETED] * 2
        await place.app.close()

    asyncio.run(whole())
