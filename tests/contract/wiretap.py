"""What leaves this process: nothing but to this machine, and every request line is noted.

The SDKs stay untouched. They use three HTTP libraries between them, so the one place where all
their requests pass is the socket.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import sys
from collections.abc import Callable
from typing import Any

REQUEST_LINE = re.compile(rb"^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+) HTTP/1\.[01]\r\n")
NAMED = {"localhost", ""}


class OutsideWorldError(RuntimeError):
    """A test tried to reach another machine.

    Not an OSError: the SDKs retry those, some of them for an hour.
    """


class Wiretap:
    """The request lines that were sent, each with the SDK that was under test."""

    def __init__(self) -> None:
        self.sdk: str | None = None
        self.lines: set[tuple[str, str, str]] = set()

    def install(self) -> None:
        sys.addaudithook(refuse_outside)
        for name in ("send", "sendall"):
            setattr(socket.socket, name, self.watched(getattr(socket.socket, name)))

    def watched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def send(sock: socket.socket, data: Any, *rest: Any) -> Any:
            self.note(bytes(memoryview(data)[:2048]))
            return original(sock, data, *rest)

        return send

    def note(self, beginning: bytes) -> None:
        found = REQUEST_LINE.match(beginning)
        if found and self.sdk is not None:
            method, target = found.group(1).decode(), found.group(2).decode()
            self.lines.add((self.sdk, method, target.partition("?")[0]))


def refuse_outside(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if host is not None and not loopback(host):
        raise OutsideWorldError(
            f"A contract test tried to reach {host!r}. Only this machine may be reached: give the "
            "SDK the server's address by the means it documents."
        )


def loopback(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name in NAMED:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
