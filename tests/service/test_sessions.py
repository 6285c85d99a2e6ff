"""Sessions with their jobs, on a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ketway.app import App
from ketway.jobs.job import Job, State
from ketway.jobs.session import Limits, Session, SessionState
from ketway.service.accounts import Accounts, Principal
from ketway.service.errors import NotFoundError, RefusedError, SessionClosedError
from ketway.service.sessions import NewSession
from ketway.service.submission import Submission
from ketway.settings import Settings

SECOND = 1_000_000
PARAMS = json.dumps({"pubs": [["OPENQASM 3.0; qubit q; bit c; c = measure q;", None, 5]]})
_LAYER = "".join(f"h q[{i}]; t q[{i}]; cx q[{i}], q[{(i + 1) % 26}];" for i in range(26))
LONG = json.dumps(
    {
        "pubs": [
            [
                'OPENQASM 3.0; include "stdgates.inc"; qubit[26] q; bit[26] c;'
                f"{_LAYER * 60} c = measure q;",
                None,
                5,
            ]
        ]
    }
)


class Place:
    """A whole Ketway whose sessions live by `now`."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000 * SECOND
        self.folder = folder
        self._make()

    def _make(self) -> None:
        settings = Settings(data=self.folder, calibrate=False)
        self.app = App(settings, clock=lambda: self.now)

    async def open(self) -> None:
        await self.app.open()
        self.me: Principal = Accounts(self.app.store).principal(None)

    async def again(self) -> None:
        await self.app.close()
        self._make()
        await self.open()

    async def session(self, mode: str = "dedicated", **more: object) -> Session:
        fields = {"dialect": "ibm_runtime", "backend": "ibmq_qasm_simulator", "mode": mode, **more}
        return await self.app.sessions.open(self.me, NewSession(**fields))  # type: ignore[arg-type]

    async def submit(self, session: Session | None, params: str = PARAMS, **more: object) -> Job:
        fields: dict[str, object] = {
            "dialect": "ibm_runtime", "format": "ibm.params", "routine": "sampler", "shots": 0,
            "backend": "ibmq_qasm_simulator", "source": params,
            "session_id": None if session is None else session.id, **more,
        }  # fmt: skip
        return await self.app.jobs.submit(self.me, Submission(**fields))  # type: ignore[arg-type]

    async def ended(self, job: Job) -> Job:
        found = await self.app.jobs.wait(self.me, job.id, 20)
        assert found.final
        return found

    def get(self, session: Session) -> Session:
        return self.app.sessions.get(self.me, session.id)

    async def becomes(self, session: Session, state: SessionState) -> Session:
        async with asyncio.timeout(10):
            while (found := self.get(session)).state is not state:
                await asyncio.sleep(0.01)
        return found

    async def passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.app.sessions.poke()
        await asyncio.sleep(0)


def play(folder: Path, test: Callable[[Place], Awaitable[None]]) -> None:
    async def whole() -> None:
        place = Place(folder)
        await place.open()
        try:
            async with asyncio.timeout(60):
                await test(place)
        finally:
            await place.app.close()

    asyncio.run(whole())


def test_a_session_rests_and_wakes_and_its_time_ends(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        session = await place.session(max_ttl=600, interactive_ttl=60)
        assert session.state is SessionState.OPEN
        assert (await place.ended(await place.submit(session))).state is State.COMPLETED
        await place.becomes(session, SessionState.ACTIVE)
        await place.passes(61)
        await place.becomes(session, SessionState.INACTIVE)
        await place.ended(await place.submit(session))
        await place.becomes(session, SessionState.ACTIVE)
        await place.again()  # the store is the truth
        assert place.get(session).state is SessionState.ACTIVE
        await place.passes(600)
        closed = await place.becomes(session, SessionState.CLOSED)
        assert closed.why == "max_ttl"
        with pytest.raises(SessionClosedError, match="its time is over"):
            await place.submit(session)

    play(tmp_path, test)


def test_a_dedicated_session_keeps_others_waiting_until_it_rests(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        session = await place.session(interactive_ttl=60)
        await place.ended(await place.submit(session))
        other = await place.submit(None)
        elsewhere = await place.submit(None, backend="simulator_statevector")
        assert (await place.ended(elsewhere)).state is State.COMPLETED
        assert not (await place.app.jobs.wait(place.me, other.id, 0.3)).final
        await place.ended(await place.submit(session))  # its own still run
        await place.passes(61)
        assert (await place.ended(other)).state is State.COMPLETED

    play(tmp_path, test)


def test_closing_runs_what_waits_and_cancelling_does_not(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        for cancels in (False, True):
            session = await place.session()
            running = await place.submit(session, LONG)
            async with asyncio.timeout(20):
                while place.app.jobs.get(place.me, running.id).state is not State.STARTED:
                    await asyncio.sleep(0.01)
            waiting = [await place.submit(session, LONG) for _ in range(3)]
            verb = place.app.sessions.cancel if cancels else place.app.sessions.close
            await verb(place.me, session.id)
            assert not place.get(session).accepting_jobs
            with pytest.raises(SessionClosedError):
                await place.submit(session)
            states = [place.app.jobs.get(place.me, job.id).state for job in waiting]
            assert (State.CANCELED in states) is cancels
            assert place.get(session).state is SessionState.ACTIVE  # one runs
            for job in (running, *waiting):
                await place.app.jobs.cancel(place.me, job.id)
            await place.becomes(session, SessionState.CLOSED)

    play(tmp_path, test)


def test_an_unused_session_and_one_with_limits_end(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        unused, limited = await place.session(), await place.session(limits=Limits(jobs=1))
        await place.ended(await place.submit(limited))
        assert (await place.becomes(limited, SessionState.CLOSED)).why == "limits"
        await place.passes(31 * 60)
        assert (await place.becomes(unused, SessionState.CLOSED)).why == "unused"

    play(tmp_path, test)


def test_what_a_session_is_not_for(tmp_path: Path) -> None:
    async def test(place: Place) -> None:
        session = await place.session("batch")
        with pytest.raises(RefusedError, match="is one on ibmq_qasm_simulator"):
            await place.submit(session, backend="simulator_mps")
        with pytest.raises(NotFoundError):
            place.app.sessions.get(place.me, "01a1fc6a-0840-7000-80e3-8afc2f5bfb27")
        with pytest.raises(NotFoundError):
            place.app.sessions.get(place.me, "nonsense")
        with pytest.raises(RefusedError, match="max_ttl"):
            await place.session(max_ttl=0)
        stranger = Principal("u", "01a1fc6a-0840-7000-80e3-8afc2f5bfb27", "k")
        with pytest.raises(NotFoundError):
            place.app.sessions.get(stranger, session.id)

    play(tmp_path, test)
