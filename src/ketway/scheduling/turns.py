"""Whose turn it is on a QPU that takes as long as a QPU does: a pure policy, one job at a time.

It knows no clock and no store. Each device shares its time fairly: a user's time there grows by
what their started jobs take of it, and the next is the oldest job of the user whose time is least.
Who comes back after a pause starts at the present. A session that is active has the device to
itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import msgspec


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A job that waits for a device, or uses it."""

    job_id: str
    user: str
    device: str
    micros: int
    """How long it uses the device."""
    session: str | None = None
    exclusive: bool = False
    """Whether its session has the device to itself from its first job on."""


class _Device:
    def __init__(self) -> None:
        self.lanes: dict[str, OrderedDict[str, Turn]] = {}
        """What waits, by user, each in its order."""
        self.running: Turn | None = None
        self.holder: str | None = None
        """The session that has it to itself."""
        self.times: dict[str, int] = {}
        self.now = 0

    def come(self, turn: Turn, *, first: bool = False) -> None:
        lane = self.lanes.get(turn.user)
        if lane is None:
            lane = self.lanes[turn.user] = OrderedDict()
            self.times[turn.user] = max(self.times.get(turn.user, 0), self.now)
        lane[turn.job_id] = turn
        if first:
            lane.move_to_end(turn.job_id, last=False)

    def next(self) -> Turn | None:
        """Of the user whose time is least; of several, who has waited the longest."""
        heads = (head for lane in self.lanes.values() if (head := self._head(lane)) is not None)
        return min(heads, key=lambda turn: (self.times[turn.user], turn.job_id), default=None)

    def _head(self, lane: OrderedDict[str, Turn]) -> Turn | None:
        if self.holder is None:
            return next(iter(lane.values()))
        return next((turn for turn in lane.values() if turn.session == self.holder), None)

    def start(self, turn: Turn) -> None:
        begun = self.times[turn.user]
        self.now = max(self.now, begun)
        self.times[turn.user] = begun + turn.micros
        if turn.exclusive:
            self.holder = turn.session
        self.drop(turn)

    def drop(self, turn: Turn) -> None:
        lane = self.lanes[turn.user]
        del lane[turn.job_id]
        if not lane:
            del self.lanes[turn.user]
            if self.times[turn.user] <= self.now:  # as if never seen
                del self.times[turn.user]

    def find(self, job_id: str) -> Turn | None:
        return next((lane[job_id] for lane in self.lanes.values() if job_id in lane), None)

    def future(self) -> _Device:
        """A copy, to see what will happen."""
        other = _Device()
        other.lanes = {user: lane.copy() for user, lane in self.lanes.items()}
        other.times, other.holder, other.now = self.times.copy(), self.holder, self.now
        return other


class Turns:
    def __init__(self) -> None:
        self._devices: dict[str, _Device] = {}
        self._of: dict[str, str] = {}
        """The device of each job that waits or runs."""

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._of

    def push(self, turn: Turn, *, first: bool = False) -> None:
        """`first` puts one back that was started before, ahead of the others."""
        self._of[turn.job_id] = turn.device
        self._device(turn.device).come(turn, first=first)

    def take(self) -> list[Turn]:
        """Those that start now, one for each device that is free; `leave` is to be told of each."""
        found = []
        for device in self._devices.values():
            turn = None if device.running is not None else device.next()
            if turn is not None:
                device.start(turn)
                device.running = turn
                found.append(turn)
        return found

    def leave(self, job_id: str) -> Turn | None:
        """A job waits no more, or does not use its device any more."""
        device = self._devices.get(self._of.pop(job_id, ""))
        if device is None:
            return None
        turn = device.running
        if turn is not None and turn.job_id == job_id:
            device.running = None
            return turn
        turn = device.find(job_id)
        if turn is not None:
            device.drop(turn)
        return turn

    def running(self, job_id: str) -> Turn | None:
        device = self._devices.get(self._of.get(job_id, ""))
        running = None if device is None else device.running
        return running if running is not None and running.job_id == job_id else None

    def activate(self, session: str, device: str, *, exclusive: bool) -> None:
        """A session is active; said of those that were when a server stopped."""
        if exclusive:
            self._device(device).holder = session

    def rest(self, session: str, device: str) -> None:
        """A session is not active, or not any more. While a job of it runs that is not so, whoever
        says it."""
        found = self._devices.get(device)
        if found is None or found.holder != session:
            return
        if found.running is None or found.running.session != session:
            found.holder = None

    def waits(self, device: str, left: int) -> Iterator[tuple[str, int]]:
        """What will start there, in its order, and after how long, if nothing else comes; `left` is
        how long what runs there goes on. What a session keeps away begins when the jobs of that
        session are done, as far as anybody knows."""
        found = self._devices.get(device)
        if found is None:
            return
        future = found.future()
        while future.lanes:
            turn = future.next()
            if turn is None:
                future.holder = None
                continue
            yield turn.job_id, left
            future.start(turn)
            left += turn.micros

    def load(self, device: str) -> int:
        """How long everything that waits there will take."""
        found = self._devices.get(device)
        if found is None:
            return 0
        return sum(turn.micros for lane in found.lanes.values() for turn in lane.values())

    def device_of(self, job_id: str) -> str | None:
        return self._of.get(job_id)

    def _device(self, name: str) -> _Device:
        return self._devices.setdefault(name, _Device())
