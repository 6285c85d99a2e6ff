"""Who asks. On loopback every key is accepted, and all are one person in one project."""

from __future__ import annotations

import msgspec

from ketway.store.store import Store, first_user


class Principal(msgspec.Struct, frozen=True):
    """A person with a key, in a project. Every query is scoped by it."""

    user_id: str
    project_id: str
    key_id: str
    key_name: str = "loopback"


class Accounts:
    def __init__(self, store: Store) -> None:
        self._everyone = Principal(*store.read(first_user))

    def principal(self, key: str | None) -> Principal:
        """Whoever holds `key`. Bound to loopback, Ketway asks for none and takes any."""
        del key
        return self._everyone
