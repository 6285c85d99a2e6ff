"""Who is next: a pure policy over what waits. It knows no clock, no store and no process.

Fair share: each user has a virtual time that grows by the seconds that their started jobs are
expected to need; the next job is the oldest of the user whose time is least. A user who comes back
after a pause starts at the present, so that nobody saves up a right to block others.

Packing: a job must fit into the free memory. One that does not fit lets smaller ones pass, but only
`PATIENCE` times; after that nothing starts until it fits.

Bundles: what is expected to take milliseconds shares a process with others like it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

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

    @property
    def small(self) -> bool:
        return not self.alone and self.seconds <= SMALL_SECONDS and self.bytes <= SMALL_BYTES


class Queue:
    """Everything that waits, and the choice among it."""

    def __init__(self) -> None:
        self._users: dict[str, OrderedDict[str, Waiting]] = {}
        self._times: dict[str, float] = {}
        self._now = 0.0
        self._waiting: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._waiting

    def push(self, waiting: Waiting, *, first: bool = False) -> None:
        """Add a job; `first` puts one back that was already started, ahead of its user's others."""
        mine = self._users.get(waiting.user)
        if not mine:
            mine = self._users[waiting.user] = OrderedDict()
            self._times[waiting.user] = max(self._times.get(waiting.user, 0.0), self._now)
        mine[waiting.job_id] = waiting
        if first:
            mine.move_to_end(waiting.job_id, last=False)
        self._waiting[waiting.job_id] = waiting

    def discard(self, job_id: str) -> Waiting | None:
        waiting = self._waiting.pop(job_id, None)
        if waiting is not None:
            self._forget(waiting)
        return waiting

    def ahead_of(self, job_id: str) -> int:
        """How many jobs of the same user are before this one, and a fair part of the others'."""
        waiting = self._waiting[job_id]
        mine = list(self._users[waiting.user])
        place = mine.index(job_id)
        others = sum(
            min(len(jobs), place + 1) for user, jobs in self._users.items() if user != waiting.user
        )
        return place + others

    def take(self, free_bytes: int, *, gathering: bool = False) -> list[Waiting]:
        """The next bundle to start, or nothing if nothing may start in this much memory.

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
                count_passed=False,
            )
            if following is None:
                break
            bundle.append(self._start(following))
            seconds += following.seconds
            room -= following.bytes
        return bundle

    def _choose(
        self, fits: Callable[[Waiting], bool], *, count_passed: bool = True
    ) -> Waiting | None:
        """The first job that fits, by users' times; an impatient job that does not fit ends it."""
        passed: list[Waiting] = []
        for user in sorted(self._users, key=lambda user: self._times[user]):
            head = next(iter(self._users[user].values()))
            if fits(head):
                for waiting in passed:
                    waiting.passed += 1
                return head
            if count_passed:
                if head.passed >= PATIENCE:
                    return None
                passed.append(head)
        return None

    def _start(self, waiting: Waiting) -> Waiting:
        del self._waiting[waiting.job_id]
        self._now = max(self._now, self._times[waiting.user])
        self._times[waiting.user] += max(waiting.seconds, LEAST_SECONDS)
        self._forget(waiting)
        return waiting

    def _forget(self, waiting: Waiting) -> None:
        mine = self._users[waiting.user]
        del mine[waiting.job_id]
        if not mine:
            del self._users[waiting.user]
            if self._times[waiting.user] <= self._now:
                del self._times[waiting.user]
