"""Sessions in the queue: who has a device to themselves has it alone, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ketway.scheduling.policy import Queue, Waiting

PLENTY = 1 << 40
USERS = ("a", "b", "c")
DEVICES = ("x", "y")
SESSIONS = {
    "dx": ("x", True),
    "dx2": ("x", True),
    "dy": ("y", True),
    "bx": ("x", False),
    "by": ("y", False),
}
"""Their devices, and whether they are dedicated."""


def job(name: str, session: str | None = None, device: str = "x", user: str = "a") -> Waiting:
    exclusive = False
    if session is not None:
        device, exclusive = SESSIONS[session]
    return Waiting(
        job_id=name, user=user, bytes=1, seconds=1.0, device=device, session=session,
        exclusive=exclusive,
    )  # fmt: skip


def filled(jobs: Sequence[Waiting]) -> Queue:
    queue = Queue()
    for one in jobs:
        queue.push(one)
    return queue


def taken(queue: Queue) -> str | None:
    found = queue.take(PLENTY)
    return found[0].job_id if found else None


def test_others_wait_while_a_dedicated_session_is_active() -> None:
    first, other = job("s1", "dx"), job("o", user="b")
    queue = filled([first, other, job("elsewhere", device="y", user="b")])
    assert taken(queue) == "s1"
    assert taken(queue) == "elsewhere"
    assert taken(queue) is None
    queue.ended(first)
    assert taken(queue) is None  # it is active still
    queue.push(job("s2", "dx"))
    assert taken(queue) == "s2"
    queue.ended(job("s2", "dx"))
    queue.rest("dx", "x")
    assert taken(queue) == "o"


def test_a_dedicated_session_waits_for_the_device_and_nobody_slips_in() -> None:
    running = job("o1", user="b")
    queue = filled([running])
    assert taken(queue) == "o1"
    queue.push(job("s1", "dx"))
    assert taken(queue) is None
    queue.push(job("o2", user="b"))
    assert taken(queue) is None  # the device is kept empty for the session
    queue.ended(running)
    assert taken(queue) == "s1"


def test_a_session_that_gives_up_gives_the_device_back() -> None:
    running = job("o1", user="b")
    queue = filled([running])
    assert taken(queue) == "o1"
    queue.push(job("s1", "dx"))
    assert taken(queue) is None
    queue.discard("s1")
    queue.push(job("o2", user="b"))
    assert taken(queue) == "o2"


def test_a_batch_keeps_its_jobs_together_and_holds_nobody_out() -> None:
    queue = filled([job("b1", "bx"), job("mine"), job("b2", "bx"), job("other", user="b")])
    found = [taken(queue) for _ in range(4)]
    assert found.index("b2") < found.index("mine")
    assert found.index("other") <= 1


def test_what_rests_while_a_job_of_it_runs_does_not_rest() -> None:
    first = job("s1", "dx")
    queue = filled([first, job("o", user="b")])
    assert taken(queue) == "s1"
    queue.rest("dx", "x")
    assert taken(queue) is None
    queue.ended(first)
    queue.rest("dx", "x")
    assert taken(queue) == "o"


class Sessions(RuleBasedStateMachine):
    """Any order of events, beside a plain account of who runs where."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.waiting: dict[str, Waiting] = {}
        self.running: dict[str, Waiting] = {}
        self.holders: dict[str, str] = {}
        self.number = 0

    @rule(
        user=st.sampled_from(USERS),
        session=st.sampled_from((None, *SESSIONS)),
        device=st.sampled_from(DEVICES),
    )
    def push(self, user: str, session: str | None, device: str) -> None:
        self.number += 1
        one = job(f"j{self.number}", session, device, user)
        self.queue.push(one)
        self.waiting[one.job_id] = one

    @rule()
    def take(self) -> None:
        for one in self.queue.take(PLENTY):
            del self.waiting[one.job_id]
            holder = self.holders.get(one.device)
            assert holder in (None, one.session), "a device that is held runs its holder's jobs"
            if one.exclusive:
                assert one.session is not None
                others = {r.session for r in self.running.values() if r.device == one.device}
                assert others <= {one.session}, "who has a device to themselves has it alone"
                self.holders[one.device] = one.session
            self.running[one.job_id] = one

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: Any) -> None:
        one = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        self.queue.ended(one)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def discard(self, data: Any) -> None:
        name = data.draw(st.sampled_from(sorted(self.waiting)))
        assert self.queue.discard(name) is not None
        del self.waiting[name]

    @rule(session=st.sampled_from(tuple(SESSIONS)))
    def rest(self, session: str) -> None:
        device, _ = SESSIONS[session]
        self.queue.rest(session, device)
        runs = any(one.session == session for one in self.running.values())
        if not runs and self.holders.get(device) == session:
            del self.holders[device]

    @invariant()
    def nothing_is_lost(self) -> None:
        assert len(self.queue) == len(self.waiting)

    def teardown(self) -> None:
        """When what runs ends and whoever rests rests, everything that waits is taken."""
        for _ in range(3 * self.number + 10):
            if not self.waiting:
                return
            for one in list(self.running.values()):
                self.queue.ended(one)
            self.running.clear()
            for session, (device, _) in SESSIONS.items():
                self.queue.rest(session, device)
            self.holders.clear()
            self.take()
        assert not self.waiting, "nobody waits for ever"


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
