"""Which operations of IonQ's API each SDK calls: what the wiretap saw, in the terms of
`operations.json`, for each version of the API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from recording import Seen
from templates import Templates

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Calls:
    folder: Path
    prefix: str
    """Where this version is served."""

    @property
    def operations(self) -> Path:
        return self.folder / "operations.json"

    @property
    def file(self) -> Path:
        return self.folder / "calls.json"

    def templates(self) -> list[str]:
        document = json.loads(self.operations.read_text())
        rows = document["operations"] + document["others"]
        return [f"{row['method']} {row['path']}" for row in rows]

    def by_sdk(self, lines: Iterable[tuple[str, str, str]]) -> Seen:
        known = Templates(self.templates())
        seen: dict[str, set[str]] = {}
        for sdk, method, target in lines:
            call = f"{method} {target.removeprefix(self.prefix)}"
            seen.setdefault(sdk, set()).add(known.of(call))
        return {sdk: sorted(found) for sdk, found in sorted(seen.items())}

    def read(self) -> Seen:
        return {sdk: entry["calls"] for sdk, entry in self._document().items()}

    def versions(self) -> dict[str, str]:
        return {sdk: entry["version"] for sdk, entry in self._document().items()}

    def _document(self) -> dict[str, dict[str, list[str] | str]]:
        if not self.file.exists():
            return {}
        found: dict[str, dict[str, list[str] | str]] = json.loads(self.file.read_text())
        return found

    def missing(self, seen: Seen) -> Seen:
        """What was seen and is not in the committed file."""
        known = self.read()
        news = {sdk: sorted(set(found) - set(known.get(sdk, []))) for sdk, found in seen.items()}
        return {sdk: found for sdk, found in news.items() if found}

    def write(self, seen: Seen) -> None:
        """Those of other SDKs, whose environments are others, stay as they are."""
        new = {sdk: {"version": metadata.version(sdk), "calls": c} for sdk, c in seen.items()}
        document = dict(sorted((self._document() | new).items()))
        self.file.write_text(json.dumps(document, indent=1) + "\n")


def tapped(session: pytest.Session) -> set[tuple[str, str, str]]:
    """What the plugin `ionq_world` has heard: which SDK, method, path. pytest imports plugins
    itself, and wants to be the first."""
    world: Any = session.config.pluginmanager.get_plugin("ionq_world")
    heard: set[tuple[str, str, str]] = world.TAP.lines
    return heard


V04 = Calls(HERE / "ionq_v04", "/v0.4")
V03 = Calls(HERE / "ionq_v03", "/v0.3")
