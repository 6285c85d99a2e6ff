from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ketway.service.accounts import Principal
from ketway.service.errors import UnauthorizedError
from ketway.service.tokens import FILE, LIFE, Tokens

SOMEBODY = Principal("u-1", "p-1", "k-1", "a key")
AT = 1_790_000_000


class Clock:
    def __init__(self) -> None:
        self.now = float(AT)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Tokens:
    return Tokens(tmp_path, clock)


def part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_is_a_json_web_token_by_the_book(tokens: Tokens, tmp_path: Path) -> None:
    header, claims, signature = tokens.issue(SOMEBODY).text.split(".")
    assert part(header) == {"alg": "HS256", "typ": "JWT"}
    assert (part(claims)["iat"], part(claims)["exp"]) == (AT, AT + LIFE)
    key = (tmp_path / FILE).read_bytes()
    expected = hmac.digest(key, f"{header}.{claims}".encode(), hashlib.sha256)
    assert base64.urlsafe_b64decode(signature + "=") == expected


def test_its_holder_is_known_again_after_a_restart(
    tokens: Tokens, tmp_path: Path, clock: Clock
) -> None:
    text = tokens.issue(SOMEBODY).text
    assert tokens.principal(text) == SOMEBODY
    assert Tokens(tmp_path, clock).principal(text) == SOMEBODY


def test_it_ends(tokens: Tokens, clock: Clock) -> None:
    text = tokens.issue(SOMEBODY).text
    clock.now = AT + LIFE - 0.5
    assert tokens.principal(text) == SOMEBODY
    clock.now = AT + LIFE
    with pytest.raises(UnauthorizedError, match="expired"):
        tokens.principal(text)


def test_another_servers_token_is_none(tokens: Tokens, tmp_path: Path, clock: Clock) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UnauthorizedError, match="not one of this server"):
        tokens.principal(Tokens(other, clock).issue(SOMEBODY).text)


def test_what_is_forged_is_refused(tokens: Tokens) -> None:
    header, claims, signature = tokens.issue(SOMEBODY).text.split(".")
    root = encoded({**part(claims), "sub": "root"})
    none = encoded({"alg": "none", "typ": "JWT"})
    for forged in (
        f"{header}.{root}.{signature}",
        f"{none}.{claims}.",
        f"{none}.{claims}.{signature}",
        f"{header}.{claims}.{signature[:-1]}",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        f"{header}.{claims}.{signature}.{signature}",
        "opaque",
        "",
        ".",
        "..",
        "\u00e9.\u00e9.\u00e9",
        "a" * 100_000,
    ):
        with pytest.raises(UnauthorizedError):
            tokens.principal(forged)


def test_only_the_owner_may_read_the_key(tokens: Tokens, tmp_path: Path) -> None:
    del tokens
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_damaged_key_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"short")
    tokens = Tokens(tmp_path)
    assert tokens.principal(tokens.issue(SOMEBODY).text) == SOMEBODY
