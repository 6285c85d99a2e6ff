"""Which operations each SDK calls: what the wiretap saw, in the terms of `operations.json`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from templates import Templates

HERE = Path(__file__).resolve().parent
OPERATIONS = HERE / "operations.json"
CALLS = HERE / "calls.json"
PREFIX = "/v0.4"

Seen = dict[str, list[str]]
"""For each SDK, its operations as "METHOD /path/{template}", sorted."""


def templates() -> list[str]:
    document = json.loads(OPERATIONS.read_text())
    return [f"{row['method']} {row['path']}" for row in document["operations"] + document["others"]]


def by_sdk(lines: Iterable[tuple[str, str, str]]) -> Seen:
    known = Templates(templates())
    seen: dict[str, set[str]] = {}
    for sdk, method, target in lines:
        call = f"{method} {target.removeprefix(PREFIX)}"
        seen.setdefault(sdk, set()).add(known.of(call))
    return {sdk: sorted(found) for sdk, found in sorted(seen.items())}


def read() -> Seen:
    if not CALLS.exists():
        return {}
    document = json.loads(CALLS.read_text())
    return {sdk: entry["calls"] for sdk, entry in document.items()}


def missing(seen: Seen) -> Seen:
    """What was seen and is not in the committed file."""
    known = read()
    news = {sdk: sorted(set(found) - set(known.get(sdk, []))) for sdk, found in seen.items()}
    return {sdk: found for sdk, found in news.items() if found}


def write(seen: Seen) -> None:
    document = {
        sdk: {"version": metadata.version(sdk), "calls": found} for sdk, found in seen.items()
    }
    CALLS.write_text(json.dumps(document, indent=1) + "\n")
