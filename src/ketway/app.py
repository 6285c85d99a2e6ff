"""Puts it together: the store, the services, the dispatcher, the dialects."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, Router

from ketway.checks import server_checks
from ketway.devices import loading
from ketway.dialects.control import routes as control
from ketway.dialects.control.wire import Health, iso
from ketway.dialects.ibm_runtime import routes as ibm_runtime
from ketway.dialects.ibm_runtime.legacy import Legacy
from ketway.dialects.ibm_runtime.signing_in import SigningIn
from ketway.dialects.ionq_v03 import routes as ionq_v03
from ketway.dialects.ionq_v03.legacy import Legacy as IonqLegacy
from ketway.dialects.ionq_v04 import routes as ionq_v04
from ketway.engines.planner import Machine
from ketway.execution.calibrating import calibration
from ketway.execution.executor import Executor
from ketway.execution.local import LocalExecutor
from ketway.jobs.ids import now
from ketway.scheduling.dispatcher import Dispatcher
from ketway.service.accounts import Accounts
from ketway.service.backends import Backends
from ketway.service.jobs import Jobs, Limits
from ketway.service.noise_models import NoiseModels
from ketway.service.sessions import Sessions
from ketway.service.spending import Spending
from ketway.service.tokens import Tokens
from ketway.service.usage import Usage
from ketway.service.watch import Watch
from ketway.service.workloads import Workloads
from ketway.settings import Settings, devices_folder
from ketway.store.store import Store
from ketway.version import VERSION

log = logging.getLogger("ketway.app")

BENEFIT = 3.0
"""A plan's seconds are right within about this factor, and for one thread: a job is refused for
them only if it would not be done in time at the best of it."""


class App:
    """A whole Ketway: an ASGI application, and what it needs to be opened and closed."""

    def __init__(
        self,
        settings: Settings,
        executor: Executor | None = None,
        clock: Callable[[], int] = now,
    ) -> None:
        """`clock` is the time of jobs and sessions, in microseconds since 1970."""
        self.settings = settings
        self.clock = clock
        self.url = ""
        self.store = Store(settings.data)
        self.executor = executor or LocalExecutor(
            settings.workers, settings.memory, force_spawn=settings.force_spawn
        )
        self._status: Literal["starting", "ok", "broken"] = "starting"
        self._started_at: int | None = None

    async def open(self) -> None:
        """Everything is ready to serve when this returns, but for the zygote, which warms up."""
        self.store.open()
        catalogue = loading.load(devices_folder(self.settings))
        watch = Watch()
        machine = Machine(
            bytes=self.settings.memory,
            threads=self.settings.workers,
            seconds=self.settings.max_seconds * self.settings.workers * BENEFIT,
        )
        limits = Limits(self.settings.max_seconds, self.settings.max_qpu_seconds)
        noise_models = NoiseModels(self.store, catalogue)
        self.jobs = Jobs(self.store, noise_models, machine, limits, watch, self.clock)
        self.sessions = Sessions(self.store, self.settings, watch, self.clock)
        self.dispatcher = Dispatcher(
            self.store,
            self.executor,
            self.settings,
            self.jobs.work_of,
            self.jobs.when_read,
            self.jobs.limit_of,
            watch.changed,
            self.sessions.changed,
            self.clock,
        )
        self.jobs.attach(self.dispatcher)
        self.sessions.attach(self.dispatcher)
        self._router = self._make_router(
            Accounts(self.store), catalogue, Backends(catalogue, self.dispatcher), noise_models
        )
        self._started_at = now()
        self._warming = asyncio.create_task(self._warm_up())
        self._calibrating = asyncio.create_task(self._calibrate())

    async def _warm_up(self) -> None:
        try:
            await self.executor.open()
            await self.sessions.start()
            await self.dispatcher.start()
            self._status = "ok"
            await self.store.sweep()
        except Exception:
            # Said now, and raised when the server closes: until then it takes jobs, and keeps them.
            self._status = "broken"
            log.exception("no job will run: the executor could not be opened")
            raise

    async def _calibrate(self) -> None:
        """Jobs that came before were planned by another machine's speed, which is no harm."""
        await asyncio.wait([self._warming])
        if not self.settings.calibrate:
            return
        found = await calibration(self.settings.data)
        if found is not None:
            self.jobs.machine = msgspec.structs.replace(self.jobs.machine, paces=found.paces)

    async def close(self) -> None:
        """Interrupt what runs (the next start takes it up), finish all writes."""
        self._calibrating.cancel()
        await asyncio.wait([self._calibrating])
        try:
            await self._warming
            await self.dispatcher.stop()
        finally:
            await self.sessions.stop()
            await self.executor.close()
            self.store.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._router(scope, receive, send)

    def _make_router(
        self,
        accounts: Accounts,
        catalogue: loading.Catalogue,
        backends: Backends,
        noise_models: NoiseModels,
    ) -> Router:
        own = control.Routes(
            self.jobs, backends, noise_models, self.sessions, self._health, self._checks
        )
        spending = Spending(self.store, catalogue, self.clock)
        ionq = ionq_v04.Routes(self.jobs, backends, self.sessions, spending)
        largest = self.settings.max_body
        tokens = Tokens(self.settings.data)
        usage = Usage(self.store)
        ibm = ibm_runtime.Routes(
            self.jobs, backends, self.sessions, usage, Workloads(self.store)
        ).dialect(accounts, tokens, max(largest, self.settings.max_params))
        signing_in = SigningIn(accounts, tokens, backends)
        ibm_cloud = signing_in.dialect(largest)
        legacy = Legacy(self.jobs, usage, accounts, tokens)
        ibm_quantum = legacy.dialect(largest)
        ionq_legacy = IonqLegacy(self.jobs, backends).dialect(accounts, largest)
        dialects = {
            "/v0.4": ionq.dialect(accounts, largest),
            "/v0.3": ionq_v03.Routes(self.jobs, backends, usage).dialect(accounts, largest),
            "/v0.2": ionq_legacy,
            "/v0.1": ionq_legacy,
            **dict.fromkeys(ibm_runtime.PREFIXES, ibm),
            "/ketway/v1": own.dialect(accounts, largest),
        }

        async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
            """Paths that are nobody's, and those that no pattern matches, such as one with a line
            break, which still are to be refused in their dialect's words."""
            for prefix, dialect in dialects.items():
                if scope.get("path", "").startswith(f"{prefix}/"):
                    return await dialect.not_found(scope, receive, send)
            return await _nothing_here(scope, receive, send)

        return Router(
            [
                *(Route(o.path, ibm_cloud) for o in signing_in.operations()),
                # Within prefixes of the runtime, so before them.
                *(Route(o.path, ibm_quantum) for o in legacy.operations()),
                *(Mount(prefix, dialect) for prefix, dialect in dialects.items()),
                Route("/", self._front),
                Route("/livez", self._alive),
            ],
            redirect_slashes=False,
            default=elsewhere,
        )

    async def _front(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "name": "Ketway",
                "version": VERSION,
                "ionq_v04": "/v0.4",
                "ionq_v03": "/v0.3",
                "ibm_runtime": ibm_runtime.PREFIXES[0],
                "control": "/ketway/v1",
            }
        )

    async def _alive(self, _request: Request) -> Response:
        return Response("ok", media_type="text/plain")

    def _health(self) -> Health:
        return Health(
            status=self._status,
            version=VERSION,
            url=self.url,
            data=str(self.settings.data),
            started_at=iso(self._started_at),
            workers=self.settings.workers,
            pid=os.getpid(),
        )

    def _checks(self) -> Any:
        return server_checks(self.settings)


async def _nothing_here(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    answer = JSONResponse(
        {
            "error": "Not Found Error",
            "message": f"Nothing is served at {scope['path']}. IonQ's API is at /v0.4 and /v0.3, "
            f"IBM's at {ibm_runtime.PREFIXES[0]}, Ketway's own at /ketway/v1.",
            "statusCode": 404,
        },
        status_code=404,
    )
    await answer(scope, receive, send)
