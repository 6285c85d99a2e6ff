from __future__ import annotations

import asyncio

from ketway.service.watch import Watch


def test_whoever_waits_for_a_job_is_woken_by_its_change_and_by_no_other() -> None:
    async def scenario() -> None:
        watch = Watch()
        first, second, other = (
            asyncio.create_task(watch.wait(name, 30)) for name in ("a", "a", "b")
        )
        await asyncio.sleep(0)
        watch.changed("a")
        await asyncio.wait_for(asyncio.gather(first, second), 10)
        assert not other.done()
        watch.changed("b")
        await asyncio.wait_for(other, 10)

    asyncio.run(scenario())


def test_waiting_ends_by_itself_and_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        watch = Watch()
        await watch.wait("a", 0.01)
        given_up = asyncio.create_task(watch.wait("a", 30))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        watch.changed("a")
        assert not watch._waiting

    asyncio.run(scenario())
