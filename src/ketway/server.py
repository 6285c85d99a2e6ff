"""Serves a Ketway: takes the data folder for itself, listens, and stops cleanly when told to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import uvicorn

from ketway.app import App
from ketway.devices.loading import CatalogueError
from ketway.settings import Settings
from ketway.store.store import StoreError

log = logging.getLogger("ketway.server")

LOCK = "server.lock"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
GRACE = 5
"""Seconds that open requests have to end when the server stops."""
IDLE = 75
"""Seconds that a connection is kept between requests: longer than SDKs wait between two polls, so
that none is closed just as the next request is sent on it."""


class ServerError(Exception):
    """The server cannot start; the message says why and what to do."""


def serve(settings: Settings, announce: Callable[[str], None]) -> int:
    """Serve until SIGINT or SIGTERM. `announce` is called with the address once it is ready."""
    _check_address(settings)
    with contextlib.ExitStack() as stack:
        stack.enter_context(_own(settings.data))
        listener = stack.enter_context(contextlib.closing(_listen(settings)))
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                return runner.run(_serve(settings, listener, announce))
        except (StoreError, CatalogueError) as error:
            raise ServerError(str(error)) from None


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


def _protocol() -> Any:
    try:
        from ketway.protocol import Protocol
    except ImportError:  # Windows has no httptools
        return "auto"
    return Protocol


async def _serve(
    settings: Settings, listener: socket.socket, announce: Callable[[str], None]
) -> int:
    # The writer's thread and the event loop take turns at the interpreter; the default turn of
    # 5 ms would be most of the time that a client waits for its job to be accepted.
    sys.setswitchinterval(0.0005)
    app = App(settings)
    app.url = _url(listener)
    await app.open()
    server = _Server(
        uvicorn.Config(
            app,
            http=_protocol(),
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=GRACE,
            timeout_keep_alive=IDLE,
            server_header=False,
            proxy_headers=False,
            date_header=True,
        ),
        lambda: announce(app.url),
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: uvicorn's own handlers do
            loop.add_signal_handler(number, server.stop)
    try:
        await server.serve(sockets=[listener])
    finally:
        await app.close()
    return 0


class _Server(uvicorn.Server):
    """Uvicorn, with our signal handlers, and a word when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn would raise the signal again when it has stopped; we end with exit code 0."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        if self.should_exit:
            self.force_exit = True  # asked twice: do not wait for open requests
        self.should_exit = True


def _check_address(settings: Settings) -> None:
    if settings.host not in LOOPBACK:
        raise ServerError(
            f"Ketway does not listen on {settings.host} yet: anyone who reaches it could use it, "
            "since it has no keys. Use --host 127.0.0.1, and a tunnel from elsewhere."
        )


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ServerError(
            f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}). Another "
            "Ketway may be running; stop it, or name another port with --port."
        ) from None
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextlib.contextmanager
def _own(folder: Path) -> Iterator[None]:
    """Hold the data folder: two servers on one folder would run every job twice."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+b")
    except OSError as error:
        raise ServerError(
            f"The data folder {folder} cannot be used ({error.strerror}). Name another with --data."
        ) from None
    with lock:
        if not _lock(lock):
            raise ServerError(
                f"Another Ketway uses the data folder {folder}. Stop it, or name another folder "
                "with --data."
            )
        yield


def _lock(file: IO[bytes]) -> bool:
    """The lock goes with the process, however it ends."""
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _lock_on_windows(file: IO[bytes]) -> bool:
    import msvcrt

    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    return True
