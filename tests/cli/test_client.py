from __future__ import annotations

import socket
import threading
from typing import Any

import pytest

from ketway.cli.address import normalised
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit


def refused(code: str, message: str, where: Any = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "where": where}}


def caught_from(url: str, *path: str) -> CommandError:
    with pytest.raises(CommandError) as caught, Client(url) as client:
        client.get(*(path or ("health",)))
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("127.0.0.1:8400", "http://127.0.0.1:8400"),
        ("http://localhost:8400/", "http://localhost:8400"),
        ("https://lab.example/ketway/", "https://lab.example/ketway"),
        ("http://[::1]:8400", "http://[::1]:8400"),
    ],
)
def test_urls_are_brought_to_one_spelling(typed: str, meant: str) -> None:
    assert normalised(typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "ftp://x", "http://", "http://a:b", "http://a:0", "http://a/?q=1", "http://a b/"]
)
def test_what_is_no_url_is_refused(typed: str) -> None:
    with pytest.raises(CommandError) as caught:
        normalised(typed)
    assert caught.value.exit_code is Exit.USAGE


def test_nobody_there() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    error = caught_from(url)
    assert error.message == (
        f"No Ketway answers at {url}. Start one with `ketway up`, or name another with --url."
    )
    assert (error.exit_code, error.code) == (Exit.UNREACHABLE, "unreachable")


def test_a_name_that_does_not_resolve() -> None:
    error = caught_from("http://no-such-host.invalid:1")
    assert error.exit_code is Exit.UNREACHABLE
    assert "No Ketway answers at http://no-such-host.invalid:1 (" in error.message


def test_something_that_does_not_speak_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def rant() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=rant)
        thread.start()
        error = caught_from(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert "does not speak HTTP" in error.message
    assert error.exit_code is Exit.UNREACHABLE


@pytest.mark.parametrize("body", [b"<html>", b"[1]", {"detail": "Not Found"}])
def test_another_server(fake: Any, body: Any) -> None:
    fake.answers["GET /health"] = (404, body)
    error = caught_from(fake.url)
    assert "is not a Ketway (HTTP 404" in error.message
    assert error.exit_code is Exit.UNREACHABLE


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [
        (400, Exit.USAGE),
        (401, Exit.USAGE),
        (404, Exit.USAGE),
        (409, Exit.FAILED),
        (413, Exit.USAGE),
        (429, Exit.UNREACHABLE),
        (500, Exit.UNREACHABLE),
        (503, Exit.UNREACHABLE),
    ],
)
def test_a_refusal_says_what_the_server_says(fake: Any, status: int, exit_code: Exit) -> None:
    fake.answers["GET /jobs/x"] = (status, refused("some-code", "Some sentence.", {"gate": 3}))
    error = caught_from(fake.url, "jobs", "x")
    assert (error.message, error.code, error.where) == ("Some sentence.", "some-code", {"gate": 3})
    assert error.exit_code is exit_code


def test_the_key_is_sent_and_only_when_there_is_one(
    fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.answers["GET /health"] = {}
    monkeypatch.delenv("KETWAY_API_KEY", raising=False)
    with Client(fake.url) as client:
        client.get("health")
    monkeypatch.setenv("KETWAY_API_KEY", "kw_1")
    with Client(fake.url) as client:
        client.get("health")
    assert [headers.get("Authorization") for _, _, headers in fake.seen] == [None, "Bearer kw_1"]


def test_a_key_cannot_smuggle_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KETWAY_API_KEY", "a\r\nX-Evil: 1")
    with pytest.raises(CommandError):
        Client("http://127.0.0.1:1")


def test_paths_and_queries_are_quoted(fake: Any) -> None:
    fake.answers["GET /jobs/a%2F..%2Fb"] = {"ok": 1}
    with Client(fake.url) as client:
        assert client.get("jobs", "a/../b", state="x&y", next=None, wait=2.5) == {"ok": 1}
    assert fake.seen[0][0] == "GET /jobs/a%2F..%2Fb?state=x%26y&wait=2.5"


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again_for_a_get() -> None:
    """The server answers one request per connection and closes it without a word."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        served = []

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    served.append(connection.recv(10_000).split()[0])
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with Client(f"http://127.0.0.1:{server.getsockname()[1]}") as client:
            assert client.get("health") == {}
            assert client.get("health") == {}
        thread.join()
    assert served == [b"GET", b"GET"]
