"""Who is next: a pure policy over what waits. It knows no clock, no store and no process.

Fair share: each user has a virtual time that grows by the seconds that their started jobs are
expected to need; the next job is the oldest of the user whose time is least. A user who comes back
after a pause starts at the present, so that nobody saves up a right to block others.

Sessions: what a user's active session has waiting goes ahead of that user's other jobs, which keeps
a batch together and costs nobody else their share. A dedicated session also needs its device empty:
when its turn comes, no other job starts there until those that run have ended, and while it is
active its device runs nothing else. Devices that no such session wants know nothing of all this.

Packing: a job must fit into the free memory. One that does not fit lets smaller ones pass, but only
`PATIENCE` times; after that nothing starts until it fits.

Bundles: what is expected to take milliseconds shares a process with others like it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

import msgspec

SMALL_SECONDS = 0.02
SMALL_BYTES = 64 << 20
"""What at most needs this much is small and may share a process."""
BUNDLE_SECONDS = 0.1
BUNDLE_JOBS = 64
PATIENCE = 100
"""How many jobs may pass one that waits for memory."""
LEAST_SECONDS = 0.001
"""What the smallest job costs its user's share: its process and its rows."""


class Waiting(msgspec.Struct, kw_only=True):
    """A job in the queue."""

    job_id: str
    user: str
    """Whose share it counts against."""
    bytes: int
    seconds: float
    alone: bool = False
    """It must not share a process: a process that it was in has died."""
    reading: bool = False
    """Its program text is to be read; it is not run yet."""
    passed: int = 0
    """How many jobs went ahead of it while it waited for memory."""
    device: str = ""
    """Where it runs; nowhere, if it is only read."""
    away: int = 0
    """How many jobs its device takes at once, if it runs elsewhere and needs no slot here."""
    session: str | None = None
    exclusive: bool = False
    """Whether its session has the device to itself."""

    @property
    def small(self) -> bool:
        if self.alone or self.away:
            return False
        return self.seconds <= SMALL_SECONDS and self.bytes <= SMALL_BYTES


class _User:
    """What waits of one user: a lane for each of their devices and sessions, and its own order in
    each, so that a lane which may not start yet holds up no other."""

    def __init__(self) -> None:
        self.lanes: dict[tuple[str, str | None], OrderedDict[str, int]] = {}
        """Jobs by their place in the user's order."""
        self._last = 0
        self._first = 0

    def push(self, waiting: Waiting, *, first: bool) -> None:
        if first:
            self._first -= 1
        else:
            self._last += 1
        lane = self.lanes.setdefault((waiting.device, waiting.session), OrderedDict())
        lane[waiting.job_id] = self._first if first else self._last
        if first:
            lane.move_to_end(waiting.job_id, last=False)

    def discard(self, waiting: Waiting) -> None:
        key = (waiting.device, waiting.session)
        lane = self.lanes[key]
        del lane[waiting.job_id]
        if not lane:
            del self.lanes[key]

    def heads(self, active: Callable[[str], bool]) -> list[str]:
        """The first job of each lane, in the order in which they would start."""
        if len(self.lanes) == 1:
            return [next(iter(lane)) for lane in self.lanes.values()]
        found = []
        for (_, session), lane in self.lanes.items():
            job_id, place = next(iter(lane.items()))
            found.append((session is None or not active(session), place, job_id))
        return [job_id for _, _, job_id in sorted(found)]

    def order(self) -> Iterator[tuple[int, str]]:
        for lane in self.lanes.values():
            for job_id, place in lane.items():
                yield place, job_id

    def __len__(self) -> int:
        return sum(map(len, self.lanes.values()))


class _Device:
    """Who uses a device, and who has it to themselves."""

    def __init__(self) -> None:
        self.running: dict[str | None, int] = {}
        """Jobs that run, by their session."""
        self.holder: str | None = None
        self.wanted_by: str | None = None
        """The dedicated session that has its turn, and waits for others' jobs to end."""

    def others(self, session: str) -> bool:
        return any(found != session for found in self.running)


class Queue:
    """Everything that waits, and the choice among it."""

    def __init__(self) -> None:
        self._users: dict[str, _User] = {}
        self._times: dict[str, float] = {}
        self._now = 0.0
        self._waiting: dict[str, Waiting] = {}
        self._devices: dict[str, _Device] = {}
        self._active: set[str] = set()
        self._away = 0
        """Jobs that wait for a device elsewhere."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._waiting

    def push(self, waiting: Waiting, *, first: bool = False) -> None:
        """Add a job; `first` puts one back that was already started, ahead of its user's others."""
        mine = self._users.get(waiting.user)
        if mine is None:
            mine = self._users[waiting.user] = _User()
            self._times[waiting.user] = max(self._times.get(waiting.user, 0.0), self._now)
        mine.push(waiting, first=first)
        self._waiting[waiting.job_id] = waiting
        self._away += bool(waiting.away)

    def discard(self, job_id: str) -> Waiting | None:
        waiting = self._waiting.pop(job_id, None)
        if waiting is not None:
            self._forget(waiting)
            self._want_no_more(waiting)
        return waiting

    def ahead_of(self, job_id: str) -> int:
        """How many jobs of the same user are before this one, and a fair part of the others'."""
        waiting = self._waiting[job_id]
        mine = [found for _, found in sorted(self._users[waiting.user].order())]
        place = mine.index(job_id)
        others = sum(
            min(len(jobs), place + 1) for user, jobs in self._users.items() if user != waiting.user
        )
        return place + others

    # -- sessions -----------------------------------------------------------------------------

    def activate(self, session: str, device: str, *, exclusive: bool) -> None:
        """A session is active, as it is when one of its jobs starts; said again at a restart."""
        self._active.add(session)
        if exclusive:
            self._device(device).holder = session

    def rest(self, session: str, device: str) -> None:
        """A session is not active, or not any more: its device is anybody's. While a job of it
        runs that is not so, whoever says it."""
        found = self._devices.get(device)
        if found is not None and session in found.running:
            return
        self._active.discard(session)
        if found is not None and found.holder == session:
            found.holder = None
            self._tidy(device, found)

    def ended(self, waiting: Waiting) -> None:
        """A job that was taken does not run any more."""
        found = self._devices.get(waiting.device)
        if waiting.reading or found is None or waiting.session not in found.running:
            return
        found.running[waiting.session] -= 1
        if not found.running[waiting.session]:
            del found.running[waiting.session]
        self._tidy(waiting.device, found)

    def _device(self, name: str) -> _Device:
        return self._devices.setdefault(name, _Device())

    def _tidy(self, name: str, device: _Device) -> None:
        if not device.running and device.holder is None and device.wanted_by is None:
            del self._devices[name]

    def _want_no_more(self, gone: Waiting) -> None:
        """A device is kept empty for a session only while a job of it waits."""
        found = self._devices.get(gone.device)
        if found is None or gone.session is None or found.wanted_by != gone.session:
            return
        lane = (gone.device, gone.session)
        if not any(lane in user.lanes for user in self._users.values()):
            found.wanted_by = None
            self._tidy(gone.device, found)

    def _may_start(self, waiting: Waiting, *, turn: bool) -> bool:
        """Whether its device is free for this job; `turn` says that it would be the next one."""
        if waiting.reading:
            return True
        device = self._devices.get(waiting.device)
        if device is None:
            return True
        if waiting.away and sum(device.running.values()) >= waiting.away:
            return False
        if device.holder is not None:
            return waiting.session == device.holder
        if device.wanted_by is not None and waiting.session != device.wanted_by:
            return False
        if not waiting.exclusive:
            return True
        assert waiting.session is not None, "what is exclusive is a session"
        if not device.others(waiting.session):
            return True
        if turn:
            device.wanted_by = waiting.session
        return False

    # -- the choice ---------------------------------------------------------------------------

    def take(self, free_bytes: int, *, gathering: bool = False) -> list[Waiting]:
        """The next bundle to start, or nothing if nothing may start in this much memory. Of each
        job, `ended` is to be told when it does not run any more.

        `gathering` says that a bundle of small jobs runs: then others wait for it to end, so that
        they share the next process, unless they fill one already.
        """
        first = self._choose(lambda w: w.bytes <= free_bytes)
        if first is None or (gathering and first.small and len(self) < BUNDLE_JOBS):
            return []
        bundle = [self._start(first)]
        if not first.small:
            return bundle
        seconds, room = first.seconds, free_bytes - first.bytes
        while len(bundle) < BUNDLE_JOBS and seconds < BUNDLE_SECONDS:
            following = self._choose(
                lambda w, room=room: (  # type: ignore[misc]
                    w.small and w.bytes <= room and w.reading == first.reading
                ),
                in_turn=False,
            )
            if following is None:
                break
            bundle.append(self._start(following))
            seconds += following.seconds
            room -= following.bytes
        return bundle

    def take_away(self) -> list[Waiting]:
        """The next job of a device elsewhere, where there is no slot for others."""
        found = None
        if self._away:
            found = self._choose(lambda _: True, in_turn=False, away=True)
        return [] if found is None else [self._start(found)]

    def _choose(
        self, fits: Callable[[Waiting], bool], *, in_turn: bool = True, away: bool = False
    ) -> Waiting | None:
        """The first job that fits, by users' times; an impatient job that does not fit ends it.

        Out of turn, to fill a bundle up, it is nobody's turn that is missed."""
        passed: list[Waiting] = []
        for user in sorted(self._users, key=lambda user: self._times[user]):
            head = self._head(user, turn=in_turn, away=away)
            if head is None:
                continue
            if fits(head):
                for waiting in passed:
                    waiting.passed += 1
                return head
            if in_turn:
                if head.passed >= PATIENCE:
                    return None
                passed.append(head)
        return None

    def _head(self, user: str, *, turn: bool, away: bool) -> Waiting | None:
        """The first of a user's jobs whose device is free for it; `away`: and elsewhere."""
        for job_id in self._users[user].heads(self._active.__contains__):
            waiting = self._waiting[job_id]
            if (waiting.away or not away) and self._may_start(waiting, turn=turn):
                return waiting
        return None

    def _start(self, waiting: Waiting) -> Waiting:
        del self._waiting[waiting.job_id]
        self._now = max(self._now, self._times[waiting.user])
        self._times[waiting.user] += max(waiting.seconds, LEAST_SECONDS)
        self._forget(waiting)
        if not waiting.reading:
            self._occupy(waiting)
        return waiting

    def _occupy(self, waiting: Waiting) -> None:
        device = self._device(waiting.device)
        device.running[waiting.session] = device.running.get(waiting.session, 0) + 1
        if waiting.session is not None:
            if device.wanted_by == waiting.session:
                device.wanted_by = None
            self.activate(waiting.session, waiting.device, exclusive=waiting.exclusive)

    def _forget(self, waiting: Waiting) -> None:
        self._away -= bool(waiting.away)
        mine = self._users[waiting.user]
        mine.discard(waiting)
        if not mine.lanes:
            del self._users[waiting.user]
            if self._times[waiting.user] <= self._now:
                del self._times[waiting.user]
