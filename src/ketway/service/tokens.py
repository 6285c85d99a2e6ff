"""Short-lived tokens, for the vendors whose clients trade their key for one.

A token is a JSON Web Token (RFC 7519) signed with HMAC-SHA-256 by a key that only this server has.
What is in it is who its holder is, so no table of tokens is needed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from ketway.service.accounts import Principal
from ketway.service.errors import UnauthorizedError

LIFE = 3600
"""Seconds. Clients ask for the next one after four fifths of it (ibm_cloud_sdk_core)."""
FILE = "token.key"
_KEY_BYTES = 32
_LONGEST = 4096
"""Characters of a token that are looked at; ours have some 400."""


class Claims(msgspec.Struct, frozen=True):
    """What a token says of its holder, from when and until when."""

    sub: str
    """The user's id."""
    project: str
    key: str
    key_name: str
    iat: int
    exp: int
    iss: str = "ketway"


class Token(msgspec.Struct, frozen=True):
    text: str
    claims: Claims


class Tokens:
    """Makes tokens, and knows its own again."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._key = _key_in(folder)
        self._clock = clock
        self._claims = msgspec.json.Decoder(Claims)

    def issue(self, principal: Principal) -> Token:
        at = int(self._clock())
        claims = Claims(
            sub=principal.user_id,
            project=principal.project_id,
            key=principal.key_id,
            key_name=principal.key_name,
            iat=at,
            exp=at + LIFE,
        )
        signed = f"{_HEADER}.{_text(msgspec.json.encode(claims))}"
        return Token(f"{signed}.{_text(self._signature(signed))}", claims)

    def principal(self, token: str) -> Principal:
        """The holder of a token of ours; raises `UnauthorizedError` for any other."""
        signed, _, signature = token.partition(" ")[0][:_LONGEST].rpartition(".")
        # The header is compared and never read: no other algorithm can be talked into use.
        if not signed.startswith(f"{_HEADER}.") or not hmac.compare_digest(
            _text(self._signature(signed)).encode(), signature.encode()
        ):
            raise UnauthorizedError(
                "The bearer token is not one of this server: sign in again at /identity/token."
            )
        try:
            claims = self._claims.decode(_bytes(signed.partition(".")[2]))
        except (msgspec.DecodeError, binascii.Error):  # signed by us, in another version's form
            raise UnauthorizedError("The bearer token is outdated: sign in again.") from None
        if claims.exp <= self._clock():
            raise UnauthorizedError("The bearer token has expired: sign in again.")
        return Principal(claims.sub, claims.project, claims.key, claims.key_name)

    def _signature(self, signed: str) -> bytes:
        return hmac.new(self._key, signed.encode(), hashlib.sha256).digest()


def _text(data: bytes) -> str:
    """Base64url without padding, as JSON Web Tokens have it (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_HEADER = _text(b'{"alg":"HS256","typ":"JWT"}')


def _key_in(folder: Path) -> bytes:
    """The server's key, made at the first start; only its owner may read the file."""
    path = folder / FILE
    if path.exists():
        key = path.read_bytes()
        if len(key) == _KEY_BYTES:
            return key
    key = secrets.token_bytes(_KEY_BYTES)
    new = folder / f"{FILE}.{secrets.token_hex(4)}"
    # Windows would write a line's end for every byte 10 without O_BINARY.
    how = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(new, how, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)  # whole or not at all, whenever the machine stops
    return key
